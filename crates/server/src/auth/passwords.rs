//! Passwords: which are good enough, and their hashes.
//!
//! Argon2id takes 19 MiB and tens of milliseconds on purpose, so it runs on blocking threads
//! behind a semaphore of as many places as there are cores, with a bounded queue before it: a
//! flood of sign-ins can neither fill the memory nor starve a till. An unknown user costs the
//! same work as a known one, so that the time of an answer does not tell them apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::error::{ApiError, ApiResult, ErrorCode};

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How many may wait for each that is being worked on.
const WAITING_PER_CORE_MAX: usize = 16;

/// The fewest characters of a password.
pub const CHARACTERS_MIN: usize = 12;
/// The most bytes of a password.
pub const BYTES_MAX: usize = 1_000;

/// Common passwords of twelve characters or more, in lower case, one a line.
const COMMON: &str = include_str!("common_passwords.txt");
/// Rows of keys and of the alphabet, along which a password must not run.
const RUNS: [&str; 7] = [
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "01234567890123456789012345678901234567890123456789",
    "qwertyuiopasdfghjklzxcvbnmqwertyuiop",
    "qwertzuiopasdfghjklyxcvbnmqwertzuiop",
    "azertyuiopqsdfghjklmwxcvbnazertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
];
/// Words that make no password, however they are decorated.
const WORDS: [&str; 26] = [
    "password",
    "passwort",
    "passw",
    "pass",
    "qwerty",
    "qwertz",
    "azerty",
    "welcome",
    "letmein",
    "admin",
    "administrator",
    "iloveyou",
    "changeme",
    "secret",
    "login",
    "root",
    "test",
    "user",
    "guest",
    "default",
    "master",
    "shop",
    "store",
    "stock",
    "stockroom",
    "inventory",
];

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer than [`CHARACTERS_MIN`] characters.
    TooShort,
    /// More than [`BYTES_MAX`] bytes.
    TooLong,
    /// Contains control characters.
    Control,
    /// Widely used, or a well known word with decoration.
    Common,
    /// One short piece over and over, a run of keys, or hardly any different characters.
    Pattern,
    /// The user's or the shop's own name.
    OwnName,
}

impl Weakness {
    /// What is wrong and what would be right.
    pub const fn message(self) -> &'static str {
        match self {
            Self::TooShort => "A password needs at least 12 characters.",
            Self::TooLong => "A password has at most 1,000 bytes.",
            Self::Control => "A password cannot contain control characters.",
            Self::Common => {
                "This password is widely used and is guessed first. Several unrelated words \
                 make a good one."
            }
            Self::Pattern => {
                "This password follows a simple pattern. Several unrelated words make a good one."
            }
            Self::OwnName => "A password cannot be the name of the user or of the shop.",
        }
    }
}

/// Whether a new password is good enough. `names` are the user's and the shop's.
///
/// # Errors
/// The first [`Weakness`].
pub fn check(password: &str, names: &[&str]) -> Result<(), Weakness> {
    if password.len() > BYTES_MAX {
        return Err(Weakness::TooLong);
    }
    if password.chars().any(char::is_control) {
        return Err(Weakness::Control);
    }
    let normal: String = password.nfc().collect();
    if normal.chars().count() < CHARACTERS_MIN {
        return Err(Weakness::TooShort);
    }
    let lower = normal.to_lowercase();
    let core = undecorated(&lower);
    if COMMON.lines().any(|common| common == lower) || WORDS.contains(&core.as_str()) {
        return Err(Weakness::Common);
    }
    if is_pattern(&lower) {
        return Err(Weakness::Pattern);
    }
    let letters = |text: &str| -> String {
        text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
    };
    let own = letters(&lower);
    let is_own = |name: &&str| !name.is_empty() && (own == letters(name) || core == letters(name));
    if names.iter().any(is_own) { Err(Weakness::OwnName) } else { Ok(()) }
}

