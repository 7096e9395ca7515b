// The charts. Each replaces the content of a figure, at the width that the figure has now.

function draw(figure, caption, ...parts) {
  figure.replaceChildren(element("figcaption", {}, caption), ...parts);
}

function note(content) {
  return element("p", { class: "note" }, content);
}

function nothing(figure, caption, why) {
  draw(figure, caption, note(why));
}

function widthOf(figure) {
  return Math.max(figure.clientWidth, 280);
}

function group(entry) {
  return svg("g", { class: colour(entry), "data-entry": entry });
}

// Lines by epoch: [{entry, name, epochs, values, selected}].
function drawCurves(figure, caption, lines) {
  const points = lines.flatMap(({ values }) => values);
  const range = extent(points);
  if (range === null) return nothing(figure, caption, "No shown entry has values of it by epoch.");
  const width = widthOf(figure);
  const [left, right, top, bottom] = [52, width - 28, 8, 236];
  const epochs = extent(lines.flatMap((each) => each.epochs));
  const values = padded(range, 0.05);
  const x = scale(epochs, [left, right - 6]);
  const y = scale(values, [bottom, top]);
  const chart = picture(width, bottom + 36, `${caption} by epoch; the tables hold the figures`);
  leftAxis(chart, values, y, [left, right]);
  bottomAxis(chart, epochs, x, [bottom, bottom], width / 90, 1);
  chart.append(text("epoch", (left + right) / 2, bottom + 32, "soft middle"));
  const ends = [];
  const thin = lines.length > new Set(lines.map(({ entry }) => entry)).size ? "thin" : "";
  for (const each of lines) {
    const known = each.epochs
      .map((epoch, row) => [epoch, each.values[row]])
      .filter(([, value]) => value !== null);
    if (known.length === 0) continue;
    const made = group(each.entry);
    const path = known.map(([epoch, value]) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`);
    made.append(svg("polyline", { points: path.join(" "), class: `line ${thin} ${dash(each.entry)}` }));
    const selected = known.find(([epoch]) => epoch === each.selected);
    if (selected || known.length === 1) {
      const [epoch, value] = selected || known[0];
      made.append(svg("circle", { cx: x(epoch), cy: y(value), r: selected ? 5 : 3, class: "open" }));
    }
    chart.append(titled(made, `${each.name}, selected epoch ${count(each.selected)}`));
    if (!ends.some(({ entry }) => entry === each.entry)) {
      const [epoch, value] = known.at(-1);
      ends.push({ entry: each.entry, name: each.name, x: x(epoch) + 6, y: y(value) });
    }
  }
  endNames(chart, ends, bottom);
  draw(figure, caption, chart);
}

// Intervals around zero: [{label, strong, difference, low, high, sure}].
function drawForest(figure, caption, rows, margin, threshold) {
  const domain = extent(rows.flatMap(({ difference, low, high }) => [difference, low, high]), 0);
  if (rows.length === 0 || domain === null) {
    return nothing(figure, caption, "No shown entries form a pair.");
  }
  const width = widthOf(figure);
  const [left, right, top] = [Math.min(150, width * 0.27), width - 12, 6];
  const height = 22;
  const bottom = top + rows.length * height;
  const zone = margin === null ? [] : [-margin, margin];
  const shown = padded(extent([...domain, ...zone]), 0.04);
  const x = scale(shown, [left, right]);
  const chart = picture(width, bottom + 24, `${caption} with intervals; the table below holds them`);
  if (margin !== null) {
    const [from, to] = [x(-margin), x(margin)];
    chart.append(svg("rect", { x: from, y: top, width: to - from, height: bottom - top, class: "margin" }));
  }
  bottomAxis(chart, shown, x, [top, bottom], width / 110);
  chart.append(line(x(0), top, x(0), bottom, "zero"));
  rows.forEach((row, index) => {
    const y = top + (index + 0.5) * height;
    chart.append(text(row.label, left - 8, y + 4, row.strong ? "end strong" : "end soft"));
    if (row.difference === null) return;
    const made = svg("g", { class: row.strong ? "s0" : "s4" });
    if (row.low !== null && row.high !== null) {
      made.append(line(x(row.low), y, x(row.high), y, row.strong ? "line" : "line thin"));
    }
    const kind = row.sure ? "fill" : "open";
    made.append(svg("circle", { cx: x(row.difference), cy: y, r: row.strong ? 4.5 : 3, class: kind }));
    const ends = interval(row.low, row.high, signed);
    chart.append(titled(made, `${row.label}: ${signed(row.difference)} (${ends})`));
  });
  const band = margin === null ? "" : ` The band is the margin of ${margin} to both sides.`;
  draw(figure, caption, chart, note(`Filled: p by Holm below ${threshold}.${band}`));
}

// Bars by segment: [{title, bars: [{entry, name, value}]}].
function drawBars(figure, caption, parts) {
  const range = extent(parts.flatMap(({ bars }) => bars.map(({ value }) => value)), 0);
  if (parts.length === 0 || range === null) {
    return nothing(figure, caption, "No shown entry has values of it by segment.");
  }
  const width = widthOf(figure);
  const [left, right] = [30, width - 62];
  const x = scale(range, [left, right]);
  const [height, gap] = [17, 26];
  const rows = parts.reduce((sum, { bars }) => sum + bars.length, 0);
  const chart = picture(width, parts.length * gap + rows * height + 6, `${caption} as bars`);
  let y = 0;
  for (const { title, bars } of parts) {
    chart.append(text(title, 0, y + 17, "strong"));
    y += gap;
    for (const { entry, name, value } of bars) {
      const made = group(entry);
      made.append(text(name, left - 6, y + 12, "name end"));
      if (value !== null) {
        const [from, to] = [Math.min(x(0), x(value)), Math.max(x(0), x(value))];
        made.append(svg("rect", { x: from, y: y + 2, width: to - from, height: height - 4, class: "fill" }));
      }
      made.append(text(fixed(value), value === null ? left : Math.max(x(value), left) + 5, y + 12, "soft"));
      chart.append(made);
      y += height;
    }
  }
  draw(figure, caption, chart);
}

// Shares by rank: [{entry, name, edges, shares, missed}].
function drawHistogram(figure, caption, entries) {
  const edges = [...new Set(entries.flatMap((each) => each.edges))].sort((a, b) => a - b);
  const range = extent(entries.flatMap(({ shares, missed }) => [...shares, missed]), 0);
  if (edges.length === 0 || range === null) {
    return nothing(figure, caption, "No shown entry has ranks.");
  }
  const missing = entries.some(({ missed }) => missed > 0);
  const bins = Math.max(...entries.map(({ edges: own, shares }) => edges.indexOf(own[shares.length - 1]) + 1));
  const width = widthOf(figure);
  const [left, right, top, bottom] = [52, width - 12, 8, 236];
  const step = (right - left) / (bins + (missing ? 1 : 0));
  const y = scale(range, [bottom, top]);
  const place = (bin) => left + (bin + 0.5) * step;
  const chart = picture(width, bottom + 36, `${caption} as lines`);
  leftAxis(chart, range, y, [left, right]);
  const every = Math.ceil(44 / step);
  for (let bin = 0; bin < bins; bin += every) {
    chart.append(text(count(edges[bin]), place(bin), bottom + 16, "soft middle"));
  }
  if (missing) chart.append(text("never", place(bins), bottom + (every > 1 ? 28 : 16), "soft middle"));
  chart.append(text("rank, from", (left + right) / 2, bottom + 32, "soft middle"));
  const ends = [];
  for (const { entry, name, edges: own, shares, missed } of entries) {
    const made = group(entry);
    const points = shares
      .map((share, bin) => [edges.indexOf(own[bin]), share])
      .filter(([, share]) => share !== null);
    const path = points.map(([bin, share]) => `${place(bin).toFixed(1)},${y(share).toFixed(1)}`);
    made.append(svg("polyline", { points: path.join(" "), class: `line ${dash(entry)}` }));
    const marks = missing && missed !== null ? [...points, [bins, missed]] : points;
    for (const [bin, share] of marks) {
      const mark = svg("circle", { cx: place(bin), cy: y(share), r: 2.5, class: "fill" });
      made.append(titled(mark, `${name}: ${(100 * share).toFixed(2)} %`));
    }
    chart.append(made);
    if (marks.length > 0) {
      const [bin, share] = marks.at(-1);
      ends.push({ entry, name, x: place(bin) + 7, y: y(share) });
    }
  }
  endNames(chart, ends, bottom);
  draw(figure, caption, chart);
}
