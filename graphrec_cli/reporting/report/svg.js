"use strict";
// Elements, numbers and axes. A string that is appended to an element becomes a text node, never
// markup, and no attribute holds text of the data.

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 5;
const DASHES = 4;
const MOST_NAMES = 20;

function element(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

// Colours and dashes repeat after 5 and 4 entries, so that 20 entries in a row look different.
function colour(index) {
  return `s${index % COLOURS}`;
}

function dash(index) {
  return `d${index % DASHES}`;
}

function text(content, x, y, kind = "") {
  return svg("text", { x, y, class: kind }, content);
}

function line(x1, y1, x2, y2, kind) {
  return svg("line", { x1, y1, x2, y2, class: kind });
}

function titled(made, title) {
  made.append(svg("title", {}, title));
  return made;
}

// Numbers, as compare_html_numbers.py shows them.

function fixed(value) {
  return value === null ? "-" : value.toFixed(4);
}

function signed(value) {
  if (value === null) return "-";
  return value < 0 ? fixed(value) : `+${fixed(value)}`;
}

function count(value) {
  return value === null ? "-" : value.toLocaleString("en-US");
}

function pValue(value) {
  if (value === null) return "-";
  return value < 0.0001 ? "<0.0001" : fixed(value);
}

function interval(low, high, show) {
  return low === null || high === null ? "-" : `${show(low)} to ${show(high)}`;
}

function short(value) {
  return String(Number(value.toPrecision(3)));
}

// Scales and axes.

function extent(values, ...also) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of [...values, ...also]) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return null;
  if (low === high) return [low - Math.abs(low || 1) / 10, high + Math.abs(high || 1) / 10];
  return [low, high];
}

function scale([low, high], [from, to]) {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

function padded([low, high], share) {
  return [low - (high - low) * share, high + (high - low) * share];
}

function ticks([low, high], most, least = 0) {
  const rough = Math.max((high - low) / Math.max(most, 2), least);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

function picture(width, height, label) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
}

function leftAxis(chart, domain, place, [left, right]) {
  for (const tick of ticks(domain, 5)) {
    const y = place(tick);
    chart.append(line(left, y, right, y, "grid"));
    chart.append(text(short(tick), left - 6, y + 4, "soft end"));
  }
}

function bottomAxis(chart, domain, place, [top, bottom], most, least = 0) {
  for (const tick of ticks(domain, most, least)) {
    const x = place(tick);
    chart.append(line(x, top, x, bottom, "grid"));
    chart.append(text(short(tick), x, bottom + 16, "soft middle"));
  }
}

// The names of lines at their right ends, moved apart where they would cover each other; the legend
// alone names very many.
function endNames(chart, ends, bottom) {
  if (ends.length > MOST_NAMES) return;
  const sorted = [...ends].sort((one, other) => one.y - other.y);
  const gap = Math.min(13, bottom / sorted.length);
  let above = -Infinity;
  for (const end of sorted) {
    end.y = Math.max(end.y, above + gap);
    above = end.y;
  }
  let below = bottom;
  for (const end of sorted.reverse()) {
    end.y = Math.min(end.y, below);
    below = end.y - gap;
    const name = text(end.name, end.x, end.y + 4, `name ${colour(end.entry)}`);
    name.setAttribute("data-entry", end.entry);
    chart.append(name);
  }
}
