//! Roles as they are sent: in short as `role` and `store_ids`, or in full as `grants`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;

use super::users_sql as sql;
use crate::auth::http::{GrantView, RoleName};
use crate::auth::{Grant, Place};
use crate::db::{Conn, Tx};
use crate::error::{ApiResult, Faults};
use crate::http::Sent;

/// The most roles of one user.
const GRANTS_MAX: usize = 2_000;

/// A role and where it is held.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantInput {
    /// The store; `null` for all stores, those to come included.
    store_id: Option<i64>,
    /// The role there.
    role: RoleName,
}

/// The three fields by which roles are sent, in any request that has them.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentRoles<'a> {
    pub(super) role: &'a Sent<RoleName>,
    pub(super) store_ids: &'a Sent<Vec<i64>>,
    pub(super) grants: &'a Sent<Vec<GrantInput>>,
}

/// Roles as a cell of a list: `manager:1|staff:2`, and without a store those held in all.
pub(super) fn grants_cell(grants: &[GrantView]) -> String {
    let grants = grants.iter().map(|grant| match grant.store_id() {
        Some(store) => format!("{}:{store}", grant.role().name()),
        None => grant.role().name().to_owned(),
    });
    grants.collect::<Vec<_>>().join("|")
}

impl SentRoles<'_> {
    /// Whether anything is said of roles.
    pub(super) fn is_given(&self) -> bool {
        self.role.is_given() || self.store_ids.is_given() || self.grants.is_given()
    }

    /// The roles that are meant, by store; what is not said stays as it is `stored`.
    pub(super) fn read(&self, stored: &[Grant], faults: &mut Faults) -> Vec<Grant> {
        let is_short = self.role.is_given() || self.store_ids.is_given();
        if self.grants.is_given() && is_short {
            faults.add("grants", "Send either role and store_ids, or grants.");
            return Vec::new();
        }
        if self.grants.is_given() {
            return self.in_full(faults);
        }
        if is_short { self.in_short(stored, faults) } else { stored.to_vec() }
    }

    fn in_full(&self, faults: &mut Faults) -> Vec<Grant> {
        let sent = self.grants.required("grants", faults).unwrap_or_default();
        if sent.len() > GRANTS_MAX {
            faults.add("grants", format!("At most {GRANTS_MAX} roles are allowed."));
            return Vec::new();
        }
        let mut by_place: BTreeMap<i64, Role> = BTreeMap::new();
        for (index, grant) in sent.iter().enumerate() {
            let role = Role::from(grant.role);
            let store_id = grant.store_id.unwrap_or(0);
            if grant.store_id == Some(0) {
                faults.add(format!("grants[{index}].store_id"), "There is no store 0.");
            }
            if role == Role::Admin && grant.store_id.is_some() {
                let message = "An administrator is one in all stores: leave out store_id.";
                faults.add(format!("grants[{index}].store_id"), message);
            }
            if by_place.insert(store_id, role).is_some_and(|other| other != role) {
                let message = "Two roles are given for one store: one role is held in each.";
                faults.add(format!("grants[{index}]"), message);
            }
        }
        let grant = |(store_id, role)| Grant { place: Place::from_store_id(store_id), role };
        by_place.into_iter().map(grant).collect()
    }

    fn in_short(&self, stored: &[Grant], faults: &mut Faults) -> Vec<Grant> {
        let was = stored.iter().map(|grant| RoleName::from(grant.role)).min();
        let role = match self.role.is_given() {
            true => self.role.required("role", faults).unwrap_or(RoleName::Staff),
            false => {
                if stored.iter().any(|grant| Some(RoleName::from(grant.role)) != was) {
                    let message = "Several roles are held: say which one in these stores.";
                    faults.add_required("role", message);
                }
                was.unwrap_or(RoleName::Staff)
            }
        };
        let role = Role::from(role);
        let stores = self.store_ids.optional("store_ids", faults);
        let was_in_all = stored.iter().any(|grant| grant.place == Place::AllStores);
        let places: Vec<Place> = match stores {
            Some(_) if role == Role::Admin => {
                let message = "An administrator is one in all stores: leave out store_ids.";
                faults.add("store_ids", message);
                Vec::new()
            }
            Some(ids) if ids.len() > GRANTS_MAX => {
                faults.add("store_ids", format!("At most {GRANTS_MAX} stores are allowed."));
                Vec::new()
            }
            Some(ids) if ids.is_empty() && role != Role::Staff => {
                faults.add("store_ids", "Only staff may be without a store for now.");
                Vec::new()
            }
            Some(ids) => ids.into_iter().map(|id| Place::Store(StoreId(id))).collect(),
            // Said in so many words: in all stores.
            None if self.store_ids.is_given() => vec![Place::AllStores],
            None if role == Role::Admin => vec![Place::AllStores],
            None if !stored.is_empty() && !was_in_all => {
                stored.iter().map(|grant| grant.place).collect()
            }
            None if role == Role::Auditor => vec![Place::AllStores],
            None => {
                let message = "Say in which stores: [1, 2], or null for all of them.";
                faults.add_required("store_ids", message);
                Vec::new()
            }
        };
        let mut ids: Vec<i64> = places.into_iter().map(Place::store_id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(|id| Grant { place: Place::from_store_id(id), role }).collect()
    }
}

