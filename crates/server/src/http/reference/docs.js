// Shows /api/openapi.json. Everything is built as DOM nodes: no text of the document is ever
// read as HTML.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
let api;

// h("a", { href: "#x", class: "y" }, "text", otherNode)
function h(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}

// The little of Markdown that the document uses: paragraphs, **strong**, `code`.
function prose(text) {
  return (text || "").trim().split(/\n{2,}/).filter(Boolean)
    .map((paragraph) => h("p", {}, inline(paragraph)));
}

function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map((part) => {
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return h("strong", {}, part.slice(2, -2));
    return part;
  });
}

function resolve(schema) {
  let found = schema || {};
  for (let steps = 0; found.$ref && steps < 9; steps++) {
    found = found.$ref.slice(2).split("/").reduce((at, key) => at && at[key], api) || {};
  }
  return found;
}

// A union with null is its other member.
function withoutNull(schema) {
  const resolved = resolve(schema);
  const members = (resolved.anyOf || resolved.oneOf || []).filter((one) => one.type !== "null");
  return members.length === 1 ? withoutNull(members[0]) : resolved;
}

function mayBeNull(schema) {
  const it = resolve(schema);
  return [].concat(it.type || []).includes("null") || (it.enum || []).includes(null)
    || (it.anyOf || it.oneOf || []).some(mayBeNull);
}

function typeName(schema) {
  const it = withoutNull(schema);
  const types = [].concat(it.type || []).filter((type) => type !== "null");
  const choices = it.enum || (it.oneOf || []).map((one) => one.const).filter((one) => one != null);
  if (it.const !== undefined) return JSON.stringify(it.const);
  if (choices.length) return choices.filter((one) => one !== null).map((one) => JSON.stringify(one)).join(" | ");
  if (types[0] === "array") return `[${typeName(it.items)}]`;
  let name = types.join(" | ") || "any";
  if (it.format && !/^u?int|^double$/.test(it.format)) name += ` (${it.format})`;
  const bounds = [];
  if (it.minimum != null) bounds.push(`≥ ${it.minimum}`);
  if (it.maximum != null) bounds.push(`≤ ${it.maximum}`);
  if (it.maxLength != null) bounds.push(`${it.minLength || 0}–${it.maxLength} characters`);
  return bounds.length ? `${name}, ${bounds.join(", ")}` : name;
}

// What has fields: an object, or the entries of a list.
function fieldsOf(schema) {
  const it = withoutNull(schema);
  return it.type === "array" || (it.items && !it.properties) ? fieldsOf(it.items || {}) : it;
}

function fieldTree(schema, depth = 0) {
  const it = fieldsOf(schema);
  if (!it.properties || depth > 6) return null;
  const required = new Set(it.required || []);
  return h("div", { class: "fields" }, Object.entries(it.properties).map(([name, field]) => {
    const about = field.description || withoutNull(field).description;
    const line = [
      h("code", {}, name), " ", h("span", { class: "type" }, typeName(field), mayBeNull(field) && " | null"), " ",
      required.has(name) && h("span", { class: "required" }, "required"), " ",
      about && h("span", { class: "about" }, inline(about)),
    ];
    const below = fieldTree(field, depth + 1);
    return h("div", {}, below ? h("details", { open: depth < 1 }, h("summary", {}, line), below) : line);
  }));
}

function exampleOf(schema, depth = 0) {
  const it = withoutNull(schema);
  if (it.examples && it.examples.length) return it.examples[0];
  if (it.const !== undefined) return it.const;
  if (it.default != null) return it.default;
  if (it.enum) return it.enum[0];
  if (it.oneOf && it.oneOf[0]) return depth > 5 ? null : exampleOf(it.oneOf[0], depth + 1);
  const type = [].concat(it.type || []).filter((one) => one !== "null")[0];
  if (it.properties && depth < 6) {
    return Object.fromEntries(Object.entries(it.properties).map(([name, field]) => [name, exampleOf(field, depth + 1)]));
  }
  if (type === "array") return depth > 5 ? [] : [exampleOf(it.items || {}, depth + 1)];
  return { string: "text", integer: 1, number: 1, boolean: true, object: {} }[type] ?? null;
}

const pretty = (value) => JSON.stringify(value, null, 2);

function parameters(list) {
  if (!list.length) return null;
  return [h("h3", {}, "Parameters"), h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, list.map((one) => h("tr", {},
    h("td", {}, h("code", {}, one.name), " ", one.required && h("span", { class: "required" }, "required")),
    h("td", { class: "muted" }, one.in),
    h("td", { class: "type" }, typeName(one.schema)),
    h("td", {}, inline(one.description || "")))))))];
}

function content(body) {
  const [type, media] = Object.entries(body.content || {})[0] || [];
  return { type, schema: media && media.schema, example: media && (media.example ?? (media.schema && exampleOf(media.schema))) };
}

function answers(responses) {
  const sorted = Object.entries(responses || {}).sort(([a], [b]) => a.localeCompare(b));
  return [h("h3", {}, "Answers"), sorted.map(([status, response]) => {
    const { schema, example } = content(response);
    const kind = status >= "500" ? "failed" : status >= "400" ? "refused" : "done";
    const head = h("summary", {}, h("span", { class: `code ${kind}` }, status), inline(response.description || ""));
    const isSuccess = kind === "done";
    return h("details", { class: "answer", open: isSuccess && !!schema }, head,
      schema && fieldTree(schema), isSuccess && example != null && h("pre", {}, pretty(example)));
  })];
}

