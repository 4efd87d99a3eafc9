//! What an attempt comes to: delivered, again later, given up. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stockroom_domain::Timestamp;

use super::webhook::PauseReason;
use crate::http::WireTime;

/// The pauses between attempts, in seconds, as Standard Webhooks advises.
const PAUSES_S: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// A webhook for which nothing has arrived for so long is paused.
const FAILING_MAX_S: i64 = 5 * 24 * 3_600;

/// How one attempt went.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(rename = "WebhookAttempt")]
pub struct Attempt {
    /// When it began.
    pub(super) at: WireTime,
    /// What was answered, if anything.
    pub(super) http_status: Option<u16>,
    /// How long it took, in milliseconds.
    pub(super) latency_ms: i64,
    /// What went wrong.
    pub(super) error: Option<String>,
}

impl Attempt {
    /// Whether it has arrived.
    pub(super) fn is_success(&self) -> bool {
        self.http_status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the receiver wants no more.
    fn is_gone(&self) -> bool {
        self.http_status == Some(410)
    }
}

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It has arrived.
    Delivered,
    /// It is tried again then.
    Again(Timestamp),
    /// It was tried often enough, or is not wanted.
    Failed,
}

/// Decides on a delivery after its last attempt of several. `jitter` lies about 1: what failed
/// together does not come back together.
pub(super) fn next(attempts: &[Attempt], now: Timestamp, jitter: f64) -> Next {
    let Some(last) = attempts.last() else { return Next::Again(now) };
    if last.is_success() {
        return Next::Delivered;
    }
    match PAUSES_S.get(attempts.len() - 1) {
        Some(pause) if !last.is_gone() => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "a day in microseconds is far below 2^53"
            )]
            let pause = (*pause as f64 * 1_000_000.0 * jitter) as i64;
            Next::Again(Timestamp(now.0 + pause))
        }
        _ => Next::Failed,
    }
}

/// Whether a webhook is to be paused after a failed attempt, that fails since then.
pub(super) fn pause(last: &Attempt, failing_since: i64, now: Timestamp) -> Option<PauseReason> {
    if last.is_gone() {
        return Some(PauseReason::Gone);
    }
    let is_hopeless = now >= Timestamp(failing_since).plus_seconds(FAILING_MAX_S);
    is_hopeless.then_some(PauseReason::Failing)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_772_442_000_000_000);

    fn answered(status: impl Into<Option<u16>>) -> Attempt {
        Attempt { at: WireTime(NOW), http_status: status.into(), latency_ms: 1, error: None }
    }

    #[test]
    fn what_fails_is_tried_ten_times_over_three_days() {
        let mut at = NOW;
        let mut attempts = Vec::new();
        let pauses: Vec<i64> = std::iter::from_fn(|| {
            attempts.push(answered(500));
            let Next::Again(then) = next(&attempts, at, 1.0) else { return None };
            let pause = then.0 - at.0;
            at = then;
            Some(pause / 1_000_000)
        })
        .collect();
        assert_eq!(pauses, PAUSES_S);
        assert_eq!(attempts.len(), 10);
        assert_eq!(next(&attempts, at, 1.0), Next::Failed);
    }

    #[test]
    fn only_2xx_is_a_success_and_410_ends_it() {
        for status in [200, 201, 204, 299] {
            assert_eq!(next(&[answered(500), answered(status)], NOW, 1.0), Next::Delivered);
        }
        let later = Next::Again(NOW.plus_seconds(5));
        for status in [100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503, 599] {
            assert_eq!(next(&[answered(status)], NOW, 1.0), later, "{status}");
        }
        assert_eq!(next(&[answered(None)], NOW, 1.0), later);
        assert_eq!(next(&[answered(410)], NOW, 1.0), Next::Failed);
        assert_eq!(next(&[answered(500)], NOW, 0.9), Next::Again(Timestamp(NOW.0 + 4_500_000)));
    }

    #[test]
    fn a_webhook_is_paused_when_it_is_gone_or_has_failed_for_five_days() {
        let since = |seconds: i64| NOW.plus_seconds(-seconds).0;
        assert_eq!(pause(&answered(500), since(FAILING_MAX_S - 1), NOW), None);
        assert_eq!(pause(&answered(500), since(FAILING_MAX_S), NOW), Some(PauseReason::Failing));
        assert_eq!(pause(&answered(410), NOW.0, NOW), Some(PauseReason::Gone));
    }
}
