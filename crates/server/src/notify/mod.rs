//! Slice: what people are told of, each by themselves, in an inbox and by mail.
//!
//! [`rules`] is the one table of what is told to whom. [`tell`] follows the event log and writes a
//! row for everyone who is to hear of an event: those who hold a right where it happened, or whom
//! it concerns, but never whoever did it. [`mail`] sends what is wished for by mail, and [`smtp`]
//! speaks with the server for it.

pub mod http;
pub mod mail;
mod mail_sql;
mod preferences;
mod rules;
mod smtp;
mod sql;
mod tell;
mod text;

pub use preferences::{preferences, set_preferences};
pub use rules::Topic;
pub use sql::forget_old;
pub use tell::{Told, act, look, takes};

/// The event of someone who has something new in their inbox; its subject is they.
pub const CREATED: &str = "notification.created";
