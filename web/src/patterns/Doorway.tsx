import type { ReactNode } from "react";
import classes from "./Doorway.module.css";
import { Logo } from "./Logo";

/** The page of those who are not in yet. */
export function Doorway({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Logo />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
