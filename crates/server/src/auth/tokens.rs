//! Access tokens: JWT, HS256 and nothing else, ten minutes long.
//!
//! The keys are [`super::keyring`]'s. A token that was verified is remembered by its exact bytes:
//! the hot path costs one look-up, no cryptography and no database. Whether the user may still
//! come in is not the token's to say; see [`super::callers`].

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use stockroom_domain::{Timestamp, UserId};

use super::keyring::{KEYS_AGE_MAX_S, KEYS_AGE_MIN_S, Key, Keyring};
use super::wrap::Wrapper;
use crate::clock::Clock;
use crate::db::Db;
use crate::error::{ApiError, ApiResult};
use crate::recent::Recent;

/// How long an access token is good.
pub const TOKEN_TTL_S: i64 = 600;
const ISSUER: &str = "stockroom";
const AUDIENCE: &str = "stockroom-api";
/// Ours have about 300 bytes; longer ones are refused unread.
const TOKEN_BYTES_MAX: usize = 1_024;
/// By how much the clock of the node that signed may be ahead of ours.
pub(super) const NOT_BEFORE_LEEWAY_S: i64 = 30;
/// Remembered tokens: as many as a node has signed-in devices, roughly.
const VERIFIED_LEN_MAX: usize = 4_096;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: i64,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// A token that is genuine and in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose it is.
    pub user_id: UserId,
    /// The sign-in it belongs to.
    pub session_id: i64,
    not_before_s: i64,
    expires_s: i64,
}

/// Signs and verifies. Cloned cheaply; all clones share what they remember.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    keyring: Keyring,
    verified: Recent<Box<str>, Verified>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// A key in hand: signs without waiting.
pub struct Signer {
    keys: Arc<Vec<Key>>,
    index: usize,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("kid", &self.keys[self.index].kid).finish()
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self::new(Wrapper::default())
    }
}

impl Tokens {
    /// Knows no key yet. It also installs the cryptography: without a provider the crate panics
    /// at the first token, and there is no way to a token but through here.
    pub fn new(wrapper: Wrapper) -> Self {
        // It says no where one is installed already, which is as good.
        let _ = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
        Self(Arc::new(Inner {
            keyring: Keyring::new(wrapper),
            verified: Recent::new(VERIFIED_LEN_MAX),
        }))
    }

    /// The keys that sign.
    pub fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// A key to sign with, made if there is none. To be asked for before a transaction begins:
    /// on SQLite there is only one writing connection.
    ///
    /// # Errors
    /// 503 where this node can read none of the keys; the database's.
    pub async fn signer(&self, db: &Db, clock: &Clock) -> ApiResult<Signer> {
        let mut keys = self.0.keyring.keys(db, clock, KEYS_AGE_MAX_S).await?;
        if !keys.iter().any(|key| !key.is_retired) {
            self.0.keyring.rotate_old(db, clock).await?;
            keys = self.0.keyring.keys(db, clock, 0).await?;
        }
        let index = keys.iter().position(|key| !key.is_retired).ok_or_else(locked_out)?;
        Ok(Signer { keys, index })
    }

    /// Whose token this is, or `None` where it is not ours, not genuine or not in its time.
    ///
    /// # Errors
    /// The database's, where the keys had to be read.
    pub async fn verify(&self, db: &Db, clock: &Clock, token: &str) -> ApiResult<Option<Verified>> {
        if token.len() > TOKEN_BYTES_MAX {
            return Ok(None);
        }
        if let Some(verified) = self.0.verified.get(token) {
            return Ok(verified.is_in_time(clock.now()).then_some(verified));
        }
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(None) };
        let Some(kid) = header.kid else { return Ok(None) };
        let mut keys = self.0.keyring.keys(db, clock, KEYS_AGE_MAX_S).await?;
        if !keys.iter().any(|key| key.kid == kid) {
            keys = self.0.keyring.keys(db, clock, KEYS_AGE_MIN_S).await?;
        }
        let Some(key) = keys.iter().find(|key| key.kid == kid) else { return Ok(None) };
        let Some(verified) = read(token, &key.verifies) else { return Ok(None) };
        if !verified.is_in_time(clock.now()) {
            return Ok(None);
        }
        self.0.verified.insert(token.into(), verified);
        Ok(Some(verified))
    }
}

