// The little that the views share.
export const $ = (selector) => document.querySelector(selector);

export function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A value as people read it. */
export function worded(value, type) {
  if (value === null || value === "") return "";
  if (type === "datetime") return String(value).replace("T", " ").replace(/(\.\d{3})\d*/, "$1").replace(/Z$/, "");
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return String(value);
}

export const NUMBERS = new Set(["int", "long", "real", "decimal"]);
