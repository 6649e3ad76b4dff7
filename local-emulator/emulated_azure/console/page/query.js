// Asking: the library, the editor, the answer as a table or a chart, or what is wrong.
import { chart, kindOf } from "./chart.js";
import { editor } from "./editor.js";
import { csv, grid, tsv } from "./grid.js";
import { $, element } from "./dom.js";

const FIRST = `// What has been told so far?
union requests, customEvents, customMetrics, traces, exceptions
| summarize rows = count(), newest = max(timestamp) by itemType
| order by rows desc
`;

export function query(schema, library) {
  let answer = null, asked = "", running = new AbortController();
  const box = editor($("#editor"), schema, { run, changed: keep, judged: (faults) => list(faults) });

  function keep(text) {
    history.replaceState(null, "", `#query=${encodeURIComponent(text)}`);
    $("[data-view=query]").href = location.hash;
    for (const button of $("#library").querySelectorAll("button")) {
      button.ariaCurrent = library.some((each) => each.name === button.dataset.name && each.text === text) ? "true" : null;
    }
  }

  function list(faults) {
    $("#faults").replaceChildren(...faults.map(({ message, line, column, start, length, severity }) => {
      const button = element("button", { className: severity === "Error" ? "error" : "" }, `line ${line}, column ${column}: ${message}`);
      button.onclick = () => box.goTo(start, length);
      return element("li", {}, button);
    }));
  }

  async function run() {
    if (!box.text.trim()) return;
    running.abort(); // of what was asked before, the answer is not waited for
    const { signal } = (running = new AbortController());
    asked = box.text;
    $("#told").textContent = "Running…";
    try {
      const told = await (await fetch("/api/query", { method: "POST", body: asked, signal })).json();
      told.wrong ? refuse(told.wrong) : show(told);
    } catch (error) {
      if (!signal.aborted) refuse({ message: `The emulator does not answer: ${error.message}`, start: null });
    }
  }

  function refuse({ message, start, length }) {
    $("#answer").hidden = true;
    $("#told").textContent = "";
    const place = start === null ? null : box.place(start);
    const words = place ? `line ${place.line}, column ${place.column}: ${message}` : message;
    $("#wrong").replaceChildren(element("p", {}, words));
    if (place) {
      const shown = asked.split("\n")[place.line - 1];
      const button = element("button", {}, "Go there");
      button.onclick = () => box.goTo(start, length);
      $("#wrong").append(element("pre", {}, `${shown}\n${" ".repeat(place.column - 1)}${"^".repeat(Math.max(1, length))}`), button);
    }
  }

  function show(told) {
    answer = told;
    $("#wrong").replaceChildren();
    $("#answer").hidden = false;
    const { rows, total, is_more: isMore, seconds } = told;
    const count = `${isMore ? "more than " : ""}${total.toLocaleString("en")} row${total === 1 ? "" : "s"}`;
    $("#told").textContent = `${count} in ${seconds < 1 ? `${Math.ceil(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`}`;
    $("#count").textContent = rows.length < total ? `first ${rows.length.toLocaleString("en")} of ${count}` : "";
    const kind = kindOf(asked, told);
    $("#as-chart").disabled = !kind;
    draw(kind && /\|\s*render\s+(?!table)/.test(asked) ? "chart" : "table");
  }

  function draw(as) {
    $("#as-table").ariaPressed = String(as === "table");
    $("#as-chart").ariaPressed = String(as === "chart");
    const made = !answer.rows.length ? element("p", { className: "nothing" }, "No rows: the query is fine, and nothing matches it.")
      : as === "chart" ? chart(kindOf(asked, answer), answer) : grid(answer);
    $("#result").replaceChildren(made);
    made.dispatchEvent(new Event("shown"));
  }

  async function copy(text) {
    await navigator.clipboard.writeText(text);
    $("#told").textContent = `Copied ${answer.rows.length.toLocaleString("en")} rows`;
  }

  $("#run").onclick = run;
  $("#as-table").onclick = () => draw("table");
  $("#as-chart").onclick = () => draw("chart");
  $("#copy-tsv").onclick = () => copy(tsv(answer));
  $("#copy-csv").onclick = () => copy(csv(answer));
  $("#download").onclick = () => {
    const link = element("a", { href: URL.createObjectURL(new Blob([csv(answer)], { type: "text/csv" })), download: "answer.csv" });
    link.click();
    URL.revokeObjectURL(link.href);
  };
  matchMedia("(prefers-color-scheme: dark)").onchange = () => answer && $("#as-chart").ariaPressed === "true" && draw("chart");
  $("#library").append(...library.map(({ name, question, text }) => {
    const button = element("button", {}, element("b", {}, name), element("span", {}, question));
    button.dataset.name = name;
    button.onclick = () => { box.text = text; run(); };
    return element("li", {}, button);
  }));

  return {
    open(text, isNew) {
      if (text && text !== box.text) box.text = text;
      if (isNew) box.focus();
      if (box.text) return;
      box.text = FIRST;
      run();
    },
  };
}
