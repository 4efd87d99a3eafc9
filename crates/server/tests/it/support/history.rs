//! A checker of histories: does what concurrent callers were told fit one order in real time?
//!
//! Each call notes when it was made and when it was answered, on one counter of the test's,
//! and bears its own name as the movement's `reference`. The level's `version` is the order
//! that the server claims; the checker holds that claim against what everyone saw.

use std::collections::{HashMap, HashSet};

use super::Entry;

/// What a caller knows of one call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its name, in the movement's `reference`.
    pub name: String,
    /// The counter when it was made.
    pub called: u64,
    /// The counter when it was answered, if it was.
    pub answered: Option<u64>,
    /// The signed quantity that was wished, in thousandths.
    pub quantity: i64,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a call ended, as far as its caller knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Acknowledged, with the movement's version and balance.
    Done { version: i64, balance: i64 },
    /// Refused: it must have no effect.
    Refused,
    /// Never answered: it may have had one effect, or none.
    Unknown,
}

/// Holds one level's ledger, in the order of its versions, against the calls.
pub fn check(calls: &[Call], ledger: &[Entry]) -> Result<(), String> {
    check_chain(ledger)?;
    let mut effects: HashMap<&str, &Entry> = HashMap::new();
    for entry in ledger {
        let name = entry.reference.as_deref().unwrap_or_default();
        if effects.insert(name, entry).is_some() {
            return Err(format!("{name} had two effects"));
        }
    }
    let names: HashSet<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    if let Some(stranger) = effects.keys().find(|name| !names.contains(**name)) {
        return Err(format!("nobody called {stranger:?}"));
    }
    for call in calls {
        check_call(call, effects.get(call.name.as_str()).copied())?;
    }
    check_real_time(calls, &effects)
}

/// Versions 1…n without a gap, balances that chain and never fall below zero.
fn check_chain(ledger: &[Entry]) -> Result<(), String> {
    let mut balance = 0;
    for (entry, version) in ledger.iter().zip(1..) {
        balance += entry.quantity;
        if entry.version != version {
            return Err(format!("version {} stands where {version} should", entry.version));
        }
        if entry.balance != balance || balance < 0 {
            return Err(format!("version {version}: balance {} for {balance}", entry.balance));
        }
    }
    Ok(())
}

/// Acknowledged once, as it was told; refused never; unknown at most once, which names being
/// unique has shown.
fn check_call(call: &Call, effect: Option<&Entry>) -> Result<(), String> {
    let name = &call.name;
    match (&call.outcome, effect) {
        (Outcome::Done { .. }, None) => Err(format!("{name} was acknowledged and is not there")),
        (Outcome::Done { version, balance }, Some(entry)) => {
            let told = (*version, *balance, call.quantity);
            if told == (entry.version, entry.balance, entry.quantity) {
                Ok(())
            } else {
                Err(format!("{name} was told {told:?}, the ledger has {entry:?}"))
            }
        }
        (Outcome::Refused, Some(_)) => Err(format!("{name} was refused and is there")),
        (Outcome::Refused | Outcome::Unknown, _) => Ok(()),
    }
}

/// If one call was answered before another was made, it comes first.
fn check_real_time(calls: &[Call], effects: &HashMap<&str, &Entry>) -> Result<(), String> {
    let mut done: Vec<(&Call, i64)> = calls
        .iter()
        .filter_map(|call| Some((call, effects.get(call.name.as_str())?.version)))
        .collect();
    done.sort_by_key(|(_, version)| *version);
    // Going down in version: the earliest answer among all later versions.
    let mut earliest: Option<(u64, &str)> = None;
    for (call, _) in done.iter().rev() {
        if let Some((answered, later)) = earliest
            && answered < call.called
        {
            return Err(format!("{later} was answered before {} was called", call.name));
        }
        if let Some(answered) = call.answered
            && earliest.is_none_or(|(known, _)| answered < known)
        {
            earliest = Some((answered, &call.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, version: i64, quantity: i64, balance: i64) -> Entry {
        let reference = Some(name.to_owned());
        let (id, recorded_at) = (version, version);
        Entry { id, store_id: 1, product_id: 1, version, quantity, balance, recorded_at, reference }
    }

    fn call(name: &str, span: (u64, u64), quantity: i64, outcome: Outcome) -> Call {
        let answered = (outcome != Outcome::Unknown).then_some(span.1);
        Call { name: name.to_owned(), called: span.0, answered, quantity, outcome }
    }

    fn done(version: i64, balance: i64) -> Outcome {
        Outcome::Done { version, balance }
    }

    fn good() -> (Vec<Call>, Vec<Entry>) {
        let calls = vec![
            call("a", (1, 4), 5, done(1, 5)),
            call("b", (2, 3), -2, done(2, 3)),
            call("c", (5, 6), -9, Outcome::Refused),
            call("d", (7, 0), -1, Outcome::Unknown),
            call("e", (8, 0), -1, Outcome::Unknown),
        ];
        (calls, vec![entry("a", 1, 5, 5), entry("b", 2, -2, 3), entry("d", 3, -1, 2)])
    }

    #[test]
    fn a_good_history_passes() {
        let (calls, ledger) = good();
        assert_eq!(check(&calls, &ledger), Ok(()));
    }

    #[track_caller]
    fn assert_refused(spoil: impl FnOnce(&mut Vec<Call>, &mut Vec<Entry>), why: &str) {
        let (mut calls, mut ledger) = good();
        spoil(&mut calls, &mut ledger);
        let said = check(&calls, &ledger).expect_err("a bad history");
        assert!(said.contains(why), "{said}");
    }

    #[test]
    fn bad_histories_are_refused() {
        assert_refused(|_, ledger| ledger[2].version = 4, "version 4 stands where 3 should");
        assert_refused(|_, ledger| ledger[1].balance = 4, "balance 4 for 3");
        assert_refused(
            |_, ledger| ledger.push(entry("e", 4, -3, -1)),
            "version 4: balance -1 for -1",
        );
        assert_refused(|_, ledger| ledger.push(entry("d", 4, -1, 1)), "d had two effects");
        assert_refused(|_, ledger| ledger.push(entry("x", 4, -1, 1)), "nobody called \"x\"");
        assert_refused(|_, ledger| ledger.push(entry("c", 4, -1, 1)), "c was refused");
        assert_refused(|calls, _| calls[4].outcome = done(4, 1), "e was acknowledged");
        assert_refused(|calls, _| calls[1].outcome = done(2, 4), "b was told");
        assert_refused(|calls, _| calls[1].quantity = -1, "b was told");
    }

    #[test]
    fn what_was_answered_comes_before_what_is_called_later() {
        assert_refused(|calls, _| calls[0].called = 4, "b was answered before a was called");
        // Where they overlap, either may be first.
        let (mut calls, ledger) = good();
        calls[0].called = 3;
        assert_eq!(check(&calls, &ledger), Ok(()));
    }
}
