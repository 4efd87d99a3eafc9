//! The writers: tasks that run one batch after another, and what they do when the database
//! fails.
//!
//! A posting is committed once or not at all, whatever fails: a batch whose commit was not
//! answered is simply run again, for its idempotency keys are in the same transaction as its
//! effect. If it had been committed the keys are taken, and their rows hold the answer; if
//! it is still in doubt, inserting the same keys waits until it is not.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stockroom_domain::batch::Refused;
use stockroom_domain::{EventId, StoreId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::batch::{self, Contention};
use super::hold::CommitError;
use super::metrics::LedgerMetrics;
use super::partitions;
use super::posting::{KeyLife, PostError, Posting, Receipt};
use super::queue::FairQueue;
use super::sql;
use crate::clock::{self, Clock};
use crate::db::{Db, Fault, fault};
use crate::events;
use crate::events::tail::Tail;

/// A longer posting goes to the lane for bulk, where it keeps no till waiting.
pub const LINES_OF_A_QUICK_POSTING_MAX: usize = 256;
/// Lines in one batch.
const BATCH_LINES_MAX: usize = 4_096;
/// A posting that waited longer is dropped before a batch, never after.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Events for which there is room when more is made.
const EVENTS_AHEAD: i64 = 5_000_000;
/// Orders and charges after which their tables are first looked at anew.
const DOCUMENTS_ANALYZED_MIN: usize = 200;
/// How long a batch whose commit was not answered is tried again.
const DOUBT_MAX: Duration = Duration::from_secs(10);
/// Runs of a batch that met locks or serialization failures.
const CONFLICTS_MAX: u32 = 3;

/// How the ledger is set up.
#[derive(Clone, Copy, Debug)]
pub struct LedgerSettings {
    /// Tasks that write quick postings; as many again write bulk. SQLite has one of each.
    pub writers: usize,
    /// Lines that may wait, over all lanes.
    pub queue_lines_max: usize,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self { writers: 2, queue_lines_max: 16_384 }
    }
}

/// The handle by which postings reach the writers.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    quick: Vec<mpsc::UnboundedSender<Job>>,
    bulk: Vec<mpsc::UnboundedSender<Job>>,
    /// One permit a line that may wait: this bounds the channels.
    room: Arc<Semaphore>,
    room_max: usize,
    metrics: LedgerMetrics,
    tasks: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

/// A posting on its way.
struct Job {
    posting: Posting,
    reply: oneshot::Sender<Result<Receipt, PostError>>,
    queued_at: Instant,
    /// A commit with this posting in it was not answered.
    in_doubt: bool,
    _room: OwnedSemaphorePermit,
}

impl Job {
    /// Answers; a caller that is gone is ignored, its effect stands under its key.
    fn answer(self, outcome: Result<Receipt, PostError>) {
        let in_doubt = self.in_doubt;
        let outcome = outcome.map(|receipt| Receipt {
            // What is found under the key after a doubt is this posting's own effect.
            replayed: receipt.replayed && !in_doubt,
            ..receipt
        });
        let _gone = self.reply.send(outcome);
    }

    /// Why this posting could not be settled.
    fn give_up(self) {
        let why = if self.in_doubt { PostError::OutcomeUnknown } else { PostError::Unavailable };
        self.answer(Err(why));
    }
}

impl Ledger {
    /// Starts the writers, which hand in what they commit at the log's tail.
    pub fn start(
        db: &Db,
        clock: &Clock,
        settings: LedgerSettings,
        metrics: LedgerMetrics,
        tail: &Tail,
    ) -> Self {
        let writers = match db {
            Db::Sqlite { .. } => 1,
            Db::Postgres { .. } => settings.writers.max(1),
        };
        let mut tasks = Vec::new();
        let mut lane = || {
            let (sender, receiver) = mpsc::unbounded_channel();
            let writer = Writer {
                db: db.clone(),
                clock: clock.clone(),
                metrics: metrics.clone(),
                room: None,
                last_event: EventId(0),
                tail: tail.clone(),
                contention: Contention::default(),
                documents: 0,
                documents_analyzed: DOCUMENTS_ANALYZED_MIN,
            };
            tasks.push(tokio::spawn(writer.run(receiver)));
            sender
        };
        let quick = (0..writers).map(|_| lane()).collect();
        let bulk = (0..writers).map(|_| lane()).collect();
        let room_max = settings.queue_lines_max;
        Self(Arc::new(Inner {
            quick,
            bulk,
            room: Arc::new(Semaphore::new(room_max)),
            room_max,
            metrics,
            tasks: std::sync::Mutex::new(tasks),
        }))
    }

