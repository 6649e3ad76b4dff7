// Which view is open, and what the address says of it.
import { live } from "./live.js";
import { query } from "./query.js";
import { reports } from "./reports.js";

const [schema, library] = await Promise.all(["schema", "queries"].map(async (name) => (await fetch(`/api/${name}`)).json()));
const makers = { query: () => query(schema, library), reports, live }; // each is made when it is first seen
const views = {};
let open = "";

function follow() {
  const [, name, rest] = /^#(\w+)=?(.*)$/s.exec(location.hash) ?? ["", "query", ""];
  const wanted = name in makers ? name : "query";
  for (const each of Object.keys(makers)) {
    document.getElementById(each).hidden = each !== wanted;
    document.querySelector(`[data-view=${each}]`).ariaCurrent = each === wanted ? "page" : null;
    if (each !== wanted && each === open) views[each].close?.();
  }
  document.title = `${document.querySelector(`[data-view=${wanted}]`).textContent} · Atalaia console`;
  views[wanted] ??= makers[wanted]();
  views[wanted].open(decodeURIComponent(rest), wanted !== open);
  open = wanted;
}

addEventListener("hashchange", follow);
follow();
document.documentElement.dataset.ready = "yes";
