//! What every backend promises, held against each. A backend is added at the bottom.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use stockroom_queue::memory::MemoryQueue;
use stockroom_queue::{Backlog, Delivery, Group, Message, Queue, QueueError, Receipt};

/// How long the queues under test lease their messages.
const LEASE: Duration = Duration::from_millis(400);
/// As long as it takes: whoever waits is woken before.
const LONG: Duration = Duration::from_secs(30);
/// Not at all.
const NOW: Duration = Duration::ZERO;
/// Messages that a group of the queues under test may have to do.
const BACKLOG_MAX: usize = 8;

const A: Group<'static> = Group { stream: "orders", name: "a" };
const B: Group<'static> = Group { stream: "orders", name: "b" };

type Shared = Arc<dyn Queue>;

fn messages(ids: impl IntoIterator<Item = u64>) -> Vec<Message> {
    let message = |id: u64| Message { id, payload: format!("message {id}").into() };
    ids.into_iter().map(message).collect()
}

async fn publish(queue: &Shared, ids: impl IntoIterator<Item = u64>) -> usize {
    queue.publish("orders", &messages(ids)).await.expect("published")
}

async fn receive(queue: &Shared, group: Group<'_>, max: usize, wait: Duration) -> Vec<Delivery> {
    queue.receive(group, max, wait).await.expect("received")
}

fn ids(deliveries: &[Delivery]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.message.id).collect()
}

fn receipts(deliveries: &[Delivery]) -> Vec<Receipt> {
    deliveries.iter().map(|delivery| delivery.receipt.clone()).collect()
}

async fn ack(queue: &Shared, group: Group<'_>, deliveries: &[Delivery]) {
    queue.ack(group, &receipts(deliveries)).await.expect("settled");
}

async fn joined(queue: &Shared, groups: &[Group<'_>]) {
    for group in groups {
        queue.join(*group).await.expect("joined");
    }
}

/// What a group is told, one message at a time, until nothing comes.
async fn drained(queue: &Shared, group: Group<'_>) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let some = receive(queue, group, 3, NOW).await;
        if some.is_empty() {
            return all;
        }
        all.extend(ids(&some));
        ack(queue, group, &some).await;
    }
}

async fn every_group_gets_every_message_once_and_in_order(queue: Shared) {
    joined(&queue, &[A, B]).await;
    assert_eq!(publish(&queue, 1..=7).await, 7);
    for group in [A, B] {
        assert_eq!(drained(&queue, group).await, [1, 2, 3, 4, 5, 6, 7], "{group:?}");
    }
    let other = Group { stream: "others", name: "a" };
    joined(&queue, &[other]).await;
    assert_eq!(drained(&queue, other).await, [0; 0]);
}

async fn what_a_message_says_arrives(queue: Shared) {
    joined(&queue, &[A]).await;
    let payload = "{\"text\":\"Zoë’s \u{1f41f} \\ \\\"quoted\\\"\",\"n\":1}";
    let message = Message { id: 9, payload: payload.into() };
    queue.publish("orders", std::slice::from_ref(&message)).await.expect("published");
    let got = receive(&queue, A, 1, NOW).await;
    assert_eq!(got[0].message, message);
}

async fn consumers_of_a_group_share_its_messages(queue: Shared) {
    joined(&queue, &[A]).await;
    publish(&queue, 1..=6).await;
    let (one, two) = tokio::join!(receive(&queue, A, 3, LONG), receive(&queue, A, 3, LONG));
    let mut all = [ids(&one), ids(&two)].concat();
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4, 5, 6]);
}

async fn what_was_published_before_is_not_published_again(queue: Shared) {
    joined(&queue, &[A]).await;
    assert_eq!(publish(&queue, [1, 2, 4]).await, 3);
    assert_eq!(publish(&queue, [2, 3, 4, 5]).await, 4);
    assert_eq!(drained(&queue, A).await, [1, 2, 4, 5]);
}

async fn a_group_gets_what_is_published_after_it_joined(queue: Shared) {
    joined(&queue, &[A]).await;
    publish(&queue, [1]).await;
    joined(&queue, &[B, A]).await;
    publish(&queue, [2]).await;
    assert_eq!(drained(&queue, A).await, [1, 2]);
    assert_eq!(drained(&queue, B).await, [2]);
}

