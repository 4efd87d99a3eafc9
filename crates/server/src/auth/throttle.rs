//! Slows down guessing: after five failures an account must wait, after thirty an address, and
//! each further failure doubles the wait. While it lasts nothing is tried, not even what is right.
//! An address has more, for a whole shop may be behind it, and half of its failures are forgotten
//! every ten minutes: what people mistype in a day does not add up.
//!
//! Counted in this process alone, which bounds guessing on N nodes to N times as many tries.
//! Failures count for names that nobody has, too; else the wait would tell which exist.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use stockroom_domain::Timestamp;
use tokio::sync::OwnedMutexGuard;

use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::recent::Recent;

/// Failures of an account that cost nothing.
const FREE_OF_ACCOUNT: u32 = 5;
/// Failures from an address that cost nothing.
const FREE_OF_ADDRESS: u32 = 30;
/// After this time half of an address' failures are forgotten, unless it has to wait for longer.
const HALF_LIFE_S: i64 = 600;
/// The first wait; each further failure doubles it.
const WAIT_FIRST_S: i64 = 5;
const WAIT_MAX_S: i64 = 900;
/// All failures are forgotten when none came for so long.
const FORGET_AFTER_S: i64 = 3_600;
/// How many accounts and addresses are remembered, each.
const LEN_MAX: usize = 32_768;

/// Counts failures. Cloned cheaply; all clones count together.
#[derive(Clone, Debug)]
pub struct Throttle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    accounts: Recent<String, Arc<Counter>>,
    addresses: Recent<IpAddr, Arc<Counter>>,
}

#[derive(Debug)]
struct Counter {
    /// How many failures cost nothing.
    free: u32,
    /// After how long half of them are forgotten, if ever.
    half_life_s: Option<i64>,
    failures: Mutex<Failures>,
    /// Tries of one account run one after the other: a hundred at once are not a hundred
    /// guesses before the first is counted.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    last: Timestamp,
}

/// A try that may go ahead; it must end in [`Attempt::failed`] or [`Attempt::succeeded`].
#[derive(Debug)]
pub struct Attempt {
    account: Arc<Counter>,
    address: Option<Arc<Counter>>,
    _turn: OwnedMutexGuard<()>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self(Arc::new(Inner { accounts: Recent::new(LEN_MAX), addresses: Recent::new(LEN_MAX) }))
    }
}

impl Throttle {
    /// Asks to try `account` (in its comparable form) from `address`.
    ///
    /// # Errors
    /// 429 `too_many_attempts`, with the seconds left to wait.
    pub async fn attempt(
        &self,
        account: &str,
        address: Option<IpAddr>,
        now: impl Fn() -> Timestamp,
    ) -> ApiResult<Attempt> {
        let account = self.0.accounts.get_or_insert_with(account.to_owned(), Counter::of_account);
        let address = address.map(|address| {
            self.0.addresses.get_or_insert_with(network(address), Counter::of_address)
        });
        let allowed = |now| {
            let wait = account.wait_s(now).max(address.as_ref().map_or(0, |at| at.wait_s(now)));
            if wait == 0 { Ok(()) } else { Err(too_many(wait)) }
        };
        allowed(now())?;
        let turn = Arc::clone(&account.turn).lock_owned().await;
        // Those before us may have failed.
        allowed(now())?;
        Ok(Attempt { account, address, _turn: turn })
    }
}

impl Attempt {
    /// It was a wrong guess.
    pub fn failed(self, now: Timestamp) {
        self.account.add(now);
        if let Some(address) = &self.address {
            address.add(now);
        }
    }

    /// It was right: the account starts afresh, and its failures no longer count against the
    /// address. Those of other accounts do, else one's own sign-in would pay for guessing.
    pub fn succeeded(self) {
        let forgiven = std::mem::take(&mut *self.account.lock()).count;
        if let Some(address) = &self.address {
            let mut failures = address.lock();
            failures.count = failures.count.saturating_sub(forgiven);
        }
    }
}

impl Counter {
    fn new(free: u32, half_life_s: Option<i64>) -> Arc<Self> {
        let (failures, turn) = (Mutex::default(), Arc::default());
        Arc::new(Self { free, half_life_s, failures, turn })
    }

    fn of_account() -> Arc<Self> {
        Self::new(FREE_OF_ACCOUNT, None)
    }

    fn of_address() -> Arc<Self> {
        Self::new(FREE_OF_ADDRESS, Some(HALF_LIFE_S))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, now: Timestamp) {
        let mut failures = self.lock();
        let quiet_s = (now.0 - failures.last.0) / 1_000_000;
        let halvings = self.half_life_s.map_or(0, |half_life_s| quiet_s.max(0) / half_life_s);
        let count = if quiet_s > FORGET_AFTER_S { 0 } else { failures.count >> halvings.min(31) };
        *failures = Failures { count: count.saturating_add(1), last: now };
    }

