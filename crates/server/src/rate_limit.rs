//! Limits on how often a caller may ask: a sliding window for each caller and class of work.
//!
//! A till never meets them; a script that hammers does, and is told when to come back. Callers
//! are users and programs by their number, and whoever has not proved who they are by address.
//! [`Windows`] is where the counting happens: in this process for now ([`InProcess`]), so N nodes
//! allow N times as much. What limits guessing of passwords is another matter: `auth::throttle`.
//!
//! The window slides in two steps, as in Cloudflare's and Redis' well-known scheme: of the
//! requests counted in the fixed window before, as large a part counts as of it still lies in the
//! last [`WINDOW_S`] seconds. That takes two numbers a caller, and is off by at most what an
//! uneven flow within that window makes of it.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use stockroom_domain::{Timestamp, UserId};

use crate::config::{Config, Switch};
use crate::recent::Recent;

/// The length of the window.
pub const WINDOW_S: u64 = 60;
const WINDOW_MS: u64 = WINDOW_S * 1_000;
/// A program's key may ask so many times as often as a person.
const PROGRAM_FACTOR: u32 = 5;
/// Callers remembered, for each class.
const CALLERS_LEN_MAX: usize = 65_536;

/// A class of work with a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Proving who one is: passwords and tokens.
    Login,
    /// Looking something up.
    Read,
    /// Changing something.
    Write,
    /// Taking a whole list out as a file.
    Export,
    /// Not limited: whether the process is alive.
    Unlimited,
}

impl Class {
    /// As headers and the documentation call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Read => "read",
            Self::Write => "write",
            Self::Export => "export",
            Self::Unlimited => "unlimited",
        }
    }
}

/// Who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Someone who has signed in.
    User(UserId),
    /// A program with a key.
    Program(UserId),
    /// Someone who has not proved who they are.
    Address(IpAddr),
}

/// How often something may be done within the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Of which class.
    pub class: Class,
    /// How often.
    pub limit: u32,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What is allowed.
    pub quota: Quota,
    /// How often it may still be done now.
    pub left: u32,
    /// In how many seconds it may be done again; where it may now, how long the window still
    /// lasts. At least 1.
    pub wait_s: u32,
    /// Whether it may be done this time.
    pub is_allowed: bool,
}

/// Counts for each caller and class. In this process, or in a store that nodes share.
pub trait Windows: Send + Sync {
    /// Asks to do something once, and counts it where it is allowed.
    fn take(
        &self,
        caller: Caller,
        quota: Quota,
        now: Timestamp,
    ) -> impl Future<Output = Taken> + Send;
}

/// Counts in this process alone.
#[derive(Debug)]
pub struct InProcess(Recent<(Class, Caller), Arc<Window>>);

/// What was counted in one fixed window and in the one before, packed so that both change at
/// once: the window's number (24 bits), the count before (20) and the count now (20).
#[derive(Debug, Default)]
struct Window(AtomicU64);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    window: u64,
    before: u64,
    now: u64,
}

const COUNT_MAX: u64 = (1 << 20) - 1;
const WINDOW_MASK: u64 = (1 << 24) - 1;

impl Counts {
    const fn unpack(packed: u64) -> Self {
        Self { window: packed >> 40, before: (packed >> 20) & COUNT_MAX, now: packed & COUNT_MAX }
    }

    const fn pack(self) -> u64 {
        (self.window << 40) | (self.before << 20) | self.now
    }

    /// The same counts as seen from a later window.
    const fn at(self, window: u64) -> Self {
        match window.wrapping_sub(self.window) & WINDOW_MASK {
            0 => self,
            1 => Self { window, before: self.now, now: 0 },
            _ => Self { window, before: 0, now: 0 },
        }
    }

    /// How many count, in thousandths, `passed` thousandths of this window being over.
    const fn used_thousandths(self, passed: u64) -> u64 {
        self.before * (1_000 - passed) + self.now * 1_000
    }
}

impl Default for InProcess {
    fn default() -> Self {
        Self(Recent::new(CALLERS_LEN_MAX))
    }
}

impl Windows for InProcess {
    async fn take(&self, caller: Caller, quota: Quota, now: Timestamp) -> Taken {
        self.0.get_or_insert_with((quota.class, caller), Arc::default).take(quota, now)
    }
}

/// An instant as a window and how many thousandths of it are over.
fn place(now_ms: u64) -> (u64, u64) {
    ((now_ms / WINDOW_MS) & WINDOW_MASK, now_ms % WINDOW_MS * 1_000 / WINDOW_MS)
}

