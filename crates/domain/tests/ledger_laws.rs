//! The laws of the ledger, for any batch: each stated by itself over what the crate decided,
//! and all of them at once by agreement with the naive model in `ledger_model`.

mod ledger_model;

use std::collections::BTreeSet;

use proptest::prelude::*;
use stockroom_domain::batch::{self, Accepted, Atomicity, Parcel, Refused, State, Verdict};
use stockroom_domain::stock::{Change, Line, Refusal, Valuation};
use stockroom_domain::{Money, Quantity, Timestamp};

use ledger_model::Model;
use ledger_model::documents::{Papers, scenario_with_documents};
use ledger_model::scenario::{
    Scenario, accepted, key, levels, line, parcel, scenario, scenario_with_credits, stocked, undone,
};

/// Counter-examples are printed, not filed: each becomes a test with a name of its own.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn sell(units: i64) -> Line {
    line(key(1, 1), Change::By(-Quantity::units(units)))
}

fn shortage(requested: i64, on_hand: i64) -> Refusal {
    Refusal::NotEnough { requested: Quantity::units(requested), on_hand: Quantity::units(on_hand) }
}

fn same(left: &State, right: &State) -> Result<(), TestCaseError> {
    prop_assert_eq!(&left.shelves, &right.shelves);
    prop_assert_eq!(&left.reversed, &right.reversed);
    prop_assert_eq!(&left.orders, &right.orders);
    prop_assert_eq!(&left.balances, &right.balances);
    prop_assert_eq!(&left.reversed_entries, &right.reversed_entries);
    prop_assert_eq!(&left.known_keys, &right.known_keys);
    prop_assert_eq!(left.now, right.now);
    Ok(())
}

// Quantities, versions and time.
proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_ledger_agrees_with_a_naive_model(scenario in scenario_with_credits()) {
        let mut model = Model::of(&scenario.state);
        let expected = model.decide(&scenario.parcels);
        let outcome = scenario.run();
        prop_assert_eq!(&outcome.verdicts, &expected);
        prop_assert_eq!(levels(&outcome.after), model.levels());
        prop_assert_eq!(undone(&outcome.after), model.undone());
    }

    #[test]
    fn orders_and_balances_agree_with_a_naive_model(scenario in scenario_with_documents()) {
        let mut model = Model::of(&scenario.state);
        let expected = model.decide(&scenario.parcels);
        let outcome = scenario.run();
        prop_assert_eq!(&outcome.verdicts, &expected);
        prop_assert_eq!(levels(&outcome.after), model.levels());
        prop_assert_eq!(&Papers::of(&outcome.after), model.papers());
    }

    #[test]
    fn the_sum_of_the_movements_is_the_level(scenario in scenario()) {
        for (before, movements, after) in scenario.run().histories() {
            let moved: i64 = movements.iter().map(|m| m.quantity.thousandths()).sum();
            prop_assert_eq!(before.on_hand.thousandths() + moved, after.on_hand.thousandths());
        }
    }

    #[test]
    fn each_balance_is_the_one_before_it_plus_the_quantity(scenario in scenario()) {
        for (before, movements, after) in scenario.run().histories() {
            let mut on_hand = before.on_hand.thousandths();
            for movement in movements {
                on_hand += movement.quantity.thousandths();
                prop_assert_eq!(movement.balance.thousandths(), on_hand);
            }
            prop_assert_eq!(after.on_hand.thousandths(), on_hand);
        }
    }

    #[test]
    fn no_balance_is_ever_negative_or_beyond_the_maximum(scenario in scenario()) {
        for movement in scenario.run().movements() {
            prop_assert!(Quantity::ZERO <= movement.balance && movement.balance <= Quantity::MAX);
        }
    }

    #[test]
    fn versions_count_the_movements_from_one_without_gaps(scenario in scenario()) {
        for (before, movements, after) in scenario.run().histories() {
            let versions: Vec<i64> = movements.iter().map(|m| m.version).collect();
            let expected: Vec<i64> = (before.version + 1..).take(movements.len()).collect();
            prop_assert_eq!(versions, expected);
            prop_assert_eq!(after.version, movements.last().map_or(before.version, |m| m.version));
        }
    }

    #[test]
    fn ledger_time_strictly_rises_on_each_level_and_is_never_before_now(scenario in scenario()) {
        let outcome = scenario.run();
        for (before, movements, after) in outcome.histories() {
            let mut last = before.updated_at;
            for movement in movements {
                prop_assert!(movement.recorded_at > last);
                prop_assert!(movement.recorded_at >= outcome.before.now);
                last = movement.recorded_at;
            }
            prop_assert_eq!(after.updated_at, last);
        }
    }

    #[test]
    fn a_line_that_expects_a_version_moves_that_version_only(scenario in scenario()) {
        for (parcel, verdict) in scenario.parcels.iter().zip(scenario.run().verdicts) {
            let Verdict::Accepted(Accepted { lines: results, .. }) = verdict else { continue };
            for (line, result) in parcel.lines.iter().zip(results) {
                let (Some(expected), Ok(movement)) = (line.expected_version, result) else {
                    continue;
                };
                prop_assert_eq!(movement.version, expected + 1);
            }
        }
    }
}

