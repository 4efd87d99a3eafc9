//! Who may see which events: of a store, those whose role there may read such things; of the whole
//! shop, those who may read them anywhere.

use stockroom_domain::StoreId;
use stockroom_domain::permissions::Permission;

use crate::auth::{Principal, Scope};
use crate::events::Logged;

/// What one needs to be allowed to see events of a kind, by the word before the dot.
const NEEDED: [(&str, Permission); 14] = [
    ("stock", Permission::ReadStock),
    ("alert", Permission::ReadStock),
    ("order", Permission::ReadOrders),
    ("product", Permission::ReadCatalog),
    ("lot", Permission::ReadCatalog),
    ("supplier", Permission::ReadCatalog),
    ("store", Permission::ReadCatalog),
    ("settings", Permission::ReadCatalog),
    ("customer", Permission::ReadCustomers),
    ("employee", Permission::ReadEmployees),
    ("user", Permission::ManageUsers),
    ("api_key", Permission::ManageUsers),
    ("operation", Permission::Operate),
    ("dead_letter", Permission::Operate),
];

/// The event of someone who has something new in their inbox.
const NOTIFIED: &str = "notification.created";

/// What one needs to be allowed to see events of this kind. Of any other kind only those may hear
/// who run the system.
pub fn needed(kind: &str) -> Permission {
    let about = kind.split('.').next().unwrap_or(kind);
    let found = NEEDED.iter().find(|(word, _)| *word == about);
    found.map_or(Permission::Operate, |(_, permission)| *permission)
}

/// Whether a caller may see an event.
pub fn is_visible(who: &Principal, event: &Logged) -> bool {
    if is_personal(event) {
        return event.subject_id == who.user_id.0;
    }
    let permission = needed(&event.kind);
    match store_of(event) {
        Some(store) => who.may(permission, store),
        // Those who work for the whole shop are seen by those with a role in all of it.
        None if permission == Permission::ReadEmployees => who.scope(permission) == Scope::All,
        None => who.may_anywhere(permission),
    }
}

/// Whether an event is for one person alone, whatever others may: what is in someone's inbox is
/// their own affair.
pub fn is_personal(event: &Logged) -> bool {
    event.kind == NOTIFIED
}

/// The store that an event is of: one about a store itself is of that one.
pub fn store_of(event: &Logged) -> Option<StoreId> {
    let own = (event.subject_kind == "store").then_some(event.subject_id);
    event.store_id.or(own).map(StoreId)
}