impl Window {
    fn take(&self, quota: Quota, now: Timestamp) -> Taken {
        let now_ms = u64::try_from(now.0 / 1_000).unwrap_or(0);
        let (window, passed) = place(now_ms);
        let limit = u64::from(quota.limit) * 1_000;
        let mut counts = Counts::default();
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |packed| {
            counts = Counts::unpack(packed).at(window);
            let is_allowed = counts.used_thousandths(passed) + 1_000 <= limit;
            is_allowed.then(|| {
                counts.now = (counts.now + 1).min(COUNT_MAX);
                counts.pack()
            })
        });
        let left = limit.saturating_sub(counts.used_thousandths(passed)) / 1_000;
        let is_allowed = taken.is_ok();
        let wait_s = if is_allowed {
            (WINDOW_MS - now_ms % WINDOW_MS).div_ceil(1_000)
        } else {
            let is_free = |second: &u64| {
                let (window, passed) = place(now_ms + second * 1_000);
                counts.at(window).used_thousandths(passed) + 1_000 <= limit
            };
            // After two windows nothing is left of what was counted.
            (1..2 * WINDOW_MS / 1_000).find(is_free).unwrap_or(2 * WINDOW_MS / 1_000)
        };
        Taken {
            quota,
            left: u32::try_from(left).unwrap_or(u32::MAX),
            wait_s: u32::try_from(wait_s).unwrap_or(u32::MAX),
            is_allowed,
        }
    }
}

/// The limits of this process, as the settings say.
#[derive(Debug)]
pub struct RateLimits {
    is_on: bool,
    login: u32,
    read: u32,
    write: u32,
    export: u32,
    windows: InProcess,
}

impl RateLimits {
    /// From the settings.
    pub fn new(config: &Config) -> Self {
        Self {
            is_on: config.rate_limit == Switch::On,
            login: config.rate_limit_login,
            read: config.rate_limit_read,
            write: config.rate_limit_write,
            export: config.rate_limit_export,
            windows: InProcess::default(),
        }
    }

    /// Asks to do something once. `None` where nothing is limited.
    pub async fn take(&self, caller: Caller, class: Class, now: Timestamp) -> Option<Taken> {
        if !self.is_on {
            return None;
        }
        let limit = match class {
            Class::Login => self.login,
            Class::Read => self.read,
            Class::Write => self.write,
            Class::Export => self.export,
            Class::Unlimited => return None,
        };
        let limit = match caller {
            Caller::Program(_) => limit.saturating_mul(PROGRAM_FACTOR),
            Caller::User(_) | Caller::Address(_) => limit,
        };
        Some(self.windows.take(caller, Quota { class, limit }, now).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000_000);
    const QUOTA: Quota = Quota { class: Class::Write, limit: 10 };

    async fn allowed(windows: &InProcess, caller: i64, at_ms: i64, times: usize) -> usize {
        let now = Timestamp(START.0 + at_ms * 1_000);
        let mut allowed = 0;
        for _ in 0..times {
            let taken = windows.take(Caller::User(UserId(caller)), QUOTA, now).await;
            allowed += usize::from(taken.is_allowed);
        }
        allowed
    }

    #[tokio::test]
    async fn the_window_slides() {
        let windows = InProcess::default();
        assert_eq!(START.0 % 60_000_000, 0, "a window begins here");
        assert_eq!(allowed(&windows, 1, 0, 15).await, 10);
        assert_eq!(allowed(&windows, 1, 59900, 5).await, 0);
        // Half of the window before still counts.
        assert_eq!(allowed(&windows, 1, 90000, 15).await, 5);
        assert_eq!(allowed(&windows, 1, 180000, 15).await, 10);
        assert_eq!(allowed(&windows, 1, 1000000, 15).await, 10);
    }

    #[tokio::test]
    async fn callers_and_classes_are_counted_apart() {
        let windows = InProcess::default();
        assert_eq!(allowed(&windows, 1, 0, 11).await, 10);
        assert_eq!(allowed(&windows, 2, 0, 11).await, 10);
        let read = Quota { class: Class::Read, limit: 1 };
        assert!(windows.take(Caller::User(UserId(1)), read, START).await.is_allowed);
    }

    #[tokio::test]
    async fn what_is_left_and_when_there_is_more_is_told() {
        let windows = InProcess::default();
        let caller = Caller::Address(IpAddr::from([192, 0, 2, 1]));
        let at = |s: i64| START.plus_seconds(s);
        let first = windows.take(caller, QUOTA, at(0)).await;
        assert_eq!((first.left, first.wait_s, first.is_allowed), (9, 60, true));
        for left in (0..9).rev() {
            assert_eq!(windows.take(caller, QUOTA, at(1)).await.left, left);
        }
        let refused = windows.take(caller, QUOTA, at(1)).await;
        assert!(!refused.is_allowed);
        // Whoever comes back then is let in, and a second earlier is not.
        let wait = i64::from(refused.wait_s);
        assert!(!windows.take(caller, QUOTA, at(1 + wait - 1)).await.is_allowed);
        assert!(windows.take(caller, QUOTA, at(1 + wait)).await.is_allowed);
        assert_eq!(wait, 65);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_locks_nobody_out_for_long() {
        let windows = InProcess::default();
        assert_eq!(allowed(&windows, 1, 600000, 10).await, 10);
        assert_eq!(allowed(&windows, 1, 0, 11).await, 10);
    }

    #[test]
    fn those_who_ask_at_once_get_no_more_than_there_is() {
        const THREADS: usize = 4;
        const LIMIT: u32 = 100_000;
        let quota = Quota { class: Class::Write, limit: LIMIT };
        let window = Window::default();
        let start = std::sync::Barrier::new(THREADS);
        let ask = || {
            start.wait();
            (0..LIMIT).filter(|_| window.take(quota, START).is_allowed).count()
        };
        let allowed: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().expect("joined")).sum()
        });
        assert_eq!(allowed, LIMIT as usize);
    }
}
