// The picture: six columns, the keyboard's way through them, and thin curves for what belongs with the one selected.

import { s } from "./dom.js";
import { List, ROW } from "./list.js";
import { COLUMNS } from "./world.js";

const MOST_CURVES = 160;

export class Picture {
  constructor(element, world, open) {
    this.element = element;
    this.world = world;
    this.open = open;
    this.selected = null;
    this.focused = null;
    this.related = new Set();
    this.fresh = new Set();
    this.lists = COLUMNS.map((title) => new List(title, this));
    this.curves = s("svg", { class: "curves", "aria-hidden": "true" });
    this.waiting = 0;
    element.append(this.curves, ...this.lists.map((list) => list.element));
    element.addEventListener("click", (event) => this.clicked(event));
    element.addEventListener("keydown", (event) => this.pressed(event));
    element.addEventListener("focusin", (event) => this.entered(event));
    new ResizeObserver(() => this.resized()).observe(element);
  }

  /** Show the columns as they are now. */
  show(columns) {
    this.fresh = this.world.changed;
    this.related = this.selected ? this.world.related(this.selected) : new Set();
    const here = columns.some((nodes) => nodes.some((node) => node.id === this.focused));
    if (!here) this.focused = columns.find((nodes) => nodes.length)?.[0].id ?? null;
    this.lists.forEach((list, nth) => list.show(columns[nth]));
    this.fresh = new Set();
    this.moved();
  }

  /** Select a node, or nothing: what belongs with it comes into sight. */
  select(id) {
    this.selected = id;
    this.related = id ? this.world.related(id) : new Set();
    if (id) this.focused = id;
    for (const list of this.lists) {
      const first = list.at.has(id) ? id : list.nodes.find((node) => this.related.has(node.id))?.id;
      if (first) list.reveal(first);
      list.render(true);
    }
    const column = id && this.listOf(id);
    if (column) column.element.scrollIntoView({ block: "nearest", inline: "center" });
    this.moved();
  }

  focus(id) {
    const list = id && this.listOf(id);
    if (!list) return;
    const before = this.focused;
    this.focused = id;
    list.reveal(id);
    this.lists.forEach((each) => each.rows.get(before)?.setAttribute("tabindex", -1));
    const row = list.rows.get(id);
    row.setAttribute("tabindex", 0);
    row.focus({ preventScroll: true });
    list.element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  listOf(id) {
    return this.lists.find((list) => list.at.has(id));
  }

  clicked(event) {
    const row = event.target.closest(".row");
    if (row) this.open(row.dataset.id);
  }

  entered(event) {
    const id = event.target.dataset?.id;
    if (id && id !== this.focused) this.focus(id);
  }

  pressed(event) {
    if (!event.target.classList.contains("row") || event.ctrlKey || event.metaKey || event.altKey) return;
    const list = this.listOf(this.focused);
    const nth = list.at.get(this.focused);
    const page = Math.max(1, Math.floor(list.box.clientHeight / ROW) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -nth, End: list.nodes.length };
    if (event.key in steps) {
      const to = Math.min(list.nodes.length - 1, Math.max(0, nth + steps[event.key]));
      this.focus(list.nodes[to].id);
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      this.focus(this.beside(list, event.key === "ArrowRight" ? 1 : -1));
    } else if (event.key === "Enter" || event.key === " ") {
      this.open(this.focused);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The node to go to in the next column that has any: one that belongs with this one, or the one level with it. */
  beside(list, step) {
    const related = this.world.related(this.focused);
    const level = (list.at.get(this.focused) * ROW - list.box.scrollTop) / ROW;
    for (let nth = this.lists.indexOf(list) + step; this.lists[nth]; nth += step) {
      const { nodes, box } = this.lists[nth];
      if (!nodes.length) continue;
      const found = nodes.find((node) => related.has(node.id));
      return (found ?? nodes[Math.min(nodes.length - 1, Math.round(box.scrollTop / ROW + level))]).id;
    }
    return null;
  }

  resized() {
    this.lists.forEach((list) => list.render());
    this.moved();
  }

  /** Draw the curves again, once before the next frame. */
  moved() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  draw() {
    const paths = this.selected && this.listOf(this.selected) ? this.paths().slice(0, MOST_CURVES) : [];
    this.curves.setAttribute("width", this.element.scrollWidth);
    this.curves.setAttribute("height", this.element.clientHeight);
    this.curves.replaceChildren(...paths.map((d) => s("path", { d })));
  }

  paths() {
    const found = [];
    const places = this.lists.map((list) => [list.element.offsetLeft, list.element.offsetLeft + list.element.offsetWidth]);
    this.lists.forEach((list, nth) => {
      for (const id of list.rows.keys()) {
        const y = this.related.has(id) ? list.middle(id) : null;
        for (const other of y === null ? [] : new Set(this.world.down.get(id))) {
          const right = this.lists.findIndex((each) => each.rows.has(other));
          const to = right > nth && this.related.has(other) ? this.lists[right].middle(other) : null;
          if (to !== null) found.push(curve(places[nth][1], y, places[right][0], to));
        }
      }
    });
    return found;
  }
}

function curve(x1, y1, x2, y2) {
  const reach = Math.max(16, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + reach} ${y1} ${x2 - reach} ${y2} ${x2} ${y2}`;
}
