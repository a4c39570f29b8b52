// A column of the picture: a list of any length, of which only what is in sight is in the document.

import { h, sign, WORDS } from "./dom.js";

export const ROW = 56;
const BEYOND = 6;
const SHORT = { HTTPRoute: "HTTP", GRPCRoute: "gRPC", TLSRoute: "TLS", TCPRoute: "TCP", UDPRoute: "UDP",
  BackendTLSPolicy: "TLS policy", XBackendTrafficPolicy: "Traffic policy", XTelemetryPolicy: "Telemetry policy" };
const UNSAID = new Set(["GatewayClass", "Gateway", "Listener", "Service", "Endpoint"]);

export class List {
  constructor(title, picture) {
    this.title = title;
    this.picture = picture;
    this.nodes = [];
    this.at = new Map();
    this.rows = new Map();
    this.count = h("span", { class: "count" }, "0");
    this.space = h("div", { class: "space", role: "presentation" });
    this.box = h("div", { class: "box", role: "listbox", "aria-label": title }, this.space);
    this.element = h("section", { class: "column", "aria-label": title }, h("h2", {}, title, this.count), this.box);
    this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
  }

  scrolled() {
    this.render();
    this.picture.moved();
  }

  show(nodes) {
    this.nodes = nodes;
    this.at = new Map(nodes.map((node, nth) => [node.id, nth]));
    this.count.textContent = nodes.length.toLocaleString("en");
    this.space.style.height = `${nodes.length * ROW}px`;
    this.element.classList.toggle("empty", !nodes.length);
    this.render(true);
  }

  /** Put what is in sight into the document; with `anew` also what is there already. */
  render(anew = false) {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - BEYOND);
    const last = Math.min(this.nodes.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + BEYOND);
    const wanted = new Set(this.nodes.slice(first, last).map((node) => node.id));
    if (this.at.has(this.picture.focused)) wanted.add(this.picture.focused);
    const focused = document.activeElement?.dataset?.id;
    for (const [id, row] of this.rows) {
      if (!wanted.has(id) || anew) {
        row.remove();
        this.rows.delete(id);
      }
    }
    const fresh = [...wanted].filter((id) => !this.rows.has(id)).map((id) => this.row(this.nodes[this.at.get(id)]));
    this.space.append(...fresh);
    if (focused && this.rows.has(focused) && document.activeElement?.dataset?.id !== focused) {
      this.rows.get(focused).focus({ preventScroll: true });
    }
  }

  row(node) {
    const nth = this.at.get(node.id);
    const { selected, focused, related } = this.picture;
    const row = h(
      "div",
      {
        class: `row ${node.state}${related.has(node.id) ? " related" : ""}${this.picture.fresh.has(node.id) ? " fresh" : ""}`,
        role: "option",
        "data-id": node.id,
        "aria-selected": String(node.id === selected),
        "aria-setsize": this.nodes.length,
        "aria-posinset": nth + 1,
        "aria-label": said(node),
        tabindex: node.id === focused ? 0 : -1,
        title: `${node.kind} ${node.namespace ? `${node.namespace}/` : ""}${node.name}`,
      },
      sign(node.state),
      h("span", { class: "name" }, node.name),
      UNSAID.has(node.kind) ? null : h("span", { class: "kind" }, SHORT[node.kind] ?? node.kind),
      h("span", { class: "text" }, node.namespace ? `${node.namespace} · ` : "", h("span", {}, node.why || node.text || "")),
    );
    row.style.transform = `translateY(${nth * ROW}px)`;
    this.rows.set(node.id, row);
    return row;
  }

  /** Scroll as little as is needed for a node to be in sight. */
  reveal(id) {
    const top = this.at.get(id) * ROW;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) this.box.scrollTop = top + ROW - clientHeight;
    this.render();
  }

  /** Where the middle of a row is in the box; null if it is out of sight. */
  middle(id) {
    const y = this.at.get(id) * ROW + ROW / 2 - this.box.scrollTop;
    return y < 4 || y > this.box.clientHeight - 4 ? null : y + this.box.offsetTop;
  }
}

function said(node) {
  const place = node.namespace ? `${node.namespace}/${node.name}` : node.name;
  return [`${node.kind} ${place}`, WORDS[node.state], node.why || node.text].filter(Boolean).join(", ");
}
