import { Alert, Button, CopyButton, Group, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";

/** What went wrong, in words, with the request's number for whoever has to find it in a log. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const isKnown = error instanceof ApiError;
  const message = isKnown && error.status !== 0 ? error.message : t("error.unreachable");
  return (
    <Alert
      role="alert"
      color="red"
      variant="outline"
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title={t("error.title")}
    >
      <Text size="sm">{message}</Text>
      <Group gap="xs" mt="xs">
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t("error.retry")}
          </Button>
        )}
        {isKnown && error.requestId && (
          <CopyButton value={error.requestId}>
            {({ copy }) => (
              <Button size="xs" variant="subtle" onClick={copy}>
                {t("error.requestId", { id: error.requestId })}
              </Button>
            )}
          </CopyButton>
        )}
      </Group>
    </Alert>
  );
}
