//! What is to be reached: the table of goals, and how a run is held against it.
//!
//! Absolute figures move by tens of percent from run to run, so almost every goal is a ratio
//! to a yardstick that ran beside it. Every row that applies to the engine is always printed,
//! also the missed ones and those that could not be measured.

use std::collections::BTreeMap;

use super::Engine;

/// Something that a run measures. Rates are per second, latencies in ms, memory in MB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// One sale a request, random keys.
    RandomSales,
    /// T5 on random keys: one transaction of five statements per sale, without HTTP.
    RandomT5,
    /// T1 on random keys: the same as one statement.
    RandomT1,
    /// One sale a request, all of one product in one store.
    HotSales,
    /// T5 on one level.
    HotT5,
    /// T1 on one level.
    HotT1,
    /// 99th percentile of [`Figure::HotSales`].
    HotP99,
    /// 99th percentile of [`Figure::HotT5`].
    HotT5P99,
    /// Movements through `/api/stock/movements`, 1,000 a request.
    BulkMovements,
    /// B: raw batched statements of 1,000 movements.
    RawBatches,
    /// Levels read by key over HTTP.
    LevelReads,
    /// The same, answered from the cache.
    CachedReads,
    /// Levels read by key straight from the database.
    PointReads,
    /// Levels as of a random past instant, over HTTP, at 10 million movements.
    AsOfReads,
    /// Levels as of now, over HTTP, at 10 million movements.
    CurrentReads,
    /// Orders accepted and confirmed.
    Orders,
    /// Orders, one transaction per job.
    OrdersOneByOne,
    /// 99th percentile from an event to its arrival at a listener.
    LiveP99,
    /// Sales a second before any history was made.
    PostingAtNone,
    /// Sales a second at 10 million movements.
    PostingAtHistory,
    /// Two nodes ÷ one, median of pairs.
    TwoNodes,
    /// Memory of a server that has just started.
    MemoryIdle,
    /// The most memory that a server took under load.
    MemoryLoad,
    /// From the start of a server to its first answer, in seconds.
    FirstAnswer,
}

/// What was measured, and why what was not was not.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    values: BTreeMap<Figure, f64>,
    missing: BTreeMap<Figure, String>,
}

impl Figures {
    /// Notes a value.
    pub fn set(&mut self, figure: Figure, value: f64) {
        self.values.insert(figure, value);
    }

    /// Notes why there is no value.
    pub fn miss(&mut self, figure: Figure, reason: impl Into<String>) {
        self.missing.insert(figure, reason.into());
    }

    /// The value, or why there is none.
    fn get(&self, figure: Figure) -> Result<f64, String> {
        match (self.values.get(&figure), self.missing.get(&figure)) {
            (Some(value), _) => Ok(*value),
            (None, Some(reason)) => Err(reason.clone()),
            (None, None) => Err("not measured in this run".to_owned()),
        }
    }
}

