// The page: what is shown, and everything drawn again when that changes.

const content = JSON.parse(byId("data").textContent);
const MOST_AT_FIRST = 10;
const PARTS = ["head", "middle", "tail"];
function best(number) {
  return new Set([...content.entries.keys()].slice(0, number));
}

const state = {
  metric: content.ranking,
  shown: best(MOST_AT_FIRST),
  pairsOf: 0,
  bySegment: false,
  stressed: null,
};
content.entries.forEach((entry, index) => {
  entry.index = index;
});
const entriesTable = sortedTable("entries", entryColumns);
const pairsTable = sortedTable("pairs", pairColumns);

function shownEntries() {
  return content.entries.filter(({ index }) => state.shown.has(index));
}

function metricName() {
  return content.metrics[state.metric];
}

// Entries.

function entryColumns() {
  const figure = (entry, position) => entry.figures[state.metric]?.[position] ?? null;
  const users = usersAgainstBest();
  const won = (entry) => users.get(entry.index)?.[0] ?? null;
  const lost = (entry) => users.get(entry.index)?.[1] ?? null;
  return [
    { title: "Entry", kind: "", cell: nameAndLabel, value: ({ index }) => index },
    numeric(metricName(), (entry) => figure(entry, 0), (entry) => fixed(figure(entry, 0))),
    numeric(
      "Interval",
      (entry) => figure(entry, 1),
      (entry) => interval(figure(entry, 1), figure(entry, 2), fixed),
    ),
    numeric("SD of seeds", (entry) => figure(entry, 3), (entry) => fixed(figure(entry, 3))),
    { title: "Seeds", kind: "", cell: ({ seeds }) => [isolated(seeds)], value: ({ seeds }) => seeds },
    numeric("Won", won, (entry) => count(won(entry))),
    numeric("Lost", lost, (entry) => count(lost(entry))),
    ...content.keys.map((key, position) => keyColumn(key, position, content.entries)),
  ];
}

function usersAgainstBest() {
  const users = new Map();
  for (const [a, b, , , , , , wins, losses] of content.pairs[state.metric]) {
    if (a === 0) users.set(b, [losses, wins]);
    else if (b === 0) users.set(a, [wins, losses]);
  }
  return users;
}

function showBaselines() {
  byId("entries").tFoot.replaceChildren(
    ...content.baselines.map(([name, values]) =>
      element("tr", {},
        element("th", { scope: "row" }, isolated(name), " (baseline)"),
        element("td", { class: "number" }, fixed(values[state.metric])))),
  );
}

// Pairs.

function shownPairs() {
  return content.pairs[state.metric].filter(([a, b]) =>
    state.shown.has(a) && state.shown.has(b) && (state.pairsOf === null || [a, b].includes(state.pairsOf)));
}

function pairName([a, b]) {
  return `${content.entries[a].name} − ${content.entries[b].name}`;
}

function pairColumns() {
  const plain = (title, position, show) =>
    numeric(title, (pair) => pair[position], (pair) => show(pair[position]));
  return [
    {
      title: "Pair",
      kind: "",
      cell: (pair) => [isolated(pairName(pair))],
      value: ([a, b]) => a * content.entries.length + b,
    },
    plain("Difference", 2, signed),
    numeric("Interval", (pair) => pair[3], (pair) => interval(pair[3], pair[4], signed)),
    plain("p", 5, pValue),
    plain("p (Holm)", 6, pValue),
    plain("Won", 7, count),
    plain("Lost", 8, count),
    plain("Tied", 9, count),
    {
      title: "No worse",
      kind: "",
      cell: ([, , , , , , , , , , shown, p]) =>
        [shown === null ? "-" : `${shown ? "yes" : "not shown"}, p ${pValue(p)}`],
      value: (pair) => pair[11],
    },
    plain("Users needed", 12, count),
    plain("Seeds needed", 13, count),
  ];
}

function forestRows() {
  return shownPairs().flatMap((pair) => {
    const [, , difference, low, high, , holm] = pair;
    const sure = holm !== null && holm < 1 - content.confidence;
    const whole = { label: pairName(pair), strong: true, difference, low, high, sure };
    if (!state.bySegment) return [whole];
    const parts = pair[14].flatMap((part, index) => {
      if (part === null) return [];
      const [middle, from, to] = part;
      return [{ label: PARTS[index], strong: false, difference: middle, low: from, high: to, sure: false }];
    });
    return [whole, ...parts];
  });
}

// Charts.

function curveLines(valuesOf) {
  return shownEntries().flatMap((entry) =>
    entry.curves.flatMap((curve) => {
      const values = valuesOf(curve);
      const { epoch: epochs, selected } = curve;
      return values ? [{ entry: entry.index, name: entry.name, epochs, values, selected }] : [];
    }));
}