/// The word that is left when digits for letters are read as letters and what stands before
/// and behind is cut off: `P4ssw0rd2024!!` is `password`. A word twice counts once.
fn undecorated(lower: &str) -> String {
    let trimmed = lower.trim_matches(|c: char| !c.is_alphabetic() && !matches!(c, '@' | '$'));
    let word: String = trimmed
        .chars()
        .map(|c| match c {
            '@' | '4' => 'a',
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '$' | '5' => 's',
            '7' => 't',
            other => other,
        })
        .filter(|c| c.is_alphabetic())
        .collect();
    WORDS
        .iter()
        .find(|known| is_repetition_of(&word, known))
        .map_or(word, |known| (*known).to_owned())
}

fn is_repetition_of(text: &str, unit: &str) -> bool {
    !text.is_empty()
        && text.len().is_multiple_of(unit.len())
        && text.as_bytes().chunks(unit.len()).all(|chunk| chunk == unit.as_bytes())
}

/// A short piece over and over, along a row of keys in either direction, or fewer than five
/// different characters.
fn is_pattern(lower: &str) -> bool {
    let chars: Vec<char> = lower.chars().collect();
    let repeats = |period: usize| chars.iter().zip(&chars[period..]).all(|(a, b)| a == b);
    let mut different = chars.clone();
    different.sort_unstable();
    different.dedup();
    let backwards: String = chars.iter().rev().collect();
    different.len() < 5
        || (1..=chars.len() / 3).any(repeats)
        || RUNS.iter().any(|run| run.contains(lower) || run.contains(&backwards))
}

/// Hashes and verifies. Cloned cheaply; all clones share the limits.
#[derive(Clone, Debug)]
pub struct Passwords(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// One permit for each that may be in the house, working or waiting.
    places: Arc<Semaphore>,
    /// One permit for each that may work.
    cores: Arc<Semaphore>,
    /// How many hashes were computed so far.
    computed: AtomicU64,
    /// Belongs to no password.
    dummy: String,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(2, usize::from))
    }
}

impl Passwords {
    /// At most `cores` hashes at a time, and 16 times as many waiting.
    pub fn new(cores: usize) -> Self {
        let cores = cores.max(1);
        Self(Arc::new(Inner {
            places: Arc::new(Semaphore::new(cores * (1 + WAITING_PER_CORE_MAX))),
            cores: Arc::new(Semaphore::new(cores)),
            computed: AtomicU64::new(0),
            // The cost is in the parameters; that nobody knows a password of this digest
            // does not even matter, because its answer is never used.
            dummy: format!(
                "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$\
                 c3RvY2tyb29tIGR1bW15$ZHVtbXkgZGlnZXN0IG9mIG5vIHBhc3N3b3JkIGF0IGE"
            ),
        }))
    }

    /// How many hashes were computed since the start, dummies included.
    pub fn computed(&self) -> u64 {
        self.0.computed.load(Ordering::Relaxed)
    }

    /// The hash of a new password, as a PHC string.
    ///
    /// # Errors
    /// 503 `overloaded` where too many are waiting.
    pub async fn hash(&self, password: &str) -> ApiResult<String> {
        let password: String = password.nfc().collect();
        self.work(move || {
            argon2()?.hash_password(password.as_bytes()).map(|hash: PasswordHash| hash.to_string())
        })
        .await?
        .map_err(ApiError::internal)
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash the answer is no,
    /// after the same work.
    ///
    /// # Errors
    /// 503 `overloaded` where too many are waiting.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> ApiResult<bool> {
        // Longer than any password can be: no work for the sake of a mistake or an attack.
        if password.len() > BYTES_MAX {
            return Ok(false);
        }
        let password: String = password.nfc().collect();
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.0.dummy.clone());
        let is_match = self
            .work(move || {
                let hash = PasswordHash::new(&hash)?;
                match argon2()?.verify_password(password.as_bytes(), &hash) {
                    Ok(()) => Ok(true),
                    Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                    Err(error) => Err(error),
                }
            })
            .await?
            .map_err(ApiError::internal)?;
        Ok(is_known && is_match)
    }

    /// Runs `work` on a blocking thread. The permits go with it: a caller that goes away does
    /// not free a place whose work still runs.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> ApiResult<T> {
        let inner = Arc::clone(&self.0);
        let place = Arc::clone(&inner.places).try_acquire_owned().map_err(|_| {
            ApiError::new(
                ErrorCode::Overloaded,
                "Too many people are signing in at this moment. Try again shortly.",
            )
            .with_retry_after_s(2)
        })?;
        let core = Arc::clone(&inner.cores).acquire_owned().await.map_err(ApiError::internal)?;
        tokio::task::spawn_blocking(move || {
            let _permits = (place, core);
            inner.computed.fetch_add(1, Ordering::Relaxed);
            work()
        })
        .await
        .map_err(ApiError::internal)
    }
}

