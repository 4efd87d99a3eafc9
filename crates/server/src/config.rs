//! Every setting with its default.

use std::net::SocketAddr;

/// The settings of one process.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// The database's URL.
    pub database: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database: "sqlite://data/stockroom.db".to_owned(),
        }
    }
}