    /// Hands in a posting and waits until it is committed or refused.
    ///
    /// # Errors
    /// [`PostError`]; nothing was written, except where it says that the outcome is unknown.
    pub async fn post(&self, posting: Posting) -> Result<Receipt, PostError> {
        debug_assert_eq!(posting.parcel.lines.len(), posting.details.len());
        debug_assert!(posting.key_life != KeyLife::Never || posting.parcel.step.is_some());
        if posting.parcel.lines.is_empty() && !posting.is_document() {
            return Err(PostError::Refused(Refused::Lines(Vec::new())));
        }
        let lane = self.lane(posting.store, posting.size());
        let weight = u32::try_from(posting.weight().min(self.0.room_max)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.0.room)
            .try_acquire_many_owned(weight)
            .map_err(|_| PostError::Overloaded)?;
        let (reply, outcome) = oneshot::channel();
        let queued_at = clock::monotonic();
        let job = Job { posting, reply, queued_at, in_doubt: false, _room: room };
        lane.send(job).map_err(|_| PostError::Unavailable)?;
        let outcome = outcome.await.unwrap_or(Err(PostError::Unavailable));
        self.0.metrics.answered(&outcome, queued_at);
        outcome
    }

    /// One store's postings all pass through one writer, in order.
    fn lane(&self, store: StoreId, size: usize) -> &mpsc::UnboundedSender<Job> {
        let lanes = if size > LINES_OF_A_QUICK_POSTING_MAX { &self.0.bulk } else { &self.0.quick };
        let mut hasher = DefaultHasher::new();
        store.hash(&mut hasher);
        let index = hasher.finish() % lanes.len() as u64;
        &lanes[usize::try_from(index).unwrap_or(0)]
    }

    /// Lines that wait or are being written.
    pub fn lines_waiting(&self) -> usize {
        self.0.room_max - self.0.room.available_permits()
    }

    /// Waits until everything handed in is answered, then ends the writers. Bounded: what
    /// is not done after a while is dropped as in a crash, unanswered.
    pub async fn close(&self) {
        const PATIENCE: Duration = Duration::from_secs(10);
        let all = u32::try_from(self.0.room_max).unwrap_or(u32::MAX);
        if tokio::time::timeout(PATIENCE, self.0.room.acquire_many(all)).await.is_err() {
            tracing::error!(
                lines = self.lines_waiting(),
                "the ledger was closed before it was done"
            );
        }
        self.0.room.close();
        let mut tasks = self.0.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }
}

/// One lane's writer.
struct Writer {
    db: Db,
    clock: Clock,
    metrics: LedgerMetrics,
    room: Option<Room>,
    /// The last event that this writer knows of.
    last_event: EventId,
    /// Where the log is followed.
    tail: Tail,
    contention: Contention,
    /// Orders and charges that it was handed, and at how many of them the tables are looked at.
    documents: usize,
    documents_analyzed: usize,
}

/// How far partitions are known to exist.
struct Room {
    /// The span of ledger time.
    times: (Timestamp, Timestamp),
    /// The last event that has one.
    events: EventId,
}

impl Room {
    /// Whether nothing has to be made for a good while.
    fn is_enough(&self, now: Timestamp, last: EventId) -> bool {
        const A_DAY_S: i64 = 86_400;
        let (from, to) = self.times;
        let for_times = from <= now && now < to.plus_seconds(-A_DAY_S);
        for_times && last.0 < self.events.0 - EVENTS_AHEAD
    }
}

