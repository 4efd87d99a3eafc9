//! Who is asking, and what they may do where. Pure: no database, no clock.

use std::sync::Arc;

use serde_json::{Value, json};
use stockroom_domain::permissions::{Permission, Role};
use stockroom_domain::{StoreId, UserId};

use super::Scope;
use crate::audit::{Actor, ActorKind};
use crate::error::{ApiError, ApiResult};
use crate::rate_limit::Caller;

/// Where a role is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In all stores, those to come included.
    AllStores,
    /// In one.
    Store(StoreId),
}

/// A role and where it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Where.
    pub place: Place,
    /// What the user is there.
    pub role: Role,
}

/// What a caller has proved who they are by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// A sign-in with a password.
    Session(i64),
    /// A program's key.
    Key(i64),
    /// Nothing: someone who is about to register.
    Nothing,
}

/// Someone who has proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub user_id: UserId,
    /// The name they sign in with.
    pub username: Arc<str>,
    /// Their name, for people.
    pub name: String,
    /// Which of those who work here they are.
    pub employee_id: Option<i64>,
    /// By what they have proved it.
    pub via: Via,
    /// Their roles, by store.
    pub grants: Vec<Grant>,
    /// Rises by one whenever they are changed.
    pub version: i64,
}

impl Place {
    /// From the database, where 0 stands for all stores.
    pub const fn from_store_id(store_id: i64) -> Self {
        if store_id == 0 { Self::AllStores } else { Self::Store(StoreId(store_id)) }
    }

    /// For the database, where 0 stands for all stores.
    pub const fn store_id(self) -> i64 {
        match self {
            Self::AllStores => 0,
            Self::Store(store) => store.0,
        }
    }

    fn covers(self, store: StoreId) -> bool {
        self == Self::AllStores || self == Self::Store(store)
    }
}

impl Grant {
    /// As it is told in events and on record: without a store, in all of them.
    pub fn to_json(&self) -> Value {
        let store_id = match self.place {
            Place::AllStores => None,
            Place::Store(store) => Some(store.0),
        };
        json!({ "store_id": store_id, "role": self.role.name() })
    }

    /// A permission that concerns the whole shop counts only where held in all stores.
    fn carries(&self, permission: Permission) -> bool {
        self.role.may(permission) && (self.place == Place::AllStores || !permission.is_shop_wide())
    }
}

impl Principal {
    /// As the audit log names them.
    pub fn actor(&self) -> Actor {
        let kind = match self.via {
            Via::Session(_) => ActorKind::User,
            Via::Key(_) => ActorKind::Key,
            Via::Nothing => ActorKind::Nobody,
        };
        let id = (self.via != Via::Nothing).then_some(self.user_id.0);
        Actor { kind, id, name: Arc::clone(&self.username) }
    }

    /// As limits on the number of requests count them.
    pub const fn counted_as(&self) -> Caller {
        match self.via {
            Via::Key(_) => Caller::Program(self.user_id),
            Via::Session(_) | Via::Nothing => Caller::User(self.user_id),
        }
    }

    /// Whether they hold a role in all stores: what they share is seen from every store.
    pub fn is_of_all_stores(&self) -> bool {
        self.scope(Permission::ReadCatalog) == Scope::All
    }

    /// Someone who is about to register, and may do nothing else.
    pub fn newcomer(username: &str) -> Self {
        Self {
            user_id: UserId(0),
            username: username.into(),
            name: String::new(),
            employee_id: None,
            via: Via::Nothing,
            grants: Vec::new(),
            version: 0,
        }
    }

    /// Whether `permission` is held in `store`.
    pub fn may(&self, permission: Permission, store: StoreId) -> bool {
        self.grants.iter().any(|grant| grant.place.covers(store) && grant.carries(permission))
    }

    /// Whether `permission` is held anywhere.
    pub fn may_anywhere(&self, permission: Permission) -> bool {
        self.grants.iter().any(|grant| grant.carries(permission))
    }

    /// Whether the caller may know that `store` exists: any role there is enough.
    pub fn sees(&self, store: StoreId) -> bool {
        self.grants.iter().any(|grant| grant.place.covers(store))
    }

