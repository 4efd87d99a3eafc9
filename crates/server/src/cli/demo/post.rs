//! Posts the made-up history through the real ledger, which decides every line of it again.
//!
//! The ledger stamps what it writes by its clock, and that is a manual one here: it is moved
//! on from half hour to half hour of the story. What happened in one half hour is handed in
//! together, each receipt a posting of its own, and shares a commit or two; so ninety days
//! take some two thousand commits instead of ten thousand.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use anyhow::bail;
use stockroom_domain::batch::Atomicity;
use stockroom_domain::stock::{LevelKey, Line, MovementKind, Valuation};
use stockroom_domain::{LotId, UserId};

use super::history::{History, Parcel};
use super::shop::Ids;
use crate::audit::{self, Origin};
use crate::clock::Clock;
use crate::ledger::{Details, Ledger, PostError, Posting, Receipt};

/// What is handed in together, in microseconds of the story.
const SLICE_MICROS: i64 = 30 * 60 * 1_000_000;
/// How often a posting is handed in that the ledger had no room or no database for.
const TRIES_MAX: u32 = 5;

/// Someone in whose name goods are moved.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The user.
    pub id: UserId,
    /// What they sign in with.
    pub username: Arc<str>,
}

/// Who moves goods in which store.
#[derive(Clone, Debug)]
pub struct Actors {
    /// By store: who sells.
    pub tills: Vec<Actor>,
    /// By store: who does everything else.
    pub offices: Vec<Actor>,
}

/// Posts all of `history`. `progress` is told how many movements each step has posted.
///
/// # Errors
/// The ledger refused a line, or the database is gone.
pub async fn post(
    ledger: &Ledger,
    clock: &Clock,
    history: &History,
    ids: &Ids,
    actors: &Actors,
    progress: impl Fn(usize),
) -> anyhow::Result<()> {
    let same_slice =
        |a: &Parcel, b: &Parcel| a.at.0.div_euclid(SLICE_MICROS) == b.at.0.div_euclid(SLICE_MICROS);
    let mut number = 0;
    for slice in history.parcels.chunk_by(same_slice) {
        let Some(last) = slice.last() else { continue };
        clock.set(last.at);
        let mut waiting = Vec::with_capacity(slice.len());
        for parcel in slice {
            number += 1;
            waiting.push(hand_in(ledger, posting(parcel, number, ids, actors)));
        }
        for outcome in all_in_order(waiting).await {
            outcome?;
        }
        progress(slice.iter().map(|parcel| parcel.lines.len()).sum());
    }
    Ok(())
}

fn posting(parcel: &Parcel, number: i64, ids: &Ids, actors: &Actors) -> Posting {
    let by = if parcel.kind == MovementKind::Sale { &actors.tills } else { &actors.offices };
    let actor = &by[parcel.store];
    let line = |line: &super::history::Line| Line {
        key: LevelKey {
            store: ids.stores[parcel.store],
            product: ids.products[line.product],
            lot: line.lot.map_or(LotId::NONE, |lot| ids.lots[lot]),
        },
        kind: parcel.kind,
        change: line.change,
        valuation: line.unit_cost.map_or(Valuation::Usual, Valuation::UnitCost),
        expected_version: None,
        reverses: None,
    };
    let details = |line: &super::history::Line| Details {
        reason: parcel.reason.map(str::to_owned),
        note: None,
        reference: parcel.reference.clone(),
        unit_cost: line.unit_cost,
        effective_at: Some(parcel.at),
        order_item: None,
    };
    Posting {
        details: parcel.lines.iter().map(details).collect(),
        ..Posting::new(
            format!("{}:stockroom demo:{number}", actor.id),
            Atomicity::Whole,
            parcel.lines.iter().map(line).collect(),
            Origin {
                actor: audit::Actor {
                    kind: audit::ActorKind::User,
                    id: Some(actor.id.0),
                    name: Arc::clone(&actor.username),
                },
                ..Origin::system("demo")
            },
        )
    }
}

/// Hands a posting in, again where the ledger was too busy; its key keeps it from counting
/// twice.
async fn hand_in(ledger: &Ledger, posting: Posting) -> anyhow::Result<Receipt> {
    let mut tries = 0;
    loop {
        tries += 1;
        match ledger.post(posting.clone()).await {
            Ok(receipt) => return Ok(receipt),
            Err(PostError::Overloaded | PostError::Unavailable | PostError::OutcomeUnknown)
                if tries < TRIES_MAX =>
            {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(PostError::Refused(faults)) => {
                bail!("the ledger refused a part of the demo, {}: {faults:?}", posting.parcel.key)
            }
            Err(error) => bail!("the ledger could not write the demo: {error}"),
        }
    }
}

/// Runs all of them to their end. They begin in their order, which is the order in which the
/// ledger gets them; that is why they are not tasks.
async fn all_in_order<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut pending: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = pending.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in pending.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