function tryIt(path, method, operation) {
  const inputs = [];
  const field = (label, name, where, control) => {
    inputs.push({ name, where, control });
    return h("label", {}, label, control);
  };
  const form = h("form", {});
  for (const one of operation.parameters || []) {
    form.append(field(`${one.name} (${one.in})`, one.name, one.in, h("input", { required: one.in === "path", autocomplete: "off" })));
  }
  if (operation.requestBody) {
    const area = h("textarea", { spellcheck: "false" });
    area.value = pretty(content(operation.requestBody).example ?? {});
    form.append(field("Body", "body", "body", area));
  }
  const button = h("button", {}, "Send");
  const out = h("pre", { hidden: true, "aria-live": "polite" });
  form.append(button, out);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      out.textContent = await send(path, method, inputs);
    } catch (error) {
      out.textContent = String(error);
    }
    out.hidden = false;
    button.disabled = false;
  });
  return h("details", { class: "try" }, h("summary", {}, "Try it"), form);
}

async function send(path, method, inputs) {
  const query = new URLSearchParams();
  const headers = {};
  let body;
  for (const { name, where, control } of inputs) {
    const value = control.value;
    if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (where === "body") body = value;
    else if (value && where === "query") query.append(name, value);
    else if (value && where === "header") headers[name] = value;
  }
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const url = path + (query.size ? `?${query}` : "");
  const began = performance.now();
  const response = await fetch(url, { method: method.toUpperCase(), headers, body });
  const text = await response.text();
  const took = Math.round(performance.now() - began);
  let shown = text;
  try {
    shown = pretty(JSON.parse(text));
  } catch {
    // Not JSON: shown as it is.
  }
  const heads = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return `${method.toUpperCase()} ${url}\n${response.status} ${response.statusText}  (${took} ms)\n\n${heads}\n\n${shown}`;
}

function pathParts(path) {
  return path.split(/(\{[^}]+\})/).map((part) => (part.startsWith("{") ? h("b", {}, part) : part));
}

function card({ path, method, operation }) {
  const permission = operation["x-permission"];
  const body = operation.requestBody && content(operation.requestBody);
  const node = h("details", { class: "operation", id: operation.operationId },
    h("summary", {},
      h("span", { class: `method ${method}` }, method.toUpperCase()),
      h("span", { class: "path" }, pathParts(path)),
      h("span", { class: "what" }, inline(operation.summary || "")),
      permission && h("span", { class: "chip", title: "The permission that it needs" }, permission)));
  // Filled when it is first opened: a large document opens at once.
  node.addEventListener("toggle", () => {
    if (!node.open || node.querySelector(".inside")) return;
    node.append(h("div", { class: "inside" },
      prose(operation.description),
      permission && h("p", {}, "Needs the permission ", h("code", {}, permission), " and a token."),
      parameters(operation.parameters || []),
      body && [h("h3", {}, "Body"), fieldTree(body.schema), body.example != null && h("pre", {}, pretty(body.example))],
      answers(operation.responses),
      tryIt(path, method, operation)));
  });
  return node;
}

function operations() {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const words = [method, path, operation.summary, operation.description, operation.operationId, operation["x-permission"], ...(operation.tags || [])];
      return { path, method, operation, text: words.join(" ").toLowerCase() };
    }));
}

function render() {
  document.title = `${api.info.title} API`;
  document.getElementById("version").textContent = api.info.version;
  const main = document.getElementById("content");
  const index = document.getElementById("index");
  const all = operations();
  main.replaceChildren(h("div", { class: "intro", id: "top" }, h("h1", {}, api.info.summary || api.info.title), prose(api.info.description)));
  const groups = (api.tags || []).map((tag) => {
    const members = all.filter(({ operation }) => (operation.tags || [])[0] === tag.name);
    const links = members.map((one) => h("li", {}, h("a", { href: `#${one.operation.operationId}` },
      h("span", { class: `method ${one.method}` }, one.method.toUpperCase()), h("span", {}, inline(one.operation.summary || one.path)))));
    const cards = members.map(card);
    const list = h("div", {}, h("h2", {}, tag.name), h("ul", {}, links));
    const section = h("section", { class: "group" }, h("h2", {}, tag.name), prose(tag.description), cards);
    index.append(list);
    main.append(section);
    return { members, links, cards, list, section };
  });
  const nothing = h("p", { class: "muted", hidden: true }, "No operation matches.");
  main.append(nothing);
  const search = document.getElementById("search");
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const group of groups) {
      let here = 0;
      group.members.forEach((member, at) => {
        const isShown = words.every((word) => member.text.includes(word));
        group.links[at].hidden = group.cards[at].hidden = !isShown;
        here += isShown;
      });
      group.list.hidden = group.section.hidden = here === 0;
      shown += here;
    }
    nothing.hidden = shown > 0;
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/INPUT|TEXTAREA/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });
  addEventListener("hashchange", openTarget);
  openTarget();
}

function openTarget() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  for (const link of document.querySelectorAll(".side a")) {
    link.setAttribute("aria-current", String(link.hash === location.hash));
  }
  if (target && target.matches("details")) {
    target.open = true;
    target.scrollIntoView();
  }
}

fetch("/api/openapi.json")
  .then((response) => {
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  })
  .then((document) => {
    api = document;
    render();
  })
  .catch((error) => {
    document.getElementById("state").textContent = `The document could not be loaded: ${error.message}`;
  });
