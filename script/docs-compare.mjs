// Compares an answer that the docs promise with the one that came.
//
//   node docs-compare.mjs EXPECTED_FILE ACTUAL_FILE
//
// Every key and value must be equal, with these exceptions:
// - a string "…" matches anything, and a string that ends in "…" any string with that start;
// - "…" as the last element of a list matches any further elements, and "…": "…" as a member
//   of an object any further members;
// - values that differ on each run (tokens, request ids, times) need only have the right type.
// ACTUAL_FILE may hold other output before the answer; its last JSON value counts.
import { readFileSync } from "node:fs";

const VOLATILE = /^(token|refresh_token|access_token|request_id|.*_at)$/;
const REST = "…";

const [expectedFile, actualFile] = process.argv.slice(2);
const differences = [];
const expected = parse(readFileSync(expectedFile, "utf8"));
const actual = lastJson(readFileSync(actualFile, "utf8"));
if (expected === undefined) differences.push("the block in the docs is not JSON");
else if (actual === undefined) differences.push("the output does not end in JSON");
else compare("answer", expected, actual);
for (const difference of differences) console.log(difference);
process.exit(differences.length === 0 ? 0 : 1);

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The longest end of the text that is one JSON value. */
function lastJson(text) {
  const whole = parse(text);
  if (whole !== undefined) return whole;
  for (const { index } of text.matchAll(/[{[]/g)) {
    const value = parse(text.slice(index));
    if (value !== undefined) return value;
  }
  return undefined;
}

function typeOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

function differ(path, expected, actual) {
  const [wanted, found] = [expected, actual].map((value) => JSON.stringify(value));
  differences.push(`${path}: expected ${wanted}, got ${found}`);
}

function compare(path, expected, actual) {
  if (expected === REST) return;
  const type = typeOf(expected);
  if (type !== typeOf(actual)) {
    differ(path, expected, actual);
  } else if (type === "list") {
    compareLists(path, expected, actual);
  } else if (type === "object") {
    compareObjects(path, expected, actual);
  } else if (!valuesMatch(expected, actual)) {
    differ(path, expected, actual);
  }
}

function valuesMatch(expected, actual) {
  if (typeof expected === "string" && expected.endsWith(REST)) {
    return actual.startsWith(expected.slice(0, -REST.length));
  }
  return expected === actual;
}

function compareLists(path, expected, actual) {
  const isOpen = expected.at(-1) === REST;
  const length = isOpen ? expected.length - 1 : expected.length;
  if (isOpen ? actual.length < length : actual.length !== length) {
    differences.push(`${path}: expected ${length} elements, got ${actual.length}`);
    return;
  }
  for (let i = 0; i < length; i++) compare(`${path}[${i}]`, expected[i], actual[i]);
}

function compareObjects(path, expected, actual) {
  for (const key of Object.keys(expected)) {
    if (key === REST) continue;
    const at = `${path}.${key}`;
    if (!Object.hasOwn(actual, key)) {
      differences.push(`${at}: missing`);
    } else if (!VOLATILE.test(key) || typeOf(expected[key]) !== typeOf(actual[key])) {
      compare(at, expected[key], actual[key]);
    }
  }
  if (Object.hasOwn(expected, REST)) return;
  for (const key of Object.keys(actual)) {
    if (!Object.hasOwn(expected, key)) differences.push(`${path}.${key}: not in the docs`);
  }
}
