/** What stands behind the question mark of a page's address. */

/** A parameter, if it is a text; one of some words, where these are named. */
export function given<Name extends string, Word extends string = string>(
  name: Name,
  value: unknown,
  words?: readonly Word[],
): { [N in Name]?: Word } {
  if (typeof value !== "string" || value === "") return {};
  if (words && !words.some((word) => word === value)) return {};
  return { [name]: value } as { [N in Name]?: Word };
}
