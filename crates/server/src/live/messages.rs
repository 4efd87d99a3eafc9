//! What the two sides of a socket say: JSON objects, told apart by `type`.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stockroom_domain::EventId;

use crate::error::{ApiError, ApiResult, Failure};
use crate::event_log::http::EventView;
use crate::events::Logged;
use crate::http::WireTime;
use crate::http::socket;

/// What a caller says: who they are, first and again before their token ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    #[serde(rename = "type")]
    _kind: Kind,
    /// An access token, or a program's key.
    pub token: String,
    /// The last cursor that they know; `null` to begin now. Looked at the first time alone.
    #[serde(default)]
    pub since: Option<Since>,
    /// What they want to hear of; without it all, or what they heard of before.
    #[serde(default)]
    pub topics: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Auth,
}

/// A cursor: cursors are told as numbers, and taken as text too.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a cursor is a number, or null to begin now")]
pub(super) enum Since {
    Number(i64),
    Text(String),
}

impl Auth {
    /// # Errors
    /// 400 `invalid_request`: it is none.
    pub(super) fn read(text: &str) -> ApiResult<Self> {
        socket::read(text)
    }

    /// The place to go on behind; `None` for now.
    ///
    /// # Errors
    /// 400 `invalid_request`: it is no place of a log.
    pub(super) fn place(&self) -> ApiResult<Option<EventId>> {
        let place = match &self.since {
            None => return Ok(None),
            Some(Since::Number(number)) => Some(*number),
            Some(Since::Text(text)) => text.parse().ok(),
        };
        let place = place.filter(|place| *place >= 0).map(EventId);
        let invalid = || ApiError::invalid("since", "A cursor is a number from 0 on, or null.");
        place.map(Some).ok_or_else(invalid)
    }
}

/// What a caller is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told<'a> {
    /// They are let in, and hear everything behind this place.
    Ready {
        cursor: i64,
        /// When their token ends; `null` for a key.
        expires_at: Option<WireTime>,
    },
    /// Something has happened.
    Event { cursor: i64, event: Box<EventView> },
    /// Nothing for them up to here.
    Cursor { cursor: i64 },
    /// Events are missing: what they know has to be read anew. It goes on behind this place.
    Resync { cursor: i64 },
    /// Why it will be closed.
    Error { error: Cow<'a, Failure> },
}

impl Told<'_> {
    /// What is told of an event, the same to everyone.
    pub(super) fn event(event: &Logged) -> Bytes {
        Told::Event { cursor: event.id, event: Box::new(EventView::from(event)) }.to_json()
    }

    /// As it is sent.
    pub(super) fn to_json(&self) -> Bytes {
        // Strings, numbers and maps with string keys: this cannot fail.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callers_say_is_read_strictly() {
        let good = r#"{"type":"auth","token":"t","since":null,"topics":["stock"]}"#;
        let auth = Auth::read(good).expect("read");
        assert_eq!((auth.token.as_str(), auth.place().ok()), ("t", Some(None)));
        for (since, place) in [("7", 7), (r#""7""#, 7), ("0", 0), ("9", 9)] {
            let text = format!(r#"{{"type":"auth","token":"t","since":{since}}}"#);
            let auth = Auth::read(&text).expect("read");
            assert_eq!(auth.place().ok(), Some(Some(EventId(place))), "{since}");
        }
        for since in ["-1", r#""""#, r#""7x""#] {
            let text = format!(r#"{{"type":"auth","token":"t","since":{since}}}"#);
            assert!(Auth::read(&text).expect("read").place().is_err(), "{since}");
        }
        for bad in [
            "",
            "auth",
            "[]",
            "{}",
            r#"{"type":"auth"}"#,
            r#"{"type":"hello","token":"t"}"#,
            r#"{"type":"auth","token":"t","since":true}"#,
            r#"{"type":"auth","token":"t","topics":"stock"}"#,
            r#"{"type":"auth","token":"t","store_id":1}"#,
            r#"{"type":"auth","token":"t"} {}"#,
        ] {
            assert!(Auth::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_event_is_told_as_the_log_tells_it() {
        let event = Logged {
            id: 7,
            kind: "stock.moved".to_owned(),
            store_id: Some(1),
            subject_kind: "product".to_owned(),
            subject_id: 2,
            occurred_at: 1_772_442_000_000_000,
            data: r#"{"on_hand":1.50}"#.to_owned(),
        };
        let told = String::from_utf8(Told::event(&event).to_vec()).expect("text");
        let expected = concat!(
            r#"{"type":"event","cursor":7,"event":{"id":7,"type":"stock.moved","store_id":1,"#,
            r#""subject":{"kind":"product","id":2},"occurred_at":"2026-03-02T09:00:00.000000Z","#,
            r#""data":{"on_hand":1.50}}}"#
        );
        assert_eq!(told, expected);
    }
}
