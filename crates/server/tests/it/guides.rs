//! The guides say what the code says: settings, error codes, metrics, paths and links.
//!
//! Their commands are run by `script/docs`.

use std::collections::BTreeSet;
use std::path::Path;

use stockroom::config::SETTINGS;
use stockroom::error::ErrorCode;
use stockroom::events::kinds::KINDS;

use crate::support::{Engine, TestApp};
use crate::tidy::source::{files, read, root};

/// Every page for people.
fn pages() -> Vec<String> {
    let mut pages = files("docs", "md");
    let at_the_root = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];
    pages.extend(at_the_root.map(str::to_owned));
    pages.push("CHANGELOG.md".to_owned());
    pages
}

/// The cells of the tables of a page, row by row, without their code marks.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cell = |cell: &str| cell.trim().replace('`', "");
    let row = |line: &str| line.trim_matches('|').split('|').map(cell).collect();
    read(page).lines().filter(|line| line.starts_with('|')).map(row).collect()
}

#[test]
fn every_setting_is_described_with_its_default() {
    let rows = rows("docs/configuration.md");
    let described: Vec<&str> = rows.iter().skip(2).map(|row| row[0].as_str()).collect();
    let settings: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    let sorted = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(sorted(&described), sorted(&settings));
    for setting in SETTINGS {
        let row = rows.iter().find(|row| row[0] == setting.name).expect("a row");
        if let Some(default) = setting.default {
            assert_eq!(row[1], default, "{}", setting.name);
        }
    }
}

#[test]
fn every_flag_of_serve_is_described() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_stockroom"))
        .args(["serve", "--help"])
        .output()
        .expect("run");
    let help = String::from_utf8(output.stdout).expect("text");
    let flags = help.split_whitespace().filter(|word| word.starts_with("--"));
    let flags: BTreeSet<&str> = flags.map(|flag| flag.trim_end_matches([',', ']'])).collect();
    let page = read("docs/configuration.md");
    let missing: Vec<_> = flags
        .into_iter()
        .filter(|flag| *flag != "--help" && !page.contains(&format!("`{flag}`")))
        .filter(|flag| !page.contains(&format!("`{flag} ")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_error_code_is_described_with_its_status() {
    let described: Vec<(String, String)> = rows("docs/api.md")
        .into_iter()
        .filter(|row| row.len() == 3 && row[0].parse::<u16>().is_ok())
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let codes: Vec<(String, String)> = ErrorCode::ALL
        .iter()
        .map(|code| (code.status().to_string(), code.name().to_owned()))
        .collect();
    assert_eq!(described, codes);
}

#[tokio::test]
async fn every_metric_is_described() {
    let app = TestApp::start(Engine::Sqlite).await;
    let text = app.app.metrics.to_text().expect("metrics");
    let page = read("docs/operations.md");
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    for (name, kind) in names {
        let suffix = match kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let shown = format!("`{name}{suffix}`");
        assert!(page.contains(&shown), "docs/operations.md has no {shown}");
    }
}

/// In the table of them each stands by itself, or by its two halves: `product.…` and `created`.
#[test]
fn every_type_of_event_is_described() {
    let rows = rows("docs/orders.md");
    let is_there = |kind: &str| {
        let (word, what) = kind.split_once('.').expect("two words");
        rows.iter().filter(|row| row.len() == 2).any(|row| {
            let has =
                |cell: &str, text: &str| cell.split([' ', ',', ':', ';']).any(|part| part == text);
            has(&row[0], kind) || has(&row[0], &format!("{word}.…")) && has(&row[1], what)
        })
    };
    let missing: Vec<_> = KINDS.iter().filter(|kind| !is_there(kind)).collect();
    assert!(missing.is_empty(), "docs/orders.md has no {missing:?}");
}

#[test]
fn every_path_that_is_named_exists() {
    let document = serde_json::to_value(stockroom::router::document()).expect("JSON");
    let mut paths: BTreeSet<String> =
        document["paths"].as_object().expect("paths").keys().cloned().collect();
    paths.extend(["/api", "/api/docs", "/api/openapi.json"].map(str::to_owned));
    let mut unknown = Vec::new();
    for page in pages() {
        let text = read(&page);
        for (at, _) in text.match_indices("/api") {
            let before = text[..at].chars().next_back().unwrap_or(' ');
            let is_path = |c: char| c.is_ascii_alphanumeric() || "/_-{}.$".contains(c);
            let path: String = text[at..].chars().take_while(|c| is_path(*c)).collect();
            let path = path.trim_end_matches(['.', '/']);
            // A page of ours, such as docs/api.md, and what a shell puts together.
            let is_other = before.is_alphanumeric() || path.ends_with(".md") || path.contains('$');
            if !is_other && !paths.contains(path) {
                unknown.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let folder = Path::new(&page).parent().expect("a folder").to_owned();
        let text = read(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let is_here = !link.contains("://") && !file.is_empty();
            if is_here && !root().join(&folder).join(file).exists() {
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_changelog_says_what_is_new() {
    let text = read("CHANGELOG.md");
    let (_, unreleased) = text.split_once("## [Unreleased]").expect("what is unreleased");
    assert!(unreleased.contains("\n- "), "{unreleased}");
}

#[test]
fn files_that_the_architecture_names_exist() {
    let text = read("ARCHITECTURE.md");
    let map = text.split("## Code map").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = map.expect("a code map").lines().filter(|line| line.starts_with("| `"));
    let known: BTreeSet<String> = files("crates", "rs")
        .iter()
        .filter_map(|path| path.rsplit('/').next())
        .map(str::to_owned)
        .collect();
    for row in rows {
        for name in row.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs")) {
            let name = name.rsplit('/').next().unwrap_or(name);
            assert!(known.contains(name), "{name}: {row}");
        }
        let first = row.split('|').nth(1).unwrap_or_default();
        for folder in first.split('`').skip(1).step_by(2).filter(|name| name.ends_with('/')) {
            let folder = folder.replace("{sqlite,postgres}/", "");
            let places = ["crates/server/src", "crates/domain/src"];
            let exists = places.iter().any(|place| root().join(place).join(&folder).is_dir());
            assert!(exists, "{folder}: {row}");
        }
    }
}
