import classes from "./StatusPill.module.css";

export type Tone = "ok" | "warn" | "bad" | "plain";

/** How something stands: a dot and a word. */
export function StatusPill({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={classes.pill} data-tone={tone}>
      <i aria-hidden />
      {children}
    </span>
  );
}
