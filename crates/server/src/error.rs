//! The one envelope of everything that goes wrong, and the one list of its codes.
//!
//! Rules return small enums of their own; slices turn them into an [`ApiError`] here, and
//! the edge alone turns an [`ApiError`] into a response with its `request_id`. The cause of
//! a defect is carried along for the log, which the edge writes once; it is never answered.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::db::{Fault, fault};

mod refusals;

pub use refusals::refused_line;

/// What a handler returns.
pub type ApiResult<T> = Result<T, ApiError>;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $status:literal $name:literal,)+) => {
        /// What went wrong, stable for programs. Each code has one HTTP status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl ErrorCode {
            /// All codes, in the order of their statuses.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code as it is answered.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The HTTP status that it comes with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// A sentence for the documentation.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// The request breaks a rule that it could have known; `errors` names every field.
    InvalidRequest = 400 "invalid_request",
    /// No valid token came with the request: sign in, or refresh the token.
    Unauthenticated = 401 "unauthenticated",
    /// The caller's role may not do this.
    Forbidden = 403 "forbidden",
    /// There is no such thing, or it lies in a store that the caller may not see.
    NotFound = 404 "not_found",
    /// The path exists, but not with this method; `Allow` names those it has.
    MethodNotAllowed = 405 "method_not_allowed",
    /// None of the formats in `Accept` can be given.
    NotAcceptable = 406 "not_acceptable",
    /// The request's body did not arrive in time.
    RequestTimeout = 408 "request_timeout",
    /// The movement would take more than is on hand.
    InsufficientStock = 409 "insufficient_stock",
    /// The customer would owe more than their limit.
    CreditLimitExceeded = 409 "credit_limit_exceeded",
    /// Another product that is not deleted has this SKU.
    DuplicateSku = 409 "duplicate_sku",
    /// Another product has this barcode.
    DuplicateBarcode = 409 "duplicate_barcode",
    /// Another store that is not deleted has this code.
    DuplicateCode = 409 "duplicate_code",
    /// Another user has this name.
    DuplicateUsername = 409 "duplicate_username",
    /// The caller has something else of this name.
    DuplicateName = 409 "duplicate_name",
    /// The thing is in a state in which this cannot be done; the message says what hinders.
    InvalidState = 409 "invalid_state",
    /// The shop has its first administrator already.
    AlreadySetUp = 409 "already_set_up",
    /// The same request with the same key is still running.
    RequestInProgress = 409 "request_in_progress",
    /// The position lies outside of what is kept: read what is there anew, and go on from now.
    CursorExpired = 410 "cursor_expired",
    /// The thing has changed since the version in `If-Match`.
    VersionMismatch = 412 "version_mismatch",
    /// The request's body is larger than this route takes.
    PayloadTooLarge = 413 "payload_too_large",
    /// The request's body is not sent as JSON.
    UnsupportedMediaType = 415 "unsupported_media_type",
    /// The idempotency key was used before, for another request.
    IdempotencyKeyReused = 422 "idempotency_key_reused",
    /// This path speaks WebSocket, and the request does not ask for that.
    UpgradeRequired = 426 "upgrade_required",
    /// Too many requests from this caller.
    RateLimited = 429 "rate_limited",
    /// Too many failed attempts; wait as long as `Retry-After` says.
    TooManyAttempts = 429 "too_many_attempts",
    /// A defect or a fault of the machine; the log has more under this request's id.
    Internal = 500 "internal",
    /// More work is waiting than can be taken on now.
    Overloaded = 503 "overloaded",
    /// The database cannot be used now, or the answer took too long.
    Unavailable = 503 "unavailable",
    /// Whether the request took effect is unknown: ask again with the same idempotency key.
    OutcomeUnknown = 503 "outcome_unknown",
}

/// One fault of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// Which, as in `items[2].quantity`; `""` for the body as a whole.
    pub field: String,
    /// What kind of fault: `invalid`, `required`, `unknown`, `duplicate`, or an error code.
    pub code: &'static str,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Why a request failed: the `error` of the envelope.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct Failure {
    /// Stable, for programs.
    pub code: ErrorCode,
    /// What happened and what to do, for people.
    pub message: String,
    /// The first field at fault.
    pub field: Option<String>,
    /// All fields at fault.
    pub errors: Vec<FieldError>,
    /// Every value that the message names.
    pub details: Map<String, Value>,
    /// When to come back, in seconds; sent as `Retry-After`.
    #[serde(skip)]
    pub retry_after_s: Option<u32>,
    /// For the log only.
    #[serde(skip)]
    pub cause: Option<String>,
    /// The caller reached for something that they have no right to. Told as 403, or, where not
    /// even its existence is theirs to know, as 404; put on record either way.
    #[serde(skip)]
    pub is_denial: bool,
}

