//! The stores that a caller's question is about: every statement that reads of stores is cut to
//! them.

use stockroom_domain::StoreId;

use crate::db::Select;

/// The stores in which a permission is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All, those to come included.
    All,
    /// These, sorted; never empty behind a `Can` of the same permission.
    Stores(Vec<StoreId>),
}

impl Scope {
    /// Whether a store is one of them.
    pub fn has(&self, store: StoreId) -> bool {
        match self {
            Self::All => true,
            Self::Stores(stores) => stores.contains(&store),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Stores(stores) if stores.is_empty())
    }

    /// Cuts a statement to them, as in `.narrow(&mut select, " AND s.id")`; to nothing where
    /// there is none.
    pub fn narrow(&self, select: &mut Select, condition: &'static str) {
        match self {
            Self::All => {}
            Self::Stores(stores) if stores.is_empty() => {
                select.push(" AND FALSE");
            }
            Self::Stores(stores) => {
                select.any_of(condition, stores.iter().map(|store| store.0));
            }
        }
    }
}
