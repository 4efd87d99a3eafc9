import { Button, CopyButton, Group } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import classes from "./ErrorNote.module.css";

/** What went wrong, in words, with the request's number for whoever has to find it in a log. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const isKnown = error instanceof ApiError;
  const message = isKnown && error.status !== 0 ? error.message : t("error.unreachable");
  return (
    <div role="alert" className={classes.note}>
      <IconAlertTriangle size={18} className={classes.icon ?? ""} aria-hidden />
      <div className={classes.text}>
        <strong>{t("error.title")}</strong>
        <p>{message}</p>
        <Group gap="xs">
          {onRetry && (
            <Button size="xs" variant="default" onClick={onRetry}>
              {t("error.retry")}
            </Button>
          )}
          {isKnown && error.requestId && (
            <CopyButton value={error.requestId}>
              {({ copy, copied }) => (
                <button type="button" className={classes.id} onClick={copy}>
                  {copied ? t("error.copied") : t("error.requestId", { id: error.requestId })}
                </button>
              )}
            </CopyButton>
          )}
        </Group>
      </div>
    </div>
  );
}