/// What ends a handler early: a failure, or the stored answer of an earlier, equal request.
#[derive(Clone, Debug)]
pub struct ApiError(Box<Early>);

/// See [`ApiError`].
#[derive(Clone, Debug)]
pub enum Early {
    /// The request failed.
    Failure(Failure),
    /// The request took effect before: this was the answer.
    Replay {
        /// The idempotency key.
        key: String,
        /// The HTTP status.
        status: u16,
        /// The JSON body.
        answer: String,
    },
    /// The request was answered before its handler: it will be done later.
    Answered {
        /// The HTTP status.
        status: u16,
        /// Headers by their names.
        headers: Vec<(String, String)>,
        /// The JSON body.
        answer: String,
    },
}

impl From<Early> for ApiError {
    fn from(early: Early) -> Self {
        Self(Box::new(early))
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        Early::Failure(failure).into()
    }
}

impl Failure {
    /// A failure of that code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let retry_after_s = match code.status() {
            429 | 503 => Some(1),
            _ => None,
        };
        Self {
            code,
            message: message.into(),
            field: None,
            errors: Vec::new(),
            details: Map::new(),
            retry_after_s,
            cause: None,
            is_denial: code == ErrorCode::Forbidden,
        }
    }
}

impl ApiError {
    /// A failure of that code. 429 and 503 ask to come back in a second unless told otherwise.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Failure::new(code, message).into()
    }

    /// 400: one field breaks a rule.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::field(ErrorCode::InvalidRequest, "invalid", field, message)
    }

    /// 400: a field that has to be there is not.
    pub fn required(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::field(ErrorCode::InvalidRequest, "required", field, message)
    }

    /// A failure of that code that one field is to blame for, as a `duplicate_sku` is.
    pub fn field(
        code: ErrorCode,
        kind: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let (field, message) = (field.into(), message.into());
        let mut failure = Failure::new(code, message.clone());
        failure.field = Some(field.clone()).filter(|field| !field.is_empty());
        failure.errors = vec![FieldError { field, code: kind, message }];
        failure.into()
    }

    /// 404: `not_found("product", 7)`.
    pub fn not_found(kind: &str, id: impl Into<Value>) -> Self {
        let id = id.into();
        Self::new(ErrorCode::NotFound, format!("There is no {kind} {id}, or you may not see it."))
            .with_detail("kind", kind)
            .with_detail("id", id)
    }

    /// 401.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unauthenticated, message)
    }

    /// 403, naming the permission that no role of the caller carries.
    pub fn forbidden(permission: &str) -> Self {
        Self::new(
            ErrorCode::Forbidden,
            format!("Your role does not include the permission {permission}."),
        )
        .with_detail("permission", permission)
    }

    /// 409 of that code.
    pub fn conflict(code: ErrorCode, message: impl Into<String>) -> Self {
        debug_assert_eq!(code.status(), 409);
        Self::new(code, message)
    }

    /// 500. The cause goes to the log and nowhere else.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let mut failure = Failure::new(
            ErrorCode::Internal,
            "Something went wrong here. The log has more under this request's id.",
        );
        failure.cause = Some(cause.to_string());
        failure.into()
    }

    /// 503, back in a second.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable, message)
    }

    /// Adds a value that the message names.
    #[must_use]
    pub fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Early::Failure(failure) = &mut *self.0 {
            failure.details.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Sets the faults of single fields; the first of them becomes `field`.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        if let Early::Failure(failure) = &mut *self.0 {
            failure.field = errors.first().map(|error| error.field.clone());
            failure.errors = errors;
        }
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn with_retry_after_s(mut self, seconds: u32) -> Self {
        if let Early::Failure(failure) = &mut *self.0 {
            failure.retry_after_s = Some(seconds);
        }
        self
    }

    /// Has the attempt put on record as one that was denied.
    #[must_use]
    pub fn as_denial(mut self) -> Self {
        if let Early::Failure(failure) = &mut *self.0 {
            failure.is_denial = true;
        }
        self
    }

    /// Adds what the log should say.
    #[must_use]
    pub fn with_cause(mut self, cause: impl fmt::Display) -> Self {
        if let Early::Failure(failure) = &mut *self.0 {
            failure.cause = Some(cause.to_string());
        }
        self
    }

    /// The same with every field under `place`: `movements[3]`.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        if let Early::Failure(failure) = &mut *self.0 {
            failure.within(place);
        }
        self
    }

    /// The failure, or `None` where this is an answer.
    pub fn failure(&self) -> Option<&Failure> {
        match &*self.0 {
            Early::Failure(failure) => Some(failure),
            Early::Replay { .. } | Early::Answered { .. } => None,
        }
    }

    /// Takes it apart.
    pub fn into_early(self) -> Early {
        *self.0
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Early::Failure(failure) => write!(f, "{}: {}", failure.code.name(), failure.message),
            Early::Replay { key, .. } => write!(f, "answered before under the key {key}"),
            Early::Answered { status, .. } => write!(f, "answered {status} early"),
        }
    }
}

