//! One batch: load, decide in memory, write, commit.
//!
//! A batch that meets something it could not know (a missing level row, a level that another
//! writer was faster to change, a key that another node has just committed, a past that was
//! settled) is rolled back and run again with what it has learned. Nothing is answered before
//! the commit.

use std::collections::{BTreeSet, HashMap, HashSet};

use stockroom_domain::batch::{self, State, Verdict};
use stockroom_domain::stock::{LevelKey, Movement, Refusal};
use stockroom_domain::{EventId, MovementId, StoreId, Timestamp};

use super::answer::{Actor, Labels, view_of};
use super::business_day::business_day;
use super::keys_sql::{self, NewKey};
use super::movements_sql::{self, NewMovement};
use super::posting::{PostError, Posting, Receipt};
use super::replay::{self, Known};
use super::sql::{self, Locking};
use crate::clock::Clock;
use crate::db::{Db, Tx};
use crate::events::{self, Appended, CommitError, Event};

/// A batch that had to be run again this often is given up: something else is wrong.
const RUNS_MAX: usize = 8;
/// Lines in one event; what a line takes of it keeps the event under 8 KiB.
const EVENT_LINES_MAX: usize = 48;
/// What a committed effect is answered with.
const CREATED: i64 = 201;

/// What became of each posting of a batch.
pub(super) type Outcomes = Vec<Result<Receipt, PostError>>;

/// What a run of the batch came to.
enum Run {
    /// Every posting has its outcome.
    Done(Outcomes),
    /// These levels have no row yet.
    Missing(Vec<LevelKey>),
    /// These keys belong to effects that are committed.
    Taken(HashMap<String, Known>),
    /// Ledger time must be later.
    Settled,
    /// Someone else changed a level after it was read.
    Overtaken,
}

/// What earlier runs of the same batch have learned.
struct Learned {
    locking: Locking,
    hopeless: HashMap<LevelKey, Refusal>,
    known: HashMap<String, Known>,
}

/// Whether a writer has lately met others on the levels that it writes.
#[derive(Debug, Default)]
pub(super) struct Contention {
    batches_under_lock: u32,
}

impl Contention {
    /// Batches that lock their rows after one was overtaken.
    const MEMORY: u32 = 64;

    fn locking(&mut self) -> Locking {
        match self.batches_under_lock.checked_sub(1) {
            None => Locking::Optimistic,
            Some(left) => {
                self.batches_under_lock = left;
                Locking::Rows
            }
        }
    }

    fn met(&mut self) {
        self.batches_under_lock = Self::MEMORY;
    }
}

/// Runs `postings` as one transaction.
///
/// # Errors
/// The database failed; by [`CommitError`] it is known whether anything may have happened.
pub(super) async fn run(
    db: &Db,
    clock: &Clock,
    postings: &[&Posting],
    contention: &mut Contention,
) -> Result<Outcomes, CommitError> {
    let keys: BTreeSet<LevelKey> =
        postings.iter().flat_map(|posting| &posting.parcel.lines).map(|line| line.key).collect();
    let keys: Vec<LevelKey> = keys.into_iter().collect();
    let mut learned =
        Learned { locking: contention.locking(), hopeless: HashMap::new(), known: HashMap::new() };
    for _ in 0..RUNS_MAX {
        match run_once(db, clock, postings, &keys, &learned).await? {
            Run::Done(outcomes) => return Ok(outcomes),
            Run::Missing(keys) => {
                let hopeless = create_levels(db, &keys).await.map_err(CommitError::Before)?;
                learned.hopeless.extend(hopeless);
            }
            Run::Taken(known) => learned.known.extend(known),
            Run::Settled => {}
            Run::Overtaken => {
                contention.met();
                learned.locking = Locking::Rows;
            }
        }
    }
    Err(CommitError::Before(sqlx::Error::Protocol(format!(
        "a batch of the ledger did not come to an end in {RUNS_MAX} runs"
    ))))
}

