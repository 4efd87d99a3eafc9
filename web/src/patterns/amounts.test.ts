import { expect, test } from "vitest";
import { money, quantity } from "./amounts";

test("money keeps every digit that the server has sent", () => {
  expect(money("12.50", "EUR", "en")).toBe("€12.50");
  expect(money("9007199254740993.07", "EUR", "en")).toBe("€9,007,199,254,740,993.07");
});

test("quantities have their unit, three places at most, and a minus that is one", () => {
  expect(quantity(31.4, "kg", "en")).toBe("31.4 kg");
  expect(quantity(48, "each", "en")).toBe("48");
  expect(quantity(-1.284, "kg", "en")).toBe("−1.284 kg");
});
