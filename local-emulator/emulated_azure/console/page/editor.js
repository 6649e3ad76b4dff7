// The box for KQL: CodeMirror, told by Microsoft's language service in a worker what is what.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, acceptCompletion, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, drawSelection, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";

const COLOURS = { // by the service's kinds
  1: "comment", 4: "literal", 5: "string", 6: "type", 7: "column", 8: "table", 10: "function", 11: "variable", 12: "variable",
  13: "column", 15: "variable", 16: "keyword", 18: "keyword", 19: "keyword", 20: "keyword", 23: "variable",
};
const KINDS = { 13: "column", 14: "table", 15: "function", 16: "function", 18: "aggregate", 20: "variable", 26: "type", 12: "chart" };
const OFFERS = /(\||\b(where|by|summarize|extend|project|on|and|or|render))\s$|[(,]\s?$/; // after these the list opens by itself
const SETTLE_MS = 150;

const waiting = new Map();
let worker, last = 0;

function ask(what, given) {
  worker ??= Object.assign(new Worker("/page/kusto.worker.js"), { onmessage: hear });
  return new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    worker.postMessage({ id: last, what, given });
  });
}

function hear({ data: { id, told, error } }) {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  error === undefined ? resolve(told) : reject(new Error(error));
}

const coloured = StateEffect.define();
const colours = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    const effect = transaction.effects.find((each) => each.is(coloured));
    return effect ? effect.value : marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function marks(ranges) {
  const builder = new RangeSetBuilder();
  for (const [kind, start, end] of ranges) {
    if (COLOURS[kind] && end > start) builder.add(start, end, Decoration.mark({ class: `kql-${COLOURS[kind]}` }));
  }
  return builder.finish();
}

async function complete(context) {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 40), context.pos);
  if (!context.explicit && !/\w$/.test(before) && !OFFERS.test(before)) return null;
  const { start, options } = await ask("complete", { text: context.state.sliceDoc(), position: context.pos });
  return context.aborted ? null : { from: start, options: options.map(option), validFor: /^\w*$/ };
}

function option({ label, shown, before, after, kind, order, detail }) {
  const apply = (view, _choice, from, to) => {
    const insert = before.trimEnd() === `${label}(` ? `${label}(` : before;
    view.dispatch({ changes: { from, to, insert: insert + after }, selection: { anchor: from + insert.length } });
  };
  return { label, displayLabel: shown, detail: detail || KINDS[kind] || "", apply, sortText: order };
}

const explained = hoverTooltip(async (view, pos) => {
  const text = await ask("explain", { text: view.state.sliceDoc(), position: pos });
  const dom = Object.assign(document.createElement("div"), { textContent: text, className: "told" });
  return text ? { pos, create: () => ({ dom }) } : null;
});

/** The editor in *parent*; *run*, *changed* and *judged* hear of wishes to run, of new text, and of faults in it. */
export function editor(parent, tables, { run, changed, judged }) {
  let timer = 0;

  async function judge(view) {
    const { doc } = view.state;
    const told = await ask("check", { text: doc.toString() });
    if (view.state.doc !== doc) return; // it was changed meanwhile
    const faults = doc.toString().trim() ? told.faults : [];
    view.dispatch({ effects: coloured.of(marks(told.colours)) });
    show(view, faults);
  }

  function show(view, faults) {
    view.dispatch(setDiagnostics(view.state, faults.map((each) => ({
      from: each.start, to: Math.min(each.start + each.length, view.state.doc.length),
      severity: each.severity === "Error" ? "error" : "warning", message: each.message,
    }))));
    judged(faults.map((each) => ({ ...each, ...place(view, each.start) })));
  }

  const place = (view, start) => {
    const line = view.state.doc.lineAt(Math.min(start, view.state.doc.length));
    return { line: line.number, column: start - line.from + 1 };
  };

  const listening = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    changed(update.state.sliceDoc());
    clearTimeout(timer);
    timer = setTimeout(judge, SETTLE_MS, update.view);
    const { head } = update.state.selection.main;
    const typed = update.transactions.some((each) => each.isUserEvent("input.type"));
    if (typed && OFFERS.test(update.state.sliceDoc(Math.max(0, head - 20), head))) startCompletion(update.view);
  });
  const starts = ["Ctrl-Enter", "Mod-Enter", "Shift-Enter"].map((key) => ({ key, run: () => (run(), true) }));
  const view = new EditorView({
    parent,
    state: EditorState.create({
      extensions: [
        Prec.highest(keymap.of([...starts, { key: "Tab", run: acceptCompletion }])),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.cspNonce.of(document.querySelector("meta[name=nonce]").content),
        EditorView.contentAttributes.of({ "aria-label": "Query in KQL", "aria-describedby": "keys", tabindex: "0" }),
        EditorState.languageData.of(() => [{ commentTokens: { line: "//" } }]),
        autocompletion({ override: [complete], icons: false }),
        lineNumbers(), history(), drawSelection(), highlightActiveLine(), closeBrackets(), colours, explained, listening,
        EditorView.lineWrapping,
      ],
    }),
  });
  ask("learn", tables).then(() => judge(view)).then(() => { view.dom.dataset.ready = "yes"; });
  ask("complete", { text: "requests | where ", position: 17 }); // the first time takes seconds: so let it be now
  return {
    get text() { return view.state.sliceDoc(); },
    set text(text) { view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }); },
    focus: () => view.focus(),
    goTo(start, length) {
      const clamped = (at) => Math.min(at, view.state.doc.length);
      view.dispatch({ selection: { anchor: clamped(start), head: clamped(start + length) }, scrollIntoView: true });
      view.focus();
    },
    place: (start) => place(view, start),
  };
}
