// Checks queries with Microsoft's own parser, against tables whose columns are given.
// In: {"library": folder of @kusto/language-service-next, "tables": {name: {column: type}}, "queries": {name: text}}
// Out: {name: {"columns": [[name, type]], "faults": [{"code", "message", "line", "column"}]}}
"use strict";

const fs = require("fs");
const path = require("path");
const vm = require("vm");

function load(library) {
  for (const file of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
    // It is made for browsers: a script, whose names are global.
    vm.runInThisContext(fs.readFileSync(path.join(library, file), "utf8"), { filename: file });
  }
  return globalThis.Kusto.Language;
}

function listOf(list) {
  return Array.from({ length: list ? list.Count : 0 }, (_, index) => list.getItem(index));
}

function knowing(kusto, tables) {
  const symbols = Object.entries(tables).map(([name, columns]) => {
    const schema = Object.entries(columns).map(([column, type]) => `['${column}']: ${type}`);
    return new kusto.Symbols.TableSymbol.$ctor7(name, `(${schema.join(", ")})`, null);
  });
  const database = new kusto.Symbols.DatabaseSymbol.$ctor2("insights", null, symbols, false);
  return kusto.GlobalState.Default.WithDatabase(database);
}

function check(kusto, known, text) {
  const code = kusto.KustoCode.ParseAndAnalyze(text, known);
  const faults = listOf(code.GetDiagnostics()).map((each) => {
    const before = text.slice(0, each.Start).split("\n");
    return { code: each.Code, message: each.Message, line: before.length, column: before[before.length - 1].length + 1 };
  });
  const columns = listOf(code.ResultType && code.ResultType.Columns).map((each) => [each.Name, each.Type.Name]);
  return { columns, faults };
}

const given = JSON.parse(fs.readFileSync(0, "utf8"));
const kusto = load(given.library);
const known = knowing(kusto, given.tables);
const told = Object.entries(given.queries).map(([name, text]) => [name, check(kusto, known, text)]);
process.stdout.write(JSON.stringify(Object.fromEntries(told)));
