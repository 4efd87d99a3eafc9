//! How this code is built, held by a test: who may import whom, where SQL, the clock and axum
//! may stand, and how long things get. ARCHITECTURE.md gives the reasons.
//!
//! A rule is a function from a file to its faults. [`each_rule_sees_its_violation`] plants one
//! violation of each. An exception stands in a list here, with its reason, or does not exist.

use std::collections::BTreeSet;

#[path = "tidy/source.rs"]
pub mod source;

use source::{Source, files, read, sources};

/// What a file does wrong: the line, 0 for the whole, and what.
type Fault = (usize, String);
type Rule = fn(&Source) -> Vec<Fault>;

const RULES: &[(&str, Rule)] = &[
    ("imports", imports),
    ("domain", pure_domain),
    ("SQL", sql_in_its_place),
    ("ledger tables", ledger_tables),
    ("clock", one_clock),
    ("axum", axum_at_the_edge),
    ("panics", no_panics),
    ("length", length),
    ("module doc", module_doc),
    ("left over", nothing_left_over),
];

/// Slices and foundations, and which of our modules each may use. What is not here (`lib`,
/// `main`, `routes`, `cli`) puts the parts together and may use all of them.
const MAY_USE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("config", &[]),
    ("metrics", &[]),
    ("db", &[]),
    ("audit", &["clock", "db"]),
    // The audit log has its head in the same row as the event log.
    ("events", &["audit", "db"]),
    // The one place that turns what the ledger and HTTP say of themselves into codes.
    ("error", &["db", "ledger", "http"]),
    // The idempotency keys of `http::once` belong to a caller.
    ("rate_limit", &["config", "recent"]),
    (
        "http",
        &[
            "audit",
            "auth",
            "clock",
            "config",
            "db",
            "error",
            "events",
            "metrics",
            "rate_limit",
            "recent",
        ],
    ),
    (
        "auth",
        &["audit", "clock", "config", "db", "error", "events", "http", "rate_limit", "recent"],
    ),
    ("ledger", &["audit", "clock", "config", "db", "error", "events"]),
    ("accounts", &["audit", "auth", "clock", "config", "db", "error", "events", "http"]),
    ("audit_log", &["audit", "auth", "clock", "db", "error", "events", "http"]),
    ("event_log", &["auth", "clock", "error", "events", "http"]),
    ("live", &["auth", "clock", "error", "events", "http", "metrics", "rate_limit"]),
    ("workers", &["audit", "auth", "clock", "db", "error", "events", "http"]),
    ("alerts", &["auth", "db", "error", "events", "http"]),
    ("notify", &["auth", "config", "db", "error", "events", "http"]),
    ("operations", &["auth", "db", "error", "events", "http"]),
    ("webhooks", &["audit", "auth", "clock", "config", "db", "error", "events", "http"]),
    ("people", &["auth", "db", "error", "http", "ledger"]),
    ("orders", &["audit", "auth", "clock", "db", "error", "events", "http", "ledger", "together"]),
    ("catalog", &["audit", "auth", "clock", "db", "error", "events", "http"]),
    ("stores", &["auth", "clock", "db", "error", "events", "http"]),
    ("shop", &["auth", "db", "error", "events", "http"]),
    ("stock", &["audit", "auth", "clock", "db", "error", "events", "http", "ledger"]),
    ("system", &["auth", "clock", "db", "error", "http"]),
];

/// Edges from slice to slice: all of them, each with its reason.
const SLICE_TO_SLICE: &[(&str, &str)] = &[
    // A movement names its product by id, SKU or barcode, and a lot by its code.
    ("stock", "catalog"),
    // Tax rates are written as the catalogue writes them.
    ("shop", "catalog"),
    // A movement, a payment or an order may leave its store out where the caller can see only
    // one; an order is of a day of its store.
    ("stock", "stores"),
    ("people", "stores"),
    ("orders", "stores"),
    // Who may hear of an event, and how it is told, is one thing for all who follow.
    ("live", "event_log"),
    // A worker takes the goods of orders.
    ("workers", "orders"),
    // A stream tells people, and mail goes out.
    ("workers", "notify"),
    // A stream raises and clears alerts; they are of a day of their store, and the shop says how
    // many days before.
    ("workers", "alerts"),
    ("alerts", "stores"),
    ("shop", "alerts"),
    // One does what was taken on for later.
    ("workers", "operations"),
    // One sends events to other people's servers.
    ("workers", "webhooks"),
    // They are told what the event log shows, in its words.
    ("webhooks", "event_log"),
    // An order names its products and lots as a movement does.
    ("orders", "catalog"),
];

