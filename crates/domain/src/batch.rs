//! Everything that shares one commit, decided in memory.
//!
//! A *parcel* stands or falls as its atomicity says, and one parcel's refusal never touches
//! another's. Parcels are judged in the order of the batch, each against what the accepted
//! ones before it have left. The caller loads the state, writes what was accepted in one
//! transaction, and answers after the commit.

use std::collections::{HashMap, HashSet};

use crate::ids::MovementId;
use crate::stock::{self, LevelKey, Line, Movement, Refusal, Shelf};
use crate::time::Timestamp;

/// Whether the lines of a parcel stand or fall together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// All or nothing.
    Whole,
    /// Each line for itself.
    EachLine,
}

/// Lines under one idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Two parcels with one key have one effect. Contains the caller and the route.
    pub key: String,
    /// All or nothing, or each line for itself.
    pub atomicity: Atomicity,
    /// What is wished, in order.
    pub lines: Vec<Line>,
}

/// What was read, under lock, for all keys of a batch.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Each level, or why there is none.
    pub shelves: HashMap<LevelKey, Result<Shelf, Refusal>>,
    /// Those movements, among the ones to be undone, that were undone already.
    pub reversed: HashSet<MovementId>,
    /// Idempotency keys, among the batch's, whose effect is committed.
    pub known_keys: HashSet<String>,
    /// The instant at which the batch is decided. The caller has raised it above the fence.
    pub now: Timestamp,
}

/// What became of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To be written: a movement for each line; a refusal only under [`Atomicity::EachLine`],
    /// and then beside at least one movement. Without lines, nothing falls and this is empty.
    Accepted(Vec<Result<Movement, Refusal>>),
    /// Nothing is to be written. Each failing line, by its index: at least one.
    Refused(Vec<(usize, Refusal)>),
    /// The same key was accepted earlier in this batch, at this index.
    Twin(usize),
    /// The key's effect was committed before.
    Known,
}

/// Judges `parcels` in order and leaves in `state` what they make of the levels.
pub fn decide<'p>(
    state: &mut State,
    parcels: impl IntoIterator<Item = &'p Parcel>,
) -> Vec<Verdict> {
    let mut accepted: HashMap<&str, usize> = HashMap::new();
    let mut verdicts = Vec::new();
    for (index, parcel) in parcels.into_iter().enumerate() {
        let verdict = if state.known_keys.contains(&parcel.key) {
            Verdict::Known
        } else if let Some(first) = accepted.get(parcel.key.as_str()) {
            Verdict::Twin(*first)
        } else {
            decide_parcel(state, parcel)
        };
        if matches!(verdict, Verdict::Accepted(_)) {
            accepted.insert(&parcel.key, index);
        }
        verdicts.push(verdict);
    }
    verdicts
}

/// Judges one parcel. What it touched is put back if it falls.
fn decide_parcel(state: &mut State, parcel: &Parcel) -> Verdict {
    let mut before: Vec<(LevelKey, Shelf)> = Vec::new();
    let mut reversed: Vec<MovementId> = Vec::new();
    let results: Vec<Result<Movement, Refusal>> = parcel
        .lines
        .iter()
        .map(|line| decide_line(state, line, &mut before, &mut reversed))
        .collect();
    let one_stands = results.iter().any(Result::is_ok);
    let one_falls = results.iter().any(Result::is_err);
    if !one_falls || (one_stands && parcel.atomicity == Atomicity::EachLine) {
        return Verdict::Accepted(results);
    }
    // The first entry of a key is what was there before the parcel: undo backwards.
    for (key, shelf) in before.iter().rev() {
        state.shelves.insert(*key, Ok(*shelf));
    }
    for movement in reversed {
        state.reversed.remove(&movement);
    }
    let original = |key: &LevelKey| before.iter().find(|(k, _)| k == key).map(|(_, shelf)| *shelf);
    let faults = results
        .into_iter()
        .enumerate()
        .filter_map(|(index, result)| Some((index, result.err()?)))
        .map(|(index, refusal)| (index, together(refusal, original(&parcel.lines[index].key))))
        .collect();
    Verdict::Refused(faults)
}

/// Judges one line and, if it stands, moves its level on.
fn decide_line(
    state: &mut State,
    line: &Line,
    before: &mut Vec<(LevelKey, Shelf)>,
    reversed: &mut Vec<MovementId>,
) -> Result<Movement, Refusal> {
    let slot = state.shelves.get_mut(&line.key).ok_or(Refusal::UnknownProduct)?;
    let shelf = slot.as_mut().map_err(|refusal| *refusal)?;
    if line.reverses.is_some_and(|undone| state.reversed.contains(&undone)) {
        return Err(Refusal::AlreadyReversed);
    }
    let movement = stock::decide(shelf, line, state.now)?;
    before.push((line.key, *shelf));
    shelf.level = stock::apply(&shelf.level, &movement);
    if let Some(undone) = line.reverses {
        state.reversed.insert(undone);
        reversed.push(undone);
    }
    Ok(movement)
}

/// Restates a refusal against the level before the parcel, so that the numbers a person
/// reads are the shelf's, and not what the parcel's own earlier lines had made of it.
fn together(refusal: Refusal, original: Option<Shelf>) -> Refusal {
    match (refusal, original) {
        (Refusal::NotEnough { requested, on_hand }, Some(shelf)) => {
            let there = shelf.level.on_hand;
            Refusal::NotEnough { requested: requested - (on_hand - there), on_hand: there }
        }
        (Refusal::VersionMismatch { .. }, Some(shelf)) => {
            Refusal::VersionMismatch { version: shelf.level.version }
        }
        (refusal, _) => refusal,
    }
}
