//! The real binary: how it starts, what it says when it cannot, and how it stops.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn stockroom(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockroom"));
    // Only what the test says counts.
    command.env_clear().current_dir(folder).args(arguments);
    command.env("STOCKROOM_ADMIN_LISTEN", "off");
    command
}

/// A server on a free port; it is killed if the test fails.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        Self::spawn(stockroom(folder, &["serve", "--listen", "127.0.0.1:0"]))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("Stockroom is running at ").unwrap_or_else(|| {
            panic!("{line:?}");
        });
        Self { url: url.to_owned(), child }
    }

    fn stop(mut self, signal: &str) -> String {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status().expect("kill");
        assert!(status.success());
        assert!(self.child.wait().expect("ended").success());
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut log).expect("a log");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fails with one line on standard error and nothing else.
#[track_caller]
fn assert_refused(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("stockroom: ") && said.contains(words), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_server_says_where_it_is_and_stops_on_a_signal() {
    let folder = tempfile::tempdir().expect("a folder");
    for signal in ["-TERM", "-INT"] {
        let server = Server::start(folder.path());
        assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
        let log = server.stop(signal);
        assert!(log.contains("stopped"), "{log}");
    }
    assert!(!folder.path().join("data/stockroom.db-wal").exists(), "the log is folded in");
}

#[test]
fn as_many_files_may_be_open_as_connections_need() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |limits: &str| {
        let mut command = Command::new("sh");
        let script = format!("{limits} && exec \"$0\" serve --listen 127.0.0.1:0");
        command.env_clear().current_dir(folder.path()).env("STOCKROOM_ADMIN_LISTEN", "off");
        command.env("STOCKROOM_CONNECTIONS_MAX", "1000");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_stockroom")]);
        Server::spawn(command)
    };
    let server = start("ulimit -S -n 200");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.child.id()));
    let limits = limits.expect("limits");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    assert_eq!(line.split_whitespace().nth(3), Some("1512"), "{line}");
    assert!(!server.stop("-TERM").contains("connections_max"));
    let log = start("ulimit -n 200").stop("-TERM");
    assert!(log.contains("fewer files may be open than connections_max asks for"), "{log}");
}

#[test]
fn what_keeps_a_server_from_starting_is_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let serve = |arguments: &[&str]| {
        let arguments = [&["serve"], arguments].concat();
        stockroom(folder.path(), &arguments).output().expect("run")
    };
    assert_refused(&serve(&["--listen", &address]), "is in use");
    assert!(!folder.path().join("data").exists(), "nothing was made");
    let free = "127.0.0.1:0";
    assert_refused(&serve(&["--listen", "nowhere"]), "no address");
    assert_refused(&serve(&["--listen", free, "--database", "mysql://x"]), "not understood");
    assert_refused(&serve(&["--listen", free, "--database", "sqlite:///proc/x/y.db"]), "/proc/x");
    assert_refused(&serve(&["--config", "none.toml"]), "none.toml");
    assert_refused(&serve(&["--listen", free, "--role", "api"]), "leave out role");
    let queues = ["--role", "api", "--queues", "orders", "--database", "postgres://x/y"];
    assert_refused(&serve(&queues), "leave out queues");
    let nobody = "postgres://a:hunter2@127.0.0.1:1/b";
    let output = serve(&["--listen", free, "--database", nobody]);
    assert_refused(&output, "127.0.0.1:1/b");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
    std::fs::write(folder.path().join("stockroom.toml"), "lisen = 1\n").expect("written");
    assert_refused(&serve(&[]), "stockroom.toml: there is no setting \"lisen\"");
}

#[test]
fn one_file_has_one_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let second = stockroom(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_refused(&{ second }.output().expect("run"), "in use by another stockroom");
    let migrate = stockroom(folder.path(), &["migrate"]).output().expect("run");
    assert_refused(&migrate, "in use by another stockroom");
    server.stop("-TERM");
}

#[test]
fn migrating_says_what_it_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| stockroom(folder.path(), arguments).output().expect("run");
    assert_refused(&run(&["migrate", "--check"]), "run 'stockroom migrate'");
    let said = |output: Output| String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said(run(&["migrate"])).starts_with("The schema was brought up to date, by "));
    assert_eq!(said(run(&["migrate"])), "The schema is up to date.\n");
    assert_eq!(said(run(&["migrate", "--check"])), "The schema is up to date.\n");
}

#[test]
fn the_document_is_printed_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = stockroom(folder.path(), &["openapi"]).output().expect("run");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["info"]["title"], "Stockroom");
}

#[test]
fn every_command_has_help_with_an_example() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in ["serve", "migrate", "openapi"] {
        let output = stockroom(folder.path(), &[command, "--help"]).output().expect("run");
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        for part in ["Example", "--database", "--config", &format!("stockroom {command}")] {
            assert!(help.contains(part), "{command}: {help}");
        }
    }
}
