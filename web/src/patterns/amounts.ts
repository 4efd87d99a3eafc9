/** Money and quantities as people read them. What is calculated, the server calculates. */

/** A price of the API ("12.50") in the shop's currency. */
export function money(amount: string, currency: string, locale: string): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  // Formatted from its digits: a number would round what it cannot hold.
  return format.format(amount as unknown as number);
}

const UNITS: Record<string, string> = { each: "", kg: " kg", g: " g", l: " l", ml: " ml", m: " m" };

/** A quantity with its unit: `31.4 kg`, `−3`. */
export function quantity(amount: number, unit: string, locale: string): string {
  const digits = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 }).format(amount);
  return `${digits.replace("-", "−")}${UNITS[unit] ?? ` ${unit}`}`;
}
