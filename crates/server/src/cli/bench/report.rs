//! What a run says: a line per scenario while it runs, the table of goals at its end, and the
//! same as Markdown in a file that keeps one section per engine.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::goals::{Judged, Outcome, grouped};
use super::machine::Machine;
use super::measure::Measurement;
use super::{Engine, Figures, goals};

const TITLE: &str = "# Measured\n\nWritten by `stockroom bench`; each run replaces its engine's \
section. Every goal is a ratio to a yardstick of the same run, for absolute figures differ \
from machine to machine and from run to run.\n";

/// Collects a run.
#[derive(Debug)]
pub struct Report {
    engine: Engine,
    machine: Machine,
    rows: Vec<String>,
    notes: Vec<String>,
    /// What the goals are held against.
    pub figures: Figures,
}

impl Report {
    /// Begins, and prints what is measured on.
    pub fn begin(engine: Engine, machine: Machine) -> Self {
        println!("{}", machine.text());
        println!("{:<46} {:>12} {:>9} {:>9} {:>9}", "", "per second", "p50 ms", "p99 ms", "max ms");
        Self { engine, machine, rows: Vec::new(), notes: Vec::new(), figures: Figures::default() }
    }

    /// Adds a scenario or a yardstick.
    pub fn add(&mut self, name: &str, measured: &Measurement) {
        let rate = grouped(measured.per_second());
        let [p50, p99, max] =
            [50.0, 99.0, 100.0].map(|p| format!("{:.2}", measured.percentile_ms(p)));
        println!("{name:<46} {rate:>12} {p50:>9} {p99:>9} {max:>9}");
        self.rows.push(format!("| {name} | {rate} | {p50} | {p99} | {max} |"));
    }

    /// Adds a sentence: a check, or a figure that is no rate.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        println!("{text}");
        self.notes.push(text);
    }

    /// Prints the goals and returns the engine's section as Markdown.
    pub fn finish(&self) -> String {
        let judged = goals::judge(self.engine, &self.figures);
        println!();
        for goal in &judged {
            println!("{}", console_line(goal));
        }
        let missed = judged.iter().filter(|goal| goal.outcome == Outcome::Miss).count();
        let passed = judged.iter().filter(|goal| goal.outcome == Outcome::Pass).count();
        let summary = format!(
            "{passed} of {} goals reached, {missed} missed, {} not measured.",
            judged.len(),
            judged.len() - passed - missed
        );
        println!("{summary}");
        self.markdown(&judged, &summary)
    }

    fn markdown(&self, judged: &[Judged], summary: &str) -> String {
        let mut text = self.machine.markdown();
        text.push_str("\n| scenario | per second | p50 ms | p99 ms | max ms |\n");
        text.push_str("|---|---:|---:|---:|---:|\n");
        for row in &self.rows {
            text.push_str(row);
            text.push('\n');
        }
        text.push('\n');
        for note in &self.notes {
            text.push_str("- ");
            text.push_str(note);
            text.push('\n');
        }
        text.push_str("\n| goal | measured | result | wanted | |\n|---|---:|---:|---:|---|\n");
        for goal in judged {
            let Judged { name, values, result, goal: wanted, outcome } = goal;
            // Writing to a String cannot fail.
            let _ =
                writeln!(text, "| {name} | {values} | {result} | {wanted} | {} |", outcome.text());
        }
        let _ = writeln!(text, "\n{summary}");
        text
    }
}

fn console_line(goal: &Judged) -> String {
    let outcome = goal.outcome.text().replace('*', "");
    let values = if goal.values.is_empty() { String::new() } else { format!(" ({})", goal.values) };
    format!("{:<56} {:>9}  {:<9} {outcome}{values}", goal.name, goal.result, goal.goal)
}

/// Puts a run's section into the file, in place of the same engine's last one.
///
/// # Errors
/// The file cannot be read or written.
pub fn save(path: &Path, engine: Engine, section: &str) -> Result<()> {
    let old = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => TITLE.to_owned(),
        Err(error) => return Err(error).context(format!("{} cannot be read", path.display())),
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, replace_section(&old, engine.name(), section))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// The document with the section under `## heading` replaced, or added at its end.
fn replace_section(document: &str, heading: &str, section: &str) -> String {
    let title = format!("## {heading}");
    let mut text = String::with_capacity(document.len() + section.len());
    let mut inside = false;
    let mut written = false;
    for line in document.lines() {
        if line.starts_with("## ") {
            inside = line == title;
            if inside {
                let _ = write!(text, "{title}\n\n{}\n\n", section.trim());
                written = true;
            }
        }
        if !inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    if !written {
        let _ = write!(text, "\n{title}\n\n{}\n", section.trim());
    }
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::replace_section;

    #[test]
    fn a_section_is_added_and_later_replaced_alone() {
        let first = replace_section("# Measured\n", "SQLite", "one\n");
        assert_eq!(first, "# Measured\n\n## SQLite\n\none\n");
        let both = replace_section(&first, "PostgreSQL", "two\n\n### detail\n\nthree\n");
        assert_eq!(
            both,
            "# Measured\n\n## SQLite\n\none\n\n## PostgreSQL\n\ntwo\n\n### detail\n\nthree\n"
        );
        let again = replace_section(&both, "SQLite", "four");
        assert_eq!(
            again,
            "# Measured\n\n## SQLite\n\nfour\n\n## PostgreSQL\n\ntwo\n\n### detail\n\nthree\n"
        );
        let last = replace_section(&again, "PostgreSQL", "five");
        assert_eq!(last, "# Measured\n\n## SQLite\n\nfour\n\n## PostgreSQL\n\nfive\n");
    }
}
