//! One user for each role, each with a password that is drawn anew and shown once.

use std::sync::Arc;

use stockroom_domain::permissions::Role;

use super::catalogue::STORES;
use super::post::{Actor, Actors};
use crate::auth::Auth;
use crate::auth::users::NewUser;

/// Someone of the demo shop who can sign in.
#[derive(Clone, Debug)]
pub struct Person {
    /// What they are.
    pub role: Role,
    /// What they sign in with.
    pub username: String,
    /// In clear, and nowhere else.
    pub password: String,
    /// The codes of their stores; `None` for all.
    pub stores: Option<Vec<String>>,
    /// As the ledger names them.
    pub actor: Actor,
}

/// In which stores someone of a role works: how many of them, from the first; `None` for all.
const fn reach(role: Role) -> Option<usize> {
    match role {
        Role::Admin | Role::Auditor => None,
        Role::Manager => Some(2),
        Role::Staff => Some(1),
    }
}

/// Adds the users.
///
/// # Errors
/// The database's, or a name is taken.
pub async fn add(auth: &Auth) -> anyhow::Result<Vec<Person>> {
    let mut people = Vec::with_capacity(Role::ALL.len());
    for role in Role::ALL {
        let username = format!("demo-{}", role.name());
        let password = random_password();
        let stores: Option<Vec<String>> = reach(role)
            .map(|count| STORES.iter().take(count).map(|store| store.code.to_owned()).collect());
        let new = NewUser {
            username: &username,
            name: &format!("Demo {}", role.name()),
            password: &password,
            role,
            stores: stores.as_deref(),
        };
        let id = auth.add_user(&new).await?;
        let actor = Actor { id, username: Arc::from(username.as_str()) };
        people.push(Person { role, username, password, stores, actor });
    }
    Ok(people)
}

/// Who moves goods where: staff sells where it works, the manager does the rest in the stores
/// that are managed, and the administrator does what nobody else is there for.
pub fn actors(people: &[Person]) -> Actors {
    let of = |roles: [Role; 3], store: usize| {
        let may = |person: &&Person| reach(person.role).is_none_or(|count| store < count);
        let first = |role: &Role| people.iter().filter(may).find(|person| person.role == *role);
        roles.iter().find_map(first).map(|person| person.actor.clone())
    };
    let by_store = |roles: [Role; 3]| (0..STORES.len()).filter_map(|s| of(roles, s)).collect();
    Actors {
        tills: by_store([Role::Staff, Role::Manager, Role::Admin]),
        offices: by_store([Role::Manager, Role::Admin, Role::Admin]),
    }
}

/// Sixteen characters that nobody mistakes for each other: 79 bits.
fn random_password() -> String {
    const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut password = String::with_capacity(19);
    for position in 0..16 {
        if position > 0 && position % 4 == 0 {
            password.push('-');
        }
        password.push(char::from(ALPHABET[rand::random_range(0..ALPHABET.len())]));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::passwords;

    #[test]
    fn random_passwords_are_good_enough_and_different() {
        let drawn: std::collections::HashSet<String> =
            (0..1_000).map(|_| random_password()).collect();
        assert_eq!(drawn.len(), 1_000);
        for password in drawn {
            assert_eq!(password.len(), 19);
            assert_eq!(passwords::check(&password, &["demo-admin", "Demo admin"]), Ok(()));
        }
    }
}
