-- A webhook for which too much waits is paused, and what has arrived is kept for a shorter time.

ALTER TABLE webhooks
    DROP CONSTRAINT webhooks_pause_reason_check,
    ADD CONSTRAINT webhooks_pause_reason_check
        CHECK (pause_reason IN ('by_hand', 'gone', 'failing', 'behind'));

CREATE INDEX webhook_deliveries_delivered ON webhook_deliveries (finished_at, id)
    WHERE state = 'delivered';