impl Writer {
    /// Takes whatever waits, for as long as anyone can hand something in.
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Job>) {
        let mut queue = FairQueue::default();
        let push = |queue: &mut FairQueue<Job>, job: Job| queue.push(job.posting.store, job);
        loop {
            if queue.is_empty() {
                let Some(job) = inbox.recv().await else { return };
                push(&mut queue, job);
            }
            while let Ok(job) = inbox.try_recv() {
                push(&mut queue, job);
            }
            let jobs = queue.take(BATCH_LINES_MAX, |job| job.posting.size());
            self.settle(jobs).await;
        }
    }

    /// Brings every job to its answer.
    async fn settle(&mut self, jobs: Vec<Job>) {
        let (mut jobs, late): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|job| job.queued_at.elapsed() < WAIT_MAX);
        for job in late {
            job.answer(Err(PostError::Overloaded));
        }
        let started = clock::monotonic();
        let mut conflicts = 0;
        while !jobs.is_empty() {
            match self.run_batch(&jobs).await {
                Ok(outcomes) => {
                    self.metrics.batch(jobs_lines(&jobs), started);
                    for (job, outcome) in jobs.into_iter().zip(outcomes) {
                        job.answer(outcome);
                    }
                    return;
                }
                Err(failure) => match self.after(&failure, &mut jobs, started, &mut conflicts) {
                    Next::Again(pause) => tokio::time::sleep(pause).await,
                    Next::OneByOne => return self.settle_alone(jobs).await,
                    Next::GiveUp => return jobs.into_iter().for_each(Job::give_up),
                    Next::Defect => {
                        let defect = |job: Job| job.answer(Err(PostError::Internal));
                        return jobs.into_iter().for_each(defect);
                    }
                },
            }
        }
    }

    async fn run_batch(&mut self, jobs: &[Job]) -> Result<batch::Outcomes, CommitError> {
        self.make_room().await.map_err(CommitError::Before)?;
        self.documents += jobs.iter().filter(|job| job.posting.is_document()).count();
        if self.documents >= self.documents_analyzed {
            // As often as they have doubled or so.
            self.documents_analyzed = (self.documents * 2).max(DOCUMENTS_ANALYZED_MIN);
            sql::refresh_statistics(&self.db).await.map_err(CommitError::Before)?;
        }
        let postings: Vec<&Posting> = jobs.iter().map(|job| &job.posting).collect();
        let in_doubt = jobs.iter().any(|job| job.in_doubt);
        let run = batch::run(&self.db, &self.clock, &postings, &mut self.contention, in_doubt);
        let done = run.await?;
        let events = done.outcomes.iter().flatten().map(|receipt| receipt.event);
        self.last_event = events.fold(self.last_event, EventId::max);
        self.tail.committed(done.events);
        Ok(done.outcomes)
    }

    /// Makes the partitions of the months and of the events to come, when the last known one
    /// is near.
    async fn make_room(&mut self) -> sqlx::Result<()> {
        let now = self.clock.now();
        if !self.room.as_ref().is_some_and(|room| room.is_enough(now, self.last_event)) {
            let until = partitions::ensure(&self.db, now).await?;
            let events = events::ensure_partitions(&self.db).await?;
            self.room = Some(Room { times: (now, until), events });
        }
        Ok(())
    }

    /// A batch has failed: what next?
    fn after(
        &self,
        failure: &CommitError,
        jobs: &mut [Job],
        started: Instant,
        conflicts: &mut u32,
    ) -> Next {
        let (error, during_commit) = match failure {
            CommitError::Before(error) => (error, false),
            CommitError::During(error) => (error, true),
        };
        let fault = fault(error);
        self.metrics.failed(fault);
        if fault == Fault::Torn && during_commit {
            // Whether the last commit reached the disk cannot be known from in here, and the
            // system may have dropped what it could not write. The next start reads what is
            // really there.
            tracing::error!(%error, "the disk failed during a commit: stopping");
            std::process::exit(1);
        }
        match fault {
            Fault::Conflict if *conflicts < CONFLICTS_MAX => {
                *conflicts += 1;
                Next::Again(Duration::from_millis(rand::random_range(1..=20)))
            }
            Fault::BadValue | Fault::Duplicate | Fault::Defect if jobs.len() > 1 => Next::OneByOne,
            Fault::BadValue | Fault::Duplicate | Fault::Defect => {
                tracing::error!(%error, key = jobs[0].posting.parcel.key, "a posting failed");
                Next::Defect
            }
            Fault::Gone if during_commit || jobs.iter().any(|job| job.in_doubt) => {
                jobs.iter_mut().for_each(|job| job.in_doubt = true);
                if started.elapsed() < DOUBT_MAX {
                    Next::Again(Duration::from_millis(rand::random_range(50..=150)))
                } else {
                    tracing::error!(%error, "a commit was not answered");
                    Next::GiveUp
                }
            }
            // Nothing has happened yet, and another connection may well be alive.
            Fault::Gone if is_lost(error) && started.elapsed() < WAIT_MAX => {
                Next::Again(Duration::from_millis(rand::random_range(1..=20)))
            }
            Fault::Gone | Fault::Full | Fault::Torn | Fault::Conflict => {
                tracing::warn!(%error, "the ledger cannot write");
                Next::GiveUp
            }
        }
    }

    /// Runs each job as a batch of its own, so that only the one at fault fails.
    async fn settle_alone(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            Box::pin(self.settle(vec![job])).await;
        }
    }
}

fn jobs_lines(jobs: &[Job]) -> usize {
    jobs.iter().map(|job| job.posting.parcel.lines.len()).sum()
}

/// Whether a connection was lost, rather than none to be had.
const fn is_lost(error: &sqlx::Error) -> bool {
    !matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)
}

/// What to do after a batch has failed.
enum Next {
    Again(Duration),
    OneByOne,
    GiveUp,
    Defect,
}
