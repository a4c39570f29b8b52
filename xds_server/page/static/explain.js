// The explain box: which way a request goes and why, in the words of `gatehouse explain`.

import { ask } from "./api.js";
import { address } from "./detail.js";
import { h, sign } from "./dom.js";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const KINDS = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];

export class Explain {
  constructor(element) {
    this.method = h("select", { name: "method", id: "explain-method" }, METHODS.map((it) => h("option", {}, it)));
    this.url = h("input", { id: "explain-url", name: "url", type: "text", inputmode: "url", required: true, spellcheck: "false", autocomplete: "off", autocapitalize: "none", placeholder: "https://shop.example.com/cart?color=red" });
    this.headers = h("textarea", { id: "explain-headers", name: "headers", rows: 2, spellcheck: "false", placeholder: "x-user: 7" });
    this.sni = h("input", { id: "explain-sni", name: "sni", type: "text", spellcheck: "false", autocomplete: "off", placeholder: "the URL’s host" });
    this.answer = h("div", { class: "answer", role: "status" });
    const form = h("form", { class: "ask" },
      h("div", { class: "line" },
        h("label", { class: "field" }, h("span", {}, "Method"), this.method),
        h("label", { class: "field grow" }, h("span", {}, "URL"), this.url),
        h("button", { class: "main" }, "Explain")),
      h("div", { class: "line" },
        h("label", { class: "field grow" }, h("span", {}, "Headers, one a line"), this.headers),
        h("label", { class: "field" }, h("span", {}, "TLS server name"), this.sni)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      location.hash = `#/explain?${this.query()}`;
      this.explain();
    });
    element.append(
      h("h1", { id: "title-explain" }, "Why does a request go where it goes?"),
      h("p", { class: "lead" }, "Read from what Envoys are given, by Envoy’s own rules. The port of the URL is the listener’s."),
      form, this.answer);
  }

  query() {
    const query = new URLSearchParams({ method: this.method.value, url: this.url.value.trim() });
    for (const line of this.headers.value.split("\n")) if (line.trim()) query.append("header", line.trim());
    if (this.sni.value.trim()) query.set("sni", this.sni.value.trim());
    return query;
  }

  /** Fill the form as an address says, and explain if that is a request. */
  show(query) {
    const asked = new URLSearchParams(query);
    if (!asked.get("url") || asked.toString() === this.query().toString()) return;
    this.method.value = asked.get("method") ?? "GET";
    this.url.value = asked.get("url");
    this.headers.value = asked.getAll("header").join("\n");
    this.sni.value = asked.get("sni") ?? "";
    this.explain();
  }

  async explain() {
    const query = this.query();
    const parameters = Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name)]));
    try {
      const { explanations = [] } = await ask("explain", parameters);
      const shown = explanations.map((it) => explanation(it));
      this.answer.replaceChildren(...(shown.length ? shown : [h("p", { class: "note" }, "There is no Gateway.")]));
    } catch (error) {
      this.answer.replaceChildren(h("p", { class: "note wrong" }, sign("amiss"), error.message));
    }
  }
}

function explanation(found) {
  const place = [
    ["Gateway", h("a", { href: address(`Gateway/${found.gateway}`) }, found.gateway)],
    ["listener", found.listener && [found.listener, found.chain ? `, ${found.chain}` : ""].join("")],
    ["route table", found.table],
    ["virtual host", found.host],
  ].filter(([, value]) => value);
  return h("article", { class: `explanation ${found.won ? "served" : "lost"}` },
    h("ol", { class: "way" }, place.map(([word, value]) => h("li", {}, h("span", { class: "word" }, word), h("b", {}, value)))),
    found.considered?.length
      ? h("ol", { class: "considered", "aria-label": "Rules in the order in which they are asked" }, found.considered.map(considered))
      : null,
    (found.won ?? []).map(winner),
    found.words ? h("p", { class: "verdict" }, sign("amiss"), found.words) : null,
    (found.hints ?? []).map((it) => h("p", { class: "hint" }, h("b", {}, "hint: "), it)));
}

function considered(it) {
  return h("li", { class: it.lost ? "no" : "yes" },
    it.lost ? h("span", { class: "no-sign", role: "img", "aria-label": "no" }, "–") : sign("good"),
    route(it),
    h("span", { class: "reason" }, it.lost ? it.lost : `takes it${share(it.percent)}`));
}

function winner(won) {
  return h("section", { class: "winner" },
    h("p", { class: "verdict" }, sign("good"), h("span", {}, won.words, share(won.percent))),
    h("ul", { class: "filters-of" },
      (won.filters ?? []).map((it) => h("li", {}, it)),
      (won.mirrors ?? []).map((it) => h("li", {}, `mirrored to ${it}`))),
    (won.destinations ?? []).map((it) => {
      const meter = h("span", { class: "meter", "aria-hidden": "true" }, h("i"));
      meter.firstChild.style.width = `${it.percent ?? 0}%`;
      const endpoints = (it.endpoints ?? []).map((each) => `${each.address} (${each.health})`).join(", ");
      return h("div", { class: "destination" }, h("b", {}, it.cluster), meter,
        h("span", { class: "percent" }, `${it.percent ?? 0} %`),
        h("span", { class: "reason" }, it.words || endpoints || "no endpoint"));
    }));
}

/** Name a rule, and lead to its route: `httproute/shop/cart/rule/0/match/1`. */
function route(it) {
  const [kind, namespace, name] = it.route.split("/");
  const known = KINDS.find((each) => each.toLowerCase() === kind);
  const words = it.object || it.route;
  return known && name ? h("a", { href: address(`${known}/${namespace}/${name}`) }, words) : h("span", {}, words);
}

function share(percent) {
  return percent === 100 || percent === undefined ? "" : ` (${percent} %)`;
}
