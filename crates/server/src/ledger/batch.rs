//! One batch: load, decide in memory, write, commit. One that touches what customers owe holds its
//! rows from the beginning, in one transaction.
//!
//! A batch that meets something it could not know (a missing level row, a level that another
//! writer was faster to change, a key that another node has just committed, a past that was
//! settled) is rolled back and run again with what it has learned. Nothing is answered before
//! the commit.

use std::collections::{BTreeSet, HashMap, HashSet};

use stockroom_domain::batch::{self, State, Verdict};
use stockroom_domain::stock::{LevelKey, Refusal};
use stockroom_domain::{EventId, MovementId, OrderId, Timestamp};

use super::answer::Labels;
use super::business_day::business_day;
use super::document::{Made, OrderPart};
use super::document_rows;
use super::document_sql::{self, Wanted};
use super::hold::{CommitError, Hold};
use super::movements_sql;
use super::posting::{KeyLife, PostError, Posting, Receipt};
use super::record;
use super::render;
use super::replay::{self, Known};
use super::sql::{self, Locking};
use super::write_sql::{self, Batch, NewKey, NewLevel, NewMovement, Written};
use crate::clock::Clock;
use crate::config::KEYS_KEPT_S;
use crate::db::{Conn, Db};
use crate::events::{self, Logged};

/// A batch that had to be run again this often is given up: something else is wrong.
const RUNS_MAX: usize = 8;
/// What a committed effect is answered with.
const CREATED: i64 = 201;

/// What became of each posting of a batch.
pub(super) type Outcomes = Vec<Result<Receipt, PostError>>;

/// A batch that has come to its end.
pub(super) struct Done {
    pub(super) outcomes: Outcomes,
    /// What it has told, as it stands in the log.
    pub(super) events: Vec<Logged>,
}

