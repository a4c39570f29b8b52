// Envoys: what each holds, how far behind it is, what it refused, and all of its versions on demand.

import { ask } from "./api.js";
import { address } from "./detail.js";
import { counted, h, sign, version } from "./dom.js";

const TYPES = ["listeners", "scopes", "routes", "clusters", "endpoints", "secrets"];
const MOST = 500;

export class Envoys {
  constructor(element) {
    this.count = h("p", { class: "lead", role: "status" });
    this.body = h("div", { class: "fleet" });
    element.append(h("h1", { id: "title-envoys" }, "Envoys"), this.count, this.body);
  }

  async refresh() {
    const gateways = await ask("gateways");
    const envoys = gateways.flatMap((gateway) => gateway.envoys ?? []);
    const refusing = envoys.filter((it) => refusals(it).length).length;
    const behind = envoys.filter((it) => pending(it)).length;
    this.count.textContent = [
      `${envoys.length.toLocaleString("en")} connected to this replica`,
      behind ? `${behind} behind` : envoys.length && !refusing ? "all in step" : "",
      refusing ? `${refusing} refuse something` : "",
    ].filter(Boolean).join(" · ");
    const opened = new Set([...this.body.querySelectorAll("details[open]")].map((it) => it.dataset.key));
    this.body.replaceChildren(...gateways.map((gateway) => card(gateway, opened)));
  }
}

function card(gateway, opened) {
  const envoys = gateway.envoys ?? [];
  const types = TYPES.filter((type) => gateway.resources?.[type]);
  const held = types.map((type) => counted(gateway.resources[type], type));
  const details = h("details", { "data-key": gateway.name, ontoggle: () => unfold(details, gateway.name) },
    h("summary", {}, "Versions, resource by resource"));
  details.open = opened.has(gateway.name);
  return h("article", { class: "gateway" },
    h("h2", {}, h("a", { href: address(`Gateway/${gateway.name}`) }, gateway.name), h("span", { class: "of" }, held.join(" · ") || "nothing to hold")),
    envoys.length
      ? [h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": `Envoys of ${gateway.name}` }, h("table", {},
          h("thead", {}, h("tr", {}, ["Envoy", "State", "Lag", ...types].map((it) => h("th", { scope: "col" }, it)))),
          h("tbody", {}, envoys.map((envoy) => row(envoy, types))))), details]
      : h("p", { class: "note" }, "None is connected."),
    envoys.flatMap((it) => it.troubles ?? []).slice(0, MOST).map(trouble));
}

/** What an Envoy refused, or is slow to answer for, in its words, and the objects that made it. */
function trouble(it) {
  return h("div", { class: "refusal" }, sign(it.kind === "refused" ? "amiss" : "pending"),
    h("p", {}, h("b", {}, it.host ? `${it.host} in ${it.name}` : it.name), ` ${it.kind} by ${it.envoy} `, version(it.version ?? "")),
    h("p", { class: "message" }, it.words),
    h("p", { class: "made" }, "made by ", (it.objects ?? []).map((each) =>
      h("a", { href: address(`${each.kind}/${each.namespace ?? ""}/${each.name}`) }, `${each.kind} ${each.namespace ? `${each.namespace}/` : ""}${each.name}`))));
}

function row(envoy, types) {
  const refused = refusals(envoy).length;
  const late = pending(envoy);
  const state = refused ? "amiss" : late ? "pending" : "good";
  const words = refused ? `refuses ${refused}` : late ? `${late} behind` : "in step";
  return h("tr", {},
    h("th", { scope: "row" }, envoy.node, h("span", { class: "of" }, envoy.protocol)),
    h("td", {}, sign(state), h("span", {}, words)),
    h("td", {}, envoy.lag_seconds ? `${envoy.lag_seconds.toFixed(1)} s` : "none"),
    types.map((type) => {
      const it = (envoy.standings ?? []).find((each) => each.type === type);
      return h("td", {}, String(it?.synced ?? 0), it?.pending ? h("span", { class: "waits" }, `+${it.pending}`) : null);
    }));
}

/** Fetch every resource's versions, once somebody wants to see them. */
async function unfold(details, name) {
  if (!details.open || details.dataset.whole) return;
  details.dataset.whole = "yes";
  const envoys = await ask("envoys", { gateway: name });
  const rows = envoys.flatMap((envoy) => (envoy.standings ?? []).flatMap((standing) =>
    (standing.resources ?? []).map((it) => h("tr", {},
      h("th", { scope: "row" }, it.name, h("span", { class: "of" }, standing.type)), h("td", {}, envoy.node),
      h("td", {}, sign({ SYNCED: "good", ERROR: "amiss" }[it.standing] ?? "pending"), it.standing.toLowerCase().replace("_", " ")),
      h("td", {}, version(it.sent ?? "")), h("td", {}, version(it.acked ?? "")), h("td", {}, it.refused ? version(it.refused) : "")))));
  details.append(h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": `Versions of ${name}` }, h("table", {},
    h("thead", {}, h("tr", {}, ["Resource", "Envoy", "Standing", "Sent", "ACKed", "Refused"].map((it) => h("th", { scope: "col" }, it)))),
    h("tbody", {}, rows.slice(0, MOST)))), rows.length > MOST ? h("p", { class: "note" }, `and ${rows.length - MOST} more: gatehouse envoys -o yaml`) : "");
}

function refusals(envoy) {
  return (envoy.standings ?? []).flatMap((it) => it.refusals ?? []);
}

function pending(envoy) {
  return (envoy.standings ?? []).reduce((sum, it) => sum + (it.pending ?? 0), 0);
}