async fn run_once(
    db: &Db,
    clock: &Clock,
    postings: &[&Posting],
    keys: &[LevelKey],
    learned: &Learned,
) -> Result<Run, CommitError> {
    let mut tx = db.begin_ledger().await.map_err(CommitError::Before)?;
    let loaded = load(&mut tx, clock, postings, keys, learned).await;
    let (mut state, labels) = match loaded.map_err(CommitError::Before)? {
        Ok(loaded) => loaded,
        Err(missing) => {
            tx.rollback().await.map_err(CommitError::Before)?;
            return Ok(Run::Missing(missing));
        }
    };
    let before: HashMap<LevelKey, i64> = versions(&state).collect();
    let verdicts = batch::decide(&mut state, postings.iter().map(|posting| &posting.parcel));
    let refused = refused_keys(postings, &verdicts);
    if !refused.is_empty() {
        // A refusal must not stand in for the answer of an effect that is committed.
        let known = replay::known(&mut tx, &refused).await.map_err(CommitError::Before)?;
        if !known.is_empty() {
            tx.rollback().await.map_err(CommitError::Before)?;
            return Ok(Run::Taken(known));
        }
    }
    if !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Accepted(_))) {
        let (head, _) = events::head(&mut tx).await.map_err(CommitError::Before)?;
        tx.rollback().await.map_err(CommitError::Before)?;
        return Ok(Run::Done(outcomes(postings, verdicts, HashMap::new(), learned, head)));
    }
    let changed: Vec<_> = changed_levels(&state, &before, keys);
    let written = write(&mut tx, postings, &verdicts, &labels, &changed, state.now).await;
    match written.map_err(CommitError::Before)? {
        Written::Rows { answers, events } => {
            match events::append_to_ledger(tx, state.now, state.now, &events).await? {
                Appended::Committed(event) => {
                    Ok(Run::Done(outcomes(postings, verdicts, answers, learned, event)))
                }
                Appended::Settled => Ok(Run::Settled),
            }
        }
        Written::KeysTaken(taken) => {
            let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
            let known = replay::known(&mut tx, &taken).await.map_err(CommitError::Before)?;
            tx.rollback().await.map_err(CommitError::Before)?;
            Ok(Run::Taken(known))
        }
        Written::LevelsMoved => {
            tx.rollback().await.map_err(CommitError::Before)?;
            Ok(Run::Overtaken)
        }
    }
}

type Shelves = (State, HashMap<LevelKey, Labels>);

/// Reads everything that the decision needs, or names the levels without a row.
async fn load(
    tx: &mut Tx,
    clock: &Clock,
    postings: &[&Posting],
    keys: &[LevelKey],
    learned: &Learned,
) -> sqlx::Result<Result<Shelves, Vec<LevelKey>>> {
    let mut state = State::default();
    let mut labels = HashMap::with_capacity(keys.len());
    let mut fence = Timestamp(0);
    for loaded in sql::load(tx, keys, learned.locking).await? {
        fence = loaded.fence;
        state.shelves.insert(loaded.key, loaded.shelf);
        labels.insert(loaded.key, loaded.labels);
    }
    for (key, refusal) in &learned.hopeless {
        state.shelves.entry(*key).or_insert(Err(*refusal));
    }
    if state.shelves.len() < keys.len() {
        let missing = keys.iter().filter(|key| !state.shelves.contains_key(key));
        return Ok(Err(missing.copied().collect()));
    }
    let lines = postings.iter().flat_map(|posting| &posting.parcel.lines);
    let undone: Vec<MovementId> = lines.filter_map(|line| line.reverses).collect();
    if !undone.is_empty() {
        state.reversed = movements_sql::reversed(tx, &undone).await?;
    }
    state.known_keys = learned.known.keys().cloned().collect();
    state.now = clock.now().max(fence.next());
    Ok(Ok((state, labels)))
}

/// Makes missing level rows and says of the others why they cannot be.
async fn create_levels(db: &Db, keys: &[LevelKey]) -> sqlx::Result<HashMap<LevelKey, Refusal>> {
    let mut tx = db.begin_ledger().await?;
    sql::create_levels(&mut tx, keys).await?;
    let made: HashSet<LevelKey> = sql::load(&mut tx, keys, Locking::Optimistic)
        .await?
        .into_iter()
        .map(|loaded| loaded.key)
        .collect();
    let (stores, products) = sql::existing(&mut tx, keys).await?;
    tx.commit().await?;
    sql::refresh_statistics(db).await?;
    let why = |key: &LevelKey| {
        if !stores.contains(&key.store) {
            Refusal::UnknownStore
        } else if !products.contains(&key.product) {
            Refusal::UnknownProduct
        } else {
            Refusal::UnknownLot
        }
    };
    Ok(keys.iter().filter(|key| !made.contains(key)).map(|key| (*key, why(key))).collect())
}

fn versions(state: &State) -> impl Iterator<Item = (LevelKey, i64)> {
    state.shelves.iter().filter_map(|(key, shelf)| Some((*key, shelf.ok()?.level.version)))
}

