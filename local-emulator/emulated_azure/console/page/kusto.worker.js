// Microsoft's own language service for KQL, off the page's thread: colours, faults, completion, what a name is.
"use strict";

const LIBRARY = "/modules/@kusto/language-service-next/";
importScripts(`${LIBRARY}bridge.min.js`, `${LIBRARY}Kusto.Language.Bridge.min.js`);
const { Editor, GlobalState, Symbols } = Kusto.Language;
const COLUMN = 13;
let known = GlobalState.Default, types = {};

const listOf = (list) => Array.from({ length: list ? list.Count : 0 }, (_, index) => list.getItem(index));
const service = (text) => new Editor.KustoCodeService.$ctor1(text, known);

const work = {
  learn(tables) {
    const symbols = Object.entries(tables).map(([name, columns]) => {
      const schema = Object.entries(columns).map(([column, type]) => `['${column}']: ${type}`);
      return new Symbols.TableSymbol.$ctor7(name, `(${schema.join(", ")})`, null);
    });
    known = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor2("insights", null, symbols, false));
    types = Object.assign({}, ...Object.values(tables));
  },
  check({ text }) {
    const code = service(text);
    const colours = listOf(code.GetClassifications(0, text.length).Classifications);
    return {
      colours: colours.map((each) => [each.Kind, each.Start, each.Start + each.Length]),
      faults: listOf(code.GetDiagnostics()).map((each) => ({
        start: each.Start, length: each.Length, message: each.Message, severity: each.Severity,
      })),
    };
  },
  complete({ text, position }) {
    const found = service(text).GetCompletionItems(position);
    const options = listOf(found.Items).map((each) => ({
      label: each.MatchText, shown: each.DisplayText, before: each.BeforeText, after: each.AfterText ?? "",
      kind: each.Kind, order: each.OrderText, detail: each.Kind === COLUMN ? types[each.MatchText] : "",
    }));
    return { start: found.EditStart, options };
  },
  explain: ({ text, position }) => service(text).GetQuickInfo(position)?.Text ?? "",
};

onmessage = ({ data: { id, what, given } }) => {
  try {
    postMessage({ id, told: work[what](given) });
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
};
