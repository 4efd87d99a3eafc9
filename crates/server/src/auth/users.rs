//! Users: the rules for their names, and writing one.

use anyhow::{Context, bail};
use serde_json::{Value, json};
use stockroom_domain::UserId;
use stockroom_domain::permissions::Role;
use unicode_normalization::UnicodeNormalization;

use super::principal::{Grant, Place};
use super::users_sql::{self, NewUserRow};
use super::{Auth, passwords, sql};
use crate::audit::Origin;
use crate::error::Faults;
use crate::events::{self, Event, Fact};

/// The most characters of a username.
pub const USERNAME_CHARACTERS_MAX: usize = 64;
/// The most characters of a person's name.
pub const NAME_CHARACTERS_MAX: usize = 200;

/// A user to be added from the command line, by someone who has the database itself.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// What they sign in with.
    pub username: &'a str,
    /// Their name, for people.
    pub name: &'a str,
    /// In clear; checked against the rules.
    pub password: &'a str,
    /// What they are.
    pub role: Role,
    /// The codes of their stores; `None` for all.
    pub stores: Option<&'a [String]>,
}

/// A username in the form in which it is compared: case, width and normal form do not matter.
pub fn key(username: &str) -> String {
    // Longer than any; the cut keeps a huge one from costing more than it may.
    // A control character is part of no name, and PostgreSQL takes no U+0000.
    let bounded = username.trim().chars().take(USERNAME_CHARACTERS_MAX + 1);
    let bounded: String = bounded.map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    bounded.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// A new username in the form in which it is kept.
///
/// # Errors
/// What is wrong and what would be right.
pub fn check_username(username: &str) -> Result<String, &'static str> {
    let username: String = username.trim().nfc().take(USERNAME_CHARACTERS_MAX + 1).collect();
    let length = username.chars().count();
    let is_allowed = |c: char| c.is_alphanumeric() || "._-@+".contains(c);
    if length == 0 {
        Err("A username is needed.")
    } else if length > USERNAME_CHARACTERS_MAX {
        Err("A username has at most 64 characters.")
    } else if !username.chars().all(is_allowed) {
        Err("A username has letters, digits and . _ - @ + only, and no spaces.")
    } else {
        Ok(username)
    }
}

/// Notes what is wrong with a new password, if anything. `names` are the user's.
pub fn check_password(password: &str, names: &[&str], field: &str, faults: &mut Faults) {
    if let Err(weakness) = passwords::check(password, names) {
        faults.add(field, weakness.message());
    }
}

impl Auth {
    /// Adds a user straight to the database, whether or not a server runs.
    ///
    /// # Errors
    /// A rule is broken, the name is taken, or a store is unknown: each a line that says so.
    pub async fn add_user(&self, new: &NewUser<'_>) -> anyhow::Result<UserId> {
        let username = check_username(new.username).map_err(anyhow::Error::msg)?;
        let name: String = new.name.trim().nfc().collect();
        if name.chars().count() > NAME_CHARACTERS_MAX || name.chars().any(char::is_control) {
            bail!("A name has at most 200 characters, and no control characters.");
        }
        let name = if name.is_empty() { username.clone() } else { name };
        passwords::check(new.password, &[&username, &name])
            .map_err(|weakness| anyhow::Error::msg(weakness.message()))?;
        if new.role == Role::Admin && new.stores.is_some() {
            bail!(
                "An administrator is one in all stores: leave out --stores, or say --stores all."
            );
        }
        let password_hash = self.passwords.hash(new.password).await?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let mut places = Vec::new();
        for code in new.stores.unwrap_or_default() {
            let store = sql::store_by_code(&mut tx, code).await?;
            let store =
                store.with_context(|| format!("There is no store with the code {code}."))?;
            places.push(Place::Store(store));
        }
        if new.stores.is_none() {
            places.push(Place::AllStores);
        }
        places.sort_unstable_by_key(|place| place.store_id());
        places.dedup();
        let grants: Vec<Grant> =
            places.into_iter().map(|place| Grant { place, role: new.role }).collect();
        let row = NewUserRow {
            username: &username,
            name: &name,
            password_hash: &password_hash,
            is_disabled: false,
            is_program: false,
        };
        let user = users_sql::insert_user(&mut tx, &row, now).await?;
        let user = user.with_context(|| format!("There is a user {username} already."))?;
        users_sql::insert_grants(&mut tx, user, &grants).await?;
        let fact = added(user, &username, &name, &grants);
        let (event, entry) = fact.told_and_recorded(Origin::system("command line"));
        events::append(tx, now, &[event], &[entry]).await?;
        Ok(user)
    }
}

/// The making of a user. Followers learn no name: they need the roles and their reach.
pub(super) fn added(user: UserId, username: &str, name: &str, grants: &[Grant]) -> Fact {
    let grants: Vec<Value> = grants.iter().map(Grant::to_json).collect();
    let event = Event::new("user.created", "user", user.0, &json!({ "grants": grants }));
    let record = json!({ "id": user.0, "username": username, "name": name, "grants": grants });
    Fact::new(event).after(&record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whatever_their_case_and_form() {
        assert_eq!(key("Ada"), key(" aDA "));
        assert_eq!(key("José"), key("JOSE\u{301}"));
        assert_eq!(key("ａｄａ"), key("Ada"));
        assert_ne!(key("ada"), key("adam"));
        assert!(key(&"x".repeat(1_000_000)).len() < 100);
        assert!(!key("a\0b").contains('\0'));
    }

    #[test]
    fn usernames_have_rules() {
        for good in ["a", "ada.lovelace+till@example.com", "Jose\u{301}", "小林"] {
            assert!(check_username(good).is_ok(), "{good}");
        }
        for bad in ["", "  ", "a b", "a\0", "<script>", &"x".repeat(65)] {
            assert!(check_username(bad).is_err(), "{bad}");
        }
        assert_eq!(check_username(" Jose\u{301} ").as_deref(), Ok("José"));
    }
}