impl Signer {
    /// A token of ten minutes for that user and sign-in.
    ///
    /// # Errors
    /// The claims cannot be written down, which does not happen.
    pub fn sign(&self, user: UserId, session_id: i64, now: Timestamp) -> ApiResult<String> {
        let key = &self.keys[self.index];
        let now_s = now.0.div_euclid(1_000_000);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.0.to_string(),
            sid: session_id,
            iat: now_s,
            nbf: now_s,
            exp: now_s + TOKEN_TTL_S,
        };
        let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &key.signs).map_err(ApiError::internal)
    }
}

impl Verified {
    /// When it ends.
    pub const fn expires_at(&self) -> Timestamp {
        Timestamp(self.expires_s.saturating_mul(1_000_000))
    }

    fn is_in_time(&self, now: Timestamp) -> bool {
        let now_s = now.0.div_euclid(1_000_000);
        self.not_before_s - NOT_BEFORE_LEEWAY_S <= now_s && now_s < self.expires_s
    }
}

/// 503: this node can read none of the keys that sign.
pub fn locked_out() -> ApiError {
    ApiError::unavailable(
        "This node cannot sign tokens: the keys are wrapped with a key that it does not have. \
         Restart it with the STOCKROOM_KEY_FILE of the other nodes.",
    )
}