async fn a_lease_that_ends_brings_the_message_to_another(queue: Shared) {
    joined(&queue, &[A]).await;
    publish(&queue, [1]).await;
    let first = receive(&queue, A, 1, NOW).await;
    assert_eq!(first[0].attempt, 1);
    assert!(receive(&queue, A, 1, NOW).await.is_empty(), "it is leased");
    let second = receive(&queue, A, 1, LONG).await;
    assert_eq!((ids(&second), second[0].attempt), (vec![1], 2));
    // The first consumer wakes up: the message is not its own any more.
    ack(&queue, A, &first).await;
    queue.fail(A, &first[0].receipt, NOW).await.expect("passed over");
    let third = receive(&queue, A, 1, LONG).await;
    assert_eq!((ids(&third), third[0].attempt), (vec![1], 3));
    ack(&queue, A, &third).await;
    assert_eq!(queue.backlog(A).await.expect("a backlog"), Backlog::default());
}

async fn what_a_lease_brings_back_comes_before_what_is_new(queue: Shared) {
    joined(&queue, &[A]).await;
    publish(&queue, 1..=3).await;
    for id in 1..=3 {
        assert_eq!(ids(&receive(&queue, A, 1, NOW).await), [id]);
    }
    publish(&queue, 4..=4).await;
    let new = receive(&queue, A, 1, NOW).await;
    let mut again = Vec::new();
    while again.len() < 3 {
        again.extend(ids(&receive(&queue, A, 3, LONG).await));
    }
    assert_eq!((ids(&new), again), (vec![4], vec![1, 2, 3]));
}

async fn what_is_settled_never_comes_again(queue: Shared) {
    joined(&queue, &[A]).await;
    publish(&queue, 1..=2).await;
    let got = receive(&queue, A, 2, NOW).await;
    ack(&queue, A, &got[..1]).await;
    let again = receive(&queue, A, 2, LONG).await;
    assert_eq!(ids(&again), [2]);
    ack(&queue, A, &again).await;
    assert!(receive(&queue, A, 2, LEASE * 2).await.is_empty());
}

async fn a_failure_counts_and_comes_again_later(queue: Shared) {
    joined(&queue, &[A]).await;
    publish(&queue, 1..=2).await;
    let mut got = receive(&queue, A, 2, NOW).await;
    for attempt in 1..=3 {
        assert_eq!(got[0].attempt, attempt);
        queue.fail(A, &got[0].receipt, LEASE / 8).await.expect("failed");
        // The other one is not held up.
        assert_eq!(queue.backlog(A).await.expect("a backlog").delayed, 1);
        ack(&queue, A, &got[1..]).await;
        got = receive(&queue, A, 2, LONG).await;
        assert_eq!(ids(&got), [1]);
    }
}

async fn a_failure_does_not_come_again_at_once(queue: Shared) {
    joined(&queue, &[A]).await;
    publish(&queue, 1..=3).await;
    let got = receive(&queue, A, 3, NOW).await;
    queue.fail(A, &got[0].receipt, LONG).await.expect("failed");
    queue.defer(A, &got[1].receipt, LONG).await.expect("deferred");
    queue.fail(A, &got[2].receipt, NOW).await.expect("failed");
    assert_eq!(drained(&queue, A).await, [3]);
}

async fn a_deferral_does_not_count(queue: Shared) {
    joined(&queue, &[A]).await;
    publish(&queue, [1]).await;
    for _ in 0..3 {
        let got = receive(&queue, A, 1, LONG).await;
        assert_eq!(got[0].attempt, 1);
        queue.defer(A, &got[0].receipt, LEASE / 8).await.expect("deferred");
    }
}

async fn whoever_waits_is_woken(queue: Shared) {
    joined(&queue, &[A]).await;
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { receive(&queue, A, 5, LONG).await }
    });
    tokio::task::yield_now().await;
    publish(&queue, [3]).await;
    assert_eq!(ids(&waiting.await.expect("received")), [3]);
}

async fn a_group_that_has_too_much_to_do_holds_the_publisher_up(queue: Shared) {
    joined(&queue, &[A, B]).await;
    assert_eq!(publish(&queue, 1..=20).await, BACKLOG_MAX);
    let got = receive(&queue, A, 3, NOW).await;
    ack(&queue, A, &got).await;
    assert_eq!(publish(&queue, 9..=20).await, 0, "the other group is full");
    let got = receive(&queue, B, 2, NOW).await;
    ack(&queue, B, &got).await;
    assert_eq!(publish(&queue, 9..=20).await, 2);
    assert_eq!(drained(&queue, A).await, [4, 5, 6, 7, 8, 9, 10]);
}

async fn what_is_injected_comes_whatever_its_id(queue: Shared) {
    joined(&queue, &[A, B]).await;
    publish(&queue, 1..=3).await;
    drained(&queue, A).await;
    let old = messages([2]).remove(0);
    queue.inject(A, old).await.expect("injected");
    let got = receive(&queue, A, 5, LONG).await;
    assert_eq!((ids(&got), got[0].attempt), (vec![2], 1));
    assert_eq!(drained(&queue, B).await, [1, 2, 3], "the other group hears nothing of it");
}

