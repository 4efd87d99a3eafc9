//! What the ledger tells those who watch it.

use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::posting::{PostError, Receipt};
use crate::db::Fault;

/// Counters and histograms; clones share them.
#[derive(Clone, Debug)]
pub struct LedgerMetrics {
    lines: Counter,
    batch_lines: Histogram,
    batch_seconds: Histogram,
    post_seconds: Histogram,
    postings: Family<OutcomeLabel, Counter>,
    failures: Family<FaultLabel, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabel {
    fault: &'static str,
}

impl Default for LedgerMetrics {
    fn default() -> Self {
        let seconds = || exponential_buckets(0.000_25, 2.0, 16);
        Self {
            lines: Counter::default(),
            batch_lines: Histogram::new(exponential_buckets(1.0, 2.0, 13)),
            batch_seconds: Histogram::new(seconds()),
            post_seconds: Histogram::new(seconds()),
            postings: Family::default(),
            failures: Family::default(),
        }
    }
}

impl LedgerMetrics {
    /// Names the metrics in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let ledger = registry.sub_registry_with_prefix("stockroom_ledger");
        ledger.register("lines", "Lines in committed batches", self.lines.clone());
        ledger.register("batch_lines", "Lines of a batch", self.batch_lines.clone());
        let help = "From the beginning of a batch to its commit";
        ledger.register("batch_seconds", help, self.batch_seconds.clone());
        let help = "From handing in a posting to its answer";
        ledger.register("post_seconds", help, self.post_seconds.clone());
        ledger.register("postings", "Postings by their outcome", self.postings.clone());
        let help = "Batches that the database failed, by what was wrong";
        ledger.register("failures", help, self.failures.clone());
    }

    pub(super) fn batch(&self, lines: usize, started: Instant) {
        self.lines.inc_by(lines as u64);
        #[expect(clippy::cast_precision_loss)]
        self.batch_lines.observe(lines as f64);
        self.batch_seconds.observe(started.elapsed().as_secs_f64());
    }

    pub(super) fn answered(&self, outcome: &Result<Receipt, PostError>, queued_at: Instant) {
        let outcome = match outcome {
            Ok(receipt) if receipt.replayed => "replayed",
            Ok(_) => "committed",
            Err(PostError::Refused(_)) => "refused",
            Err(PostError::KeyReused) => "key_reused",
            Err(PostError::Overloaded) => "overloaded",
            Err(PostError::Unavailable) => "unavailable",
            Err(PostError::OutcomeUnknown) => "outcome_unknown",
            Err(PostError::Internal) => "internal",
        };
        self.postings.get_or_create(&OutcomeLabel { outcome }).inc();
        self.post_seconds.observe(queued_at.elapsed().as_secs_f64());
    }

    pub(super) fn failed(&self, fault: Fault) {
        let fault = match fault {
            Fault::Conflict => "conflict",
            Fault::Duplicate => "duplicate",
            Fault::BadValue => "bad_value",
            Fault::Gone => "gone",
            Fault::Full => "full",
            Fault::Torn => "torn",
            Fault::Defect => "defect",
        };
        self.failures.get_or_create(&FaultLabel { fault }).inc();
    }
}