/// What a run of the batch came to.
enum Run {
    /// Every posting has its outcome.
    Done(Done),
    /// These levels have no row yet.
    Missing(Vec<LevelKey>),
    /// These keys belong to effects that are committed.
    Taken(HashMap<String, Known>),
    /// Ledger time must be later.
    Settled,
    /// Someone else changed a level or an order after it was read.
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

/// Runs `postings` as one transaction. Those that are `in_doubt` may be committed, or be about
/// to: their levels are read under lock, for that waits until it is decided.
///
/// # Errors
/// The database failed; by [`CommitError`] it is known whether anything may have happened.
pub(super) async fn run(
    db: &Db,
    clock: &Clock,
    postings: &[&Posting],
    contention: &mut Contention,
    in_doubt: bool,
) -> Result<Done, CommitError> {
    let keys: BTreeSet<LevelKey> =
        postings.iter().flat_map(|posting| &posting.parcel.lines).map(|line| line.key).collect();
    let keys: Vec<LevelKey> = keys.into_iter().collect();
    let wanted = wanted(postings);
    // Whoever deletes a customer holds their balance, and does not change its version.
    let is_held = in_doubt || !wanted.customers.is_empty();
    let locking = if is_held { Locking::Rows } else { contention.locking() };
    let mut learned = Learned { locking, hopeless: HashMap::new(), known: HashMap::new() };
    for _ in 0..RUNS_MAX {
        match run_once(db, clock, postings, (&keys, &wanted), &learned).await? {
            Run::Done(done) => return Ok(done),
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

/// What the batch has to know of orders and customers.
fn wanted(postings: &[&Posting]) -> Wanted {
    let mut wanted = Wanted::default();
    for posting in postings {
        wanted.orders.extend(posting.parcel.step.map(|step| step.order));
        wanted.orders_new += usize::from(matches!(posting.order, Some(OrderPart::New(_))));
        posting.parcel.charge.iter().for_each(|charge| wanted.charge(charge));
    }
    wanted.orders.sort_unstable();
    wanted.orders.dedup();
    wanted.customers.sort_unstable();
    wanted.customers.dedup();
    wanted
}

async fn run_once(
    db: &Db,
    clock: &Clock,
    postings: &[&Posting],
    (keys, wanted): (&[LevelKey], &Wanted),
    learned: &Learned,
) -> Result<Run, CommitError> {
    let mut hold = Hold::take(db, learned.locking).await.map_err(CommitError::Before)?;
    let loaded = load(hold.conn(), clock, postings, (keys, wanted), learned).await;
    let mut loaded = match loaded.map_err(CommitError::Before)? {
        Ok(loaded) => loaded,
        Err(missing) => {
            hold.release().await?;
            return Ok(Run::Missing(missing));
        }
    };
    let before: HashMap<LevelKey, i64> = versions(&loaded.state).collect();
    let verdicts = batch::decide(&mut loaded.state, postings.iter().map(|posting| &posting.parcel));
    let refused = refused_keys(postings, &verdicts);
    if !refused.is_empty() {
        // A refusal must not stand in for the answer of an effect that is committed.
        let known = replay::known(hold.conn(), &refused).await.map_err(CommitError::Before)?;
        if !known.is_empty() {
            hold.release().await?;
            return Ok(Run::Taken(known));
        }
    }
    if !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Accepted(_))) {
        let (head, _) = events::head(hold.conn()).await.map_err(CommitError::Before)?;
        hold.release().await?;
        let outcomes = outcomes(postings, verdicts, Told::default(), learned, head);
        return Ok(Run::Done(Done { outcomes, events: Vec::new() }));
    }
    let levels = changed_levels(&loaded.state, &before, keys);
    let orders = document_rows::orders(postings, &verdicts, &loaded.order_ids);
    let movements = new_movements(postings, &verdicts, &orders, &loaded);
    let traces = render::traces(postings, &verdicts, &orders, &loaded.ids, loaded.state.now);
    let claims = claims(postings, &traces.kept, loaded.state.now);
    let entries = record::entries(postings, &verdicts, &orders, &movements);
    let documents = (!wanted.is_nothing()).then(|| {
        let decided = document_rows::decided(postings, &verdicts, &orders);
        document_rows::rows(&decided, loaded.state.now)
    });
    let batch = Batch {
        documents: documents.as_ref(),
        levels: &levels,
        keys: &claims,
        movements: &movements,
        events: &traces.events,
        entries: &entries,
        link: &loaded.link,
        status: CREATED,
        now: loaded.state.now,
    };
    // The answers are rendered while the database writes.
    let answers = async { render::answers(postings, &verdicts, &loaded.labels, &loaded.ids) };
    let (written, answers) = tokio::join!(write_sql::write(hold.conn(), &batch), answers);
    match written.map_err(|error| hold.failed_to_write(error))? {
        Written::Whole(event) => {
            hold.commit().await?;
            let told = Told { answers, made: traces.made };
            let outcomes = outcomes(postings, verdicts, told, learned, event);
            let events = Logged::all(event, loaded.state.now, traces.events);
            Ok(Run::Done(Done { outcomes, events }))
        }
        Written::Overtaken => hold.release().await.map(|()| Run::Overtaken),
        Written::Settled => hold.release().await.map(|()| Run::Settled),
        Written::KeysTaken => {
            hold.release().await?;
            let keys: Vec<&str> = claims.iter().map(|claim| claim.key).collect();
            taken(db, &keys).await.map(Run::Taken)
        }
    }
}

/// What is committed under keys of which one at least turned out to be taken.
async fn taken(db: &Db, keys: &[&str]) -> Result<HashMap<String, Known>, CommitError> {
    let mut hold = Hold::take(db, Locking::Optimistic).await.map_err(CommitError::Before)?;
    let known = replay::known(hold.conn(), keys).await.map_err(CommitError::Before)?;
    hold.release().await?;
    Ok(known)
}

/// What a batch knows when it decides.
struct Shelves {
    state: State,
    labels: HashMap<LevelKey, Labels>,
    /// One for each line, rising.
    ids: Vec<MovementId>,
    /// One for each order to be made.
    order_ids: Vec<OrderId>,
    /// The last link of the audit log, where the transaction keeps it as it is (SQLite).
    link: Vec<u8>,
}

/// Reads everything that the decision needs, or names the levels without a row.
async fn load(
    mut conn: Conn<'_>,
    clock: &Clock,
    postings: &[&Posting],
    (keys, wanted): (&[LevelKey], &Wanted),
    learned: &Learned,
) -> sqlx::Result<Result<Shelves, Vec<LevelKey>>> {
    let documents = document_sql::load(conn.reborrow(), wanted, learned.locking).await?;
    let mut state = State {
        orders: documents.orders,
        balances: documents.balances,
        reversed_entries: documents.reversed_entries,
        ..State::default()
    };
    let mut labels = HashMap::with_capacity(keys.len());
    let hopeful = keys.iter().filter(|key| !learned.hopeless.contains_key(key));
    let hopeful: Vec<LevelKey> = hopeful.copied().collect();
    let lines = || postings.iter().flat_map(|posting| &posting.parcel.lines);
    let found = sql::load(conn.reborrow(), &hopeful, learned.locking, lines().count()).await?;
    for loaded in found.levels {
        state.shelves.insert(loaded.key, loaded.shelf);
        labels.insert(loaded.key, loaded.labels);
    }
    state.shelves.extend(learned.hopeless.iter().map(|(key, refusal)| (*key, Err(*refusal))));
    if state.shelves.len() < keys.len() {
        let missing = keys.iter().filter(|key| !state.shelves.contains_key(key));
        return Ok(Err(missing.copied().collect()));
    }
    if !hopeful.is_empty() && found.ids.len() < lines().count() {
        return Err(sqlx::Error::Protocol("a batch got too few ids".to_owned()));
    }
    let undone: Vec<MovementId> = lines().filter_map(|line| line.reverses).collect();
    if !undone.is_empty() {
        state.reversed = movements_sql::reversed(conn, &undone).await?;
    }
    state.known_keys = learned.known.keys().cloned().collect();
    state.now = clock.now().max(found.fence.max(documents.fence).next());
    let link = if wanted.is_nothing() { found.link } else { documents.link };
    let order_ids = documents.order_ids;
    Ok(Ok(Shelves { state, labels, ids: found.ids, order_ids, link }))
}

/// Makes missing level rows and says of the others why they cannot be.
async fn create_levels(db: &Db, keys: &[LevelKey]) -> sqlx::Result<HashMap<LevelKey, Refusal>> {
    let mut tx = db.begin_ledger().await?;
    sql::create_levels(&mut tx, keys).await?;
    let made = sql::load(Conn::from(&mut tx), keys, Locking::Optimistic, 0).await?;
    let made: HashSet<LevelKey> = made.levels.into_iter().map(|loaded| loaded.key).collect();
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
) -> Vec<NewLevel> {
    let changed = |key: &LevelKey| {
        let level = state.shelves.get(key)?.ok()?.level;
        let loaded = *before.get(key)?;
        (level.version > loaded).then_some(NewLevel { key: *key, loaded, level })
    };
    keys.iter().filter_map(changed).collect()
}

fn refused_keys<'p>(postings: &[&'p Posting], verdicts: &[Verdict]) -> Vec<&'p str> {
    let refused = postings.iter().zip(verdicts).filter(|(_, v)| matches!(v, Verdict::Refused(_)));
    refused.map(|(posting, _)| posting.parcel.key.as_str()).collect()
}

