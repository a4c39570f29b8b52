// Envoys: what each holds, what it was sent and has not answered for, and what it refused.

import { ask } from "./api.js";
import { address } from "./detail.js";
import { h, sign } from "./dom.js";

const TYPES = ["listeners", "scopes", "routes", "clusters", "endpoints", "secrets"];

export class Envoys {
  constructor(element) {
    this.count = h("p", { class: "lead", role: "status" });
    this.body = h("div", { class: "fleet" });
    element.append(h("h1", { id: "title-envoys" }, "Envoys"), this.count, this.body);
  }

  async refresh() {
    this.show(await ask("gateways"));
  }

  show(gateways) {
    const envoys = gateways.flatMap((gateway) => gateway.envoys ?? []);
    const refusing = envoys.filter((it) => refusals(it).length).length;
    const behind = envoys.filter((it) => pending(it)).length;
    this.count.textContent = [
      `${envoys.length} connected to this replica`,
      behind ? `${behind} behind` : envoys.length ? "all in step" : "",
      refusing ? `${refusing} refuse something` : "",
    ].filter(Boolean).join(" · ");
    this.body.replaceChildren(...gateways.map(card));
  }
}

function card(gateway) {
  const envoys = gateway.envoys ?? [];
  const held = TYPES.filter((type) => gateway.resources?.[type]).map((type) => `${gateway.resources[type]} ${type}`);
  return h("article", { class: "gateway" },
    h("h2", {}, h("a", { href: address(`Gateway/${gateway.name}`) }, gateway.name), h("span", { class: "of" }, held.join(" · ") || "nothing to hold")),
    envoys.length
      ? h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": `Envoys of ${gateway.name}` }, h("table", {},
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Envoy"), h("th", { scope: "col" }, "State"),
            TYPES.filter((type) => gateway.resources?.[type]).map((type) => h("th", { scope: "col" }, type)))),
          h("tbody", {}, envoys.map((envoy) => row(envoy, gateway)))))
      : h("p", { class: "note" }, "None is connected."),
    envoys.flatMap(refusals).map((it) =>
      h("div", { class: "refusal" }, sign("amiss"),
        h("p", {}, h("b", {}, it.name), " ", h("code", { class: "version" }, it.version)), h("p", { class: "message" }, it.words))));
}

function row(envoy, gateway) {
  const refused = refusals(envoy).length;
  const late = pending(envoy);
  const state = refused ? "amiss" : late ? "pending" : "good";
  const words = refused ? `refuses ${refused}` : late ? `${late} behind` : "in step";
  return h("tr", {},
    h("th", { scope: "row" }, envoy.node, h("span", { class: "of" }, envoy.protocol)),
    h("td", {}, sign(state), h("span", {}, words)),
    TYPES.filter((type) => gateway.resources?.[type]).map((type) => {
      const it = (envoy.standings ?? []).find((each) => each.type === type);
      const [synced, waits] = [it?.synced ?? 0, it?.pending ?? 0];
      return h("td", { class: "number" }, String(synced), waits ? h("span", { class: "waits" }, `+${waits}`) : null);
    }));
}

function refusals(envoy) {
  return (envoy.standings ?? []).flatMap((it) => it.refusals ?? []);
}

function pending(envoy) {
  return (envoy.standings ?? []).reduce((sum, it) => sum + (it.pending ?? 0), 0);
}
