//! One consumer of a queue: takes messages, has them dealt with, and settles each.

use std::sync::Arc;
use std::time::Duration;

use stockroom_queue::{Delivery, Group, Queue as Broker, QueueError, Receipt};
use tokio::sync::watch;

use super::{Notice, Outcome, Queue, dead_letters};
use crate::App;

/// How long a consumer waits for a message before it looks whether it should stop.
const WAIT: Duration = Duration::from_secs(1);
/// The pause after the first failure; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(200);
/// The longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// Deals with messages until it is told to stop.
pub(super) async fn run(
    app: App,
    broker: Arc<dyn Broker>,
    queue: &'static Queue,
    mut stopped: watch::Receiver<bool>,
) {
    let group = queue.group();
    while !*stopped.borrow() {
        let received = tokio::select! {
            received = broker.receive(group, queue.batch_max, WAIT) => received,
            _ = stopped.changed() => break,
        };
        let dealt_with = match received {
            Ok(deliveries) if deliveries.is_empty() => Ok(()),
            Ok(deliveries) => deal_with(&app, &*broker, queue, deliveries).await,
            Err(error) => Err(error),
        };
        if let Err(error) = dealt_with {
            tracing::warn!(%error, queue = queue.name, "the broker does not answer");
            // A time-out: nobody has said stop.
            let _ = tokio::time::timeout(WAIT, stopped.changed()).await;
        }
    }
}

/// Deals with what was delivered. What cannot be read is parked at once: it will not get better.
async fn deal_with(
    app: &App,
    broker: &dyn Broker,
    queue: &Queue,
    deliveries: Vec<Delivery>,
) -> Result<(), QueueError> {
    let group = queue.group();
    let mut notices = Vec::with_capacity(deliveries.len());
    let mut readable = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        match serde_json::from_str::<Notice>(&delivery.message.payload) {
            // Nobody has come back from it so far.
            Ok(notice) if delivery.attempt > app.config.worker_tries_max => {
                let why = "no worker has come to an end with it";
                give_up(app, broker, queue, (&delivery, &notice), why).await?;
            }
            Ok(notice) => {
                notices.push(notice);
                readable.push(delivery);
            }
            Err(error) => {
                let notice = Notice::unreadable(&delivery);
                give_up(app, broker, queue, (&delivery, &notice), &error.to_string()).await?;
            }
        }
    }
    let outcomes = work(app, queue, &notices).await;
    let mut done: Vec<Receipt> = Vec::new();
    let mut done_notices = Vec::new();
    for ((delivery, notice), outcome) in readable.iter().zip(&notices).zip(outcomes) {
        match outcome {
            Outcome::Done => {
                app.workers.handled(queue.name, "done");
                done.push(delivery.receipt.clone());
                done_notices.push(notice.event_id);
            }
            Outcome::NotNow(why) => {
                app.workers.handled(queue.name, "deferred");
                tracing::debug!(why, queue = queue.name, event = notice.event_id, "not now");
                broker.defer(group, &delivery.receipt, jittered(BACKOFF * 5)).await?;
            }
            Outcome::Failed(why) => failed(app, broker, queue, (delivery, notice), &why).await?,
        }
    }
    match dead_letters::went_well(app, queue.name, &done_notices).await {
        Ok(()) => broker.ack(group, &done).await,
        Err(error) => {
            tracing::warn!(%error, "what went well cannot be noted down now, and is done again");
            for receipt in &done {
                broker.defer(group, receipt, jittered(BACKOFF * 5)).await?;
            }
            Ok(())
        }
    }
}

/// Has messages dealt with. Where that breaks down over several, each is tried by itself: all but
/// the one that is to blame are done.
async fn work(app: &App, queue: &Queue, notices: &[Notice]) -> Vec<Outcome> {
    if let Ok(outcomes) = attempt(app, queue, notices).await {
        return outcomes;
    }
    let mut outcomes = Vec::with_capacity(notices.len());
    for notice in notices {
        let alone = attempt(app, queue, std::slice::from_ref(notice)).await;
        let broken = |error| vec![Outcome::Failed(format!("the worker broke down: {error}"))];
        outcomes.extend(alone.unwrap_or_else(broken));
    }
    outcomes
}

/// Has messages dealt with in a task of its own, which may break down.
async fn attempt(
    app: &App,
    queue: &Queue,
    notices: &[Notice],
) -> Result<Vec<Outcome>, tokio::task::JoinError> {
    let (app, owned, work) = (app.clone(), notices.to_vec(), queue.work);
    tokio::spawn(async move { work(&app, &owned).await }).await
}

/// Has a message come again later, or parks it.
async fn failed(
    app: &App,
    broker: &dyn Broker,
    queue: &Queue,
    (delivery, notice): (&Delivery, &Notice),
    why: &str,
) -> Result<(), QueueError> {
    if delivery.attempt >= app.config.worker_tries_max {
        return give_up(app, broker, queue, (delivery, notice), why).await;
    }
    app.workers.handled(queue.name, "failed");
    tracing::warn!(
        why,
        queue = queue.name,
        event = notice.event_id,
        attempt = delivery.attempt,
        "a message failed and comes again"
    );
    broker.fail(queue.group(), &delivery.receipt, backoff(delivery.attempt)).await
}

/// Parks a message. It is settled only when that is written down.
async fn give_up(
    app: &App,
    broker: &dyn Broker,
    queue: &Queue,
    (delivery, notice): (&Delivery, &Notice),
    why: &str,
) -> Result<(), QueueError> {
    let group: Group<'_> = queue.group();
    match dead_letters::park(app, queue.name, notice, delivery.attempt, why).await {
        Ok(()) => {
            app.workers.handled(queue.name, "parked");
            tracing::error!(
                why,
                queue = queue.name,
                event = notice.event_id,
                "a message is parked"
            );
            broker.ack(group, std::slice::from_ref(&delivery.receipt)).await
        }
        Err(error) => {
            tracing::warn!(%error, "a message cannot be parked now");
            broker.defer(group, &delivery.receipt, jittered(BACKOFF * 5)).await
        }
    }
}

impl Notice {
    /// What is known of a message that cannot be read.
    fn unreadable(delivery: &Delivery) -> Self {
        Self {
            event_id: i64::try_from(delivery.message.id).unwrap_or(i64::MAX),
            kind: "unreadable".to_owned(),
            store_id: None,
            subject_kind: "message".to_owned(),
            subject_id: 0,
        }
    }
}

/// The pause after the n-th failure: doubled each time, and not the same for all.
fn backoff(attempt: u32) -> Duration {
    let doubled = BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    jittered(doubled.min(BACKOFF_MAX))
}

fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..1.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        for attempt in 1..=40 {
            let usual = BACKOFF.saturating_mul(1 << (attempt - 1).min(16)).min(BACKOFF_MAX);
            let pause = backoff(attempt);
            assert!(pause >= usual / 2 && pause <= usual * 3 / 2, "{attempt}: {pause:?}");
        }
    }
}