/// The levels that the decisions have moved, in lock order, with the version they had.
fn changed_levels(
    state: &State,
    before: &HashMap<LevelKey, i64>,
    keys: &[LevelKey],
) -> Vec<(LevelKey, i64, stockroom_domain::stock::Level)> {
    let changed = |key: &LevelKey| {
        let level = state.shelves.get(key)?.ok()?.level;
        let loaded = *before.get(key)?;
        (level.version > loaded).then_some((*key, loaded, level))
    };
    keys.iter().filter_map(changed).collect()
}

fn refused_keys<'p>(postings: &[&'p Posting], verdicts: &[Verdict]) -> Vec<&'p str> {
    let refused = postings.iter().zip(verdicts).filter(|(_, v)| matches!(v, Verdict::Refused(_)));
    refused.map(|(posting, _)| posting.parcel.key.as_str()).collect()
}

/// What the write step came to.
enum Written {
    /// All rows stand; the answers by the posting's index, and the events to append.
    Rows { answers: HashMap<usize, Told>, events: Vec<Event> },
    /// These keys were committed by someone else meanwhile.
    KeysTaken(Vec<String>),
    /// A level was no longer at the version it was read at.
    LevelsMoved,
}

/// Writes levels, movements and keys: one statement each.
async fn write(
    tx: &mut Tx,
    postings: &[&Posting],
    verdicts: &[Verdict],
    labels: &HashMap<LevelKey, Labels>,
    changed: &[(LevelKey, i64, stockroom_domain::stock::Level)],
    now: Timestamp,
) -> sqlx::Result<Written> {
    if sql::update_levels(tx, changed).await? != changed.len() as u64 {
        return Ok(Written::LevelsMoved);
    }
    let rows = new_movements(postings, verdicts, labels);
    let ids = movements_sql::insert_movements(tx, &rows).await?;
    let reversals: Vec<_> =
        rows.iter().zip(&ids).filter_map(|(row, id)| Some((row.movement.reverses?, *id))).collect();
    if !reversals.is_empty() {
        movements_sql::insert_reversals(tx, &reversals).await?;
    }
    let mut ids = ids.into_iter();
    let mut answers = HashMap::with_capacity(postings.len());
    let mut events = Vec::with_capacity(postings.len());
    for (index, (posting, verdict)) in postings.iter().zip(verdicts).enumerate() {
        let Verdict::Accepted(lines) = verdict else { continue };
        answers.insert(index, answer(posting, lines, labels, &mut ids, &mut events));
    }
    let mut keys: Vec<NewKey<'_>> = answers
        .iter()
        .map(|(index, answer)| NewKey {
            key: &postings[*index].parcel.key,
            fingerprint: postings[*index].fingerprint,
            answer: &answer.kept,
        })
        .collect();
    keys.sort_unstable_by_key(|key| key.key);
    let claimed = keys_sql::claim_keys(tx, &keys, CREATED, now).await?;
    if claimed.len() < keys.len() {
        let taken = keys.iter().map(|key| key.key.to_owned()).filter(|key| !claimed.contains(key));
        return Ok(Written::KeysTaken(taken.collect()));
    }
    Ok(Written::Rows { answers, events })
}

/// All movements of the batch, in the order of postings and lines.
fn new_movements<'a>(
    postings: &[&'a Posting],
    verdicts: &'a [Verdict],
    labels: &HashMap<LevelKey, Labels>,
) -> Vec<NewMovement<'a>> {
    let mut rows = Vec::new();
    for (posting, verdict) in postings.iter().zip(verdicts) {
        let Verdict::Accepted(lines) = verdict else { continue };
        for (line, details) in lines.iter().zip(&posting.details) {
            let Ok(movement) = line else { continue };
            let effective_at = details.effective_at.unwrap_or(movement.recorded_at);
            let business_day = labels.get(&movement.key).map_or(0, |labels| {
                business_day(effective_at, &labels.time_zone, labels.day_cut_hour)
            });
            rows.push(NewMovement { movement, details, actor: posting.actor_id.0, business_day });
        }
    }
    rows
}

/// What a posting is answered with, and what is kept of it under its key.
struct Told {
    answer: String,
    kept: String,
}