// Parcels.
proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_not_accepted_touches_nothing(scenario in scenario_with_documents()) {
        let mut state = scenario.state;
        for parcel in &scenario.parcels {
            let before = state.clone();
            let verdicts = batch::decide(&mut state, std::slice::from_ref(parcel));
            if !matches!(verdicts[0], Verdict::Accepted(_)) {
                same(&before, &state)?;
            }
        }
    }

    #[test]
    fn the_accepted_would_have_been_decided_the_same_without_the_others(
        scenario in scenario_with_documents(),
    ) {
        let whole = scenario.run();
        let stands = |verdict: &Verdict| matches!(verdict, Verdict::Accepted(_));
        let parcels = scenario.parcels.iter().zip(&whole.verdicts);
        let parcels = parcels.filter(|(_, v)| stands(v)).map(|(p, _)| p.clone()).collect();
        let alone = Scenario { state: scenario.state, parcels }.run();
        same(&whole.after, &alone.after)?;
        let verdicts: Vec<_> = whole.verdicts.into_iter().filter(stands).collect();
        prop_assert_eq!(verdicts, alone.verdicts);
    }

    #[test]
    fn a_whole_parcel_is_refused_exactly_when_one_of_its_lines_is(scenario in scenario()) {
        for (parcel, verdict) in scenario.parcels.iter().zip(scenario.run().verdicts) {
            match verdict {
                Verdict::Accepted(Accepted { lines: results, .. }) => {
                    let fallen = results.iter().filter(|r| r.is_err()).count();
                    prop_assert_eq!(results.len(), parcel.lines.len());
                    prop_assert!(fallen == 0 || parcel.atomicity == Atomicity::EachLine);
                    prop_assert!(fallen == 0 || fallen < results.len());
                }
                Verdict::Refused(Refused::Lines(faults)) => {
                    let every_line = parcel.atomicity == Atomicity::EachLine;
                    prop_assert!(!faults.is_empty(), "refused for no reason");
                    prop_assert!(!every_line || faults.len() == parcel.lines.len());
                }
                Verdict::Refused(other) => panic!("{other:?} of nothing but lines"),
                Verdict::Twin(_) | Verdict::Known => {}
            }
        }
    }

    #[test]
    fn under_each_line_every_line_stands_alone(scenario in scenario()) {
        let lines: Vec<Line> = scenario.parcels.into_iter().flat_map(|p| p.lines).collect();
        let state = State { known_keys: Default::default(), ..scenario.state };
        let name = |index: usize| index.to_string();
        let alone = lines.iter().enumerate();
        let alone = alone.map(|(i, line)| parcel(&name(i), Atomicity::Whole, vec![*line]));
        let alone = Scenario { state: state.clone(), parcels: alone.collect() }.run();
        let together = vec![parcel("all", Atomicity::EachLine, lines)];
        let together = Scenario { state, parcels: together }.run();
        same(&alone.after, &together.after)?;
        let expected: Vec<_> = alone.verdicts.into_iter().map(|verdict| match verdict {
            Verdict::Accepted(Accepted { lines: results, .. }) => results[0],
            Verdict::Refused(Refused::Lines(faults)) => Err(faults[0].1),
            other => panic!("{other:?} under keys of their own"),
        }).collect();
        match &together.verdicts[0] {
            Verdict::Accepted(accepted) => prop_assert_eq!(&accepted.lines, &expected),
            Verdict::Refused(Refused::Lines(faults)) => {
                let faults: Vec<_> = faults.iter().map(|(_, refusal)| Err(*refusal)).collect();
                prop_assert_eq!(faults, expected);
            }
            other => panic!("{other:?} alone in its batch"),
        }
    }

    #[test]
    fn sales_of_one_product_in_one_parcel_are_judged_together(
        stock in 0_i64..=8,
        sales in prop::collection::vec(1_i64..=4, 1..6),
    ) {
        let lines = sales.iter().map(|units| sell(*units)).collect();
        let parcels = vec![parcel("sale", Atomicity::Whole, lines)];
        let outcome = Scenario { state: stocked(stock, 0), parcels }.run();
        let asked = |index: usize| sales[..=index].iter().sum::<i64>();
        match (&outcome.verdicts[0], (0..sales.len()).find(|index| asked(*index) > stock)) {
            (Verdict::Accepted(accepted), None) => {
                prop_assert_eq!(accepted.lines.len(), sales.len());
            }
            (Verdict::Refused(Refused::Lines(faults)), Some(first)) => {
                prop_assert_eq!(faults[0], (first, shortage(asked(first), stock)));
            }
            (verdict, first) => prop_assert!(false, "{verdict:?}, but {first:?} is the first"),
        }
    }

    #[test]
    fn a_batch_may_be_split_anywhere(
        scenario in scenario_with_documents(),
        cuts in prop::collection::btree_set(0_usize..16, 0..5),
    ) {
        let whole = scenario.run();
        let mut state = scenario.state;
        let known_before = state.known_keys.clone();
        let mut split: Vec<Verdict> = Vec::new();
        let ends = cuts.into_iter().filter(|cut| *cut < scenario.parcels.len());
        for end in ends.chain([scenario.parcels.len()]).collect::<Vec<_>>() {
            let batch = &scenario.parcels[split.len()..end];
            let verdicts = batch::decide(&mut state, batch);
            let stored = batch.iter().zip(&verdicts);
            let stored = stored.filter(|(_, verdict)| matches!(verdict, Verdict::Accepted(_)));
            state.known_keys.extend(stored.map(|(parcel, _)| parcel.key.clone()));
            split.extend(verdicts);
        }
        state.known_keys = known_before;
        same(&whole.after, &state)?;
        for (whole, split) in whole.verdicts.iter().zip(&split) {
            match (whole, split) {
                (Verdict::Twin(_), Verdict::Twin(_) | Verdict::Known) => {}
                _ => prop_assert_eq!(whole, split),
            }
        }
    }
}

