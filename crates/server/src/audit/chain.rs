//! The chain of the audit log. Pure.
//!
//! A row's digest is SHA-256 over its columns, but for its id and link, as a JSON array; a
//! commit's digest is SHA-256 over the digests of its rows, in order; and its link is SHA-256
//! over the link before it and that digest. The first link has nothing before it. A row's place
//! is thereby part of the link, so ids need not be hashed: they are counted.

use sha2::{Digest as _, Sha256};
use stockroom_domain::Timestamp;

use super::Entry;

/// SHA-256.
pub type Hash = [u8; 32];

/// The columns of a row that are hashed, in their order.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Hashed<'a>(
    pub i64,
    pub &'a str,
    pub Option<i64>,
    pub &'a str,
    pub Option<&'a str>,
    pub Option<&'a str>,
    pub &'a str,
    pub &'a str,
    pub Option<i64>,
    pub Option<i64>,
    pub Option<&'a str>,
    pub Option<&'a str>,
);

impl Hashed<'_> {
    fn digest(&self) -> Hash {
        // Numbers and texts: this cannot fail.
        Sha256::digest(serde_json::to_vec(self).unwrap_or_default()).into()
    }
}

/// Takes in the rows of one commit.
#[derive(Clone, Debug, Default)]
pub struct Commit(Sha256);

impl Commit {
    /// The next row.
    pub fn row(&mut self, row: &Hashed<'_>) {
        self.0.update(row.digest());
    }

    /// The digest of the commit.
    pub fn digest(self) -> Hash {
        self.0.finalize().into()
    }
}

/// The digest of a commit that consists of these entries.
pub fn digest(entries: &[Entry], at: Timestamp) -> Hash {
    let mut commit = Commit::default();
    for entry in entries {
        let address = entry.origin.address.map(|address| address.to_string());
        commit.row(&Hashed(
            at.0,
            entry.origin.actor.kind.name(),
            entry.origin.actor.id,
            &entry.origin.actor.name,
            address.as_deref(),
            entry.origin.request_id.as_deref(),
            entry.action,
            entry.subject_kind,
            entry.subject_id,
            entry.store.map(|store| store.0),
            entry.before.as_deref(),
            entry.after.as_deref(),
        ));
    }
    commit.digest()
}

/// The link after `previous` for a commit of that digest.
pub fn link(previous: &[u8], digest: &Hash) -> Hash {
    Sha256::new().chain_update(previous).chain_update(digest).finalize().into()
}

/// A link as people and programs write it down.
pub fn hex(link: &[u8]) -> String {
    use std::fmt::Write as _;
    link.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
