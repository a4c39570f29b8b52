// Elements without strings of HTML: what comes from objects is text, whatever it holds.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `h("a", {href: "#/", onclick: f}, "text", child)`. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an SVG element. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((it) => it != null && it !== false));
  return element;
}

/** What a state is called; said aloud, and shown where there is room. */
export const WORDS = {
  good: "as it should be",
  amiss: "needs attention",
  pending: "pending",
  plain: "nothing is said of it",
  missing: "does not exist",
};

const SHAPES = {
  good: [["circle", { cx: 8, cy: 8, r: 7 }], ["path", { d: "M4.8 8.2l2.2 2.2 4.2-4.6", class: "ink" }]],
  amiss: [["path", { d: "M8 .8 15.6 14.6H.4Z" }], ["path", { d: "M8 5.6v4M8 11.6v.6", class: "ink" }]],
  pending: [["circle", { cx: 8, cy: 8, r: 6.2, class: "line" }], ["path", { d: "M8 1.8a6.2 6.2 0 0 1 0 12.4Z" }]],
  plain: [["circle", { cx: 8, cy: 8, r: 5.4, class: "line" }]],
  missing: [["circle", { cx: 8, cy: 8, r: 6.4, class: "line dashed" }], ["path", { d: "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8", class: "line" }]],
};

/** Draw a state: another shape for each, so that colour is never the only sign. */
export function sign(state) {
  const shapes = SHAPES[state].map(([tag, attributes]) => s(tag, attributes));
  return s("svg", { class: `sign ${state}`, viewBox: "0 0 16 16", role: "img", "aria-label": WORDS[state] }, shapes);
}

/** Write `shop/cart`, the namespace less loud than the name. */
export function named(namespace, name) {
  return [namespace && h("span", { class: "namespace" }, `${namespace}/`), name];
}

/** Say how long ago something was. */
export function ago(date, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - date.getTime()) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 86400 ? `${Math.round(seconds / 3600)} h ago` : date.toLocaleDateString();
}

/** A version: its first digits, the whole of it on demand. */
export function version(text) {
  return h("code", { class: "version", title: text }, text.slice(0, 10) || "none");
}

/** Write `1 route`, `2 routes`. */
export function counted(number, plural) {
  return `${number.toLocaleString("en")} ${number === 1 ? plural.replace(/s$/, "") : plural}`;
}

/** A button that copies a text. */
export function copying(text) {
  const button = h("button", { type: "button", class: "quiet", onclick: copy }, "Copy");
  async function copy() {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }
  return button;
}

/** Colour YAML a little: keys apart from what they hold. */
export function yaml(text) {
  const lines = text.split("\n").map((line) => {
    const key = /^(\s*(?:- )*)([^\s'"#:][^:]*:)(?=\s|$)/.exec(line);
    return key ? [key[1], h("span", { class: "key" }, key[2]), `${line.slice(key[0].length)}\n`] : `${line}\n`;
  });
  return h("pre", { class: "yaml", tabindex: 0 }, h("code", {}, lines));
}