// Orders and customers.
proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_order_takes_one_step_from_each_of_its_versions(scenario in scenario_with_documents()) {
        let outcome = scenario.run();
        let mut reached = BTreeSet::new();
        for (parcel, verdict) in scenario.parcels.iter().zip(&outcome.verdicts) {
            let (Some(wish), Verdict::Accepted(accepted)) = (parcel.step, verdict) else {
                continue;
            };
            let state = accepted.order.expect("where the order stands");
            prop_assert_eq!(state.version, wish.expected_version + 1);
            prop_assert!(reached.insert((wish.order, state.version)), "two steps from one version");
        }
    }

    #[test]
    fn for_want_of_goods_nothing_moves_and_nobody_is_charged(
        scenario in scenario_with_documents(),
    ) {
        for (parcel, verdict) in scenario.parcels.iter().zip(scenario.run().verdicts) {
            let Verdict::Accepted(accepted) = verdict else { continue };
            if !accepted.shortages.is_empty() {
                prop_assert!(parcel.step.is_some_and(|wish| wish.otherwise.is_some()));
                prop_assert!(accepted.lines.is_empty() && accepted.entry.is_none());
            }
        }
    }

    #[test]
    fn the_sum_of_the_entries_is_what_a_customer_owes(scenario in scenario_with_documents()) {
        let outcome = scenario.run();
        for (customer, before) in &outcome.before.balances {
            let Ok(before) = before else { continue };
            let after = outcome.after.balances[customer].expect("a balance");
            let entries = outcome.verdicts.iter().filter_map(|verdict| match verdict {
                Verdict::Accepted(accepted) => accepted.entry,
                _ => None,
            });
            let entries: Vec<_> = entries.filter(|entry| entry.customer == *customer).collect();
            let moved: i64 = entries.iter().map(|entry| entry.amount.cents()).sum();
            prop_assert_eq!(before.owed.cents() + moved, after.owed.cents());
            let versions: Vec<i64> = entries.iter().map(|entry| entry.version).collect();
            let expected: Vec<i64> = (before.version + 1..).take(entries.len()).collect();
            prop_assert_eq!(versions, expected);
        }
    }
}

