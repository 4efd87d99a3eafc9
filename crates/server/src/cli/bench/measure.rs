//! Loops that ask for work and time it: closed (each worker waits for its answer before it
//! asks again) and open (work falls due at a fixed rate, whether or not it is answered).
//!
//! Everything runs on the one thread of a [`tokio::task::LocalSet`]: the bench shares the
//! machine with the server and the database, and should cost as little as it can.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::http::uuid_v7;

/// The longest latency that is told apart, in microseconds.
pub(super) const LATENCY_US_MAX: u64 = 60_000_000;
/// How long a loop waits for its last answers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the pacer of an open loop sleeps at least: what falls due meanwhile starts late,
/// and that lateness is part of the latency.
const PACE: Duration = Duration::from_micros(200);

/// One connection, or one task: does a piece of work at a time.
pub(super) trait Worker {
    /// Does one piece of work and says how many movements (or reads) it was worth.
    async fn work(&mut self) -> Result<u64>;
}

/// How long to run.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Before anything is counted.
    pub warm_up: Duration,
    /// What is counted.
    pub measured: Duration,
}

/// What a loop did.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// Movements or reads within the measured time.
    pub count: u64,
    /// The measured time.
    pub seconds: f64,
    /// Movements or reads in all, the warm-up and the last answers included.
    pub total: u64,
    /// Latencies in microseconds, of whole requests.
    pub latency: Histogram<u64>,
}

impl Measurement {
    /// Movements or reads a second.
    #[expect(clippy::cast_precision_loss)]
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.seconds
    }

    /// A percentile of the latency, in milliseconds.
    #[expect(clippy::cast_precision_loss)]
    pub fn percentile_ms(&self, percentile: f64) -> f64 {
        self.latency.value_at_percentile(percentile) as f64 / 1_000.0
    }
}

/// What the workers of one loop share.
#[derive(Debug)]
struct Tally {
    from: Instant,
    until: Instant,
    count: u64,
    total: u64,
    latency: Histogram<u64>,
}

impl Tally {
    fn new(from: Instant, measured: Duration) -> Result<Rc<RefCell<Self>>> {
        let latency = Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)?;
        Ok(Rc::new(RefCell::new(Self {
            from,
            until: from + measured,
            count: 0,
            total: 0,
            latency,
        })))
    }

    fn record(&mut self, begun: Instant, done: Instant, worth: u64) {
        self.total += worth;
        if done >= self.from && done <= self.until {
            self.count += worth;
            let micros = u64::try_from((done - begun).as_micros()).unwrap_or(LATENCY_US_MAX);
            self.latency.saturating_record(micros);
        }
    }

    fn measurement(&self) -> Measurement {
        Measurement {
            count: self.count,
            seconds: (self.until - self.from).as_secs_f64(),
            total: self.total,
            latency: self.latency.clone(),
        }
    }
}

/// Lets every worker work without a pause, each one piece at a time.
///
/// # Errors
/// The first failure of a worker; the others are stopped.
pub(super) async fn closed_loop<W: Worker + 'static>(
    workers: Vec<W>,
    timing: Timing,
) -> Result<Measurement> {
    let tally = Tally::new(Instant::now() + timing.warm_up, timing.measured)?;
    let mut tasks = JoinSet::new();
    for mut worker in workers {
        let tally = Rc::clone(&tally);
        tasks.spawn_local(async move {
            let until = tally.borrow().until;
            loop {
                let begun = Instant::now();
                if begun >= until {
                    return Ok(());
                }
                let worth = worker.work().await?;
                tally.borrow_mut().record(begun, Instant::now(), worth);
            }
        });
    }
    let patience = timing.warm_up + timing.measured + ANSWER_TIMEOUT;
    tokio::time::timeout(patience, join(tasks)).await.context("an answer never came")??;
    let measurement = tally.borrow().measurement();
    if measurement.count == 0 {
        bail!("nothing was answered within {:.1} s", measurement.seconds);
    }
    Ok(measurement)
}

/// When the `index`-th piece of an open loop falls due, after its start.
pub fn due(index: u64, per_second: u32) -> Duration {
    let per_second = u64::from(per_second.max(1));
    let nanos = index % per_second * 1_000_000_000 / per_second;
    Duration::from_secs(index / per_second) + Duration::from_nanos(nanos)
}

/// How many pieces have fallen due so long after the start: the first at once.
pub fn due_count(elapsed: Duration, per_second: u32) -> u64 {
    let nanos = elapsed.as_nanos() * u128::from(per_second.max(1));
    u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX).saturating_add(1)
}

