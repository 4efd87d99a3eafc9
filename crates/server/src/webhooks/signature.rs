//! What deliveries are signed with, and how: by Standard Webhooks, so that receivers verify them
//! with a library that they find in their language.
//!
//! A secret is 32 random bytes, shown once as `whsec_` and base64. In the database it is wrapped
//! as the keys are that sign tokens ([`crate::auth::wrap`]).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;

use crate::auth::wrap::Wrapper;
use crate::error::ApiResult;

/// What a secret begins with, for people and for scanners that look for leaked ones.
const PREFIX: &str = "whsec_";

/// A secret that was just made.
pub(super) struct NewSecret([u8; 32]);

impl NewSecret {
    /// A new one.
    pub(super) fn random() -> Self {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes);
        Self(bytes)
    }

    /// As it is shown, once.
    pub(super) fn shown(&self) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(self.0))
    }

    /// As it is stored with a webhook.
    ///
    /// # Errors
    /// The cipher's, which do not happen with 32 bytes.
    pub(super) fn sealed(&self, wrapper: &Wrapper, webhook: i64) -> ApiResult<String> {
        wrapper.seal(&name(webhook), &self.0)
    }
}

/// A secret as it is stored with a webhook, opened. One that was stored before there was a key to
/// wrap it with is as good.
pub(super) fn opened(wrapper: &Wrapper, webhook: i64, stored: &str) -> Option<Vec<u8>> {
    // A wrapped one has dots, which are no base64.
    let bare = || BASE64_STANDARD.decode(stored).ok();
    wrapper.open(&name(webhook), stored).or_else(bare)
}

/// What a wrapped secret is bound to. No key that signs tokens has a colon in its name.
fn name(webhook: i64) -> String {
    format!("webhook:{webhook}")
}

/// The header `webhook-signature`: one signature for each secret.
pub(super) fn header(secrets: &[Vec<u8>], id: &str, timestamp_s: i64, body: &str) -> String {
    let content = format!("{id}.{timestamp_s}.{body}");
    let one = |secret: &Vec<u8>| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let tag = hmac::sign(&key, content.as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(tag))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks' own libraries.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let body = r#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = header(&[secret], id, 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_read_back_with_its_webhook_alone() {
        let wrapper = Wrapper::new(Some("q2kPz0yX8o3mJ5bVtRw1nLs7HcDfGaEu")).expect("a key");
        let none = Wrapper::default();
        let secret = NewSecret::random();
        assert_eq!(secret.shown().len(), 6 + 44);
        let sealed = secret.sealed(&wrapper, 7).expect("sealed");
        assert_eq!(opened(&wrapper, 7, &sealed), Some(secret.0.to_vec()));
        assert_eq!(opened(&wrapper, 8, &sealed), None);
        assert_eq!(opened(&none, 7, &sealed), None);
        let bare = secret.sealed(&none, 7).expect("stored");
        assert_eq!(opened(&wrapper, 7, &bare), Some(secret.0.to_vec()));
        assert_eq!(opened(&none, 7, &bare), Some(secret.0.to_vec()));
    }
}
