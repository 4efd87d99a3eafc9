//! What a caller would rather have (RFC 7240): to wait for an outcome, or not to wait at all.

use std::time::Duration;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use aide::operation::add_parameters;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

use super::etag;
use crate::App;

/// The request's header.
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The answer's: what of it was heeded.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The longest that anyone is kept waiting.
const WAIT_MAX_S: u64 = 10;

/// The caller's `Prefer: wait=5`: answer when it is decided, after so long at the latest.
/// Preferences that are not known are passed over, as the RFC has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreferWait(Option<Duration>);

impl PreferWait {
    /// How long the caller would wait; nothing unless asked for.
    pub const fn duration(self) -> Option<Duration> {
        self.0
    }

    fn parse(texts: &[&str]) -> Self {
        let preferences = texts.iter().flat_map(|text| text.split([',', ';']));
        let wait = preferences.filter_map(|preference| {
            let (name, value) = preference.split_once('=')?;
            name.trim().eq_ignore_ascii_case("wait").then_some(value.trim().trim_matches('"'))
        });
        let seconds = wait.filter_map(|value| value.parse::<u64>().ok()).next();
        Self(seconds.map(|seconds| Duration::from_secs(seconds.min(WAIT_MAX_S))))
    }
}

/// Whether a caller would rather not wait for the work: `Prefer: respond-async`.
pub(super) fn is_async(headers: &HeaderMap) -> bool {
    let preferences = texts(headers).into_iter().flat_map(|text| text.split(','));
    let names = preferences.filter_map(|preference| preference.split(';').next());
    names.into_iter().any(|name| name.trim().eq_ignore_ascii_case("respond-async"))
}

fn texts(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok()).collect()
}

impl FromRequestParts<App> for PreferWait {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(&texts(&parts.headers)))
    }
}

impl OperationInput for PreferWait {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let about = "`wait=5` answers when the outcome is known, after 5 seconds at the latest; \
                     10 is the most.";
        let parameter = etag::header_parameter(ctx, "Prefer", about);
        add_parameters(ctx, operation, [parameter]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_found_among_other_preferences_and_bounded() {
        let check = |texts: &[&str], seconds: Option<u64>| {
            assert_eq!(PreferWait::parse(texts).duration(), seconds.map(Duration::from_secs));
        };
        check(&[], None);
        check(&["wait=5"], Some(5));
        check(&["respond-async, Wait = \"3\""], Some(3));
        check(&["handling=lenient", "wait=2; foo"], Some(2));
        check(&["wait=600"], Some(10));
        check(&["wait", "wait=soon", "wait=-1"], None);
    }
}
