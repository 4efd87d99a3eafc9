//! What the workers tell those who watch them.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use stockroom_queue::Backlog;

/// Counters and gauges; clones share them.
#[derive(Clone, Debug, Default)]
pub struct WorkerMetrics {
    handled: Family<Handled, Counter>,
    backlog: Family<Name, Gauge>,
    relaying: Family<Name, Gauge>,
    log_backlog: Family<Name, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Handled {
    queue: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    queue: &'static str,
}

impl WorkerMetrics {
    /// Names the metrics in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let queue = registry.sub_registry_with_prefix("stockroom_queue");
        queue.register("messages", "Messages dealt with, by outcome", self.handled.clone());
        let help =
            "Messages that wait, are being dealt with, or come again later, or events to look at";
        queue.register("backlog", help, self.backlog.clone());
        let help = "Whether this process carries the queue's events";
        queue.register("relaying", help, self.relaying.clone());
        let help = "Events in the log that this process has not carried yet, where it carries them";
        queue.register("log_backlog", help, self.log_backlog.clone());
    }

    pub(super) fn handled(&self, queue: &'static str, outcome: &'static str) {
        self.handled_many(queue, outcome, 1);
    }

    pub(super) fn handled_many(&self, queue: &'static str, outcome: &'static str, count: usize) {
        self.handled.get_or_create(&Handled { queue, outcome }).inc_by(count as u64);
    }

    /// So many events of the log are still to be looked at.
    pub(super) fn behind(&self, queue: &'static str, events: i64) {
        self.backlog.get_or_create(&Name { queue }).set(events);
    }

    pub(super) fn backlog(&self, queue: &'static str, backlog: Backlog) {
        let total = i64::try_from(backlog.total()).unwrap_or(i64::MAX);
        self.backlog.get_or_create(&Name { queue }).set(total);
    }

    pub(super) fn held(&self, queue: &'static str, is_relaying: bool) {
        self.relaying.get_or_create(&Name { queue }).set(i64::from(is_relaying));
        if !is_relaying {
            // Another process knows.
            self.behind(queue, 0);
            self.log_backlog(queue, 0);
        }
    }

    pub(super) fn log_backlog(&self, queue: &'static str, events: i64) {
        self.log_backlog.get_or_create(&Name { queue }).set(events);
    }
}