// Keys and reversals.
proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_key_in_one_batch_has_one_effect(scenario in scenario_with_documents()) {
        let verdicts = scenario.run().verdicts;
        let mut effects: Vec<(&str, usize)> = Vec::new();
        for (index, (Parcel { key, .. }, verdict)) in
            scenario.parcels.iter().zip(&verdicts).enumerate()
        {
            let first = effects.iter().find(|(name, _)| name == key).map(|(_, index)| *index);
            match verdict {
                Verdict::Twin(twin) => prop_assert_eq!(Some(*twin), first),
                _ => prop_assert_eq!(None, first, "a twin was judged anew"),
            }
            if matches!(verdict, Verdict::Accepted(_)) {
                effects.push((key, index));
            }
        }
    }

    #[test]
    fn a_batch_sent_twice_over_has_one_effect(scenario in scenario_with_documents()) {
        // Under keys of their own, for what was refused may stand the second time.
        let once = scenario.run();
        let effects = scenario.parcels.iter().zip(&once.verdicts);
        let effects = effects.filter(|(_, verdict)| matches!(verdict, Verdict::Accepted(_)));
        let effects: Vec<Parcel> = effects.map(|(parcel, _)| parcel.clone()).collect();
        let parcels = [effects.clone(), effects].concat();
        let twice = Scenario { state: scenario.state, parcels }.run();
        same(&once.after, &twice.after)?;
        let count = twice.verdicts.len() / 2;
        let twins: Vec<Verdict> = (0..count).map(Verdict::Twin).collect();
        prop_assert_eq!(&twice.verdicts[count..], &twins[..]);
    }

    #[test]
    fn a_known_key_has_no_effect(scenario in scenario_with_documents()) {
        let mut state = scenario.state;
        state.known_keys = scenario.parcels.iter().map(|parcel| parcel.key.clone()).collect();
        let outcome = Scenario { state, parcels: scenario.parcels }.run();
        same(&outcome.before, &outcome.after)?;
        prop_assert!(outcome.verdicts.iter().all(|verdict| *verdict == Verdict::Known));
    }

    #[test]
    fn a_movement_is_undone_only_once(scenario in scenario()) {
        let outcome = scenario.run();
        let mut expected: BTreeSet<i64> = undone(&outcome.before);
        for undone in outcome.movements().iter().filter_map(|movement| movement.reverses) {
            prop_assert!(expected.insert(undone.0), "{undone} was undone twice");
        }
        prop_assert_eq!(undone(&outcome.after), expected);
    }
}

