// The picture's nodes, who belongs with whom, and which of them a filter shows.

import { ask } from "./api.js";

export const COLUMNS = ["Classes", "Gateways", "Listeners", "Routes", "Backends", "Endpoints"];
const RANKS = { amiss: 0, missing: 0, pending: 1, good: 2, plain: 2 };
const COLUMN_OF = { GatewayClass: 0, Gateway: 1, ListenerSet: 1 };
const ANY = "*";

export class World {
  constructor() {
    this.nodes = new Map();
    this.columns = COLUMNS.map(() => []);
    this.up = new Map();
    this.down = new Map();
    this.complete = false;
    this.changed = new Set();
    this.revision = -1;
    this.epoch = "";
  }

  /** Fetch what is new, page by page; `drawn` is called after the first page and after the last one. */
  async refresh(drawn) {
    let since = this.revision;
    let after = "";
    let first = null;
    this.changed = new Set();
    do {
      const page = await ask("world", { since, after });
      if (!after && since !== -1 && page.epoch !== this.epoch) {
        since = -1;
        continue;
      }
      if (first === null) {
        first = page;
        this.epoch = page.epoch;
        if (page.fresh) this.nodes.clear();
      }
      this.take(page);
      after = page.after;
      if (after && page === first && !this.complete) {
        this.arrange();
        drawn();
      }
    } while (after || first === null);
    this.revision = first.revision;
    this.complete = true;
    this.arrange();
    drawn();
  }

  take(page) {
    for (const id of page.gone) this.nodes.delete(id);
    for (const node of page.nodes) {
      node.hay = `${node.kind} ${node.namespace}/${node.name} ${node.text ?? ""}`.toLowerCase();
      node.state ??= "plain";
      this.nodes.set(node.id, node);
      if (this.complete) this.changed.add(node.id);
    }
  }

  /** Join the nodes and put them in order: what needs attention first, then by name. */
  arrange() {
    this.up = new Map();
    this.down = new Map();
    for (const [id, node] of this.nodes) if (node.ghost) this.nodes.delete(id);
    for (const node of [...this.nodes.values()]) {
      for (const id of node.up ?? []) this.join(id, node.id);
      for (const id of node.down ?? []) this.join(node.id, id);
    }
    this.columns = COLUMNS.map(() => []);
    for (const node of this.nodes.values()) this.columns[node.column].push(node);
    for (const column of this.columns) column.sort(inOrder);
  }

  join(left, right) {
    for (const id of [left, right]) if (!this.nodes.has(id) && this.complete) this.nodes.set(id, ghost(id));
    add(this.down, left, right);
    add(this.up, right, left);
  }

  /** Everything that a node belongs with: up to its class, down to its endpoints. */
  related(id) {
    return this.closure([id]);
  }

  closure(ids) {
    const found = new Set(ids);
    for (const links of [this.up, this.down]) {
      const waiting = [...ids];
      const seen = new Set(ids);
      while (waiting.length) {
        for (const next of links.get(waiting.pop()) ?? []) {
          if (!seen.has(next)) {
            seen.add(next);
            found.add(next);
            waiting.push(next);
          }
        }
      }
    }
    return found;
  }

  /** The columns as a filter leaves them: what belongs with something that each of its parts matches. */
  filtered(filter) {
    const tests = testsOf(filter);
    if (!tests.length) return this.columns;
    const sets = tests.map((test) => {
      const ids = [];
      for (const node of this.nodes.values()) if (test(node)) ids.push(node.id);
      return this.closure(ids);
    });
    return this.columns.map((column) => column.filter((node) => sets.every((set) => set.has(node.id))));
  }

  get namespaces() {
    return [...new Set([...this.nodes.values()].map((node) => node.namespace))].filter(Boolean).sort();
  }

  get amiss() {
    return [...this.nodes.values()].filter(isAmiss).length;
  }
}

function testsOf({ words, namespace, host, amiss }) {
  const tests = words.toLowerCase().split(/\s+/).filter(Boolean).map((word) => (node) => node.hay.includes(word));
  if (namespace) tests.push((node) => node.namespace === namespace);
  if (host) tests.push((node) => (node.hosts ?? []).some((it) => answersFor(it, host.toLowerCase())));
  if (amiss) tests.push(isAmiss);
  return tests;
}

/** Whether a hostname, wildcards included, answers for a host, or for hosts that hold this text. */
export function answersFor(hostname, host) {
  if (hostname === ANY || hostname.includes(host)) return true;
  return hostname.startsWith("*.") && host.endsWith(hostname.slice(1)) && host.length > hostname.length - 1;
}

export function isAmiss(node) {
  return node.state === "amiss" || node.state === "missing";
}

function inOrder(a, b) {
  return RANKS[a.state] - RANKS[b.state] || compare(a.namespace, b.namespace) || compare(a.name, b.name) || compare(a.id, b.id);
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Something that is named and is not there. */
function ghost(id) {
  const [kind, namespace, ...rest] = id.split("/");
  const [name, part] = rest.join("/").split("#");
  const column = part ? 2 : COLUMN_OF[kind] ?? 4;
  const text = part ? `listener of ${kind} ${name}` : "";
  return {
    id, kind: part ? "Listener" : kind, namespace, name: part ?? name, column, text,
    state: "missing", why: "does not exist", ghost: true, hay: `${kind} ${namespace}/${name}`.toLowerCase(),
  };
}

function add(links, from, to) {
  const known = links.get(from);
  if (known) known.push(to);
  else links.set(from, [to]);
}
