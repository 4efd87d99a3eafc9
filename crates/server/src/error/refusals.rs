//! What the ledger refuses, as the API says it.

use serde_json::{Map, Value};
use stockroom_domain::batch::Refused;
use stockroom_domain::credit::CreditRefusal;
use stockroom_domain::orders::OrderRefusal;
use stockroom_domain::stock::{Line, Refusal};

use super::{ApiError, Early, ErrorCode, Failure, FieldError};
use crate::ledger::PostError;

/// What the API says of a line that the rules of stock refuse, without its place in the
/// request.
pub fn refused_line(line: &Line, refusal: &Refusal) -> Failure {
    let key = &line.key;
    let mut details = Map::new();
    details.insert("store_id".to_owned(), key.store.0.into());
    details.insert("product_id".to_owned(), key.product.0.into());
    let mut detail = |name: &str, value: Value| details.insert(name.to_owned(), value);
    let number = |value| serde_json::to_value(value).unwrap_or_default();
    let (code, field, message) = match *refusal {
        Refusal::NotEnough { requested, on_hand } => {
            detail("requested", number(requested));
            detail("on_hand", number(on_hand));
            let message = format!("{requested} asked for, {on_hand} on hand.");
            (ErrorCode::InsufficientStock, "quantity", message)
        }
        Refusal::TooLarge => {
            let message = "The level, or its value, would be larger than the ledger can hold.";
            (ErrorCode::InvalidState, "quantity", message.to_owned())
        }
        Refusal::VersionMismatch { version } => {
            detail("version", version.into());
            let message = format!("The level has changed: it is at version {version} now.");
            (ErrorCode::VersionMismatch, "If-Match", message)
        }
        Refusal::AlreadyReversed => {
            (ErrorCode::InvalidState, "id", "The movement was reversed before.".to_owned())
        }
        Refusal::UnknownStore => {
            (ErrorCode::NotFound, "store_id", format!("There is no store {}.", key.store))
        }
        Refusal::UnknownProduct => {
            (ErrorCode::NotFound, "product_id", format!("There is no product {}.", key.product))
        }
        Refusal::LotRequired => {
            let message = "The lots of this product are tracked: name the lot.".to_owned();
            (ErrorCode::InvalidRequest, "lot", message)
        }
        Refusal::UnknownLot => {
            (ErrorCode::NotFound, "lot", "The product has no such lot.".to_owned())
        }
    };
    let mut failure = Failure::new(code, message.clone());
    failure.field = Some(field.to_owned());
    failure.errors = vec![FieldError { field: field.to_owned(), code: code.name(), message }];
    failure.details = details;
    failure
}

impl ApiError {
    /// Several failures as one, which bears the first one's code and the faults of all; nothing
    /// where there are none.
    pub fn together(errors: Vec<Self>) -> Option<Self> {
        let failures = errors.into_iter().filter_map(|error| match error.into_early() {
            Early::Failure(failure) => Some(failure),
            Early::Replay { .. } | Early::Answered { .. } => None,
        });
        as_one(failures).map(Self::from)
    }

    /// Why a posting had no effect. `lines` are those it held; `field_of` says where in the
    /// request the line of an index stood, as in `movements[3]`, or `""` for a single one.
    pub fn from_post(
        error: PostError,
        key: &str,
        lines: &[Line],
        field_of: impl Fn(usize) -> String,
    ) -> Self {
        match error {
            PostError::Refused(refused) => refusal(&refused, lines, field_of),
            PostError::KeyReused => crate::http::once::key_reused(key),
            PostError::Overloaded => {
                Self::new(ErrorCode::Overloaded, "Too much is waiting to be written. Try again.")
            }
            PostError::Unavailable => {
                Self::unavailable("The database cannot be used at the moment. Try again shortly.")
            }
            PostError::OutcomeUnknown => Self::new(
                ErrorCode::OutcomeUnknown,
                "The database went away while this was being written. Ask again with the same \
                 idempotency key: it takes effect once.",
            )
            .with_detail("idempotency_key", key),
            PostError::Internal => Self::internal("the ledger has logged why"),
        }
    }
}

fn refusal(refused: &Refused, lines: &[Line], field_of: impl Fn(usize) -> String) -> ApiError {
    match refused {
        Refused::Lines(refusals) => refused_lines(refusals, lines, field_of),
        Refused::Order(refusal) => refused_order(*refusal),
        Refused::Credit(refusal) => refused_charge(*refusal),
    }
}

/// Why an order cannot go on so.
fn refused_order(refusal: OrderRefusal) -> ApiError {
    let state = match refusal {
        OrderRefusal::UnknownOrder => {
            return ApiError::new(ErrorCode::NotFound, "There is no such order.");
        }
        OrderRefusal::VersionMismatch { state } | OrderRefusal::NotPossible { state } => state,
    };
    let status = state.status.name();
    let (code, message) = match refusal {
        OrderRefusal::VersionMismatch { .. } => {
            let message = "The order has gone on meanwhile: it is";
            (ErrorCode::VersionMismatch, format!("{message} {status} now. Look at it again."))
        }
        _ => (
            ErrorCode::InvalidState,
            format!("That cannot be done with an order that is {status}."),
        ),
    };
    ApiError::new(code, message).with_detail("status", status).with_detail("version", state.version)
}

/// Why a customer cannot be charged.
fn refused_charge(refusal: CreditRefusal) -> ApiError {
    let refused = |code: ErrorCode, message: String| {
        ApiError::field(code, code.name(), "customer_id", message)
    };
    match refusal {
        CreditRefusal::UnknownCustomer(id) => {
            refused(ErrorCode::NotFound, format!("There is no customer {id}."))
        }
        CreditRefusal::Closed(id) => {
            let message = format!("The customer {id} was deleted: restore them first.");
            refused(ErrorCode::InvalidState, message).with_detail("customer_id", id.0)
        }
        CreditRefusal::OverLimit { owed, limit, amount } => {
            let message = format!(
                "{amount} on top of the {owed} owed would be over the customer's limit of {limit}."
            );
            refused(ErrorCode::CreditLimitExceeded, message)
                .with_detail("owed", owed.to_string())
                .with_detail("limit", limit.to_string())
                .with_detail("amount", amount.to_string())
        }
        CreditRefusal::AlreadyReversed => {
            ApiError::conflict(ErrorCode::InvalidState, "The payment was undone before.")
        }
        CreditRefusal::TooLarge => {
            refused(ErrorCode::InvalidState, "More than can be owed.".to_owned())
        }
    }
}

/// Every refused line in one failure, which bears the first one's code.
fn refused_lines(
    refusals: &[(usize, Refusal)],
    lines: &[Line],
    field_of: impl Fn(usize) -> String,
) -> ApiError {
    let failures = refusals.iter().filter_map(|(index, refusal)| {
        let mut failure = refused_line(lines.get(*index)?, refusal);
        failure.within(&field_of(*index));
        Some(failure)
    });
    as_one(failures)
        .map_or_else(|| ApiError::invalid("", "There is no line in this request."), ApiError::from)
}

fn as_one(mut failures: impl Iterator<Item = Failure>) -> Option<Failure> {
    let mut first = failures.next()?;
    first.errors.extend(failures.flat_map(|failure| failure.errors));
    if first.errors.len() > 1 {
        let more = first.errors.len() - 1;
        first.message = format!("{} ({more} more below.)", first.message);
    }
    Some(first)
}
