//! The keys that sign tokens, as they lie in the database: wrapped where the operator has given a
//! key for that (`STOCKROOM_KEY_FILE`), so that whoever reads the database signs nothing.
//!
//! `v1.NONCE.BOX`, both in base64url: ChaCha20-Poly1305 over the 32 bytes, bound to the key's id.
//! A node with a wrapping key accepts wrapped keys alone, since whoever can write to the database
//! could otherwise add one of their own.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

use super::tokens::random;
use crate::error::{ApiError, ApiResult};

/// The fewest characters of a wrapping key.
pub const CHARACTERS_MIN: usize = 32;
const VERSION: &str = "v1";

/// Wraps and unwraps, if there is a key for it.
#[derive(Default)]
pub struct Wrapper(Option<LessSafeKey>);

impl std::fmt::Debug for Wrapper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Wrapper(…)" } else { "Wrapper(none)" })
    }
}

impl Wrapper {
    /// With the operator's key, or without one.
    ///
    /// # Errors
    /// The key is too short, or follows a pattern: a line that says so.
    pub fn new(key: Option<&str>) -> anyhow::Result<Self> {
        let Some(key) = key.map(str::trim) else { return Ok(Self(None)) };
        let mut different: Vec<char> = key.chars().collect();
        different.sort_unstable();
        different.dedup();
        anyhow::ensure!(
            key.chars().count() >= CHARACTERS_MIN && different.len() >= 10,
            "the key that STOCKROOM_KEY_FILE holds could be guessed: it needs {CHARACTERS_MIN} \
             random characters or more, as 'openssl rand -base64 32' gives"
        );
        let mut hash = Sha256::new();
        hash.update("stockroom key that wraps signing keys\0");
        hash.update(key);
        let key = UnboundKey::new(&CHACHA20_POLY1305, &hash.finalize())
            .map_err(|_| anyhow::anyhow!("the wrapping key cannot be used"))?;
        Ok(Self(Some(LessSafeKey::new(key))))
    }

    /// A secret as it is stored under that id.
    ///
    /// # Errors
    /// The cipher's, which do not happen with 32 bytes.
    pub fn seal(&self, kid: &str, secret: &[u8]) -> ApiResult<String> {
        let Some(key) = &self.0 else { return Ok(BASE64_STANDARD.encode(secret)) };
        let nonce: [u8; 12] = random();
        let mut sealed = secret.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(unique, Aad::from(kid), &mut sealed)
            .map_err(ApiError::internal)?;
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        Ok(format!("{VERSION}.{}.{}", text(&nonce), text(&sealed)))
    }

    /// The secret that is stored under that id, if this is the key for it.
    pub fn open(&self, kid: &str, stored: &str) -> Option<Vec<u8>> {
        let Some(key) = &self.0 else {
            // A wrapped one has dots, which are no base64.
            return BASE64_STANDARD.decode(stored).ok();
        };
        let (version, rest) = stored.split_once('.')?;
        let (nonce, sealed) = rest.split_once('.')?;
        let bytes = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let nonce = Nonce::try_assume_unique_for_key(&bytes(nonce)?).ok()?;
        let mut sealed = bytes(sealed)?;
        let opened = key.open_in_place(nonce, Aad::from(kid), &mut sealed).ok()?;
        (version == VERSION).then(|| opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "q2kPz0yX8o3mJ5bVtRw1nLs7HcDfGaEu";

    #[test]
    fn what_is_wrapped_opens_with_the_same_key_and_id_alone() {
        let wrapper = Wrapper::new(Some(KEY)).expect("a key");
        let sealed = wrapper.seal("a", &[7; 32]).expect("sealed");
        assert_eq!(wrapper.open("a", &sealed), Some(vec![7; 32]));
        assert_eq!(wrapper.open("b", &sealed), None);
        assert_ne!(sealed, wrapper.seal("a", &[7; 32]).expect("sealed"));
        let other = Wrapper::new(Some("another key of thirty-two characters")).expect("a key");
        assert_eq!(other.open("a", &sealed), None);
        let none = Wrapper::new(None).expect("none");
        assert_eq!(none.open("a", &sealed), None);
        let bare = none.seal("a", &[7; 32]).expect("sealed");
        assert_eq!(none.open("a", &bare), Some(vec![7; 32]));
        // What somebody else has put there is not accepted.
        assert_eq!(wrapper.open("a", &bare), None);
        for damaged in [&sealed[..sealed.len() - 2], "v1..", "v1", "", &sealed.replace("v1", "v2")]
        {
            assert_eq!(wrapper.open("a", damaged), None, "{damaged}");
        }
    }

    #[test]
    fn a_key_that_could_be_guessed_is_refused() {
        for weak in ["", "short", &"a".repeat(64), "12341234123412341234123412341234"] {
            assert!(Wrapper::new(Some(weak)).is_err(), "{weak}");
        }
        assert!(!format!("{:?}", Wrapper::new(Some(KEY))).contains(KEY));
    }
}