fn argon2() -> argon2::password_hash::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(password: &str, weakness: Weakness) {
        assert_eq!(
            check(password, &["Ada Lovelace", "Paws & Co. Pets"]),
            Err(weakness),
            "{password}"
        );
    }

    #[test]
    fn short_long_and_common_passwords_are_refused() {
        refused("eleven char", Weakness::TooShort);
        refused(&"é".repeat(501), Weakness::TooLong);
        refused("with a \0 inside", Weakness::Control);
        refused("correcthorsebatterystaple", Weakness::Common);
        refused("P4ssw0rd2024!!", Weakness::Common);
        refused("passwordPASSWORD", Weakness::Common);
        refused("Stockroom12345", Weakness::Common);
        refused("Admin!!!!!!!!", Weakness::Common);
    }

    #[test]
    fn patterns_and_names_are_refused() {
        refused("aaaaaaaaaaaa", Weakness::Pattern);
        refused("abcdefghijklm", Weakness::Pattern);
        refused("7654321098765", Weakness::Pattern);
        refused("qwertyuiopasd", Weakness::Pattern);
        refused("lkjhgfdsapoi", Weakness::Pattern);
        refused("blueblueblue", Weakness::Pattern);
        refused("ababccababcc", Weakness::Pattern);
        refused("Ada-Lovelace", Weakness::OwnName);
        refused("pawscopets1234", Weakness::OwnName);
    }

    #[test]
    fn good_passwords_are_taken() {
        for password in [
            "violet kettle under rain",
            "twelve chars",
            "Tr0ub4dor&3-and-more",
            "пароль из нескольких слов",
            "seven-admins-ate-a-pass",
            "ブルーベリーパイを三つください",
        ] {
            assert_eq!(check(password, &["ada", ""]), Ok(()), "{password}");
        }
    }

    #[test]
    fn the_list_holds_only_what_the_length_rule_lets_through() {
        for line in COMMON.lines() {
            assert!(line.chars().count() >= CHARACTERS_MIN, "{line}");
            assert_eq!(line, line.to_lowercase());
        }
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_in_either_normal_form() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("crème brûlée at noon").await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let decomposed: String = "crème brûlée at noon".nfd().collect();
        assert!(passwords.verify(&decomposed, Some(hash.clone())).await.expect("verified"));
        assert!(!passwords.verify("creme brulee at noon", Some(hash)).await.expect("verified"));
    }

    #[tokio::test]
    async fn an_unknown_user_costs_the_same_work() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("violet kettle under rain").await.expect("hashed");
        let dummy = PasswordHash::new(&passwords.0.dummy).expect("parses");
        let real = PasswordHash::new(&hash).expect("parses");
        assert_eq!((dummy.algorithm, dummy.version), (real.algorithm, real.version));
        assert_eq!(dummy.params, real.params);
        assert_eq!(dummy.hash.map(|hash| hash.len()), real.hash.map(|hash| hash.len()));
        let before = passwords.computed();
        assert!(!passwords.verify("anything at all", None).await.expect("verified"));
        assert_eq!(passwords.computed(), before + 1);
    }

    #[tokio::test]
    async fn too_many_at_once_are_told_to_come_back() {
        let passwords = Passwords::new(1);
        let _all = Arc::clone(&passwords.0.places).acquire_many_owned(17).await.expect("free");
        let error = passwords.hash("violet kettle under rain").await.expect_err("full");
        let failure = error.failure().expect("a failure");
        assert_eq!(failure.code, ErrorCode::Overloaded);
        assert!(failure.retry_after_s.is_some());
        assert_eq!(passwords.computed(), 0);
    }
}
