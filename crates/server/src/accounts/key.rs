//! What an API key is, and what may be sent to make or change one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::Timestamp;

use super::keys_sql::Key;
use super::roles::{GrantInput, SentRoles};
use crate::auth::Grant;
use crate::auth::http::{GrantView, RoleName};
use crate::error::{ApiError, ApiResult, Faults};
use crate::http::{ETag, Patched, Sent, Text, WireTime};

/// What a key is called.
type KeyName = Text<100>;

/// A key, to be made or to replace what another was.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name"]), example = example())]
pub struct KeyInput {
    /// Which program it is for: whatever the program does bears this name.
    pub name: Sent<KeyName>,
    /// What the program may do, in each of `store_ids`.
    #[schemars(with = "Option<RoleName>")]
    pub role: Sent<RoleName>,
    /// Its stores; `null` for all, those to come included.
    #[schemars(with = "Option<Vec<i64>>")]
    pub store_ids: Sent<Vec<i64>>,
    /// In place of `role` and `store_ids`: a role for each store.
    #[schemars(with = "Option<Vec<GrantInput>>")]
    pub grants: Sent<Vec<GrantInput>>,
    /// When it ends; never unless stated.
    #[schemars(with = "Option<WireTime>")]
    pub expires_at: Sent<WireTime>,
}

fn example() -> Value {
    json!({
        "name": "Web shop",
        "role": "staff",
        "store_ids": [1],
        "expires_at": "2027-12-31T00:00:00Z",
    })
}

impl Patched for KeyInput {
    const SCHEMA: &'static str = "ApiKeyPatch";

    fn example() -> Value {
        json!({ "name": "Web shop, new" })
    }
}

/// A key, without itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiKey")]
pub struct KeyView {
    /// Which.
    pub(super) id: i64,
    /// The user under whose number it acts.
    pub(super) user_id: i64,
    /// Which program it is for.
    pub(super) name: String,
    /// How the key begins, to tell it from others.
    pub(super) hint: String,
    /// The highest of its roles.
    pub(super) role: RoleName,
    /// Its stores; `null` for all, those to come included.
    pub(super) store_ids: Option<Vec<i64>>,
    /// All its roles, by store.
    pub(super) grants: Vec<GrantView>,
    /// Who made it.
    pub(super) created_by: i64,
    /// When it ends by itself.
    pub(super) expires_at: Option<WireTime>,
    /// When it was ended.
    pub(super) revoked_at: Option<WireTime>,
    /// When it was used last, to the minute.
    pub(super) last_used_at: Option<WireTime>,
    /// From where.
    pub(super) last_used_address: Option<String>,
    /// Rises by one with each change.
    pub(super) version: i64,
    /// When it was made.
    pub(super) created_at: WireTime,
    /// When it was changed last.
    pub(super) updated_at: WireTime,
}

impl KeyView {
    /// Its tag. It names the last use too, which changes without a new version.
    pub(super) fn tag(&self) -> String {
        ETag(self.version).with_state(self.last_used_at.map_or(0, |at| at.0.0))
    }

    pub(super) fn of(key: Key, grants: &[Grant]) -> Self {
        let grants: Vec<GrantView> = grants.iter().map(GrantView::from).collect();
        let time = |micros: Option<i64>| micros.map(|micros| WireTime(Timestamp(micros)));
        Self {
            id: key.id,
            user_id: key.user_id,
            name: key.name,
            hint: key.hint,
            role: grants.iter().map(GrantView::role).min().unwrap_or(RoleName::Staff),
            store_ids: grants.iter().map(GrantView::store_id).collect(),
            grants,
            created_by: key.created_by,
            expires_at: time(key.expires_at),
            revoked_at: time(key.revoked_at),
            last_used_at: time(key.last_used_at),
            last_used_address: key.last_used_address,
            version: key.version,
            created_at: WireTime(Timestamp(key.created_at)),
            updated_at: WireTime(Timestamp(key.updated_at)),
        }
    }
}

/// What an administrator decides about a key.
pub(super) struct Decided {
    pub(super) name: String,
    pub(super) grants: Vec<Grant>,
    pub(super) expires_at: Option<Timestamp>,
}

impl Decided {
    /// A key that is to end at once is ended by DELETE; one that ended may stay so.
    pub(super) fn check_end(&self, before: Option<i64>, now: Timestamp) -> ApiResult<()> {
        match self.expires_at {
            Some(at) if at <= now && Some(at.0) != before => {
                let message = "This lies in the past. To end a key now, delete it.";
                Err(ApiError::invalid("expires_at", message))
            }
            _ => Ok(()),
        }
    }
}

impl KeyInput {
    /// Checks everything that can be known without the database. Roles need not be sent where
    /// there are some `before` that may stay.
    pub(super) fn check(&self, before: Option<&[Grant]>) -> ApiResult<Decided> {
        let mut faults = Faults::new();
        let name = self.name.required("name", &mut faults);
        let roles =
            SentRoles { role: &self.role, store_ids: &self.store_ids, grants: &self.grants };
        if before.is_none() && !roles.is_given() {
            faults.add_required("role", "role is required: admin, manager, staff or auditor.");
        }
        let known = faults.len();
        let grants = roles.read(before.unwrap_or_default(), &mut faults);
        if roles.is_given() && grants.is_empty() && faults.len() == known {
            faults.add("store_ids", "A key without a store could do nothing.");
        }
        let expires_at = self.expires_at.optional("expires_at", &mut faults).map(|at| at.0);
        faults.into_result()?;
        let name = name.map(Text::into_string).unwrap_or_default();
        Ok(Decided { name, grants, expires_at })
    }

    /// The fields that were sent, and the others as they are stored. Roles are left to
    /// [`SentRoles::read`].
    pub(super) fn over(self, stored: &Key) -> ApiResult<Self> {
        let expires_at = stored.expires_at.map(|at| WireTime(Timestamp(at)));
        Ok(Self {
            name: self.name.or(Sent::of(&stored.name)?),
            expires_at: self.expires_at.or(Sent::of(&expires_at)?),
            ..self
        })
    }
}
