// What runs now, looked at every two seconds while somebody sees it.
import { $, element } from "./dom.js";

const PERIOD_MS = 2000, REMEMBERED = 60;

/** A table whose cells flash where they changed since the last look. */
function table(caption, heads, rows, before, nothing) {
  if (!rows.length) return element("p", { className: "nothing" }, nothing);
  const head = element("tr", {}, ...heads.map((each) => element("th", { scope: "col" }, each)));
  const lines = rows.map((row) => {
    const [name, ...cells] = row.map((cell) => (cell instanceof Object ? cell : { text: String(cell ?? "") }));
    const made = element("tr", {}, element("th", { scope: "row" }, name.text));
    cells.forEach(({ text, className = "" }, place) => {
      const key = `${caption} ${name.text} ${place}`, changed = before.has(key) && before.get(key) !== text;
      before.set(key, text);
      const number = /^[\d.,]+( \w+)?$/.test(text) ? " number" : "";
      made.append(element("td", { className: `${className}${number}${changed ? " changed" : ""}` }, text));
    });
    return made;
  });
  const made = element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...lines));
  return element("div", { className: "scroll" }, made);
}

const bad = (count, kind = "alert") => ({ text: String(count), className: count ? `status ${kind}` : "" });

export function live() {
  const before = new Map(), history = new Map();
  let timer = 0, paused = false, isOpen = false;

  function spark(name, calls) {
    const told = history.get(name) ?? [];
    told.push(calls);
    history.set(name, told.slice(-REMEMBERED - 1));
    const steps = told.slice(1).map((count, index) => Math.max(0, count - told[index])), most = Math.max(1, ...steps);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const points = steps.map((step, index) => `${2 * (REMEMBERED - steps.length + index)},${19 - (17 * step) / most}`);
    const line = document.createElementNS(svg.namespaceURI, "polyline");
    for (const [key, value] of Object.entries({ viewBox: "0 0 120 20", role: "img", "aria-label": `calls of ${name} in the last two minutes` })) svg.setAttribute(key, value);
    line.setAttribute("points", points.join(" "));
    svg.append(line);
    return svg;
  }

  function application(app) {
    const { succeeded, failed, lost } = app.counts;
    const functions = Object.entries(app.functions).map(([name, { trigger, group, calls }]) =>
      [name, trigger.type.replace("Trigger", ""), trigger.queueName ?? trigger.schedule ?? trigger.route ?? trigger.path ?? "", group, calls.running, calls.succeeded, bad(calls.failed), bad(calls.lost, "warning")]);
    const instances = app.instances.map((each) => [each.name, each.process, { text: each.state, className: `state ${each.state}` },
      each.load, `${each.memory_mb} MiB`, `${each.peak_mb} of ${app.memory_mb}`, `${each.cold_start_seconds.toFixed(2)} s`]);
    const groups = Object.entries(app.groups).map(([name, group]) => `${name} ${group.instances}/${group.most}`).join(" · ");
    return element("section", {},
      element("h3", {}, app.name, element("small", {}, `instances by scale group: ${groups}`), spark(app.name, succeeded + failed + lost)),
      ...app.faults.map((fault) => element("p", { className: "status alert" }, fault)),
      element("div", { className: "pair" },
        table(`functions of ${app.name}`, ["function", "trigger", "of", "scale group", "running", "ok", "failed", "lost"], functions, before, "No functions."),
        table(`instances of ${app.name}`, ["instance", "process", "state", "load", "memory", "peak, MiB", "cold start"], instances, before,
          "No instance: nothing to do. One starts when work comes.")));
  }

  function show({ apps, queues, events, requests, telemetry, chaos }) {
    const waiting = Object.entries(queues).map(([name, length]) => [name, name.endsWith("-poison") ? bad(length) : length]);
    const subscriptions = Object.entries(events.subscriptions).map(([name, each]) =>
      [name, each.delivered, each.waiting, bad(each.refused, "warning"), bad(each.dead), bad(each.dropped)]);
    const knobs = [...new Set([...Object.keys(chaos.turned), ...Object.keys(chaos.struck)])].map((name) =>
      [name, JSON.stringify(chaos.turned[name] ?? "at rest"), chaos.struck[name] ?? 0]);
    const { requests: posts, refused_items: refused, queries, rows } = telemetry;
    const rest = { "blob requests": requests.blob, "queue requests": requests.queue, "telemetry requests": posts, "telemetry refused": refused, "queries by API": queries };
    $("#now").replaceChildren(
      ...(apps.length ? apps.map(application) : [element("p", { className: "nothing" }, "No application is deployed. POST /apps on the admin port deploys one.")]),
      element("div", { className: "pair" },
        table("queues", ["queue", "messages"], waiting, before, "No queues."),
        table("events", ["subscription", "delivered", "waiting", "refused", "dead letters", "dropped"], subscriptions, before, "No subscriptions."),
        table("chaos", ["knob", "turned to", "struck"], knobs, before, "All knobs are at rest."),
        table("traffic", ["what", "count"], Object.entries(rest), before, ""),
        table("telemetry", ["table", "rows"], Object.entries(rows), before, "")));
    $("#moment").textContent = `${new Date().toLocaleTimeString("en-GB")}, every 2 s`;
  }

  async function look() {
    clearTimeout(timer);
    if (!isOpen || paused || document.hidden) return;
    try {
      show(await (await fetch("/api/live")).json());
    } catch {
      $("#moment").textContent = "The emulator does not answer.";
    }
    clearTimeout(timer);
    timer = setTimeout(look, PERIOD_MS);
  }

  $("#pause").onclick = () => {
    paused = !paused;
    $("#pause").ariaPressed = String(paused);
    look();
  };
  document.addEventListener("visibilitychange", look);
  return {
    open() { isOpen = true; look(); },
    close() { isOpen = false; },
  };
}
