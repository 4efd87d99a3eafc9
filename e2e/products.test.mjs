import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertAccessible, closeAll, page, shop, signIn } from "./support.mjs";

after(closeAll);

for (const [theme, width] of [
  ["light", 1280],
  ["dark", 390],
]) {
  test(`products are listed, sorted and found, ${theme}, ${width} px`, async (t) => {
    const server = await shop(t);
    const viewport = { width, height: 800 };
    const admin = await page(t, server, { colorScheme: theme, viewport });
    await admin.goto("/products");
    await signIn(admin, server.people.admin);
    const table = admin.getByRole("table", { name: "Products" });
    await table.getByText("Aquarium gravel").waitFor();
    await assertAccessible(admin);
    assert.ok(await admin.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await admin.getByRole("button", { name: "Product", exact: true }).click();
    await admin.waitForURL("**/products?sort=-name");
    await admin.getByRole("searchbox").fill("gravel");
    await admin.waitForURL("**/products?sort=-name&q=gravel");
    await table.getByRole("row").nth(2).waitFor({ state: "detached" });
    await admin.getByRole("searchbox").fill("no such thing");
    await admin.getByText("No product matches").waitFor();
  });
}