    /// Demands `permission` in `store`.
    ///
    /// # Errors
    /// 404 where the caller may not see the store, so that nobody learns which exist;
    /// 403 where they see it but their role there does not carry the permission.
    pub fn require_store(&self, permission: Permission, store: StoreId) -> ApiResult<()> {
        if self.may(permission, store) {
            Ok(())
        } else if self.sees(store) {
            Err(ApiError::forbidden(permission.name()).with_detail("store_id", store.0))
        } else {
            Err(ApiError::not_found("store", store.0).as_denial())
        }
    }

    /// What a list may show: the stores in which `permission` is held, or those of them that are
    /// asked for.
    ///
    /// # Errors
    /// As [`Principal::require_store`], for a store that is asked for.
    pub fn scope_within(&self, permission: Permission, asked: &[i64]) -> ApiResult<Scope> {
        if asked.is_empty() {
            return Ok(self.scope(permission));
        }
        let stores: Vec<StoreId> = asked.iter().copied().map(StoreId).collect();
        stores.iter().try_for_each(|store| self.require_store(permission, *store))?;
        Ok(Scope::Stores(stores))
    }

    /// 404 for a thing of a store, be it absent or one that they may not see: put on record where
    /// it might be the latter, or the time that this takes would tell.
    pub fn not_found(&self, kind: &str, id: i64) -> ApiError {
        let absent = ApiError::not_found(kind, id);
        if self.is_of_all_stores() { absent } else { absent.as_denial() }
    }

    /// The stores in which `permission` is held.
    pub fn scope(&self, permission: Permission) -> Scope {
        let mut stores = Vec::new();
        for grant in self.grants.iter().filter(|grant| grant.carries(permission)) {
            match grant.place {
                Place::AllStores => return Scope::All,
                Place::Store(store) => stores.push(store),
            }
        }
        stores.sort_unstable();
        stores.dedup();
        Scope::Stores(stores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(grants: &[(i64, Role)]) -> Principal {
        Principal {
            user_id: UserId(1),
            username: "ada".into(),
            name: "Ada".to_owned(),
            employee_id: None,
            via: Via::Session(1),
            grants: grants
                .iter()
                .map(|&(store, role)| Grant { place: Place::from_store_id(store), role })
                .collect(),
            version: 1,
        }
    }

    fn code(result: ApiResult<()>) -> &'static str {
        match result {
            Ok(()) => "ok",
            Err(error) => error.failure().map_or("replay", |failure| failure.code.name()),
        }
    }

    #[test]
    fn a_role_counts_only_in_its_own_store() {
        let who = principal(&[(1, Role::Manager), (2, Role::Auditor)]);
        let required = |store| code(who.require_store(Permission::MoveStock, StoreId(store)));
        assert_eq!(required(1), "ok");
        assert_eq!(required(2), "forbidden");
        assert_eq!(required(3), "not_found");
        assert_eq!(who.scope(Permission::MoveStock), Scope::Stores(vec![StoreId(1)]));
        assert_eq!(who.scope(Permission::ReadStock), Scope::Stores(vec![StoreId(1), StoreId(2)]));
        assert_eq!(who.scope(Permission::EditStores), Scope::Stores(vec![]));
    }

    #[test]
    fn a_role_in_all_stores_covers_those_to_come() {
        let who = principal(&[(0, Role::Auditor), (7, Role::Staff)]);
        assert_eq!(who.scope(Permission::ReadStock), Scope::All);
        assert_eq!(who.scope(Permission::MoveStock), Scope::Stores(vec![StoreId(7)]));
        assert_eq!(code(who.require_store(Permission::MoveStock, StoreId(999))), "forbidden");
        assert_eq!(code(who.require_store(Permission::ReadStock, StoreId(999))), "ok");
    }

    #[test]
    fn what_concerns_the_whole_shop_needs_a_role_in_all_stores() {
        let of_one = principal(&[(1, Role::Admin)]);
        let of_all = principal(&[(0, Role::Admin)]);
        for permission in Permission::ALL {
            assert!(of_all.may_anywhere(permission), "{permission:?}");
            assert_eq!(of_one.may_anywhere(permission), !permission.is_shop_wide());
        }
    }

    #[test]
    fn without_a_role_nothing_is_allowed_or_seen() {
        let nobody = principal(&[]);
        for permission in Permission::ALL {
            assert!(!nobody.may_anywhere(permission));
            assert_eq!(nobody.scope(permission), Scope::Stores(vec![]));
        }
        assert!(!nobody.sees(StoreId(1)));
    }
}
