// The page put together: views by address, filters, news, and the keys that work everywhere.

import { calmly, listen } from "./api.js";
import { Detail, address } from "./detail.js";
import { Envoys } from "./envoys.js";
import { Explain } from "./explain.js";
import { Picture } from "./picture.js";
import { Plots } from "./plots.js";
import { World } from "./world.js";

const $ = (id) => document.getElementById(id);
const VIEWS = ["picture", "explain", "envoys", "metrics"];
const TITLES = { picture: "Gatehouse", explain: "Explain · Gatehouse", envoys: "Envoys · Gatehouse", metrics: "Metrics · Gatehouse" };

const world = new World();
const picture = new Picture($("columns"), world, (id) => (location.hash = address(id)));
const detail = new Detail($("detail"), world, () => (location.hash = "#/"));
const explain = new Explain($("view-explain"));
const envoys = new Envoys($("view-envoys"));
const plots = new Plots($("view-metrics"), $("strip"));
let view = "picture";
let seen = false;

function shown() {
  performance.mark("filter");
  const filter = { words: $("search").value, namespace: $("namespace").value, host: $("host").value.trim(), amiss: $("amiss").ariaPressed === "true" };
  const columns = world.filtered(filter);
  picture.show(columns);
  performance.measure("filter", "filter");
  const [here, all] = [columns.reduce((sum, it) => sum + it.length, 0), world.columns.reduce((sum, it) => sum + it.length, 0)];
  const count = here === all ? `${all.toLocaleString("en")} objects` : `${here.toLocaleString("en")} of ${all.toLocaleString("en")} objects`;
  $("summary").textContent = world.complete ? (all ? count : "There are no Gateways yet.") : "Reading …";
}

function drawn() {
  if (!performance.getEntriesByName("first rows").length) performance.mark("first rows");
  const amiss = world.amiss;
  $("amiss-count").textContent = amiss.toLocaleString("en");
  $("amiss").classList.toggle("any", amiss > 0);
  const known = [...$("namespace").options].map((it) => it.value).filter(Boolean);
  const now = world.namespaces;
  if (known.join() !== now.join()) {
    const chosen = $("namespace").value;
    $("namespace").replaceChildren(new Option("All namespaces", ""), ...now.map((it) => new Option(it, it)));
    $("namespace").value = now.includes(chosen) ? chosen : "";
  }
  shown();
  if (world.complete && detail.id) detail.show(detail.id, false);
  if (world.complete && !seen) picture.select(detail.id);
  seen = world.complete;
}

/** Go where the address says. */
function go(event) {
  const [, name = "", rest = ""] = /^#\/(\w*)[/?]?(.*)$/.exec(location.hash) ?? [];
  const id = name === "object" ? decodeURIComponent(rest) : null;
  const before = detail.id;
  view = VIEWS.includes(name) ? name : "picture";
  for (const each of VIEWS) $(`view-${each}`).hidden = each !== view;
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = id ? `${id} · Gatehouse` : TITLES[view];
  document.body.dataset.view = view;
  detail.show(id, Boolean(event));
  picture.select(id);
  if (before && !id && view === "picture") picture.focus(before);
  if (view === "explain") explain.show(rest);
  if (view === "envoys") lookAtEnvoys();
}

const lookAtWorld = calmly(() => world.refresh(drawn), 250);
const lookAtEnvoys = calmly(async () => view === "envoys" && envoys.refresh(), 1000);
const filterSoon = calmly(async () => shown(), 0);

for (const id of ["search", "host"]) $(id).addEventListener("input", filterSoon);
$("namespace").addEventListener("change", shown);
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("amiss").addEventListener("click", () => {
  $("amiss").ariaPressed = String($("amiss").ariaPressed !== "true");
  shown();
});
for (const link of document.querySelectorAll("[data-skip]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (link.dataset.skip === "search" && view !== "picture") location.hash = "#/";
    $(link.dataset.skip).focus();
  });
}
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    if (view !== "picture") location.hash = "#/";
    $("search").focus();
    $("search").select();
  } else if (event.key === "ArrowDown" && event.target === $("search")) {
    event.preventDefault();
    picture.focus(picture.lists.find((list) => list.nodes.length)?.nodes[0].id);
  } else if (event.key === "Escape" && detail.id && !typing) {
    location.hash = "#/";
  }
});
window.addEventListener("hashchange", go);
go();
listen({
  live(connected) {
    $("live").dataset.state = connected ? "live" : "lost";
    $("live").textContent = connected ? "Live" : "Reconnecting";
  },
  world: lookAtWorld,
  envoys: lookAtEnvoys,
  samples: (news) => plots.heard(news),
});