/// Renders what a posting is answered with, and adds its events to `events`.
fn answer(
    posting: &Posting,
    lines: &[Result<Movement, Refusal>],
    labels: &HashMap<LevelKey, Labels>,
    ids: &mut impl Iterator<Item = MovementId>,
    events: &mut Vec<Event>,
) -> Told {
    let mut text = String::with_capacity(lines.len() * 384 + 2);
    let mut kept = String::with_capacity(lines.len() * 12 + 2);
    let mut moved: Vec<(MovementId, &Movement)> = Vec::with_capacity(lines.len());
    let no_labels = Labels::default();
    let mut fallen = posting.fallen.iter().peekable();
    let mut place = 0;
    text.push('[');
    kept.push('[');
    for (index, line) in lines.iter().enumerate() {
        while let Some((_, told)) = fallen.next_if(|(at, _)| *at == place) {
            for text in [&mut text, &mut kept] {
                text.push_str(told.get());
                text.push(',');
            }
            place += 1;
        }
        place += 1;
        match line {
            Ok(movement) => {
                let id = ids.next().unwrap_or(MovementId(0));
                let actor = Actor { id: posting.actor_id, username: &posting.actor_name };
                let labels = labels.get(&movement.key).unwrap_or(&no_labels);
                let details = &posting.details[index];
                let view = view_of(id, movement, details, labels, actor, posting.shows_cost);
                text.push_str(&serde_json::to_string(&view).unwrap_or_default());
                kept.push_str(&id.to_string());
                moved.push((id, movement));
            }
            Err(refusal) => {
                let error = crate::error::refused_line(&posting.parcel.lines[index], refusal);
                let error = serde_json::json!({ "error": error }).to_string();
                text.push_str(&error);
                kept.push_str(&error);
            }
        }
        text.push(',');
        kept.push(',');
    }
    for (_, told) in fallen {
        for text in [&mut text, &mut kept] {
            text.push_str(told.get());
            text.push(',');
        }
    }
    for text in [&mut text, &mut kept] {
        text.pop();
        text.push(']');
    }
    moved.sort_by_key(|(_, movement)| movement.key.store);
    for of_store in moved.chunk_by(|a, b| a.1.key.store == b.1.key.store) {
        events.extend(
            of_store.chunks(EVENT_LINES_MAX).map(|lines| event(of_store[0].1.key.store, lines)),
        );
    }
    Told { answer: text, kept }
}

/// What followers learn of the movements of one parcel in one store: quantities and
/// balances, never costs. A long parcel makes several events, so that none is incomplete.
fn event(store: StoreId, lines: &[(MovementId, &Movement)]) -> Event {
    #[derive(serde::Serialize)]
    struct Line {
        movement_id: MovementId,
        #[serde(rename = "type")]
        kind: &'static str,
        product_id: stockroom_domain::ProductId,
        lot_id: stockroom_domain::LotId,
        quantity: stockroom_domain::Quantity,
        on_hand: stockroom_domain::Quantity,
        version: i64,
    }
    #[derive(serde::Serialize)]
    struct Data {
        lines: Vec<Line>,
    }
    let lines: Vec<Line> = lines
        .iter()
        .map(|(id, movement)| Line {
            movement_id: *id,
            kind: movement.kind.name(),
            product_id: movement.key.product,
            lot_id: movement.key.lot,
            quantity: movement.quantity,
            on_hand: movement.balance,
            version: movement.version,
        })
        .collect();
    let subject = lines.first().map_or(0, |line| line.movement_id.0);
    Event::new("stock.moved", "movement", subject, &Data { lines }).in_store(store)
}

/// Turns verdicts into what each caller is told, once it is committed.
fn outcomes(
    postings: &[&Posting],
    verdicts: Vec<Verdict>,
    mut answers: HashMap<usize, Told>,
    learned: &Learned,
    event: EventId,
) -> Outcomes {
    let mut outcomes: Outcomes = Vec::with_capacity(postings.len());
    for (index, verdict) in verdicts.into_iter().enumerate() {
        let posting = postings[index];
        outcomes.push(match verdict {
            Verdict::Accepted(_) => {
                let answer = answers.remove(&index).map(|told| told.answer).unwrap_or_default();
                Ok(Receipt { answer, event, replayed: false })
            }
            Verdict::Refused(faults) => Err(PostError::Refused(faults)),
            Verdict::Twin(first) if postings[first].fingerprint != posting.fingerprint => {
                Err(PostError::KeyReused)
            }
            Verdict::Twin(first) => {
                outcomes[first].clone().map(|receipt| Receipt { replayed: true, ..receipt })
            }
            Verdict::Known => match learned.known.get(&posting.parcel.key) {
                Some(known) if known.fingerprint == posting.fingerprint => {
                    Ok(Receipt { answer: known.answer(posting.shows_cost), event, replayed: true })
                }
                _ => Err(PostError::KeyReused),
            },
        });
    }
    outcomes
}