    /// Whole seconds until the next try, rounded up; 0 where it may be made.
    fn wait_s(&self, now: Timestamp) -> i64 {
        let failures = *self.lock();
        let Some(beyond) = failures.count.checked_sub(self.free) else { return 0 };
        let doublings = beyond.min(16);
        let wait_s = (WAIT_FIRST_S << doublings).min(WAIT_MAX_S);
        // A clock that was set back must not lock anyone out for longer than the wait.
        let left = (failures.last.plus_seconds(wait_s).0 - now.0).clamp(0, wait_s * 1_000_000);
        (left + 999_999) / 1_000_000
    }
}

/// Whoever has one IPv6 address has the whole network of 64 bits.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn too_many(wait_s: i64) -> ApiError {
    ApiError::new(
        ErrorCode::TooManyAttempts,
        format!("Too many failed attempts. Try again in {wait_s} seconds."),
    )
    .with_detail("wait_s", wait_s)
    .with_retry_after_s(u32::try_from(wait_s).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000_000);

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    /// Seconds to wait, or 0 and one more failure.
    async fn fail(throttle: &Throttle, account: &str, from: Option<IpAddr>, now: Timestamp) -> u32 {
        match throttle.attempt(account, from, || now).await {
            Ok(attempt) => {
                // As the password's hash does: the others get their turn to ask.
                tokio::task::yield_now().await;
                attempt.failed(now);
                0
            }
            Err(error) => error.failure().and_then(|failure| failure.retry_after_s).unwrap_or(0),
        }
    }

    #[tokio::test]
    async fn the_sixth_try_waits_and_each_further_failure_doubles_it() {
        let throttle = Throttle::default();
        let mut now = START;
        for n in 0..5 {
            assert_eq!(fail(&throttle, "ada", address(n), now).await, 0);
        }
        for wait in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] {
            assert_eq!(fail(&throttle, "ada", address(9), now).await, wait);
            now = now.plus_seconds(i64::from(wait) - 1);
            assert_eq!(fail(&throttle, "ada", address(10), now).await, 1);
            now = now.plus_seconds(1);
            assert_eq!(fail(&throttle, "ada", None, now).await, 0);
        }
        now = now.plus_seconds(FORGET_AFTER_S + 1);
        for _ in 0..5 {
            assert_eq!(fail(&throttle, "ada", None, now).await, 0);
        }
        assert_eq!(fail(&throttle, "ada", None, now).await, 5);
    }

    #[tokio::test]
    async fn an_address_that_tries_many_accounts_waits_and_others_do_not() {
        let throttle = Throttle::default();
        for n in 0..30 {
            assert_eq!(fail(&throttle, &format!("user{n}"), address(1), START).await, 0);
        }
        assert_eq!(fail(&throttle, "ada", address(1), START).await, 5);
        assert_eq!(fail(&throttle, "ada", address(2), START).await, 0);
    }

    #[tokio::test]
    async fn what_a_shop_mistypes_in_a_day_does_not_add_up() {
        let throttle = Throttle::default();
        let mut now = START;
        for n in 0..500 {
            assert_eq!(fail(&throttle, &format!("user{n}"), address(1), now).await, 0, "{n}");
            now = now.plus_seconds(if n % 10 == 9 { HALF_LIFE_S } else { 1 });
        }
    }

    #[tokio::test]
    async fn a_sign_in_forgives_its_own_failures_and_no_others() {
        let throttle = Throttle::default();
        for n in 0..29 {
            assert_eq!(fail(&throttle, &format!("victim{n}"), address(1), START).await, 0, "{n}");
        }
        let own = throttle.attempt("own", address(1), || START).await.expect("free");
        own.succeeded();
        assert_eq!(fail(&throttle, "other", address(1), START).await, 0);
        assert_eq!(fail(&throttle, "other", address(1), START).await, 5);

        let throttle = Throttle::default();
        for _ in 0..10 {
            for _ in 0..4 {
                assert_eq!(fail(&throttle, "ada", address(1), START).await, 0);
            }
            let right = throttle.attempt("ada", address(1), || START).await.expect("free");
            right.succeeded();
        }
    }

    #[tokio::test]
    async fn a_hundred_tries_at_once_are_five_guesses() {
        let throttle = Throttle::default();
        let tries = (0..100u8).map(|n| {
            let throttle = throttle.clone();
            tokio::spawn(async move { fail(&throttle, "ada", address(n), START).await })
        });
        let mut guesses = 0;
        for task in tries.collect::<Vec<_>>() {
            guesses += u32::from(task.await.expect("joined") == 0);
        }
        assert_eq!(guesses, 5);
    }

    #[tokio::test]
    async fn a_network_of_ipv6_counts_as_one_address() {
        let throttle = Throttle::default();
        for n in 0..30u16 {
            let from = IpAddr::from([0x2001, 0xdb8, 0, 1, n, n, n, n]);
            assert_eq!(fail(&throttle, &format!("user{n}"), Some(from), START).await, 0);
        }
        let from = IpAddr::from([0x2001, 0xdb8, 0, 1, 9, 9, 9, 9]);
        assert_eq!(fail(&throttle, "ada", Some(from), START).await, 5);
        let mapped = IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]);
        assert_eq!(network(mapped), IpAddr::from([192, 0, 2, 1]));
    }
}
