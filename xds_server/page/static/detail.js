// An object: its conditions, its YAML, what it became in Envoy, and its history.

import { ask } from "./api.js";
import { difference } from "./diff.js";
import { ago, copying, h, named, sign, version, yaml } from "./dom.js";

const TABS = ["Conditions", "YAML", "In Envoy", "History"];
const MOST_LINKS = 12;

export class Detail {
  constructor(element, world, close) {
    this.element = element;
    this.world = world;
    this.id = null;
    this.tab = TABS[0];
    this.close = close;
    this.asked = 0;
    element.addEventListener("keydown", (event) => this.pressed(event));
  }

  /** Show an object, or nothing; with `focus` the reader is taken there. */
  async show(id, focus = true) {
    const asked = ++this.asked;
    const same = id === this.id;
    this.id = id;
    this.element.hidden = !id;
    if (!id) return this.element.replaceChildren();
    const answer = await ask("object", { id }).catch((error) => ({ error: error.message }));
    if (asked !== this.asked) return;
    const inside = this.element.contains(document.activeElement);
    const scrolled = same ? this.element.querySelector(".sheet")?.scrollTop : 0;
    const opened = same ? new Set([...this.element.querySelectorAll("details[open]")].map((it) => it.dataset.key)) : null;
    this.draw(answer);
    for (const it of this.element.querySelectorAll("details")) if (opened?.has(it.dataset.key)) it.open = true;
    this.element.querySelector(".sheet").scrollTop = scrolled ?? 0;
    if (focus || inside) this.element.querySelector("[role=tab][aria-selected=true]").focus();
  }

  draw(answer) {
    const node = this.world.nodes.get(this.id) ?? lost(this.id);
    const counts = { Conditions: answer.conditions?.length, "In Envoy": answer.became?.length, History: answer.history?.length };
    const sheets = {
      Conditions: () => [troubles(answer.troubles), conditions(answer.conditions)],
      YAML: () => [h("p", { class: "note" }, "The fields that Gatehouse reads. ", copying(answer.yaml)), yaml(answer.yaml)],
      "In Envoy": () => became(answer.became),
      History: () => history(answer.history, this.id),
    };
    const sheet = h("div", { class: "sheet", role: "tabpanel", id: "sheet", "aria-labelledby": `tab-${TABS.indexOf(this.tab)}`, tabindex: 0 });
    const fill = () => {
      sheet.replaceChildren(...[answer.error ? h("p", { class: "note" }, answer.error) : sheets[this.tab]()].flat(Infinity).filter(Boolean));
    };
    const tabs = TABS.map((name, nth) =>
      h("button", {
        type: "button", role: "tab", id: `tab-${nth}`, "aria-controls": "sheet",
        "aria-selected": String(name === this.tab), tabindex: name === this.tab ? 0 : -1,
        onclick: () => {
          this.tab = name;
          tabs.forEach((each, at) => {
            each.setAttribute("aria-selected", String(TABS[at] === name));
            each.tabIndex = TABS[at] === name ? 0 : -1;
          });
          sheet.setAttribute("aria-labelledby", `tab-${nth}`);
          fill();
          sheet.scrollTop = 0;
        },
      }, name, counts[name] ? h("span", { class: "count" }, String(counts[name])) : null));
    fill();
    this.element.dataset.id = this.id;
    this.element.replaceChildren(
      h("header", {},
        h("p", { class: "kind" }, node.kind),
        h("h2", { id: "detail-title" }, sign(node.state), h("span", {}, named(node.namespace, node.name))),
        node.why || node.text ? h("p", { class: "why" }, node.why || node.text) : null,
        h("button", { type: "button", class: "close", "aria-label": "Close", onclick: this.close }, "✕")),
      this.links(),
      h("div", { class: "tabs", role: "tablist", "aria-label": "About this object" }, tabs),
      sheet);
  }

  /** What it belongs with directly, to go there. */
  links() {
    const rows = [["from", this.world.up], ["to", this.world.down]].map(([word, links]) => {
      const ids = [...new Set(links.get(this.id) ?? [])];
      const shown = ids.slice(0, MOST_LINKS).map((id) => this.world.nodes.get(id)).filter(Boolean);
      return shown.length
        ? h("p", {}, h("span", { class: "word" }, word), shown.map((node) => link(node)),
            ids.length > MOST_LINKS ? `and ${ids.length - MOST_LINKS} more` : null)
        : null;
    });
    return h("div", { class: "links" }, rows);
  }

  pressed(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      return this.close();
    }
    const tab = event.target.closest("[role=tab]");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !step) return;
    const tabs = [...this.element.querySelectorAll("[role=tab]")];
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  }
}

