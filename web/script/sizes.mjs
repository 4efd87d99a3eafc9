// Fails where the built interface has grown over its budget. Sizes are those of what is sent.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const FOLDER = new URL("../dist/app/", import.meta.url).pathname;
const KB = 1000;
const ENTRY_BR_MAX = 225 * KB;
const CSS_BR_MAX = 22 * KB;
const CHUNK_GZ_MAX = 40 * KB;
const TILL_GZ_MAX = 50 * KB;
const ALL_MAX = 4000 * KB;

const html = await readFile(join(FOLDER, "index.html"), "utf8");
const named = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]);
const size = async (name) => (await stat(join(FOLDER, name))).size;
const sent = async (name) => size(`${name}.br`).catch(() => size(name));

let failed = false;
function judge(what, bytes, max) {
  const isOver = bytes > max;
  failed ||= isOver;
  console.log(
    `${isOver ? "OVER" : "ok  "} ${what}: ${(bytes / KB).toFixed(1)} kB of ${max / KB} kB`,
  );
}

let entry = 0;
for (const name of named.filter((name) => name.endsWith(".js"))) entry += await sent(name);
judge("entry, brotli", entry, ENTRY_BR_MAX);

const files = (await readdir(FOLDER, { recursive: true })).filter((name) => /\.\w+$/.test(name));
let css = 0;
for (const name of named.filter((name) => name.endsWith(".css"))) css += await sent(name);
judge("styles of the entry, brotli", css, CSS_BR_MAX);

let all = 0;
for (const name of files) {
  if (!/\.(br|gz)$/.test(name)) all += await size(name);
  if (!name.endsWith(".js") || named.includes(name)) continue;
  const bytes = gzipSync(await readFile(join(FOLDER, name)), { level: 9 }).length;
  const max = /SellPage/.test(name) ? TILL_GZ_MAX : CHUNK_GZ_MAX;
  if (bytes > max / 2) judge(`${name}, gzip`, bytes, max);
}
judge("everything, as it is embedded", all, ALL_MAX);
process.exit(failed ? 1 : 0);
