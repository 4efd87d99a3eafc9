//! What an error of the database means for whoever must go on.

use sqlx::Error;

use super::lease::note_loss;

/// What to do about a failed statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another transaction was in the way (serialization, deadlock, lock time-out): the same
    /// again may succeed.
    Conflict,
    /// A row with this unique value exists.
    Duplicate,
    /// The statement's own values are at fault (class 22 or 23): again is as wrong.
    BadValue,
    /// The database cannot be reached, is shutting down or has no connection free.
    Gone,
    /// No room left where the database writes.
    Full,
    /// It is not known whether what was written reached the disk (SQLite, an I/O error).
    Torn,
    /// A defect of ours.
    Defect,
}

/// Classifies an error of either engine, and notes where a connection was lost.
pub fn fault(error: &Error) -> Fault {
    match error {
        Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            if database.is_unique_violation() {
                Fault::Duplicate
            } else if code.len() == 5 {
                postgres_fault(&code)
            } else {
                sqlite_fault(code.parse().unwrap_or(1))
            }
        }
        Error::Io(_) | Error::Tls(_) | Error::WorkerCrashed | Error::BeginFailed => {
            note_loss();
            Fault::Gone
        }
        Error::PoolTimedOut | Error::PoolClosed => Fault::Gone,
        _ => Fault::Defect,
    }
}

/// By SQLSTATE (PostgreSQL's Appendix A).
fn postgres_fault(code: &str) -> Fault {
    match code {
        "40001" | "40P01" | "55P03" => Fault::Conflict,
        "53100" => Fault::Full,
        // Shutting down, starting up, too many connections, read-only after a failover,
        // ended by a time-out of the server.
        "57P01" | "57P02" | "57P03" | "57P05" | "25006" | "25P03" => {
            note_loss();
            Fault::Gone
        }
        "57014" => Fault::Gone,
        _ => match code.get(..2) {
            Some("08" | "53" | "58") => Fault::Gone,
            Some("22" | "23") => Fault::BadValue,
            _ => Fault::Defect,
        },
    }
}

/// By extended result code (sqlite.org/rescode.html): the primary code is its lowest byte.
fn sqlite_fault(code: i32) -> Fault {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const READONLY: i32 = 8;
    const IOERR: i32 = 10;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    const CONSTRAINT: i32 = 19;
    match code & 0xff {
        BUSY | LOCKED => Fault::Conflict,
        FULL => Fault::Full,
        IOERR => Fault::Torn,
        READONLY | CANTOPEN => Fault::Gone,
        CONSTRAINT => Fault::BadValue,
        _ => Fault::Defect,
    }
}
