//! Every setting with its default.

use std::net::SocketAddr;

/// The settings of one process.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// The database's URL.
    pub database: String,
    /// Tasks that write quick postings; as many again write bulk (PostgreSQL).
    pub ledger_writers: usize,
    /// Lines that may wait for the ledger before it answers 503.
    pub ledger_queue_lines_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database: "sqlite://data/stockroom.db".to_owned(),
            ledger_writers: 2,
            ledger_queue_lines_max: 16_384,
        }
    }
}
