//! `stockroom demo`: fills an empty database with an invented chain of pet shops.
//!
//! The same seed gives the same data: [`catalogue`] and [`products`] are constant, [`history`]
//! makes up ninety days that end now, [`shop`] writes what movements point to, and [`post`]
//! puts the history to the real ledger. Only the passwords are drawn anew. The shop is marked
//! as a demo before its first row, and as whole after its last: what was interrupted in
//! between is never taken for a shop.

pub mod catalogue;
pub mod history;
pub mod people;
pub mod plan;
pub mod post;
pub mod products;
mod random;
pub mod shelves;
pub mod shop;
mod sql;
pub mod story;
pub mod supply;

use std::io::Write as _;

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use stockroom_domain::Timestamp;

use super::Common;
use crate::auth::Auth;
use crate::clock::{Clock, Rfc3339};
use crate::db::{self, DatabaseUrl, Db};
use crate::events;
use crate::events::tail::Tail;
use crate::ledger::{Ledger, LedgerMetrics, LedgerSettings};
use history::History;
use people::Person;
use sql::Holds;

/// Makes a demo shop.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stockroom demo --database sqlite://data/demo.db\n  \
    stockroom serve --database sqlite://data/demo.db\n\n\
    The database must be empty: a shop's own data is never touched. Who can sign in is printed\n\
    once, at the end.")]
pub struct Demo {
    #[command(flatten)]
    common: Common,
    /// The same number makes the same shop
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Demo {
    /// Runs the command.
    ///
    /// # Errors
    /// The database holds something, or cannot be used: one line that says what to do.
    pub async fn run(self) -> anyhow::Result<()> {
        let config = self.common.load(Vec::new())?;
        let url: DatabaseUrl = config.database.expose().parse()?;
        let _lock = url.lock()?;
        let db = super::open(&config).await?;
        let made = self.make(&db, &url).await;
        db.close().await;
        print(&made?)
    }

    async fn make(&self, db: &Db, url: &DatabaseUrl) -> anyhow::Result<Made> {
        // Before the schema is touched: it may be an earlier version's, with a shop in it.
        refuse_unless_empty(sql::holds(db).await?, url)?;
        fill(db, self.seed, Clock::System.now()).await
    }
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// Who can sign in.
    pub people: Vec<Person>,
    /// How many movements were posted.
    pub movements: usize,
}

/// Fills an empty database with a demo shop that ends at `end`; makes its schema if needed.
///
/// # Errors
/// The database holds something, or fails; then what was begun is marked as half a demo.
pub async fn fill(db: &Db, seed: u64, end: Timestamp) -> anyhow::Result<Made> {
    let zone = TimeZone::get(catalogue::TIME_ZONE)
        .context("this machine knows no time zones: install its tzdata package")?;
    let history = history::generate(seed, end, &zone)?;
    let first = history.parcels.first().context("the history is empty")?.at;
    // The shop is there before anything happens in it.
    let clock = Clock::manual(first.plus_seconds(-3_600));
    db::migrate(db).await?;
    events::ensure_partitions(db).await?;
    let Some(ids) = shop::write(db, &history, seed, clock.now()).await? else {
        bail!("the database is not empty: nothing was changed");
    };
    let people = people::add(&Auth::that_signs_nothing(db.clone(), clock.clone())).await?;
    // The ledger makes the partitions of the story's months by itself, as its clock comes by.
    let (settings, metrics) = (LedgerSettings::default(), LedgerMetrics::default());
    let ledger = Ledger::start(db, &clock, settings, metrics, &Tail::new(db.clone()));
    let bar = progress_bar(&history);
    let actors = people::actors(&people);
    let progress = |movements: usize| bar.inc(movements as u64);
    let posted = post::post(&ledger, &clock, &history, &ids, &actors, progress).await;
    ledger.close().await;
    bar.finish_and_clear();
    posted?;
    let mut tx = db.begin().await?;
    sql::claim_setting(&mut tx, sql::MARK_COMPLETE, &Rfc3339(end).to_string()).await?;
    tx.commit().await?;
    Ok(Made { people, movements: history.movements() })
}

/// A demo goes only where nothing is.
fn refuse_unless_empty(holds: Holds, url: &DatabaseUrl) -> anyhow::Result<()> {
    let reset = match url {
        DatabaseUrl::Sqlite(path) => {
            let path = path.display();
            format!("delete {path}, {path}-wal and {path}-shm")
        }
        DatabaseUrl::Postgres(_) => "drop the database and create it again".to_owned(),
    };
    match holds {
        Holds::Nothing => Ok(()),
        Holds::Demo => bail!("there is a demo shop already; to make another one, {reset}"),
        Holds::HalfDemo => bail!(
            "the making of the demo shop in this database was interrupted: {reset}, \
             then run this again"
        ),
        Holds::Shop => bail!(
            "the database holds a shop already, and nothing was changed: name an empty one with \
             --database, as in sqlite://data/demo.db"
        ),
    }
}

/// Shown on a terminal only.
fn progress_bar(history: &History) -> ProgressBar {
    let bar = ProgressBar::new(history.movements() as u64);
    let template = "Ninety days of sales {wide_bar} {human_pos} of {human_len} movements, {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Tells who can sign in, this once.
fn print(made: &Made) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "The demo shop is ready: {} stores, {} products, {} movements over {} days.",
        catalogue::STORES.len(),
        products::PRODUCTS.len(),
        HumanCount(made.movements as u64),
        history::DAYS,
    )?;
    writeln!(out, "\n{}\nThe passwords are shown only this once.", sign_ins(&made.people))?;
    Ok(out.flush()?)
}

