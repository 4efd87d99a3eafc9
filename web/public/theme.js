// Before the first paint: the theme that was chosen, or that of the system.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("stockroom.theme");
  } catch {
    // Storage may be shut off.
  }
  const dark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
