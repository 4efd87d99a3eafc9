import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertAccessible, closeAll, page, SETUP_TOKEN, shop, signIn } from "./support.mjs";

after(closeAll);

test("an empty shop is set up by the link, once", async (t) => {
  const server = await shop(t, { isDemo: false });
  const owner = await page(t, server);
  await owner.goto(`/setup#token=${SETUP_TOKEN}`);
  await assertAccessible(owner);
  await owner.getByLabel("User name").fill("owner");
  await owner.locator("input[autocomplete=new-password]").fill("violet kettle under rain");
  await owner.getByLabel("Name of the store").fill("Main street");
  await owner.getByRole("button", { name: "Open the shop" }).click();
  await owner.getByRole("heading", { name: "Hello, owner" }).waitFor();
  await owner.goto(`/setup#token=${SETUP_TOKEN}`);
  await owner.getByLabel("User name").fill("another");
  await owner.locator("input[autocomplete=new-password]").fill("violet kettle under rain");
  await owner.getByLabel("Name of the store").fill("Main street");
  await owner.getByRole("button", { name: "Open the shop" }).click();
  await owner.getByRole("alert").waitFor();
  owner.expectRefusal(409);
});

test("whoever signs in lands where they wanted to go", async (t) => {
  const server = await shop(t);
  const staff = await page(t, server);
  await staff.goto("/products?q=cat");
  await signIn(staff, { ...server.people.staff, password: "wrong and long enough" });
  await staff.getByRole("alert").getByText("password").waitFor();
  staff.expectRefusal(401);
  await assertAccessible(staff);
  await signIn(staff, server.people.staff);
  await staff.getByRole("table", { name: "Products" }).waitFor();
  assert.equal(new URL(staff.url()).search, "?q=cat");
  await staff.getByRole("button", { name: "Demo staff" }).click();
  await staff.getByRole("menuitem", { name: "Sign out" }).click();
  await staff.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("a file that is not there is no page", async (t) => {
  const server = await shop(t, { isDemo: false });
  const answer = await fetch(`${server.base}/assets/none.js`, { headers: { Accept: "text/html" } });
  assert.equal(answer.status, 404);
  assert.match(answer.headers.get("content-type"), /^application\/json/);
});