/// What a goal looks at.
#[derive(Clone, Copy, Debug)]
enum Subject {
    /// The first divided by the second.
    Ratio(Figure, Figure),
    /// A figure by itself, in this unit.
    Plain(Figure, &'static str),
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
struct Goal {
    name: &'static str,
    /// Both engines where `None`.
    engine: Option<Engine>,
    subject: Subject,
    bound: Bound,
}

const PG: Option<Engine> = Some(Engine::Postgres);
const LITE: Option<Engine> = Some(Engine::Sqlite);

const fn ratio(
    engine: Option<Engine>,
    name: &'static str,
    ours: Figure,
    yardstick: Figure,
    bound: Bound,
) -> Goal {
    Goal { name, engine, subject: Subject::Ratio(ours, yardstick), bound }
}

const fn plain(
    engine: Option<Engine>,
    name: &'static str,
    figure: Figure,
    unit: &'static str,
    bound: Bound,
) -> Goal {
    Goal { name, engine, subject: Subject::Plain(figure, unit), bound }
}

/// Every goal of the design's performance page, in its order.
const GOALS: &[Goal] = {
    use Bound::{AtLeast, AtMost};
    use Figure as F;
    &[
        ratio(PG, "random keys: ours ÷ T5", F::RandomSales, F::RandomT5, AtLeast(1.8)),
        ratio(PG, "random keys: ours ÷ T1", F::RandomSales, F::RandomT1, AtLeast(0.8)),
        ratio(PG, "hot product: ours ÷ T5", F::HotSales, F::HotT5, AtLeast(12.0)),
        ratio(PG, "hot product: ours ÷ T1", F::HotSales, F::HotT1, AtLeast(7.0)),
        ratio(PG, "hot p99: ours ÷ T5", F::HotP99, F::HotT5P99, AtMost(0.125)),
        ratio(None, "hot ÷ random of our own", F::HotSales, F::RandomSales, AtLeast(1.0)),
        ratio(
            LITE,
            "random keys: ours ÷ one transaction per sale",
            F::RandomSales,
            F::RandomT5,
            AtLeast(2.0),
        ),
        ratio(
            LITE,
            "hot product: ours ÷ one transaction per sale",
            F::HotSales,
            F::HotT5,
            AtLeast(4.0),
        ),
        ratio(
            None,
            "`/api/stock/movements` of 1,000 lines ÷ B of 1,000",
            F::BulkMovements,
            F::RawBatches,
            AtLeast(0.6),
        ),
        ratio(None, "level read ÷ raw point read", F::LevelReads, F::PointReads, AtLeast(0.4)),
        ratio(
            None,
            "level read from the cache ÷ raw point read",
            F::CachedReads,
            F::PointReads,
            AtLeast(0.7),
        ),
        ratio(
            None,
            "`as_of` ÷ current read, at 10 million movements",
            F::AsOfReads,
            F::CurrentReads,
            AtLeast(0.5),
        ),
        ratio(
            None,
            "orders accepted and confirmed ÷ one transaction per job",
            F::Orders,
            F::OrdersOneByOne,
            AtLeast(4.0),
        ),
        ratio(
            None,
            "posting at 10 million movements ÷ at none",
            F::PostingAtHistory,
            F::PostingAtNone,
            AtLeast(0.9),
        ),
        plain(
            None,
            "event → WebSocket, p99 at 1,000/s to 201 listeners",
            F::LiveP99,
            " ms",
            AtMost(100.0),
        ),
        plain(PG, "two nodes ÷ one (median of 5 pairs)", F::TwoNodes, "", AtLeast(0.9)),
        plain(None, "memory idle", F::MemoryIdle, " MB", AtMost(60.0)),
        plain(None, "memory at full load", F::MemoryLoad, " MB", AtMost(250.0)),
        plain(None, "first answer after start", F::FirstAnswer, " s", AtMost(1.0)),
    ]
};

/// How a goal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Reached.
    Pass,
    /// Not reached.
    Miss,
    /// Not measured, and why.
    NotApplicable(String),
}

/// A goal held against a run.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What is compared.
    pub name: &'static str,
    /// The two figures, for people; empty where there is only one.
    pub values: String,
    /// The ratio or the figure.
    pub result: String,
    /// What it should be.
    pub goal: String,
    /// How it stands.
    pub outcome: Outcome,
}

/// Holds all goals of an engine against what was measured.
pub fn judge(engine: Engine, figures: &Figures) -> Vec<Judged> {
    let applies = |goal: &&Goal| goal.engine.is_none_or(|only| only == engine);
    GOALS.iter().filter(applies).map(|goal| judge_one(goal, figures)).collect()
}

