//! What a user is, and what may be sent to add or change one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::{Timestamp, UserId};

use super::roles::{GrantInput, SentRoles};
use crate::auth::Grant;
use crate::auth::http::{GrantView, RoleName};
use crate::auth::users::{check_password, check_username};
use crate::config::Secret;
use crate::error::{ApiResult, Faults};
use crate::http::{ETag, Name, Patched, Sent, Text, WireTime};

/// A user as they are stored.
#[derive(Clone, Debug)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// What they sign in with.
    pub username: String,
    /// The same as it is compared.
    pub username_key: String,
    /// Their name.
    pub name: String,
    /// May not sign in.
    pub is_disabled: bool,
    /// Has left.
    pub is_deleted: bool,
    /// Which of those who work here they are.
    pub employee_id: Option<i64>,
    /// Their roles, by store.
    pub grants: Vec<Grant>,
    /// When they signed in last.
    pub last_sign_in_at: Option<Timestamp>,
    /// Rises by one with each change.
    pub version: i64,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they were changed last.
    pub updated_at: Timestamp,
}

/// A user, to be added or to replace what another was.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["username"]), example = example())]
pub struct UserInput {
    /// 1 to 64 letters, digits and `. _ - @ +`; unique, in any case.
    pub username: Sent<String>,
    /// At least 12 characters, and none of the common ones. Needed for a new user; for another,
    /// a new one, which ends all their sign-ins.
    #[schemars(with = "Option<String>")]
    pub password: Sent<Secret>,
    /// Their name; the username unless stated.
    #[schemars(with = "Option<Name>")]
    pub name: Sent<Name>,
    /// What they are, in each of `store_ids`.
    #[schemars(with = "Option<RoleName>")]
    pub role: Sent<RoleName>,
    /// Their stores; `null` for all, those to come included. An administrator is one in all, and
    /// an auditor is unless stated.
    #[schemars(with = "Option<Vec<i64>>")]
    pub store_ids: Sent<Vec<i64>>,
    /// In place of `role` and `store_ids`: a role for each store.
    #[schemars(with = "Option<Vec<GrantInput>>")]
    pub grants: Sent<Vec<GrantInput>>,
    /// Which of those who work here they are: what they sell bears that number unless stated.
    #[schemars(with = "Option<i64>")]
    pub employee_id: Sent<i64>,
    /// May not sign in, for now.
    #[schemars(with = "Option<bool>")]
    pub is_disabled: Sent<bool>,
}

fn example() -> Value {
    json!({
        "username": "bob",
        "password": "seven quiet otters swim",
        "name": "Bob Green",
        "role": "staff",
        "store_ids": [1],
    })
}

impl Patched for UserInput {
    const SCHEMA: &'static str = "UserPatch";

    fn example() -> Value {
        json!({ "is_disabled": true })
    }
}

/// A user, as an administrator sees them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "UserAccount")]
pub struct AccountView {
    /// Who.
    pub id: i64,
    /// What they sign in with.
    pub username: String,
    /// Their name.
    pub name: String,
    /// The highest of their roles; without any, `staff`.
    pub role: RoleName,
    /// Their stores; `null` for all, those to come included.
    pub store_ids: Option<Vec<i64>>,
    /// All their roles, by store.
    pub grants: Vec<GrantView>,
    /// Which of those who work here they are.
    pub employee_id: Option<i64>,
    /// May not sign in.
    pub is_disabled: bool,
    /// Has left: kept, because what they did bears their name.
    pub is_deleted: bool,
    /// When they signed in last.
    pub last_sign_in_at: Option<WireTime>,
    /// Rises by one with each change.
    pub version: i64,
    /// When they were added.
    pub created_at: WireTime,
    /// When they were changed last.
    pub updated_at: WireTime,
}

impl AccountView {
    /// Its tag. It names the last sign-in too, which changes without a new version.
    pub(super) fn tag(&self) -> String {
        ETag(self.version).with_state(self.last_sign_in_at.map_or(0, |at| at.0.0))
    }
}

impl From<User> for AccountView {
    fn from(user: User) -> Self {
        let grants: Vec<GrantView> = user.grants.iter().map(GrantView::from).collect();
        Self {
            id: user.id.0,
            username: user.username,
            name: user.name,
            role: grants.iter().map(GrantView::role).min().unwrap_or(RoleName::Staff),
            store_ids: grants.iter().map(GrantView::store_id).collect(),
            grants,
            employee_id: user.employee_id,
            is_disabled: user.is_disabled,
            is_deleted: user.is_deleted,
            last_sign_in_at: user.last_sign_in_at.map(WireTime),
            version: user.version,
            created_at: WireTime(user.created_at),
            updated_at: WireTime(user.updated_at),
        }
    }
}

/// What an administrator decides about a user: checked, and ready to be stored.
pub(super) struct Decided {
    pub(super) username: String,
    pub(super) name: String,
    pub(super) password: Option<Secret>,
    pub(super) grants: Vec<Grant>,
    pub(super) employee_id: Option<i64>,
    pub(super) is_disabled: bool,
}

impl UserInput {
    /// Checks everything that can be known without the database. A new user, who is not `stored`,
    /// needs a password; roles need not be sent where there are some `before` that may stay.
    pub(super) fn check(
        &self,
        stored: Option<&User>,
        before: Option<&[Grant]>,
    ) -> ApiResult<Decided> {
        let mut faults = Faults::new();
        let username = self.username.required("username", &mut faults).unwrap_or_default();
        let username = check_username(&username).unwrap_or_else(|said| {
            if !username.is_empty() {
                faults.add("username", said);
            }
            String::new()
        });
        let name = self.name.optional("name", &mut faults);
        let name = name.map_or_else(|| username.clone(), Text::into_string);
        let password = match stored {
            None => self.password.required("password", &mut faults),
            Some(_) => self.password.optional("password", &mut faults),
        };
        if let Some(password) = &password {
            check_password(password.expose(), &[&username, &name], "password", &mut faults);
        }
        let roles =
            SentRoles { role: &self.role, store_ids: &self.store_ids, grants: &self.grants };
        if before.is_none() && !roles.is_given() {
            faults.add_required("role", "role is required: admin, manager, staff or auditor.");
        }
        let grants = roles.read(before.unwrap_or_default(), &mut faults);
        let employee_id = self.employee_id.optional("employee_id", &mut faults);
        let is_disabled = self.is_disabled.optional("is_disabled", &mut faults).unwrap_or(false);
        faults.into_result()?;
        Ok(Decided { username, name, password, grants, employee_id, is_disabled })
    }

    /// The fields that were sent, and the others as they are stored. Roles are left to
    /// [`SentRoles::read`].
    pub(super) fn over(self, stored: &User) -> ApiResult<Self> {
        Ok(Self {
            username: self.username.or(Sent::of(&stored.username)?),
            name: self.name.or(Sent::of(&stored.name)?),
            employee_id: self.employee_id.or(Sent::of(&stored.employee_id)?),
            is_disabled: self.is_disabled.or(Sent::of(&stored.is_disabled)?),
            ..self
        })
    }
}

impl UserInput {
    /// The same as staff without a store.
    pub(super) fn role_of_newcomer(self) -> ApiResult<Self> {
        let (role, store_ids) = (Sent::of(&RoleName::Staff)?, Sent::of(&[0_i64; 0])?);
        Ok(Self { role, store_ids, ..self })
    }
}