/// Modules that everything may name: the handle of the application, and macros.
const EVERYONES: &[&str] = &["App", "facts", "from_row", "on_db"];

/// Imports go downwards.
fn imports(source: &Source) -> Vec<Fault> {
    let Some(path) = source.in_server() else { return Vec::new() };
    let module = path.split(['/', '.']).next().unwrap_or(path);
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
        return Vec::new();
    };
    let is_allowed = |used: &str| {
        used == module
            || EVERYONES.contains(&used)
            || allowed.contains(&used)
            || SLICE_TO_SLICE.contains(&(module, used))
    };
    let said = |line: usize, used: &str| (line, format!("{module} may not use {used}"));
    let used = uses(&source.code);
    used.iter()
        .filter(|(_, used)| !is_allowed(used))
        .map(|(line, used)| said(*line, used))
        .collect()
}

/// Our modules that code names: `crate::x`, and the parts of `use crate::{x, y::z}`.
fn uses(code: &str) -> Vec<(usize, String)> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push((line, name(rest))),
            Some(list) => {
                let mut depth = 0;
                let parts = list.split(|c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth == 0 && c == ',' || depth < 0
                });
                // What follows the list's end is no part of it.
                let end = list.find(';').unwrap_or(list.len());
                let inside = |part: &&str| part.as_ptr() as usize - list.as_ptr() as usize <= end;
                let parts = parts.take_while(inside).map(name).filter(|name| !name.is_empty());
                found.extend(parts.map(|name| (line, name)));
            }
        }
    }
    found
}

/// The domain knows values alone.
fn pure_domain(source: &Source) -> Vec<Fault> {
    if !source.path.starts_with("crates/domain/src/") {
        return Vec::new();
    }
    let banned =
        ["std::time", "std::fs", "std::net", "std::env", "std::thread", "async ", ".await"];
    found(source, &banned, "the domain does no I/O, waits for nothing and reads no clock")
}

/// SQL stands in files named `sql.rs` or `…_sql.rs`, and in `db/`.
fn sql_in_its_place(source: &Source) -> Vec<Fault> {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    let is_place = name == "sql.rs" || name.ends_with("_sql.rs") || is_in(source, "db/");
    if is_place || source.is_test() {
        return Vec::new();
    }
    let begins_statement = |text: &str| {
        const STATEMENTS: [&str; 12] = [
            "SELECT ",
            "INSERT INTO ",
            "UPDATE ",
            "DELETE FROM ",
            "WITH ",
            "CREATE ",
            "ALTER ",
            "DROP ",
            "TRUNCATE ",
            "SET LOCAL ",
            "BEGIN ",
            "PRAGMA ",
        ];
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
        STATEMENTS.iter().any(|statement| text.starts_with(statement))
    };
    let texts = source.strings.iter().filter(|(_, text)| begins_statement(text));
    let mut faults: Vec<Fault> =
        texts.map(|(line, _)| (*line, "SQL outside of sql.rs and db/".to_owned())).collect();
    // The yardsticks of the bench are programs of their own, but for their texts.
    if !is_in(source, "cli/bench/yardsticks/") {
        faults.extend(found(source, &["sqlx::query"], "a statement is run outside of sql.rs"));
    }
    faults
}

/// Movements are only ever inserted, and only the ledger writes levels.
fn ledger_tables(source: &Source) -> Vec<Fault> {
    // The bench empties and fills a database of its own; its yardsticks are other programs.
    if source.is_test() || is_in(source, "cli/bench/") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (line, text) in &source.strings {
        let words: Vec<&str> = text.split_whitespace().collect();
        let has = |statement: &[&str]| words.windows(statement.len()).any(|w| w == statement);
        if has(&["UPDATE", "stock_movements"]) || has(&["DELETE", "FROM", "stock_movements"]) {
            faults.push((*line, "a movement is never changed".to_owned()));
        }
        let writes_levels = has(&["UPDATE", "stock_levels"])
            || has(&["INSERT", "INTO", "stock_levels"])
            || has(&["DELETE", "FROM", "stock_levels"]);
        let ledgers = ["ledger/sql.rs", "ledger/write_sql.rs", "ledger/write_postgres_sql.rs"];
        let is_ledger = ledgers.iter().any(|file| is_in(source, file));
        if writes_levels && !is_ledger {
            faults.push((*line, "only the ledger writes levels".to_owned()));
        }
    }
    faults
}