async fn a_publisher_that_begins_anew_leaves_nothing_out(queue: Shared) {
    joined(&queue, &[A, B]).await;
    assert_eq!(queue.kept_until("orders").await.expect("known"), 0);
    publish(&queue, [3, 5, 8]).await;
    drained(&queue, B).await;
    let got = receive(&queue, A, 2, NOW).await;
    ack(&queue, A, &got[..1]).await;
    let kept = queue.kept_until("orders").await.expect("known");
    // Whatever the backend keeps: between what is settled and what was published.
    assert!((3..=8).contains(&kept) && kept != 5, "{kept}");
    queue.fail(A, &got[1].receipt, NOW).await.expect("failed");
    assert_eq!(drained(&queue, A).await.len(), 2);
    assert_eq!(queue.kept_until("orders").await.expect("known"), 8);
}

async fn nobody_receives_for_a_group_that_nobody_joined(queue: Shared) {
    let outcome = queue.receive(A, 1, NOW).await;
    assert!(matches!(outcome, Err(QueueError::UnknownGroup { .. })), "{outcome:?}");
}

async fn many_consumers_lose_nothing_and_share_everything(queue: Shared) {
    const COUNT: u64 = 200;
    joined(&queue, &[A]).await;
    // Whoever has made room publishes what is next.
    let next = Arc::new(tokio::sync::Mutex::new(1));
    let publish_more = |queue: Shared, next: Arc<tokio::sync::Mutex<u64>>| async move {
        let mut next = next.lock().await;
        *next += publish(&queue, *next..=COUNT).await as u64;
    };
    publish_more(Arc::clone(&queue), Arc::clone(&next)).await;
    let consumer = |queue: Shared, next: Arc<tokio::sync::Mutex<u64>>| async move {
        let mut settled: Vec<u64> = Vec::new();
        loop {
            let got = receive(&queue, A, 4, LEASE * 3).await;
            if got.is_empty() {
                return settled;
            }
            // Every fifth is left lying, or failed, the first time.
            for delivery in got {
                let id = delivery.message.id;
                match (delivery.attempt, id % 5) {
                    (1, 0) => {}
                    (1, 1) => queue.fail(A, &delivery.receipt, NOW).await.expect("failed"),
                    _ => {
                        ack(&queue, A, &[delivery]).await;
                        settled.push(id);
                    }
                }
            }
            publish_more(Arc::clone(&queue), Arc::clone(&next)).await;
        }
    };
    let consumers: Vec<_> =
        (0..4).map(|_| tokio::spawn(consumer(Arc::clone(&queue), Arc::clone(&next)))).collect();
    let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
    for consumer in consumers {
        for id in consumer.await.expect("consumed") {
            *counts.entry(id).or_default() += 1;
        }
    }
    assert_eq!(counts.len() as u64, COUNT);
    assert_eq!(queue.backlog(A).await.expect("a backlog"), Backlog::default());
}

/// One test for each promise, on the queue that `make` makes. A backend that lives in this process
/// goes by a clock that stands still unless everyone waits.
macro_rules! conforms {
    ($backend:ident, $make:expr, $test:meta, [$($promise:ident,)+]) => {
        mod $backend {
            $(
                #[$test]
                async fn $promise() {
                    super::run($make, super::$promise).await;
                }
            )+
        }
    };
}

async fn run<F: Future<Output = ()>>(queue: Shared, promise: impl FnOnce(Shared) -> F) {
    tokio::time::timeout(LONG * 2, promise(queue)).await.expect("in time");
}

fn memory() -> Shared {
    Arc::new(MemoryQueue::new(LEASE, BACKLOG_MAX))
}

conforms!(
    memory,
    super::memory(),
    tokio::test(start_paused = true),
    [
        every_group_gets_every_message_once_and_in_order,
        what_a_message_says_arrives,
        consumers_of_a_group_share_its_messages,
        what_was_published_before_is_not_published_again,
        a_group_gets_what_is_published_after_it_joined,
        a_lease_that_ends_brings_the_message_to_another,
        what_a_lease_brings_back_comes_before_what_is_new,
        what_is_settled_never_comes_again,
        a_failure_counts_and_comes_again_later,
        a_failure_does_not_come_again_at_once,
        a_deferral_does_not_count,
        whoever_waits_is_woken,
        a_group_that_has_too_much_to_do_holds_the_publisher_up,
        what_is_injected_comes_whatever_its_id,
        a_publisher_that_begins_anew_leaves_nothing_out,
        nobody_receives_for_a_group_that_nobody_joined,
        many_consumers_lose_nothing_and_share_everything,
    ]
);