/// Makes sure that the stores of these roles exist, in the transaction that writes them.
///
/// # Errors
/// 400 naming each store that does not; the database's.
pub(super) async fn check_stores(tx: &mut Tx, grants: &[Grant]) -> ApiResult<()> {
    let mut faults = Faults::new();
    let ids: Vec<i64> =
        grants.iter().map(|grant| grant.place.store_id()).filter(|id| *id != 0).collect();
    let known = sql::existing_stores(Conn::from(tx), &ids).await?;
    for id in ids.iter().filter(|id| !known.contains(id)) {
        faults.add("store_ids", format!("There is no store {id}."));
    }
    faults.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        role: Sent<RoleName>,
        store_ids: Sent<Vec<i64>>,
        grants: Sent<Vec<GrantInput>>,
    }

    const IN_ONE: Grant = Grant { place: Place::Store(StoreId(1)), role: Role::Manager };
    const IN_ALL: Grant = Grant { place: Place::AllStores, role: Role::Admin };

    /// Stores and roles that come of it, as in `1:staff 2:staff`; or the field at fault.
    fn check(stored: &[Grant], body: &str, expect: &str) {
        let Body { role, store_ids, grants } = serde_json::from_str(body).expect("JSON");
        let mut faults = Faults::new();
        let sent = SentRoles { role: &role, store_ids: &store_ids, grants: &grants };
        let read = sent.read(stored, &mut faults);
        let told = match faults.into_result() {
            Err(error) => error.failure().and_then(|f| f.field.clone()).unwrap_or_default(),
            Ok(()) => {
                let one = |g: &Grant| format!("{}:{}", g.place.store_id(), g.role.name());
                read.iter().map(one).collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(told, expect, "{body}");
    }

    #[test]
    fn roles_are_read_in_short_and_in_full() {
        check(&[], r#"{"role":"staff","store_ids":[2,1,2]}"#, "1:staff 2:staff");
        check(&[], r#"{"role":"staff","store_ids":[]}"#, "");
        check(&[], r#"{"role":"manager","store_ids":null}"#, "0:manager");
        check(&[], r#"{"role":"admin"}"#, "0:admin");
        check(&[], r#"{"role":"auditor"}"#, "0:auditor");
        check(
            &[],
            r#"{"grants":[{"store_id":2,"role":"staff"},{"store_id":1,"role":"manager"}]}"#,
            "1:manager 2:staff",
        );
        check(&[], r#"{"grants":[{"store_id":null,"role":"auditor"}]}"#, "0:auditor");
    }

    #[test]
    fn what_is_not_said_stays_as_it_was() {
        check(&[IN_ONE], "{}", "1:manager");
        check(&[IN_ONE], r#"{"role":"staff"}"#, "1:staff");
        check(&[IN_ONE], r#"{"store_ids":[3]}"#, "3:manager");
        // Someone who is manager here and staff there does not become manager there as well.
        let there = Grant { place: Place::Store(StoreId(2)), role: Role::Staff };
        check(&[IN_ONE, there], r#"{"store_ids":[2,3]}"#, "role");
        check(&[IN_ONE, there], r#"{"role":"staff","store_ids":[2]}"#, "2:staff");
        check(&[], r#"{"store_ids":[3]}"#, "3:staff");
        check(&[IN_ONE], r#"{"role":"admin"}"#, "0:admin");
        check(&[IN_ONE], r#"{"grants":[]}"#, "");
    }

    #[test]
    fn roles_that_cannot_be_meant_are_refused() {
        check(&[], r#"{"role":"staff"}"#, "store_ids");
        check(&[], r#"{"role":"manager","store_ids":[]}"#, "store_ids");
        check(&[], r#"{"role":"admin","store_ids":[1]}"#, "store_ids");
        // Someone who was everything everywhere becomes staff nowhere by default.
        check(&[IN_ALL], r#"{"role":"staff"}"#, "store_ids");
        check(&[], r#"{"role":"king","store_ids":[1]}"#, "role");
        check(&[], r#"{"role":"staff","grants":[]}"#, "grants");
        check(&[], r#"{"grants":[{"store_id":1,"role":"admin"}]}"#, "grants[0].store_id");
        check(
            &[],
            r#"{"grants":[{"store_id":1,"role":"staff"},{"store_id":1,"role":"manager"}]}"#,
            "grants[1]",
        );
    }
}
