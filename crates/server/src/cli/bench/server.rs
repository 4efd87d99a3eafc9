//! The server under test: a child process of this same executable, on a free port of the
//! loopback interface, ended by its id whatever happens to the bench.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::client;

/// How long a server may take to answer for the first time.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long it may take to finish what it has begun.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(2);

/// What every server of a run is started with.
#[derive(Clone, Debug)]
pub struct Launch {
    /// This executable.
    pub executable: PathBuf,
    /// The database's URL, with its password: it travels in the environment.
    pub database: String,
    /// Lets the bench make the first administrator.
    pub setup_token: String,
    /// Where the servers' logs go, and where they look for a configuration (there is none).
    pub folder: PathBuf,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to its first answer that it is ready.
    pub first_answer: Duration,
}

impl Launch {
    /// A command of this executable, free of the caller's own configuration.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("STOCKROOM_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&self.folder)
            .env("STOCKROOM_DATABASE", &self.database)
            .env("STOCKROOM_SETUP_TOKEN", &self.setup_token)
            // The sales are the load, not an attack.
            .env("STOCKROOM_RATE_LIMIT", "off")
            .env("STOCKROOM_ADMIN_LISTEN", "off")
            .stdin(Stdio::null());
        command
    }

    /// Starts a server and waits until it is ready.
    ///
    /// # Errors
    /// It ends or stays silent; what it logged last is part of the error.
    pub async fn start(&self) -> Result<Server> {
        let address = free_address()?;
        let log = self.folder.join(format!("serve-{}.log", address.port()));
        let output = File::create(&log)?;
        let begun = Instant::now();
        let child = self
            .command()
            .arg("serve")
            .arg("--listen")
            .arg(address.to_string())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.executable.display()))?;
        let mut server = Server { child, log, address, first_answer: Duration::ZERO };
        while !client::is_ready(address).await {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended with {status}:\n{}", server.last_words());
            }
            if begun.elapsed() > START_TIMEOUT {
                bail!("the server is not ready after 60 s:\n{}", server.last_words());
            }
            tokio::time::sleep(POLL).await;
        }
        server.first_answer = begun.elapsed();
        Ok(server)
    }
}

/// A port that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

impl Server {
    /// Memory in use now, in MB (10⁶ bytes), where the system tells.
    pub fn memory_mb(&self) -> Option<f64> {
        self.memory("VmRSS:")
    }

    /// The most memory that was ever in use, in MB.
    pub fn memory_peak_mb(&self) -> Option<f64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        memory_of(&status, name)
    }

    /// Asks the server to finish and waits until it has.
    ///
    /// # Errors
    /// It does not end in time (it is ended by force then), or ends with an error.
    pub async fn stop(mut self) -> Result<()> {
        // The standard library knows only the kill that cannot be handled.
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .context("`kill` cannot be run")?;
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                if status.success() {
                    return Ok(());
                }
                bail!("the server ended with {status}:\n{}", self.last_words());
            }
            if begun.elapsed() > STOP_TIMEOUT {
                bail!("the server did not stop within 20 s:\n{}", self.last_words());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        last_lines(&self.log, 20)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to do about a failure: most often it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn last_lines(path: &Path, count: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// One line of `/proc/…/status`, which counts in KiB.
fn memory_of(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024.0 / 1_000_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status_of_a_process() {
        let status = "Name:\tstockroom\nVmHWM:\t  250000 kB\nVmRSS:\t   62500 kB\n";
        assert_eq!(memory_of(status, "VmRSS:"), Some(64.0));
        assert_eq!(memory_of(status, "VmHWM:"), Some(256.0));
        assert_eq!(memory_of(status, "VmSwap:"), None);
    }
}
