// An answer as a chart: lines over time by uPlot, bars by name; what `render` says, or what the columns suggest.
import uPlot from "uplot";
import { NUMBERS, element, worded } from "./dom.js";

const KINDS = {
  timechart: "lines", linechart: "lines", areachart: "lines", scatterchart: "points", barchart: "bars", columnchart: "columns", piechart: "bars",
};
const MOST_BARS = 60, MOST_SERIES = 12;

/** How to draw it, or null if it cannot be drawn. */
export function kindOf(text, { columns, rows }) {
  const asked = KINDS[[...text.matchAll(/\|\s*render\s+(\w+)/g)].at(-1)?.[1]];
  const has = (types) => columns.some((each) => types.has(each.type));
  if (!rows.length || !has(NUMBERS)) return null;
  const overTime = has(new Set(["datetime"]));
  const overNumbers = columns.filter((each) => NUMBERS.has(each.type)).length > 1;
  if (asked === "lines" || asked === "points") return overTime || overNumbers ? asked : "bars";
  return asked ?? (overTime ? "lines" : "bars");
}

export function chart(kind, answer) {
  return kind === "bars" || kind === "columns" ? bars(kind, answer) : lines(kind, answer);
}

const labelled = (names, name) => [...names, name].filter(Boolean).join(" · ");

function lines(kind, { columns, rows }) {
  const x = Math.max(0, columns.findIndex((each) => each.type === "datetime"));
  const byTime = columns[x].type === "datetime";
  const first = byTime ? x : columns.findIndex((each) => NUMBERS.has(each.type));
  const numbers = columns.flatMap((each, place) => (place !== first && NUMBERS.has(each.type) ? [place] : []));
  const names = columns.flatMap((each, place) => (["string", "bool"].includes(each.type) ? [place] : []));
  const at = (row) => (byTime ? Date.parse(row[first]) / 1000 : row[first]);
  const series = new Map(), moments = [...new Set(rows.map(at).filter(Number.isFinite))].sort((a, b) => a - b);
  const places = new Map(moments.map((moment, place) => [moment, place]));
  for (const row of rows) {
    for (const number of numbers) {
      const label = labelled(names.map((place) => row[place]), numbers.length > 1 || !names.length ? columns[number].name : "") || "(empty)";
      if (!series.has(label)) series.set(label, new Array(moments.length).fill(null));
      if (places.has(at(row)) && typeof row[number] === "number") series.get(label)[places.get(at(row))] = row[number];
    }
  }
  return plot(kind, { byTime, title: columns[first].name, moments, series: [...series].slice(0, MOST_SERIES), left: series.size - MOST_SERIES });
}

/** Ticks of time in UTC: the hour, below it the day where it begins; the day alone where ticks are days apart. */
function instants(_plot, ticks, _axis, _space, step) {
  return ticks.map((tick, index) => {
    const [day, hour] = new Date(tick * 1000).toISOString().split("T");
    if (step >= 86400) return day.slice(5);
    return hour.slice(0, step < 60 ? 8 : 5) + (index === 0 || hour.startsWith("00:00:00") ? `\n${day.slice(5)}` : "");
  });
}

function plot(kind, { byTime, title, moments, series, left }) {
  const holder = element("div", { className: "chart", role: "img" });
  holder.ariaLabel = `Line chart over ${title}, ${moments.length} points: ${series.map(([label]) => label).join(", ")}`;
  const made = element("div", {}, holder, ...(left > 0 ? [element("p", { className: "hint" }, `${left} more series are not drawn.`)] : []));
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 }, font: "11px system-ui" };
  const size = () => ({ width: holder.clientWidth, height: Math.max(240, Math.min(420, innerHeight - holder.getBoundingClientRect().top - 64)) });
  const options = () => ({
    ...size(), tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { x: { time: byTime } }, axes: [byTime ? { ...axis, values: instants } : axis, { ...axis, size: 64 }], cursor: { points: { size: 8 } },
    legend: { markers: { fill: (_, index) => colour(`--series-${(index - 1) % 6}`) } },
    series: [{ label: title, ...(byTime ? { value: "{YYYY}-{MM}-{DD} {HH}:{mm}" } : {}) }, ...series.map(([label], index) => ({
      label, stroke: colour(`--series-${index % 6}`), width: 1.75, dash: index < 6 ? [] : [6, 4], spanGaps: true,
      points: { show: kind === "points" || moments.length < 80, size: 6, fill: colour(`--series-${index % 6}`) },
      ...(kind === "points" ? { paths: () => null } : {}), value: (_, value) => (value === null ? "–" : worded(value)),
    }))],
  });
  made.addEventListener("shown", () => {
    const drawn = new uPlot(options(), [moments, ...series.map(([, values]) => values)], holder);
    new ResizeObserver(() => drawn.setSize({ ...size(), height: drawn.height })).observe(holder);
  });
  return made;
}

function bars(kind, { columns, rows }) {
  const numbers = columns.flatMap((each, place) => (NUMBERS.has(each.type) ? [place] : []));
  const names = columns.flatMap((each, place) => (["string", "datetime", "bool"].includes(each.type) ? [place] : []));
  const before = names.filter((place) => place < numbers[0]), naming = before.length ? before : names.slice(0, 1);
  const shown = rows.slice(0, MOST_BARS);
  const most = numbers.map((number) => Math.max(...shown.map((row) => Math.abs(row[number] ?? 0)), 1e-300));
  const groups = shown.map((row) => {
    const label = labelled(naming.map((place) => worded(row[place], columns[place].type)), "") || "–";
    return element("li", {}, element("span", { className: "name", title: label }, label), ...numbers.map((number, index) => {
      const bar = element("i", { className: `series-${index % 6}${row[number] < 0 ? " negative" : ""}` });
      bar.style.setProperty("--share", Math.abs(row[number] ?? 0) / most[index]);
      return element("span", { className: "bar-line" }, bar, element("span", { className: "value" }, worded(row[number]) || "–"));
    }));
  });
  const legend = numbers.map((number, index) => element("span", {}, element("i", { className: `series-${index % 6}` }), columns[number].name));
  if (numbers.length > 1) legend.push(element("span", { className: "hint" }, "each on its own scale"));
  const note = rows.length > shown.length ? [element("p", { className: "hint" }, `The first ${MOST_BARS} of ${rows.length} rows.`)] : [];
  return element("div", {}, element("p", { className: "legend" }, ...legend), element("ul", { className: `bars ${kind}` }, ...groups), ...note);
}
