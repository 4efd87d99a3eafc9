// Writes src/api/schema.d.ts: the API's types, of the document that the server prints.
//
//   node script/types.mjs OPENAPI.json            writes them
//   node script/types.mjs OPENAPI.json --check    fails if they are not what is written
//
// Errors are left out, for every call fails with the same envelope; so are lists as CSV files, which
// the browser loads by itself.
import { readFile, writeFile } from "node:fs/promises";
import openapi, { astToString } from "openapi-typescript";

const TARGET = new URL("../src/api/schema.d.ts", import.meta.url);
const [, , source, mode] = process.argv;
const document = JSON.parse(await readFile(source, "utf8"));
for (const path of Object.values(document.paths)) {
  for (const operation of Object.values(path)) {
    for (const [status, response] of Object.entries(operation.responses ?? {})) {
      if (!status.startsWith("2")) delete operation.responses[status];
      else if (response.content?.["application/json"]) delete response.content["text/csv"];
    }
  }
}
const ast = await openapi(document, { defaultNonNullable: false, alphabetize: true });
const text = `// Written by script/types.mjs out of the API's document. Do not change it by hand.\n\n${astToString(ast)}`;
if (mode !== "--check") {
  await writeFile(TARGET, text);
} else if ((await readFile(TARGET, "utf8").catch(() => "")) !== text) {
  console.error("web/src/api/schema.d.ts is not what the API is: run script/ui --types");
  process.exit(1);
}
