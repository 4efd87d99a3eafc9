//! What a run was measured on: without it no figure means anything.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::clock::Clock;

/// How many flushes are timed.
const FLUSHES: usize = 200;

/// Machine, versions, command.
#[derive(Clone, Debug)]
pub struct Machine {
    lines: Vec<(&'static str, String)>,
}

impl Machine {
    /// Looks around. `folder` is where the flush is timed; `database` its name and version.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn look(folder: &Path, database: String) -> Result<Self> {
        let seconds = Clock::System.now().0 / 1_000_000;
        let date = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        let build =
            if cfg!(debug_assertions) { " (debug build: these figures mean nothing)" } else { "" };
        let flush = flush_time(folder)?;
        Ok(Self {
            lines: vec![
                ("date", date.to_string()),
                ("machine", hardware()),
                ("kernel", first_line("/proc/sys/kernel/osrelease")),
                ("flush", format!("fdatasync of 8 KiB takes {} µs (median)", flush.as_micros())),
                ("stockroom", format!("{}{build}", env!("CARGO_PKG_VERSION"))),
                ("compiler", rustc()),
                ("database", database),
                ("command", command_line(std::env::args())),
            ],
        })
    }

    /// For the console.
    pub fn text(&self) -> String {
        let line = |(name, value): &(&str, String)| format!("{name:<10} {value}\n");
        self.lines.iter().map(line).collect()
    }

    /// For the file.
    pub fn markdown(&self) -> String {
        let line = |(name, value): &(&str, String)| match *name {
            "command" => format!("- {name}: `{value}`\n"),
            _ => format!("- {name}: {value}\n"),
        };
        self.lines.iter().map(line).collect()
    }
}

fn hardware() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = read("/proc/meminfo");
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib: u64 =
        total.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or_default();
    format!("{model}, {cores} cores, {} GiB", (kib + (1 << 19)) >> 20)
}

fn first_line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "no rustc on this machine".to_owned(),
    }
}

/// The command as it was given, without the password of a database.
fn command_line(args: impl Iterator<Item = String>) -> String {
    let hide = |arg: String| match (arg.find("://"), arg.rfind('@')) {
        (Some(scheme), Some(host)) if scheme < host => match arg[scheme + 3..host].find(':') {
            Some(colon) => format!("{}:…{}", &arg[..scheme + 3 + colon], &arg[host..]),
            None => arg,
        },
        _ => arg,
    };
    let program = |arg: String| match Path::new(&arg).file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => arg,
    };
    let words = args.enumerate().map(|(n, arg)| if n == 0 { program(arg) } else { hide(arg) });
    words.collect::<Vec<_>>().join(" ")
}

/// How long the disk takes to make 8 KiB durable: the floor under every commit.
fn flush_time(folder: &Path) -> Result<Duration> {
    let path = folder.join("flush.tmp");
    let mut file = File::create(&path)?;
    let page = [0x5a; 8_192];
    // As in a write-ahead log that is used again: no flush has to make the file longer.
    for _ in 0..FLUSHES {
        file.write_all(&page)?;
    }
    file.sync_all()?;
    file.rewind()?;
    let mut times = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        let begun = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    std::fs::remove_file(&path)?;
    times.sort_unstable();
    Ok(times[FLUSHES / 2])
}

#[cfg(test)]
mod tests {
    use super::command_line;

    #[test]
    fn the_command_is_shown_without_a_password() {
        let words = ["/usr/bin/stockroom", "bench", "--database", "postgres://me:secret@host/db"];
        let shown = command_line(words.into_iter().map(str::to_owned));
        assert_eq!(shown, "stockroom bench --database postgres://me:…@host/db");
        let words = ["stockroom", "bench", "--database=postgres://me@host:5432/db"];
        let shown = command_line(words.into_iter().map(str::to_owned));
        assert_eq!(shown, "stockroom bench --database=postgres://me@host:5432/db");
    }
}