/// Only `clock.rs` asks what time it is.
fn one_clock(source: &Source) -> Vec<Fault> {
    // The bench measures, and tokio's timer bounds how long a body may take. The queue's leases go
    // by that timer, too.
    let is_excepted = ["clock.rs", "cli/bench/", "http/body.rs"].iter().any(|p| is_in(source, p))
        || source.path.starts_with("crates/queue/");
    if is_excepted || source.is_test() {
        return Vec::new();
    }
    let words = ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"];
    found(source, &words, "the time comes from app.clock, or from clock::monotonic")
}

/// axum ends where the slices begin.
fn axum_at_the_edge(source: &Source) -> Vec<Fault> {
    let Some(path) = source.in_server() else { return Vec::new() };
    // Stock has several files of handlers; of them, only `many.rs` makes a response itself.
    let edge = [
        "http/",
        "router.rs",
        "routes.rs",
        "cli/serve.rs",
        "auth/extract.rs",
        "auth/page/",
        "stock/many.rs",
    ];
    if edge.iter().any(|place| is_in(source, place)) || path.ends_with("/http.rs") {
        return Vec::new();
    }
    found(source, &["axum"], "axum is for the edge: http/, http.rs, routes.rs")
}

/// What is shipped does not panic over what it did not expect.
fn no_panics(source: &Source) -> Vec<Fault> {
    // The bench is a tool that ends where something is wrong; the settings' defaults are
    // constants, and a test reads them; a lease loses its connection only to what consumes it,
    // so that no reference can find it gone.
    let excepted = ["cli/bench/", "config.rs", "db/lease.rs", "db/open.rs"];
    let is_excepted = excepted.iter().any(|place| is_in(source, place));
    if is_excepted || source.is_test() {
        return Vec::new();
    }
    found(source, &[".unwrap()", ".expect(", "panic!("], "an error is an answer, not a panic")
}

/// 500 lines a file, 100 columns a line (comments and texts included).
fn length(source: &Source) -> Vec<Fault> {
    const LINES_MAX: usize = 500;
    const COLUMNS_MAX: usize = 100;
    let mut faults = Vec::new();
    let lines = source.text.lines().count();
    if lines > LINES_MAX {
        faults.push((0, format!("{lines} lines, {LINES_MAX} are the limit: split it")));
    }
    let long = |line: &str| line.chars().count() > COLUMNS_MAX;
    let long = source.text.lines().enumerate().filter(|(_, line)| long(line));
    faults.extend(long.map(|(index, _)| (index + 1, format!("over {COLUMNS_MAX} columns"))));
    faults
}

/// Each file says first what it is.
fn module_doc(source: &Source) -> Vec<Fault> {
    if source.text.starts_with("//! ") { Vec::new() } else { vec![(1, "no module doc".to_owned())] }
}

/// Nothing is put off, and no test is switched off.
fn nothing_left_over(source: &Source) -> Vec<Fault> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
    let lines = source.text.lines().enumerate();
    let mut faults: Vec<Fault> = lines
        .filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)))
        .map(|(index, _)| (index + 1, "something is put off".to_owned()))
        .collect();
    faults.extend(found(source, &["#[ignore"], "a test is switched off"));
    faults
}

/// Whether a file of the server is `place`, or lies in it where it ends in `/`.
fn is_in(source: &Source, place: &str) -> bool {
    source.in_server().is_some_and(|path| match place.ends_with('/') {
        true => path.starts_with(place),
        false => path == place,
    })
}

fn found(source: &Source, words: &[&str], fault: &str) -> Vec<Fault> {
    let lines = words.iter().flat_map(|word| source.lines_with(word));
    lines.map(|line| (line, fault.to_owned())).collect()
}

