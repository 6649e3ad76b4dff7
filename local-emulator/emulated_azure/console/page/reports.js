// What the monitors have written, newest first: a page is shown in a frame that may do nothing, JSON as a table.
import { $, element } from "./dom.js";
import { grid } from "./grid.js";

const TOLD = `customEvents | where name == "ml.monitor.finding"
| summarize arg_max(timestamp, customDimensions) by id = tostring(customDimensions.id)
| summarize alerts = countif(tostring(customDimensions.status) == "alert"),
    warnings = countif(tostring(customDimensions.status) == "warning"), findings = count()
    by monitor = tostring(customDimensions.monitor), window = tostring(customDimensions.window_start),
    revision = toint(customDimensions.revision)`;

async function findings() {
  const { rows = [] } = await (await fetch("/api/query", { method: "POST", body: TOLD })).json();
  return new Map(rows.map(([monitor, window, revision, alerts, warnings, all]) =>
    [`${monitor} ${window.replace(/[-:]/g, "")} ${revision}`, { alerts, warnings, all }]));
}

const FIELDS = ["status", "column", "signal", "metric", "value", "threshold", "segment", "message"];

const moment = (window) => window.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d).*$/, "$1-$2-$3 $4:$5").replace(" 00:00", "");

function badges(counted) {
  if (!counted) return [];
  const badge = (count, kind) => (count ? [element("em", { className: `status ${kind}` }, `${count} ${kind}${count === 1 ? "" : "s"}`)] : []);
  const found = [...badge(counted.alerts, "alert"), ...badge(counted.warnings, "warning")];
  return found.length ? found : [element("em", { className: "status ok" }, "ok")];
}

export function reports() {
  let shown = "";

  async function look() {
    const [all, counted] = await Promise.all([fetch("/api/reports").then((each) => each.json()), findings()]);
    const monitors = Map.groupBy(all, (each) => each.monitor);
    $("#report-list").replaceChildren(...[...monitors].sort().flatMap(([monitor, entries]) => [
      element("h3", {}, monitor),
      ...[...Map.groupBy(entries, (each) => each.window).values()].flatMap(([newest, ...earlier]) => [
        links([newest], counted),
        ...(earlier.length ? [element("details", {}, element("summary", {}, `${earlier.length} earlier`), links(earlier, counted))] : []),
      ]),
    ]));
    if (!all.length) $("#report-list").replaceChildren(element("p", { className: "nothing" }, "No report yet: no monitor has written one."));
    mark();
    if (!shown && all.length) location.replace(`#reports=${encodeURIComponent(all[0].path)}`);
  }

  function links(entries, counted) {
    return element("ul", {}, ...entries.map(({ monitor, window, revision, path }) => {
      const link = element("a", { href: `#reports=${encodeURIComponent(path)}` }, element("b", {}, window ? moment(window) : "Latest windows"));
      if (revision > 1) link.append(element("span", {}, `r${revision}`));
      link.append(...badges(counted.get(`${monitor} ${window} ${revision}`)));
      return element("li", {}, link);
    }));
  }

  async function show(path) {
    const address = `/reports/${path.split("/").map(encodeURIComponent).join("/")}`;
    if (path.endsWith(".html")) {
      const frame = element("iframe", { title: `Report ${path}`, src: address });
      frame.setAttribute("sandbox", "");
      $("#report").replaceChildren(frame);
      return;
    }
    const told = await (await fetch(address)).json();
    const columns = FIELDS.map((name) => ({ name, type: name === "value" || name === "threshold" ? "real" : "string" }));
    const made = grid({ columns, rows: told.findings.map((each) => FIELDS.map((name) => each[name])) });
    const words = `${told.start.replace("T", " ")} to ${told.end.replace("T", " ")}, ${told.final ? "final" : "provisional"}`;
    const rejected = Object.values(told.rejected).reduce((sum, count) => sum + count, 0);
    $("#report").replaceChildren(element("div", { className: "told" },
      element("h2", {}, told.monitor, " ", element("em", { className: `status ${told.status}` }, told.status)),
      element("p", { className: "hint" }, `${words} · ${told.rows.toLocaleString("en")} rows, ${rejected.toLocaleString("en")} rejected · ${told.logs} log objects · model ${told.model} ${told.model_version ?? ""}`),
      made));
    made.dispatchEvent(new Event("shown"));
  }

  function mark() {
    for (const link of $("#report-list").querySelectorAll("a")) {
      link.ariaCurrent = link.hash === `#reports=${encodeURIComponent(shown)}` ? "page" : null;
    }
  }

  const apologise = (error) => $("#report").replaceChildren(element("p", { className: "told" }, `It cannot be read: ${error.message}`));

  $("#again").onclick = () => look().catch(apologise);
  return {
    open(path, isNew) {
      if (path && path !== shown) {
        shown = path;
        show(path).catch(apologise);
      }
      if (isNew) look().catch(apologise);
      mark();
    },
  };
}