fn judge_one(goal: &Goal, figures: &Figures) -> Judged {
    let unit = match goal.subject {
        Subject::Ratio(..) => "",
        Subject::Plain(_, unit) => unit,
    };
    let (wanted, reached): (String, fn(f64, f64) -> bool) = match goal.bound {
        Bound::AtLeast(bound) => (format!("≥ {bound}{unit}"), |value, bound| value >= bound),
        Bound::AtMost(bound) => (format!("≤ {bound}{unit}"), |value, bound| value <= bound),
    };
    let (Bound::AtLeast(bound) | Bound::AtMost(bound)) = goal.bound;
    let judged = |values: String, result: String, outcome: Outcome| Judged {
        name: goal.name,
        values,
        result,
        goal: wanted.clone(),
        outcome,
    };
    let measured = match goal.subject {
        Subject::Plain(figure, _) => figures.get(figure).map(|value| (value, String::new())),
        Subject::Ratio(ours, yardstick) => figures
            .get(ours)
            .and_then(|ours| Ok((ours, figures.get(yardstick)?)))
            .map(|(ours, yardstick)| {
                (ours / yardstick, format!("{} ÷ {}", grouped(ours), grouped(yardstick)))
            }),
    };
    match measured {
        Err(reason) => judged(String::new(), "–".to_owned(), Outcome::NotApplicable(reason)),
        Ok((value, _)) if !value.is_finite() => {
            let reason = "the yardstick did nothing".to_owned();
            judged(String::new(), "–".to_owned(), Outcome::NotApplicable(reason))
        }
        Ok((value, values)) => {
            let outcome = if reached(value, bound) { Outcome::Pass } else { Outcome::Miss };
            judged(values, format!("{}{unit}", short(value)), outcome)
        }
    }
}

impl Outcome {
    /// For the table.
    pub fn text(&self) -> String {
        match self {
            Self::Pass => "pass".to_owned(),
            Self::Miss => "**MISS**".to_owned(),
            Self::NotApplicable(reason) => format!("n/a: {reason}"),
        }
    }
}

/// `12345.6` as `12,346`; small figures with two decimals.
pub fn grouped(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A ratio with as many decimals as it deserves.
fn short(value: f64) -> String {
    if value >= 10.0 { format!("{value:.1}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(engine: Engine, figures: &Figures, name: &str) -> Judged {
        let found = judge(engine, figures).into_iter().find(|row| row.name.starts_with(name));
        found.expect("the goal is in the table")
    }

    #[test]
    fn a_ratio_passes_at_its_bound_and_misses_below() {
        let mut figures = Figures::default();
        figures.set(Figure::RandomT5, 10_000.0);
        figures.set(Figure::RandomSales, 18_000.0);
        let passed = row(Engine::Postgres, &figures, "random keys: ours ÷ T5");
        assert_eq!(passed.outcome, Outcome::Pass);
        assert_eq!(passed.values, "18,000 ÷ 10,000");
        assert_eq!((passed.result.as_str(), passed.goal.as_str()), ("1.800", "≥ 1.8"));

        figures.set(Figure::RandomSales, 17_999.0);
        let missed = row(Engine::Postgres, &figures, "random keys: ours ÷ T5");
        assert_eq!(missed.outcome, Outcome::Miss);
    }

    #[test]
    fn latency_memory_and_time_have_upper_bounds() {
        let mut figures = Figures::default();
        figures.set(Figure::HotP99, 5.0);
        figures.set(Figure::HotT5P99, 39.9);
        figures.set(Figure::MemoryIdle, 60.1);
        figures.set(Figure::FirstAnswer, 0.3);
        let of = |name| row(Engine::Postgres, &figures, name).outcome;
        assert_eq!(of("hot p99"), Outcome::Miss);
        assert_eq!(of("memory idle"), Outcome::Miss);
        assert_eq!(of("first answer"), Outcome::Pass);
    }

    #[test]
    fn what_was_not_measured_says_why() {
        let mut figures = Figures::default();
        figures.miss(Figure::CachedReads, "there is no cache yet");
        figures.set(Figure::PointReads, 50_000.0);
        let cached = row(Engine::Sqlite, &figures, "level read from the cache");
        assert_eq!(cached.outcome.text(), "n/a: there is no cache yet");
        let orders = row(Engine::Sqlite, &figures, "orders");
        assert_eq!(orders.outcome.text(), "n/a: not measured in this run");
    }

    #[test]
    fn each_engine_has_its_own_rows_and_the_common_ones() {
        let figures = Figures::default();
        let count = |engine| judge(engine, &figures).len();
        assert_eq!(count(Engine::Postgres), 17);
        assert_eq!(count(Engine::Sqlite), 13);
    }

    #[test]
    fn figures_are_grouped_by_thousands() {
        assert_eq!(grouped(1_234_567.4), "1,234,567");
        assert_eq!(grouped(999.9), "1,000");
        assert_eq!(grouped(123.0), "123");
        assert_eq!(grouped(5.25), "5.25");
    }
}