#[test]
fn the_code_keeps_every_rule() {
    let mut faults = Vec::new();
    for source in sources() {
        for (name, rule) in RULES {
            let path = &source.path;
            faults.extend(
                rule(&source).iter().map(|(line, f)| format!("{path}:{line}: {name}: {f}")),
            );
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The rules that `text` breaks as the file `path`.
fn broken(path: &str, text: &str) -> Vec<&'static str> {
    let source = Source::new(path, text);
    RULES.iter().filter(|(_, rule)| !rule(&source).is_empty()).map(|(name, _)| *name).collect()
}

#[test]
fn each_rule_sees_its_violation() {
    let check = |path: &str, code: &str, expect: &[&str]| {
        let path = format!("crates/{path}");
        assert_eq!(broken(&path, &format!("//! A file.\n{code}\n")), expect, "{path}: {code}");
    };
    check("server/src/db/mod.rs", "use crate::stock::levels;", &["imports"]);
    check("server/src/ledger/sql.rs", "use crate::{db, clock::{self, Clock}};", &[]);
    check(
        "server/src/ledger/sql.rs",
        "use crate::{db, clock::{self, Clock}, stock};",
        &["imports"],
    );
    check("server/src/stock/post.rs", "fn f() { crate::catalog::find(); }", &[]);
    check("server/src/catalog/list.rs", "fn f() { crate::stock::find(); }", &["imports"]);
    check("server/src/routes.rs", "use crate::{auth, stock};", &[]);
    check("domain/src/stock.rs", "use std::time::Instant;", &["domain"]);
    check("domain/src/stock.rs", "pub async fn decide() {}", &["domain"]);
    check("server/src/stock/levels.rs", "const A: &str = \"\n  SELECT 1\";", &["SQL"]);
    check("server/src/stock/levels.rs", "const A: &str = r#\"UPDATE x SET y = 1\"#;", &["SQL"]);
    check("server/src/stock/levels.rs", "fn f() { sqlx::query(text); }", &["SQL"]);
    check(
        "server/src/stock/levels.rs",
        "// SELECT is for sql.rs\nconst A: &str = \"Selected\";",
        &[],
    );
    check("server/src/stock/level_sql.rs", "const A: &str = \"SELECT 1\";", &[]);
    let change = "const A: &str = \"UPDATE stock_movements SET note = $1\";";
    check("server/src/ledger/sql.rs", change, &["ledger tables"]);
    let change = "const A: &str = \"DELETE FROM\n stock_levels\";";
    check("server/src/stock/sql.rs", change, &["ledger tables"]);
    check("server/src/auth/sessions.rs", "fn f() { Instant::now(); }", &["clock"]);
    check("server/src/auth/sessions.rs", "fn f() { jiff::Timestamp::now(); }", &["clock"]);
    check("server/src/auth/sessions.rs", "use axum::response::Response;", &["axum"]);
    check("server/src/auth/http.rs", "use axum::response::Response;", &[]);
    check("server/src/auth/sessions.rs", "fn f() { g().expect(\"\"); }", &["panics"]);
    check(
        "server/src/auth/sessions.rs",
        "#[cfg(test)]\nmod tests { fn f() { g().unwrap(); } }",
        &[],
    );
    check("server/src/auth/sessions.rs", &"\n".repeat(500), &["length"]);
    check("server/src/auth/sessions.rs", &format!("// {}", "é".repeat(98)), &["length"]);
    check("server/src/auth/sessions.rs", concat!("// TO", "DO: later"), &["left over"]);
    check("server/tests/it/auth.rs", concat!("#[", "ignore]\nfn f() {}"), &["left over"]);
    assert_eq!(broken("crates/domain/src/a.rs", "fn f() {}"), ["module doc"]);
}

#[test]
fn the_reader_tells_code_from_text() {
    let check = |text: &str, code: &str, strings: &[&str]| {
        let source = Source::new("a.rs", text);
        let found: Vec<&str> = source.strings.iter().map(|(_, text)| &**text).collect();
        assert_eq!((&*source.code, &*found), (code, strings), "{text}");
    };
    check("a /* b \n */ c // d", "a \n c ", &[]);
    check(r#"f("a \" // b", 'x')"#, r#"f("", )"#, &[r#"a \" // b"#]);
    check("r#\"a \"b\" c\"# + br\"d\"", "\"\" + \"\"", &["a \"b\" c", "d"]);
    check(r"('\'', '\\', '\u{1}', &'a b)", "(, , , &'a b)", &[]);
    check("for x in 'l: loop {}", "for x in 'l: loop {}", &[]);
}

#[test]
fn the_domain_depends_on_nothing_that_acts() {
    let manifest = read("crates/domain/Cargo.toml");
    let (_, dependencies) = manifest.split_once("[dependencies]").expect("dependencies");
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    let names = dependencies
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim()));
    assert_eq!(names.collect::<Vec<_>>(), ["serde"]);
}

#[test]
fn every_migration_is_there_for_both_engines() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = format!("crates/server/migrations/{engine}/");
        files(&folder, "sql").iter().map(|path| path.replace(&folder, "")).collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert_eq!(sqlite, postgres);
    let steps = read("crates/server/src/db/migrate.rs");
    for (index, name) in sqlite.iter().enumerate() {
        let number = index + 1;
        assert!(name.starts_with(&format!("{number:04}_")), "{name} is not number {number}");
        let step = format!("step!({number}, \"{}\")", name.trim_end_matches(".sql"));
        assert!(steps.contains(&step), "db/migrate.rs has no {step}");
    }
}