function segmentParts(side, noun, metric) {
  return PARTS.flatMap((part) => {
    const bars = shownEntries().flatMap((entry) => {
      const found = entry[side].find(([name]) => name === part);
      if (!found || !(metric in found[2])) return [];
      return [{ entry: entry.index, name: entry.name, value: found[2][metric], number: found[1] }];
    });
    return bars.length === 0 ? [] : [{ title: `${part}, ${count(bars[0].number)} ${noun}`, bars }];
  });
}

// Not every metric is known by item: else recall at the same cut-off stands for it, or the first;
// -1 where none is.
function itemMetric() {
  const names = content.item_metrics;
  const choices = [metricName(), `recall@${metricName().split("@")[1]}`, ...names];
  return names.indexOf(choices.find((name) => names.includes(name)));
}

function showCharts() {
  const name = metricName();
  const threshold = short(1 - content.confidence);
  const margin = content.margins[state.metric];
  if (byId("margin")) byId("margin").textContent = margin;
  drawForest(byId("forest"), `Difference in ${name}`, forestRows(), margin, threshold);
  drawCurves(byId("loss"), "Training loss", curveLines((curve) => curve.loss));
  drawCurves(byId("valid"), `Validation ${name}`, curveLines((curve) => curve.valid[state.metric]));
  const ofItems = itemMetric();
  drawBars(byId("users"), `${name} by users`, segmentParts("users", "users", state.metric));
  drawBars(byId("items"), `${content.item_metrics[ofItems] ?? name} by items`, segmentParts("items", "held-out pairs", ofItems));
  drawHistogram(byId("histogram"), "Share of held-out pairs by rank", shownEntries().flatMap((entry) =>
    entry.histogram ? [{ entry: entry.index, name: entry.name, ...entry.histogram }] : []));
}

function show() {
  entriesTable.show(shownEntries(), show);
  pairsTable.show(shownPairs(), show);
  showBaselines();
  showCharts();
  stress(state.stressed);
  byId("status").textContent =
    `${state.shown.size} of ${content.entries.length} entries are shown, by ${metricName()}`;
}

// Controls.

function choice(select, names, chosen, onChange) {
  select.replaceChildren(...names.map((name, value) => element("option", { value }, name)));
  select.value = String(chosen);
  select.addEventListener("change", () => { onChange(Number(select.value)); show(); });
}

function legendItem(entry) {
  const box = element("input", { type: "checkbox" });
  box.checked = state.shown.has(entry.index);
  box.addEventListener("change", () => {
    if (box.checked) state.shown.add(entry.index);
    else state.shown.delete(entry.index);
    show();
  });
  const sample = svg("svg", { width: 30, height: 12, class: colour(entry.index), "aria-hidden": "true" },
    line(0, 6, 30, 6, `line ${dash(entry.index)}`));
  const label = element("label", {}, box, sample, element("b", {}, entry.name), isolated(entry.label));
  for (const event of ["pointerenter", "focusin"]) {
    label.addEventListener(event, () => stress(entry.index));
  }
  for (const event of ["pointerleave", "focusout"]) label.addEventListener(event, () => stress(null));
  return label;
}

// The other entries' lines fade while an entry in the legend is pointed at.
function stress(index) {
  state.stressed = index;
  byId("report").classList.toggle("faded", state.shown.has(index));
  for (const made of document.querySelectorAll("[data-entry]")) {
    made.classList.toggle("chosen", made.getAttribute("data-entry") === String(index));
  }
}

function showOnly(number) {
  state.shown = best(number);
  byId("legend").querySelectorAll("input").forEach((box, index) => { box.checked = index < number; });
  show();
}

function shownButton(title, number) {
  const button = element("button", { type: "button" }, title);
  button.addEventListener("click", () => showOnly(number));
  return button;
}

choice(byId("metric"), content.metrics, state.metric, (metric) => { state.metric = metric; });
choice(byId("pairs-of"), [...content.entries.map(({ name }) => name), "all entries"], 0, (index) => {
  state.pairsOf = index < content.entries.length ? index : null;
});
byId("by-segment").addEventListener("change", ({ target }) => { state.bySegment = target.checked; show(); });
byId("legend").replaceChildren(...content.entries.map(legendItem));
byId("shown-buttons").replaceChildren(shownButton("All", content.entries.length), " ", shownButton("None", 0));
if (content.entries.length > MOST_AT_FIRST) {
  byId("shown-buttons").append(" ", shownButton(`Best ${MOST_AT_FIRST}`, MOST_AT_FIRST));
}
for (const id of ["controls", "pair-controls", "forest", "curves", "segments", "ranks"]) byId(id).hidden = false;
show();
let width = document.body.clientWidth;
window.addEventListener("resize", () => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  showCharts();
});