/// Gives the workers work at a fixed rate. Latency counts from the instant at which a piece
/// fell due, so a server that stalls is charged for all that waited meanwhile ("coordinated
/// omission" is what leaving that out is called).
///
/// # Errors
/// The first failure of a worker; or the work is not done in twice its time.
pub(super) async fn open_loop<W: Worker + 'static>(
    workers: Vec<W>,
    timing: Timing,
    per_second: u32,
) -> Result<Measurement> {
    let start = Instant::now();
    let length = timing.warm_up + timing.measured;
    let pieces = due_count(length, per_second);
    let tally = Tally::new(start + timing.warm_up, timing.measured)?;
    let released = Arc::new(Semaphore::new(0));
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for mut worker in workers {
        let (tally, released, next) = (Rc::clone(&tally), Arc::clone(&released), Arc::clone(&next));
        tasks.spawn_local(async move {
            // Closed when the last piece is given out.
            while let Ok(permit) = released.acquire().await {
                permit.forget();
                let index = next.fetch_add(1, Ordering::Relaxed);
                let begun = start + due(index, per_second);
                let worth = worker.work().await?;
                tally.borrow_mut().record(begun, Instant::now(), worth);
                if index + 1 == pieces {
                    released.close();
                }
            }
            Ok(())
        });
    }
    // A thread of its own: tokio's timers are too coarse (1 ms) for a steady pace.
    let pacer = std::thread::spawn(move || pace(&released, start, pieces, per_second));
    let finished = tokio::time::timeout(length * 2, join(tasks)).await;
    finished.context("the server did not keep up with the rate; half of it or less will do")??;
    pacer.join().map_err(|_| anyhow::anyhow!("the pacer of the open loop failed"))?;
    let measurement = tally.borrow().measurement();
    Ok(measurement)
}

/// Releases each piece when it falls due.
fn pace(released: &Semaphore, start: Instant, pieces: u64, per_second: u32) {
    let mut given = 0;
    while given < pieces && !released.is_closed() {
        let due_now = due_count(start.elapsed(), per_second).min(pieces);
        if let Ok(fresh) = usize::try_from(due_now - given)
            && fresh > 0
        {
            released.add_permits(fresh);
            given = due_now;
        }
        let wait = (start + due(given, per_second)).saturating_duration_since(Instant::now());
        std::thread::sleep(wait.max(PACE));
    }
}

async fn join(mut tasks: JoinSet<Result<()>>) -> Result<()> {
    while let Some(task) = tasks.join_next().await {
        task.context("a worker of the bench failed")??;
    }
    Ok(())
}

/// A fresh idempotency key, as a till makes it: a UUID of version 7, whose neighbours in time
/// are its neighbours in an index.
pub fn fresh_key() -> String {
    uuid_v7(Clock::System.now()).to_string()
}

/// The middle value; of an even number, the mean of the two in the middle.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some((sorted.get(middle - 1)? + upper) / 2.0) }
}

/// Runs a test as the bench runs.
#[cfg(test)]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_fall_due_at_a_steady_rate_without_drift() {
        assert_eq!(due(0, 3), Duration::ZERO);
        assert_eq!(due(1, 3), Duration::from_nanos(333_333_333));
        assert_eq!(due(3, 3), Duration::from_secs(1));
        assert_eq!(due(3_000_000, 3), Duration::from_secs(1_000_000));
        assert_eq!(due(7_500, 5_000), Duration::from_millis(1_500));
    }

    #[test]
    fn what_is_due_is_counted_as_it_falls_due() {
        assert_eq!(due_count(Duration::ZERO, 1_000), 1);
        assert_eq!(due_count(Duration::from_micros(999), 1_000), 1);
        assert_eq!(due_count(Duration::from_millis(1), 1_000), 2);
        for index in [1, 17, 4_999, 123_456] {
            let count = due_count(due(index, 7_000) + Duration::from_nanos(1), 7_000);
            assert_eq!(count, index + 1, "piece {index} is due at its instant");
        }
    }

    struct Pause {
        first: bool,
    }
    impl Worker for Pause {
        async fn work(&mut self) -> Result<u64> {
            if std::mem::take(&mut self.first) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(1)
        }
    }

    #[test]
    fn an_open_loop_charges_a_stall_to_all_that_waited() {
        let timing = Timing { warm_up: Duration::ZERO, measured: Duration::from_millis(300) };
        let stalled =
            block_on(open_loop(vec![Pause { first: true }], timing, 1_000)).expect("the loop ends");
        assert_eq!(stalled.total, 301);
        // One request in 300 took long; about 100 were due while it did.
        assert!(stalled.percentile_ms(80.0) > 20.0, "{}", stalled.percentile_ms(80.0));
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