/// Checks signature, issuer, audience and form. The times are compared by the caller, on the
/// server's own clock: the crate would ask the machine's.
fn read(token: &str, key: &DecodingKey) -> Option<Verified> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Claims>(token, key, &validation).ok()?.claims;
    // Ours are never longer: a forged one shall not outlive the key that it was forged with.
    if claims.exp.checked_sub(claims.nbf)? > TOKEN_TTL_S {
        return None;
    }
    Some(Verified {
        user_id: UserId(claims.sub.parse().ok()?),
        session_id: claims.sid,
        not_before_s: claims.nbf,
        expires_s: claims.exp,
    })
}

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use jsonwebtoken::EncodingKey;

    use super::*;
    use crate::auth::sql;
    use crate::db::{DatabaseUrl, PoolSizes, connect, migrate};

    const START: Timestamp = Timestamp(1_800_000_000_000_000);

    async fn database(folder: &tempfile::TempDir) -> Db {
        let url = DatabaseUrl::Sqlite(folder.path().join("shop.db"));
        let db = connect(&url, PoolSizes { requests: 2, ledger: 1 }).await.expect("connects");
        migrate(&db).await.expect("migrates");
        db
    }

    /// The id of the database's first key, and the key.
    async fn first_key(db: &Db) -> (String, EncodingKey) {
        let rows = sql::signing_keys(&mut db.read().await.expect("reads"), START).await;
        let row = rows.expect("reads").remove(0);
        let secret = BASE64_STANDARD.decode(&row.secret).expect("base64");
        (row.kid, EncodingKey::from_secret(&secret))
    }

    /// A token of any header and claims, signed with the database's first key.
    async fn forge(db: &Db, header: &Header, claims: &serde_json::Value) -> String {
        let (kid, key) = first_key(db).await;
        let header = Header { kid: header.kid.clone().or(Some(kid)), ..header.clone() };
        jsonwebtoken::encode(&header, claims, &key).expect("signs")
    }

    /// The genuine HS256 signature of a header and claims.
    async fn signature(db: &Db, head: &str) -> String {
        let (_, key) = first_key(db).await;
        jsonwebtoken::crypto::sign(head.as_bytes(), &key, Algorithm::HS256).expect("signs")
    }

    #[tokio::test]
    async fn a_token_of_one_node_is_good_on_the_other_and_for_ten_minutes() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = database(&folder).await;
        let clock = Clock::manual(START);
        let (a, b) = (Tokens::default(), Tokens::default());
        // Node B has read the keys while there were none: the unknown kid makes it look again.
        assert!(b.keyring().keys(&db, &clock, KEYS_AGE_MAX_S).await.expect("reads").is_empty());
        clock.advance(2);
        let signer = a.signer(&db, &clock).await.expect("a key");
        let token = signer.sign(UserId(7), 42, clock.now()).expect("signs");
        for node in [&a, &b, &b] {
            let verified = node.verify(&db, &clock, &token).await.expect("reads").expect("good");
            assert_eq!((verified.user_id, verified.session_id), (UserId(7), 42));
        }
        clock.advance(TOKEN_TTL_S - 1);
        assert!(b.verify(&db, &clock, &token).await.expect("reads").is_some());
        clock.advance(1);
        for node in [&a, &b] {
            assert_eq!(node.verify(&db, &clock, &token).await.expect("reads"), None);
        }
    }

    /// What a genuine token of user 1 says.
    fn claims() -> serde_json::Value {
        let now = START.0 / 1_000_000;
        serde_json::json!({
            "iss": "stockroom", "aud": "stockroom-api", "sub": "1", "sid": 1,
            "iat": now, "nbf": now, "exp": now + 600,
        })
    }

    #[tokio::test]
    async fn tokens_that_say_something_else_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = database(&folder).await;
        let clock = Clock::manual(START);
        let tokens = Tokens::default();
        tokens.signer(&db, &clock).await.expect("a key");
        let now = START.0 / 1_000_000;
        let with = |name: &str, value: serde_json::Value| {
            let mut claims = claims();
            claims[name] = value;
            claims
        };
        let without = |name: &str| {
            let mut claims = claims();
            claims.as_object_mut().expect("an object").remove(name);
            claims
        };
        let hs256 = Header::new(Algorithm::HS256);
        let genuine = forge(&db, &hs256, &claims()).await;
        assert!(tokens.verify(&db, &clock, &genuine).await.expect("reads").is_some());
        for claims in [
            with("exp", serde_json::json!((now + 600).to_string())),
            with("exp", serde_json::json!(now)),
            with("exp", serde_json::json!(now + 601)),
            with("exp", serde_json::json!(i64::MAX)),
            with("nbf", serde_json::json!(now + 31)),
            with("nbf", serde_json::json!("soon")),
            with("iss", serde_json::json!("stockroom2")),
            with("aud", serde_json::json!("elsewhere")),
            with("aud", serde_json::json!(["stockroom-api", "elsewhere"])),
            with("sub", serde_json::json!("one")),
            without("exp"),
            without("nbf"),
            without("iss"),
            without("aud"),
            without("sub"),
            without("sid"),
        ] {
            let token = forge(&db, &hs256, &claims).await;
            assert_eq!(tokens.verify(&db, &clock, &token).await.expect("reads"), None, "{claims}");
        }
    }

    #[tokio::test]
    async fn tokens_that_our_key_did_not_sign_with_hs256_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = database(&folder).await;
        let clock = Clock::manual(START);
        let tokens = Tokens::default();
        let signer = tokens.signer(&db, &clock).await.expect("a key");
        let good = signer.sign(UserId(1), 1, START).expect("signs");
        let (kid, _) = first_key(&db).await;
        let hs256 = Header::new(Algorithm::HS256);
        let other_kid = Header { kid: Some("unknown".to_owned()), ..hs256.clone() };
        let stolen_kid = Header { kid: Some(kid.clone()), ..hs256.clone() };
        let wrong_key = EncodingKey::from_secret(&[7; 32]);
        let mut bad = vec![
            String::new(),
            "a.b.c".to_owned(),
            "x".repeat(2_000),
            forge(&db, &other_kid, &claims()).await,
            forge(&db, &Header::new(Algorithm::HS384), &claims()).await,
            jsonwebtoken::encode(&stolen_kid, &claims(), &wrong_key).expect("signs"),
        ];
        let encode = |json: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let foreign = good.rsplit('.').next().unwrap_or_default();
        // The name of another algorithm, with a signature that is genuine, of another token, or
        // missing: whoever verifies by what the header says takes one of them.
        for alg in ["none", "None", "", "RS256", "ES256", "PS256", "EdDSA", "HS384", "hs256"] {
            let header = serde_json::json!({"alg": alg, "typ": "JWT", "kid": kid});
            let head = format!("{}.{}", encode(&header), encode(&claims()));
            let genuine = signature(&db, &head).await;
            bad.extend([genuine.as_str(), foreign, ""].map(|sign| format!("{head}.{sign}")));
            bad.push(head);
        }
        let ours = forge(&db, &hs256, &claims()).await;
        let (head, signed) = ours.rsplit_once('.').expect("three parts");
        assert_eq!(signature(&db, head).await, signed, "what is forged here is well made");
        let mut flipped = good.into_bytes();
        let last = flipped.len() - 3;
        flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
        bad.push(String::from_utf8(flipped).expect("ascii"));
        for token in bad {
            let verified = tokens.verify(&db, &clock, &token).await.expect("reads");
            assert_eq!(verified, None, "{token}");
        }
    }

    #[tokio::test]
    async fn a_flood_of_unknown_keys_reads_the_database_once_a_second() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = database(&folder).await;
        let clock = Clock::manual(START);
        let tokens = Tokens::default();
        let signer = tokens.signer(&db, &clock).await.expect("a key");
        let claims = serde_json::json!({"sub": "1"});
        let header = Header { kid: Some("unknown".to_owned()), ..Header::new(Algorithm::HS256) };
        let forged = forge(&db, &header, &claims).await;
        let good = signer.sign(UserId(1), 1, START).expect("signs");
        // With the database gone, only a read would fail.
        db.close().await;
        for _ in 0..100 {
            assert_eq!(tokens.verify(&db, &clock, &forged).await.expect("no read"), None);
        }
        assert!(tokens.verify(&db, &clock, &good).await.expect("no read").is_some());
        clock.advance(1);
        assert!(tokens.verify(&db, &clock, &forged).await.is_err());
        // What was verified before needs neither key nor database.
        clock.advance(300);
        assert!(tokens.verify(&db, &clock, &good).await.expect("no read").is_some());
    }

    #[tokio::test]
    async fn two_nodes_that_start_together_sign_with_one_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = database(&folder).await;
        let clock = Clock::manual(START);
        let nodes: Vec<Tokens> = (0..8).map(|_| Tokens::default()).collect();
        let signers = nodes.iter().map(|node| {
            let (node, db, clock) = (node.clone(), db.clone(), clock.clone());
            tokio::spawn(async move { node.signer(&db, &clock).await.expect("a key") })
        });
        let mut made = Vec::new();
        for signer in signers.collect::<Vec<_>>() {
            made.push(signer.await.expect("joined"));
        }
        for signer in made {
            let token = signer.sign(UserId(1), 1, START).expect("signs");
            clock.advance(1);
            for node in &nodes {
                assert!(node.verify(&db, &clock, &token).await.expect("reads").is_some());
            }
        }
        clock.advance(KEYS_AGE_MAX_S);
        let mut kids = std::collections::BTreeSet::new();
        for node in &nodes {
            let signer = node.signer(&db, &clock).await.expect("a key");
            kids.insert(signer.keys[signer.index].kid.clone());
        }
        assert_eq!(kids.len(), 1, "{kids:?}");
    }
}
