//! What webhooks tell those who watch them.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters and gauges; clones share them.
#[derive(Clone, Debug, Default)]
pub struct WebhookMetrics {
    attempts: Family<Outcome, Counter>,
    backlog: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl WebhookMetrics {
    /// Names the metrics in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let webhooks = registry.sub_registry_with_prefix("stockroom_webhook");
        webhooks.register("attempts", "Attempts to deliver, by outcome", self.attempts.clone());
        let help = "Deliveries that are due and not made, counted up to 10,000";
        webhooks.register("backlog", help, self.backlog.clone());
    }

    pub(super) fn attempted(&self, outcome: &'static str) {
        self.attempts.get_or_create(&Outcome { outcome }).inc();
    }

    pub(super) fn backlog(&self, due: i64) {
        self.backlog.set(due);
    }
}