/// The keys of what takes effect, in lock order.
fn claims<'a>(
    postings: &[&'a Posting],
    kept: &'a [(usize, String)],
    now: Timestamp,
) -> Vec<NewKey<'a>> {
    let expiry = now.plus_seconds(KEYS_KEPT_S);
    let claim = |(index, answer): &'a (usize, String)| {
        let Posting { parcel, fingerprint, key_life, .. } = postings[*index];
        let expires_at = match key_life {
            KeyLife::Ever => None,
            KeyLife::AWhile => Some(expiry),
            KeyLife::Never => return None,
        };
        Some(NewKey { key: &parcel.key, fingerprint: *fingerprint, answer, expires_at })
    };
    let mut claims: Vec<NewKey<'_>> = kept.iter().filter_map(claim).collect();
    claims.sort_unstable_by_key(|claim| claim.key);
    claims
}

/// All movements of the batch, in the order of postings and lines.
fn new_movements<'a>(
    postings: &[&'a Posting],
    verdicts: &'a [Verdict],
    orders: &[Option<OrderId>],
    loaded: &Shelves,
) -> Vec<NewMovement<'a>> {
    let mut rows = Vec::with_capacity(loaded.ids.len());
    let mut ids = loaded.ids.iter().copied();
    for ((posting, verdict), order) in postings.iter().zip(verdicts).zip(orders) {
        let Verdict::Accepted(accepted) = verdict else { continue };
        for (line, details) in accepted.lines.iter().zip(&posting.details) {
            let Ok(movement) = line else { continue };
            let effective_at = details.effective_at.unwrap_or(movement.recorded_at);
            let business_day = loaded.labels.get(&movement.key).map_or(0, |labels| {
                business_day(effective_at, &labels.time_zone, labels.day_cut_hour)
            });
            let id = ids.next().unwrap_or(MovementId(0));
            let actor = posting.actor_id().0;
            let order = order.map(|order| order.0).zip(details.order_item);
            rows.push(NewMovement { id, movement, details, actor, business_day, order });
        }
    }
    rows
}

/// What callers are told of what they have done, by their posting's index.
#[derive(Default)]
struct Told {
    answers: HashMap<usize, String>,
    made: HashMap<usize, Made>,
}

/// Turns verdicts into what each caller is told, once it is committed.
fn outcomes(
    postings: &[&Posting],
    verdicts: Vec<Verdict>,
    mut told: Told,
    learned: &Learned,
    event: EventId,
) -> Outcomes {
    let mut outcomes: Outcomes = Vec::with_capacity(postings.len());
    for (index, verdict) in verdicts.into_iter().enumerate() {
        let posting = postings[index];
        outcomes.push(match verdict {
            Verdict::Accepted(_) => {
                let answer = told.answers.remove(&index).unwrap_or_default();
                let made = told.made.get(&index).copied();
                Ok(Receipt { answer, made, event, replayed: false })
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
                    Ok(known.receipt(posting.shows_cost, event))
                }
                _ => Err(PostError::KeyReused),
            },
        });
    }
    outcomes
}
