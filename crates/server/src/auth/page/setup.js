// The page that sets up a shop. The token comes in the address's fragment and leaves it at
// once, so that it stays in no history and no screenshot.
"use strict";

let fromLink = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
if (location.hash) history.replaceState(null, "", location.pathname);

const byId = (id) => document.getElementById(id);
const form = byId("form");
const FIELDS = ["setup_token", "username", "password", "store.name", "store.time_zone", "store.currency"];
const CURRENCY_OF_REGION = {
  AT: "EUR", AU: "AUD", BE: "EUR", BR: "BRL", CA: "CAD", CH: "CHF", CN: "CNY", CZ: "CZK",
  DE: "EUR", DK: "DKK", ES: "EUR", FI: "EUR", FR: "EUR", GB: "GBP", GR: "EUR", IE: "EUR",
  IN: "INR", IT: "EUR", MX: "MXN", NL: "EUR", NO: "NOK", NZ: "NZD", PL: "PLN", PT: "EUR",
  RO: "RON", SE: "SEK", TR: "TRY", US: "USD", ZA: "ZAR",
};
let isBusy = false;

function fillList(id, values) {
  byId(id).append(...values.map((value) => Object.assign(document.createElement("option"), { value })));
}

function prepare() {
  byId("token-field").hidden = fromLink !== "";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) byId("store.time_zone").value = zone;
  const known = (kind) => (Intl.supportedValuesOf ? Intl.supportedValuesOf(kind) : []);
  fillList("zones", ["UTC", ...known("timeZone").filter((name) => name !== "UTC")]);
  fillList("currencies", known("currency"));
  const region = /-([A-Z]{2})\b/.exec(navigator.language ?? "");
  byId("store.currency").value = CURRENCY_OF_REGION[region?.[1]] ?? "USD";
}

function setFault(field, message) {
  const input = byId(field);
  const fault = byId(`${field}-fault`);
  fault.textContent = message;
  fault.hidden = message === "";
  if (message) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function clearFaults() {
  for (const field of FIELDS) setFault(field, "");
  byId("summary").hidden = true;
}

function showFaults(message, errors) {
  const summary = byId("summary");
  summary.replaceChildren(document.createTextNode(message));
  const known = errors.filter((error) => FIELDS.includes(error.field));
  for (const error of known) setFault(error.field, error.message);
  if (known.length > 0) {
    const list = document.createElement("ul");
    for (const error of known) {
      const link = document.createElement("a");
      const label = document.querySelector(`label[for="${CSS.escape(error.field)}"]`);
      link.href = `#${error.field}`;
      link.textContent = `${label.textContent}: ${error.message}`;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        byId(error.field).focus();
      });
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    summary.replaceChildren(document.createTextNode("Please correct:"), list);
  }
  summary.hidden = false;
  (known.length > 0 ? byId(known[0].field) : summary).focus();
}

function missing(body) {
  const needed = [
    ["setup_token", body.setup_token], ["username", body.username], ["password", body.password],
    ["store.name", body.store.name], ["store.time_zone", body.store.time_zone],
    ["store.currency", body.store.currency],
  ];
  return needed
    .filter(([, value]) => value.trim() === "")
    .map(([field]) => ({ field, message: "This is needed." }));
}

function showDone(username) {
  byId("done-username").textContent = username;
  byId("done-sign-in").textContent =
    `curl ${location.origin}/api/login \\\n  -H 'Content-Type: application/json' \\\n` +
    `  -d '{"username":"${username}","password":"…"}'`;
  document.title = "Ready · Stockroom";
  byId("ask").hidden = true;
  byId("done").hidden = false;
  byId("done-title").focus();
}

async function submit(event) {
  event.preventDefault();
  if (isBusy) return;
  clearFaults();
  const value = (id) => byId(id).value;
  const body = {
    setup_token: fromLink || value("setup_token").trim(),
    username: value("username").trim(),
    password: value("password"),
    store: {
      name: value("store.name").trim(),
      time_zone: value("store.time_zone").trim(),
      currency: value("store.currency").trim().toUpperCase(),
    },
  };
  const gaps = missing(body);
  if (gaps.length > 0) return showFaults("", gaps);
  isBusy = true;
  byId("submit").setAttribute("aria-busy", "true");
  byId("submit").textContent = "Setting up…";
  try {
    const response = await fetch("/api/setup", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.ok) return showDone(answer.user.username);
    // A link that has been replaced by a newer one: let the right token be typed.
    if (response.status === 401) {
      fromLink = "";
      byId("token-field").hidden = false;
    }
    showFaults(answer.error.message, answer.error.errors ?? []);
  } catch {
    showFaults("The server did not answer. Check that it runs, and try again.", []);
  } finally {
    isBusy = false;
    byId("submit").removeAttribute("aria-busy");
    byId("submit").textContent = "Set up the shop";
  }
}

if (form) {
  prepare();
  form.addEventListener("submit", submit);
  byId("show").addEventListener("click", () => {
    const isShown = byId("password").type === "text";
    byId("password").type = isShown ? "password" : "text";
    byId("show").textContent = isShown ? "Show" : "Hide";
    byId("show").setAttribute("aria-pressed", String(!isShown));
  });
}
