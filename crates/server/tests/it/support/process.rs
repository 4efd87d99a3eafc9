//! Real processes that a test may kill: the server's own binary, and a PostgreSQL of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use tempfile::TempDir;

/// The binary with nothing in its environment but what the test says.
pub fn stockroom(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockroom"));
    command.env_clear().current_dir("/").args(arguments).stdin(Stdio::null());
    command.env("STOCKROOM_ADMIN_LISTEN", "off").env("STOCKROOM_RATE_LIMIT", "off");
    command
}

/// A server in a process of its own. Killed when it is dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Open, so that it can go on writing to it.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts one on this database and waits until it says that it runs.
    pub async fn start(database_url: &str) -> Self {
        Self::start_as(stockroom(&["serve", "--listen", "127.0.0.1:0"]), database_url).await
    }

    /// The same with another command line.
    pub async fn start_as(mut command: Command, database_url: &str) -> Self {
        command.env("STOCKROOM_DATABASE", database_url).env("STOCKROOM_LOG_LEVEL", "off");
        let started = tokio::task::spawn_blocking(move || {
            let mut child = command
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("the server is started");
            let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
            let mut line = String::new();
            stdout.read_line(&mut line).expect("a line");
            let address = line.trim().rsplit_once("http://").map(|(_, address)| address);
            let address = address.unwrap_or_else(|| panic!("{line:?}"));
            let address = address.parse().expect("an address");
            Self { child, address, _stdout: stdout }
        });
        started.await.expect("started")
    }

    /// `kill -9`: it ends where it stands.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, which something else has brought about; its exit code.
    pub async fn ended(mut self) -> Option<i32> {
        let ended = tokio::task::spawn_blocking(move || self.child.wait().expect("ended").code());
        ended.await.expect("waited")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `stockroom verify` on a database.
pub fn verify(database_url: &str) -> Output {
    stockroom(&["verify", "--database", database_url]).output().expect("run")
}

/// Fails the test unless `stockroom verify` is content.
#[track_caller]
pub fn assert_verified(database_url: &str) {
    let output = verify(database_url);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// A PostgreSQL server of one test's own, which may crash. Gone when it is dropped.
pub struct Cluster {
    folder: TempDir,
    /// A superuser's URL.
    pub url: String,
}

impl Cluster {
    /// Makes one and starts it.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = script("start", folder.path()).await;
        Self { folder, url }
    }

    /// Every process of it ends where it stands, as in a crash.
    pub async fn crash(&self) {
        script("kill", self.folder.path()).await;
    }

    /// Starts it again, at the same address.
    pub async fn start_again(&self) {
        script("start", self.folder.path()).await;
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = script_command("kill", self.folder.path()).output();
    }
}

fn script_command(what: &str, folder: &Path) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../script/postgres");
    let mut command = Command::new(path);
    command.arg(what).arg(folder);
    command
}

/// Runs `script/postgres`; what it prints.
async fn script(what: &str, folder: &Path) -> String {
    let mut command = script_command(what, folder);
    let run = tokio::task::spawn_blocking(move || command.output().expect("script/postgres"));
    let output = run.await.expect("run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
