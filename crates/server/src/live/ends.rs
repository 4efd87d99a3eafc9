//! Why a socket ends: the code that it is closed with, and what is said before.

use crate::error::{ApiError, ErrorCode};
use crate::http::Unsent;

/// The end of a connection.
#[derive(Debug)]
pub(super) struct End {
    /// The WebSocket close code; 1005 where the caller has closed it, or is gone.
    pub code: u16,
    /// In a few words, for people.
    pub reason: &'static str,
    /// Told before, where a message was at fault.
    pub error: Option<ApiError>,
}

impl End {
    /// The caller has closed it, or is gone.
    pub(super) const LEFT: Self = Self::new(1005, "");
    /// This node stops: there are others, or it comes back.
    pub(super) const STOPPING: Self = Self::new(1001, "the server stops");
    /// Nobody has said in time who they are.
    pub(super) const SILENT: Self = Self::new(4401, "no auth in time");
    /// The token has ended.
    pub(super) const EXPIRED: Self = Self::new(4401, "the token has ended");
    /// The sign-in has ended, or the role was lost.
    pub(super) const LOST: Self = Self::new(4403, "the right was lost");
    /// The caller does not take what they are sent, or does not answer.
    pub(super) const TOO_SLOW: Self = Self::new(4408, "too slow");
    /// A page of somebody else's.
    pub(super) const FOREIGN: Self = Self::new(4409, "opened by a page of another origin");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason, error: None }
    }

    /// What was said is none of the messages there are.
    pub(super) fn bad(code: u16, error: ApiError) -> Self {
        Self { error: Some(error), ..Self::new(code, "not understood") }
    }

    /// Someone who brings another user's token.
    pub(super) fn someone_else() -> Self {
        let message = "Another user's token: open a connection for them.";
        Self::refused(ApiError::new(ErrorCode::Forbidden, message))
    }

    /// They may not come in, with the reason that a request would be answered with.
    pub(super) fn refused(error: ApiError) -> Self {
        let code = error.failure().map(|failure| failure.code);
        let (code, reason) = match code {
            Some(ErrorCode::Unauthenticated) => (4401, "the token is not good"),
            Some(ErrorCode::Forbidden) => (4403, "not allowed"),
            Some(ErrorCode::InvalidRequest) => (1008, "not understood"),
            Some(ErrorCode::Internal) => (1011, "something went wrong here"),
            _ => (1013, "try again later"),
        };
        Self { error: Some(error), ..Self::new(code, reason) }
    }
}

impl From<Unsent> for End {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::TooSlow => Self::TOO_SLOW,
            Unsent::Gone => Self::LEFT,
        }
    }
}
