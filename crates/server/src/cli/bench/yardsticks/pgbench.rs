//! PostgreSQL's own `pgbench` with the statements of T5 on the same tables: proof that the
//! yardstick is not slow by its own fault.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::sql::postgres as sql;
use super::{Keys, TASKS};
use crate::clock::Clock;

/// How much of `pgbench` T5 must reach.
pub const SHARE_MIN: f64 = 0.8;

/// What `pgbench` is to run.
#[derive(Clone, Copy, Debug)]
pub enum Script {
    /// T5.
    FiveStatements,
    /// One level by its key.
    PointRead,
}

/// Runs a script and returns its transactions a second. Blocks until it ends.
///
/// # Errors
/// There is no `pgbench`, or it failed.
pub fn run(url: &str, folder: &Path, script: Script, keys: Keys, seconds: u64) -> Result<f64> {
    let (name, text) = match script {
        Script::FiveStatements => ("t5.sql", sql::pgbench_script()),
        Script::PointRead => ("read.sql", sql::pgbench_read_script()),
    };
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    let (stores, products) = match keys {
        Keys::Random { stores, products } => (stores, products),
        Keys::Hot => (1, 1),
    };
    let (url, password) = without_password(url);
    let mut command = Command::new(program()?);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let output = command
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={TASKS}"))
        .arg(format!("--time={}", seconds.max(1)))
        .arg(format!("--define=stores={stores}"))
        .arg(format!("--define=products={products}"))
        .arg(format!("--define=now={}", Clock::System.now().0))
        .arg("--file")
        .arg(&path)
        .arg(url)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .context("pgbench cannot be run")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
    transactions_a_second(&said).with_context(|| format!("pgbench said:\n{said}"))
}

fn transactions_a_second(said: &str) -> Option<f64> {
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

/// From PATH, or from where Debian keeps the newest.
fn program() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("pgbench"));
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = installed.map(|entry| entry.path()).collect();
    installed.sort();
    let installed = installed.into_iter().rev().map(|folder| folder.join("bin/pgbench"));
    match on_path.chain(installed).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!(
            "pgbench is needed to check the yardsticks, and it is not installed: it comes with \
             PostgreSQL's server (Debian: postgresql)"
        ),
    }
}

/// A URL for a command line, which everyone may read, and its password for the environment.
fn without_password(url: &str) -> (String, Option<String>) {
    let whole = || (url.to_owned(), None);
    let Some((scheme, rest)) = url.split_once("://") else { return whole() };
    let Some((user, host)) = rest.rsplit_once('@') else { return whole() };
    let Some((name, password)) = user.split_once(':') else { return whole() };
    (format!("{scheme}://{name}@{host}"), Some(percent_decoded(password)))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let decoded = match (first, tail) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_what_pgbench_prints() {
        let said = "latency average = 3.4 ms\ninitial connection time = 30 ms\n\
                    tps = 9300.512 (without initial connection time)\n";
        assert_eq!(transactions_a_second(said), Some(9300.512));
        assert_eq!(transactions_a_second("nothing"), None);
    }

    #[test]
    fn a_password_never_stands_on_the_command_line() {
        let (url, password) = without_password("postgres://me:s%40c%3aret@host:5432/db");
        assert_eq!(url, "postgres://me@host:5432/db");
        assert_eq!(password.as_deref(), Some("s@c:ret"));
        assert_eq!(without_password("postgres://me@host/db").1, None);
    }

    #[test]
    fn the_script_runs_the_five_statements_of_t5() {
        let script = sql::pgbench_script();
        assert!(!script.contains('$'), "every parameter has become a variable: {script}");
        assert_eq!(script.matches("bench_yardstick.").count(), 5);
    }
}
