// What was and what is, line by line.

import { h } from "./dom.js";

const AROUND = 3;
const MOST = 2000;

/** Lines of two texts as `[sign, line]`: those that went, those that came, those that stayed. */
export function compared(before, after) {
  let first = 0;
  while (first < Math.min(before.length, after.length) && before[first] === after[first]) first++;
  let last = 0;
  const most = Math.min(before.length, after.length) - first;
  while (last < most && before[before.length - 1 - last] === after[after.length - 1 - last]) last++;
  const stayed = (lines) => lines.map((line) => [" ", line]);
  return [
    ...stayed(before.slice(0, first)),
    ...middle(before.slice(first, before.length - last), after.slice(first, after.length - last)),
    ...stayed(before.slice(before.length - last)),
  ];
}

/** The longest common subsequence decides; where that is too much work, all went and all came. */
function middle(before, after) {
  if (before.length * after.length > MOST * MOST) {
    return [...before.map((line) => ["-", line]), ...after.map((line) => ["+", line])];
  }
  const width = after.length + 1;
  const common = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const best = Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
      common[i * width + j] = before[i] === after[j] ? common[(i + 1) * width + j + 1] + 1 : best;
    }
  }
  const found = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      found.push([" ", before[i++]]);
      j++;
    } else if (j >= after.length || (i < before.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      found.push(["-", before[i++]]);
    } else {
      found.push(["+", after[j++]]);
    }
  }
  return found;
}

/** Show a difference with a few lines around each place. */
export function difference(before, after) {
  const lines = compared(before ? before.split("\n") : [], after ? after.split("\n") : []);
  const near = lines.map((_, nth) => lines.slice(Math.max(0, nth - AROUND), nth + AROUND + 1).some(([it]) => it !== " "));
  const shown = [];
  lines.forEach(([mark, line], nth) => {
    if (near[nth]) shown.push(h("span", { class: { "-": "went", "+": "came" }[mark] ?? "same" }, `${mark} ${line}\n`));
    else if (near[nth - 1]) shown.push(h("span", { class: "same" }, "  …\n"));
  });
  return h("pre", { class: "diff", tabindex: 0 }, h("code", {}, shown.length ? shown : "nothing changed"));
}
