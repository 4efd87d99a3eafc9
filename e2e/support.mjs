// A shop of one's own for each test, and a browser that forgives nothing.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

/** The program under test. */
const BINARY = process.env.STOCKROOM_BIN ?? new URL("../target/debug/stockroom", import.meta.url).pathname;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const AXE = new URL("./node_modules/axe-core/axe.min.js", import.meta.url);

/** Longer than anything takes on a machine that has other work. */
export const LONG = 60_000;
export const SETUP_TOKEN = "choose-a-long-token";

let browser;
let demo;

/** The demo shop is made once and copied. */
async function demoShop() {
  const folder = await mkdtemp(join(tmpdir(), "stockroom-demo-"));
  const url = `sqlite://${join(folder, "shop.db")}`;
  const { stdout } = await promisify(execFile)(BINARY, ["demo", "--database", url]);
  const people = {};
  for (const [, role, name, password] of stdout.matchAll(/^ {2}(\w+) +(demo-\w+) +(\S+) /gm)) {
    people[role] = { name, password };
  }
  return { folder, people };
}

/** A server on a shop of its own: an empty one, or the demo shop. */
export async function shop(test, { isDemo = true } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "stockroom-e2e-"));
  let people = {};
  if (isDemo) {
    demo ??= demoShop();
    const made = await demo;
    people = made.people;
    await cp(join(made.folder, "shop.db"), join(folder, "shop.db"));
  }
  const url = `sqlite://${join(folder, "shop.db")}`;
  const server = spawn(BINARY, ["serve", "--listen", "127.0.0.1:0", "--database", url], {
    cwd: folder,
    env: { ...process.env, STOCKROOM_SETUP_TOKEN: SETUP_TOKEN, STOCKROOM_RATE_LIMIT: "off" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  test.after(async () => {
    server.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const base = line.match(/running at (\S+)/)?.[1];
    if (base) return { base, people };
  }
  throw new Error("the server did not start");
}

/**
 * A page in a browser of its own. The test fails if anything is said on its console, or if it asks
 * another host for anything.
 */
export async function page(test, { base }, options = {}) {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const context = await (await browser).newContext({
    baseURL: base,
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    ...options,
  });
  context.setDefaultTimeout(LONG);
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) said.push(message.text());
  });
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && origin !== base) said.push(`asked ${request.url()}`);
  });
  /** What the browser itself says of an answer that was refused on purpose. */
  page.expectRefusal = (status) => {
    const at = said.findIndex((text) => text.includes(`status of ${status}`));
    assert.notEqual(at, -1, `nothing was refused with ${status}: ${said}`);
    said.splice(at, 1);
  };
  test.after(async () => {
    await context.close();
    assert.deepEqual(said, []);
  });
  return page;
}

/** Signs in; the page goes on to where it wanted to go. */
export async function signIn(page, { name, password }) {
  await page.getByLabel("User name").fill(name);
  await page.locator("input[autocomplete=current-password]").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Fails where the page is not for everyone, by WCAG 2.2 AA. */
export async function assertAccessible(page) {
  // Evaluated by the browser's debugger, which the page's policy does not bind.
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(() =>
    axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }),
  );
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`);
  assert.deepEqual(found, []);
}

process.on("exit", () => undefined);
export async function closeAll() {
  await (await browser)?.close();
  if (demo) await rm((await demo).folder, { recursive: true, force: true });
}
