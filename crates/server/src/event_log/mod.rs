//! The event log over HTTP, for programs that follow along. Who may see which events is on one
//! page ([`visibility`]), for whatever shows events.

pub mod http;
pub mod visibility;