/** A link that opens an object. */
export function link(node, words = named(node.namespace, node.name)) {
  return h("a", { href: address(node.id), class: "object" }, sign(node.state), h("span", {}, words));
}

/** Where an object is found. */
export function address(id) {
  return `#/object/${encodeURIComponent(id)}`;
}

function lost(id) {
  const [kind, namespace, ...rest] = id.split("/");
  return { id, kind, namespace, name: rest.join("/"), state: "missing", why: "does not exist" };
}

/** What Envoys refused of it, or are slow to answer for. */
function troubles(found) {
  return found.map((it) =>
    h("div", { class: "refusal" }, sign(it.kind === "refused" ? "amiss" : "pending"),
      h("p", {}, h("b", {}, `${it.envoy} ${it.kind === "refused" ? "refuses" : "is slow with"} ${it.host || it.name}`), " ", version(it.version ?? "")),
      h("p", { class: "message" }, it.words)));
}

function conditions(found) {
  if (!found.length) {
    return h("p", { class: "note" }, "Gatehouse writes no conditions on it: the objects that refer to it say how it is.");
  }
  return [...grouped(found)].map(([part, group]) =>
    h("section", { class: "conditions" }, part ? h("h3", {}, part) : null,
      h("ul", {}, group.map((it) =>
        h("li", { class: it.amiss ? "wrong" : "" },
          sign(it.amiss ? (it.status === "Unknown" ? "pending" : "amiss") : "good"),
          h("p", { class: "first" }, h("b", {}, it.type), ` ${it.status} `, h("code", {}, it.reason)),
          it.message ? h("p", { class: "message" }, it.message) : null)))));
}

function grouped(conditions) {
  const parts = new Map();
  for (const it of conditions) parts.set(it.part, [...(parts.get(it.part) ?? []), it]);
  return parts;
}

function became(pieces) {
  if (!pieces.length) return h("p", { class: "note" }, "Nothing: no Envoy is given anything for its sake.");
  return pieces.map((it, nth) =>
    h("details", { class: "piece", open: nth === 0, "data-key": `${it.gateway} ${it.type} ${it.name} ${it.host}` },
      h("summary", {}, h("span", { class: "word" }, it.type), h("b", {}, it.host || it.name),
        h("span", { class: "of" }, it.host ? `in ${it.name} of ${it.gateway}` : `of ${it.gateway}`),
        version(it.version)),
      yaml(it.yaml)));
}

function history(changes, id) {
  if (!changes.length) return h("p", { class: "note" }, "Nothing that is remembered. The last 256 changes are, since the start.");
  return h("ol", { class: "history" }, changes.map((change) => {
    const at = new Date(change.time);
    const causes = (change.causes ?? []).map((it) => `${it.kind} ${it.namespace ? `${it.namespace}/` : ""}${it.name}`);
    const more = change.causes_left_out ? ` and ${change.causes_left_out} more` : "";
    const edits = h("ul", {}, (change.edits ?? []).slice(0, 8).map((it) =>
      h("li", {}, h("span", { class: "word" }, it.type), ` ${it.host ? `${it.host} in ` : ""}${it.name} `,
        h("span", { class: "versions" }, version(it.before ?? ""), " → ", version(it.after ?? "")))),
    change.edits_left_out ? h("li", { class: "of" }, `and ${change.edits_left_out} elsewhere`) : null);
    const details = h("details", { "data-key": `change ${change.number}`, ontoggle: () => unfold(details, change, id) },
      h("summary", {}, h("b", {}, causes.length ? causes.slice(0, 3).join(", ") : "an Envoy's answer"), more,
        h("time", { datetime: change.time, title: at.toLocaleString() }, ago(at))),
      edits);
    return h("li", {}, details);
  }));
}

/** Fetch what was and what is, once somebody wants to see it. */
async function unfold(details, change, id) {
  if (!details.open || details.dataset.whole) return;
  details.dataset.whole = "yes";
  const whole = await ask("change", { number: change.number, id }).catch((error) => ({ error: error.message }));
  const shown = whole.error
    ? h("p", { class: "note" }, whole.error)
    : (whole.edits ?? []).slice(0, 8).map((it) => [
        h("p", { class: "of" }, it.host ? `${it.host} in ${it.name}` : it.name),
        difference(pretty(it.before_json), pretty(it.after_json))]);
  details.append(...[shown].flat(2));
}

function pretty(json) {
  return json ? JSON.stringify(JSON.parse(json), null, 1) : "";
}
