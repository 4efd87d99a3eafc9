import classes from "./Logo.module.css";

export function Logo() {
  return (
    <span className={classes.logo}>
      <img src="/favicon.svg" width={24} height={24} alt="" />
      Stockroom
    </span>
  );
}
