// An answer as a table: sorted by any column, walked by keys; only the rows in sight are in the document.
import { $, NUMBERS, element, worded } from "./dom.js";

const ROW_PX = 24, SPARE = 10;
let grids = 0;

export const csv = ({ columns, rows }) => table(columns, rows, ",", (cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
export const tsv = ({ columns, rows }) => table(columns, rows, "\t", (cell) => cell.replace(/[\t\n\r]/g, " "));

function table(columns, rows, between, quoted) {
  const lines = [columns.map((each) => each.name), ...rows];
  return lines.map((line) => line.map((cell) => quoted(cell === null ? "" : String(cell))).join(between)).join("\n") + "\n";
}

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === "") return 1; // what is absent comes last
  if (b === null || b === "") return -1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1;
}

export function grid(answer) {
  const { columns, rows } = answer;
  let sorted = -1, down = false, chosen = 0;
  const id = `grid-${++grids}-row`;
  const body = element("tbody", {}), heads = columns.map(head);
  const made = element("table", { tabIndex: 0, role: "grid", ariaLabel: "Answer", ariaRowCount: rows.length + 1 },
    element("thead", {}, element("tr", {}, ...heads)), body);
  made.setAttribute("aria-describedby", "told");
  const scroller = element("div", { className: "grid" }, made);

  function head({ name, type }, index) {
    const button = element("button", { title: `${name}: ${type}` }, name);
    button.onclick = () => sort(index);
    return element("th", { scope: "col", className: NUMBERS.has(type) ? "number" : "" }, button);
  }

  function sort(index) {
    down = sorted === index && !down;
    sorted = index;
    const sign = down ? -1 : 1;
    rows.sort((a, b) => { // what is absent stays last either way
      const absent = [a, b].some((row) => row[index] === null || row[index] === "");
      return (absent ? 1 : sign) * compare(a[index], b[index]);
    });
    heads.forEach((each, place) => { each.ariaSort = place === index ? (down ? "descending" : "ascending") : null; });
    draw();
  }

  function draw() {
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW_PX) - SPARE);
    const end = Math.min(rows.length, first + Math.ceil(scroller.clientHeight / ROW_PX) + 2 * SPARE);
    body.replaceChildren(space(first), ...rows.slice(first, end).map((row, index) => line(row, first + index)), space(rows.length - end));
    made.setAttribute("aria-activedescendant", `${id}-${chosen}`);
  }

  function space(count) {
    const made = element("tr", { ariaHidden: "true", className: "space" });
    made.style.height = `${count * ROW_PX}px`;
    return made;
  }

  function line(row, index) {
    const made = element("tr", { id: `${id}-${index}`, ariaRowIndex: index + 2, ariaSelected: String(index === chosen) });
    made.append(...row.map((value, place) => {
      const { type, name } = columns[place];
      const status = name === "status" ? `status ${value}` : "";
      return element("td", { className: NUMBERS.has(type) ? "number" : status, title: "" }, worded(value, type));
    }));
    made.onclick = () => { choose(index); };
    made.ondblclick = details;
    return made;
  }

  function choose(index) {
    chosen = Math.max(0, Math.min(rows.length - 1, index));
    const top = chosen * ROW_PX, inner = scroller.clientHeight - 2 * ROW_PX;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    if (top > scroller.scrollTop + inner) scroller.scrollTop = top - inner;
    draw();
  }

  function details() {
    const cells = columns.map(({ name, type }, place) => [element("dt", {}, name), element("dd", {}, full(rows[chosen][place], type))]);
    $("#row dl").replaceChildren(...cells.flat());
    $("#row").showModal();
  }

  made.onkeydown = (event) => {
    if (event.target !== made) return;
    const page = Math.floor(scroller.clientHeight / ROW_PX) - 1;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length };
    if (event.key === "Enter") details();
    else if (event.key in steps) choose(chosen + steps[event.key]);
    else return;
    event.preventDefault();
  };
  scroller.onscroll = draw;
  scroller.addEventListener("shown", draw);
  new ResizeObserver(draw).observe(scroller);
  return scroller;
}

/** A value in full; JSON with its lines. */
function full(value, type) {
  if (type === "dynamic") {
    try {
      return JSON.stringify(JSON.parse(value), null, 2);
    } catch { /* it is plain text */ }
  }
  return worded(value, type);
}