impl std::error::Error for ApiError {}

impl Failure {
    /// Puts every field under `place`; nothing changes where there is none.
    fn within(&mut self, place: &str) {
        let join = |field: &str| match (place, field) {
            ("", field) => field.to_owned(),
            (place, "") => place.to_owned(),
            (place, field) => format!("{place}.{field}"),
        };
        self.field =
            Some(join(self.field.as_deref().unwrap_or_default())).filter(|f| !f.is_empty());
        for error in &mut self.errors {
            error.field = join(&error.field);
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        match fault(&error) {
            Fault::Gone | Fault::Full => {
                Self::unavailable("The database cannot be used at the moment. Try again shortly.")
                    .with_cause(error)
            }
            Fault::Conflict => {
                Self::unavailable("Other work was in the way. Try again.").with_cause(error)
            }
            Fault::Duplicate | Fault::BadValue | Fault::Torn | Fault::Defect => {
                Self::internal(error)
            }
        }
    }
}

/// Collects the faults of a request, so that all of them are answered at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// Nothing found yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Notes that `field` breaks a rule.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), code: "invalid", message: message.into() });
    }

    /// Notes that `field` has to be there.
    pub fn add_required(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), code: "required", message: message.into() });
    }

    /// Notes a fault that was described where it was found.
    pub fn push(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// How many were found.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was found.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// 400 `invalid_request` with everything that was found, or nothing.
    ///
    /// # Errors
    /// Something was found.
    pub fn into_result(self) -> ApiResult<()> {
        let message = match &self.0[..] {
            [] => return Ok(()),
            [one] => one.message.clone(),
            [first, rest @ ..] => format!("{} ({} more below.)", first.message, rest.len()),
        };
        Err(ApiError::new(ErrorCode::InvalidRequest, message).with_errors(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_has_an_error_status() {
        let mut names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!((400..600).contains(&code.status()), "{}", code.name());
            assert_eq!(serde_json::to_value(code).unwrap_or_default(), code.name());
            assert!(code.about().ends_with('.'), "{}", code.name());
        }
    }

    #[test]
    fn all_faults_are_answered_and_the_first_names_the_field() {
        let mut faults = Faults::new();
        faults.add("sku", "A SKU has at most 64 characters.");
        faults.add_required("name", "A product needs a name.");
        let error = faults.into_result().expect_err("two faults");
        let failure = error.failure().expect("a failure");
        assert_eq!(failure.field.as_deref(), Some("sku"));
        assert_eq!(failure.errors.len(), 2);
        assert_eq!(failure.message, "A SKU has at most 64 characters. (1 more below.)");
        assert!(Faults::new().into_result().is_ok());
    }

    #[test]
    fn a_defect_never_says_its_cause() {
        let error = ApiError::from(sqlx::Error::RowNotFound);
        let failure = error.failure().expect("a failure");
        let answered = serde_json::to_string(failure).unwrap_or_default();
        assert_eq!(failure.code, ErrorCode::Internal);
        assert!(failure.cause.is_some() && !answered.contains("row"), "{answered}");
    }
}
