// Small plots of the numbers that matter, over the last minutes.

import { ask } from "./api.js";
import { h, s } from "./dom.js";

const KEPT = 450;
const WIDTH = 300;
const HEIGHT = 72;
const seconds = (value) => (value >= 1 ? `${value.toFixed(1)} s` : value >= 0.001 ? `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms` : `${Math.round(value * 1e6)} µs`);
const rate = (value) => `${value >= 10 ? Math.round(value) : Number(value.toFixed(1))} /s`;

export const PLOTS = [
  { key: "envoys", title: "Envoys", write: (value) => String(value), about: "connected to this replica" },
  { key: "commits", title: "Changes", write: rate, about: "batches translated, a second" },
  { key: "commit", title: "Translation", write: seconds, about: "of one batch of changes" },
  { key: "ack", title: "Acknowledgement", write: seconds, about: "from a response to its ACK" },
  { key: "propagation", title: "Propagation", write: seconds, about: "from a change to Envoy’s ACK" },
  { key: "nacks", title: "Refusals", write: rate, about: "of resources by Envoys, a second" },
  { key: "cpu", title: "Processor", write: (value) => `${Math.round(value * 100)} %`, about: "of one core" },
  { key: "memory", title: "Memory", write: (value) => `${Math.round(value / 2 ** 20)} MiB`, about: "resident" },
];
const IN_STRIP = ["envoys", "commits", "propagation", "nacks", "cpu", "memory"];

export class Plots {
  constructor(element, strip) {
    this.samples = [];
    this.large = PLOTS.map((plot) => new Plot(plot));
    this.small = PLOTS.filter((plot) => IN_STRIP.includes(plot.key)).map((plot) => new Plot(plot));
    element.append(
      h("h1", { id: "title-metrics" }, "Metrics"),
      h("p", { class: "lead" }, "Sampled every two seconds while somebody looks, for a quarter of an hour. Prometheus finds all of them at ",
        h("a", { href: "/metrics" }, "/metrics"), "."),
      h("div", { class: "plots" }, this.large.map((plot) => plot.element)));
    strip.append(...this.small.map((plot) => plot.element));
  }

  async heard(news) {
    const more = Array.isArray(news) ? news : (await ask("samples")).samples;
    const last = this.samples.at(-1)?.at ?? 0;
    this.samples = [...this.samples, ...more.filter((it) => it.at > last)].slice(-KEPT);
    for (const plot of [...this.large, ...this.small]) plot.draw(this.samples);
  }
}

class Plot {
  constructor({ key, title, write, about }) {
    Object.assign(this, { key, title, write });
    this.now = h("span", { class: "now" }, "–");
    this.range = h("span", { class: "range" }, "");
    this.line = s("path", { class: "line" });
    this.area = s("path", { class: "area" });
    this.picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }, this.area, this.line);
    this.element = h("figure", { class: "plot" },
      h("figcaption", {}, h("span", { class: "title" }, title), h("span", { class: "about" }, about)), this.now, this.picture, this.range);
  }

  draw(samples) {
    const points = samples.filter((it) => it[this.key] !== null).map((it) => [it.at, it[this.key]]);
    const values = points.map(([, value]) => value);
    const least = Math.min(...values);
    const most = Math.max(...values);
    this.now.textContent = points.length ? this.write(values.at(-1)) : "–";
    const range = this.write(least) === this.write(most) ? `all the while ${this.write(most)}` : `${this.write(least)} to ${this.write(most)}`;
    this.range.textContent = points.length > 1 ? range : points.length ? "" : "nothing to measure yet";
    this.picture.setAttribute("aria-label", points.length ? `${this.title}: now ${this.now.textContent}, ${this.range.textContent}` : `${this.title}: nothing yet`);
    const d = points.length > 1 ? path(points, samples[0].at, samples.at(-1).at, most) : "";
    this.line.setAttribute("d", d);
    this.area.setAttribute("d", d && `${d}V${HEIGHT}H${at(points[0][0], samples[0].at, samples.at(-1).at)}Z`);
  }
}

function at(time, first, last) {
  return Math.round(((time - first) / Math.max(1, last - first)) * WIDTH * 10) / 10;
}

/** The line from 0 to a little above the most there was. */
function path(points, first, last, most) {
  const height = (value) => Math.round((HEIGHT - 3 - (most ? value / most : 0) * (HEIGHT - 10)) * 10) / 10;
  return points.map(([time, value], nth) => `${nth ? "L" : "M"}${at(time, first, last)} ${height(value)}`).join("");
}
