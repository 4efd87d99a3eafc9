//! Slice: the people who sign in, the programs that come with a key, and what is theirs.
//!
//! [`users`] and [`keys`] are what administrators keep ([`user`] and [`key`] say what one is);
//! [`own`] is what everyone decides about themselves; [`views`] are lists that someone has saved
//! under a name. [`roles`] is how a role in some stores is sent and checked. How someone proves
//! who they are stands in [`crate::auth`].

pub mod key;
pub mod keys;
mod keys_sql;
pub mod own;
mod own_sql;
pub mod roles;
pub mod user;
pub mod users;
mod users_sql;
pub mod views;
mod views_sql;