/// The users as a table.
fn sign_ins(people: &[Person]) -> String {
    let head = ["Role", "Username", "Password", "Stores"].map(str::to_owned);
    let rows = people.iter().map(|person| {
        let stores = person.stores.as_ref().map_or("all".to_owned(), |codes| codes.join(", "));
        [person.role.name().to_owned(), person.username.clone(), person.password.clone(), stores]
    });
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let line = |row: &[String; 4]| {
        let [role, username, password, stores] = row;
        let (a, b, c) = (width(0), width(1), width(2));
        format!("  {role:a$}  {username:b$}  {password:c$}  {stores}\n")
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::PoolSizes;

    struct Shop {
        db: Db,
        url: DatabaseUrl,
        _folder: tempfile::TempDir,
    }

    async fn empty() -> Shop {
        let folder = tempfile::tempdir().expect("a folder");
        let url = DatabaseUrl::Sqlite(folder.path().join("demo.db"));
        let sizes = PoolSizes { requests: 2, ledger: 1 };
        let db = db::connect(&url, sizes).await.expect("a database");
        Shop { db, url, _folder: folder }
    }

    async fn refusal(shop: &Shop) -> String {
        let holds = sql::holds(&shop.db).await.expect("an answer");
        let said = refuse_unless_empty(holds, &shop.url).expect_err("a refusal").to_string();
        assert!(!said.contains('\n'), "{said}");
        said
    }

    #[tokio::test]
    async fn somebody_s_shop_is_left_alone() {
        let shop = empty().await;
        assert_eq!(sql::holds(&shop.db).await.expect("an answer"), Holds::Nothing);
        db::migrate(&shop.db).await.expect("a schema");
        assert_eq!(sql::holds(&shop.db).await.expect("an answer"), Holds::Nothing);
        let mut tx = shop.db.begin().await.expect("a transaction");
        sql::insert_store(&mut tx, &catalogue::STORES[0], Timestamp(1)).await.expect("a store");
        tx.commit().await.expect("a commit");
        let said = refusal(&shop).await;
        assert!(said.contains("holds a shop already, and nothing was changed"), "{said}");
        let said = fill(&shop.db, 1, Clock::System.now()).await.expect_err("a refusal");
        assert_eq!(said.to_string(), "the database is not empty: nothing was changed");
        assert_eq!(sql::holds(&shop.db).await.expect("an answer"), Holds::Shop);
    }

    #[tokio::test]
    async fn half_a_demo_is_never_taken_for_a_shop() {
        let shop = empty().await;
        db::migrate(&shop.db).await.expect("a schema");
        let mut tx = shop.db.begin().await.expect("a transaction");
        sql::claim_setting(&mut tx, sql::MARK, "1").await.expect("a mark");
        tx.commit().await.expect("a commit");
        let said = refusal(&shop).await;
        assert!(said.contains("was interrupted: delete "), "{said}");
        assert!(fill(&shop.db, 1, Clock::System.now()).await.is_err());
        assert_eq!(sql::holds(&shop.db).await.expect("an answer"), Holds::HalfDemo);
    }

    #[tokio::test]
    async fn who_can_sign_in_stands_in_a_table() {
        let shop = empty().await;
        db::migrate(&shop.db).await.expect("a schema");
        let mut tx = shop.db.begin().await.expect("a transaction");
        for store in &catalogue::STORES {
            sql::insert_store(&mut tx, store, Timestamp(1)).await.expect("a store");
        }
        tx.commit().await.expect("a commit");
        let people = people::add(&Auth::that_signs_nothing(shop.db.clone(), Clock::System)).await;
        let people = people.expect("people");
        let table = sign_ins(&people);
        assert_eq!(table.lines().count(), 5, "{table}");
        for person in &people {
            let line = table.lines().find(|line| line.contains(&person.username));
            assert!(line.is_some_and(|line| line.contains(&person.password)), "{table}");
        }
        assert!(table.contains("BER, HAM"), "{table}");
        let actors = people::actors(&people);
        let names = |actors: &[post::Actor]| -> Vec<String> {
            actors.iter().map(|actor| actor.username.to_string()).collect()
        };
        assert_eq!(names(&actors.tills), ["demo-staff", "demo-manager", "demo-admin"]);
        assert_eq!(names(&actors.offices), ["demo-manager", "demo-manager", "demo-admin"]);
    }
}