// Value.
proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_sum_of_the_movement_values_is_the_value_of_the_level(
        scenario in scenario_with_credits(),
    ) {
        for (before, movements, after) in scenario.run().histories() {
            let moved: i128 = movements.iter().map(|m| i128::from(m.value.cents())).sum();
            let (before, after) = (before.value.cents().into(), i128::from(after.value.cents()));
            prop_assert_eq!(i128::checked_add(before, moved), Some(after));
        }
    }

    #[test]
    fn no_value_is_negative_where_no_cost_is(scenario in scenario()) {
        for (before, movements, _) in scenario.run().histories() {
            let mut value = before.value;
            for movement in movements {
                value = value.checked_add(movement.value).expect("a value of 64 bits");
                prop_assert!(!value.is_negative());
            }
        }
    }

    #[test]
    fn an_empty_level_is_worth_nothing(scenario in scenario_with_credits()) {
        for (before, movements, _) in scenario.run().histories() {
            let mut value = before.value;
            for movement in movements {
                value = value.checked_add(movement.value).expect("a value of 64 bits");
                prop_assert!(movement.balance > Quantity::ZERO || value == Money::ZERO);
            }
        }
    }

    #[test]
    fn goods_sold_singly_take_all_their_value_with_them(
        units in 1_i64..=12,
        cents in 0_i64..=1_000,
    ) {
        let sales = (0..units).map(|_| sell(1)).collect();
        let parcels = vec![parcel("sale", Atomicity::Whole, sales)];
        let outcome = Scenario { state: stocked(units, cents), parcels }.run();
        let taken: i64 = outcome.movements().iter().map(|m| -m.value.cents()).sum();
        prop_assert_eq!(taken, cents);
        let fair = cents / units;
        for movement in accepted(&outcome.verdicts[0]) {
            prop_assert!((-movement.value.cents() - fair).abs() <= 1, "{movement:?}");
        }
    }
}

#[track_caller]
fn check(state: State, parcels: &[Parcel], expect: &[Verdict]) -> State {
    let mut after = state;
    assert_eq!(batch::decide(&mut after, parcels), expect);
    after
}

#[test]
fn a_refused_parcel_makes_no_twin_of_the_next_under_its_key() {
    let too_many = parcel("k", Atomicity::Whole, vec![sell(5)]);
    let few = parcel("k", Atomicity::Whole, vec![sell(1)]);
    let outcome = Scenario { state: stocked(3, 0), parcels: vec![too_many, few.clone(), few] };
    let outcome = outcome.run();
    assert_eq!(outcome.verdicts[0], Verdict::Refused(Refused::Lines(vec![(0, shortage(5, 3))])));
    assert!(matches!(outcome.verdicts[1], Verdict::Accepted(_)));
    assert_eq!(outcome.verdicts[2], Verdict::Twin(1));
    assert_eq!(levels(&outcome.after)[&key(1, 1)].on_hand, Quantity::units(2));
}

#[test]
fn a_parcel_without_lines_stands_for_nothing_in_it_falls() {
    for atomicity in [Atomicity::Whole, Atomicity::EachLine] {
        let empty = parcel("k", atomicity, Vec::new());
        let expect = [Verdict::Accepted(Accepted::default()), Verdict::Twin(0)];
        check(stocked(1, 0), &[empty.clone(), empty], &expect);
    }
}

#[test]
fn a_refusal_names_the_version_that_is_there_and_not_one_that_was_rolled_back() {
    let stale = Line { expected_version: Some(7), ..sell(1) };
    let parcels = [parcel("k", Atomicity::Whole, vec![sell(1), stale])];
    let fault = (1, Refusal::VersionMismatch { version: 0 });
    check(stocked(5, 0), &parcels, &[Verdict::Refused(Refused::Lines(vec![fault]))]);
}

#[test]
fn a_line_that_moves_no_goods_moves_no_value() {
    let worth_something = Valuation::Total(Money::from_cents(5));
    for change in [Change::By(Quantity::ZERO), Change::To(Quantity::ZERO)] {
        let nothing = Line { valuation: worth_something, ..line(key(1, 1), change) };
        let parcels = vec![parcel("k", Atomicity::Whole, vec![nothing])];
        let outcome = Scenario { state: stocked(0, 0), parcels }.run();
        assert_eq!(outcome.movements()[0].value, Money::ZERO);
    }
}

#[test]
fn a_count_beyond_every_range_is_too_large() {
    for target in [i64::MIN, i64::MAX, Quantity::MAX.thousandths() + 1] {
        let count = line(key(1, 1), Change::To(Quantity::from_thousandths(target)));
        let parcels = [parcel("k", Atomicity::Whole, vec![count])];
        let refused = Verdict::Refused(Refused::Lines(vec![(0, Refusal::TooLarge)]));
        let after = check(stocked(3, 0), &parcels, &[refused]);
        assert_eq!(levels(&after)[&key(1, 1)].updated_at, Timestamp(0));
    }
}
