//! Who may do what: one table of roles and permissions.

/// What someone is in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, everywhere.
    Admin,
    /// Everything in the assigned stores; reads the catalogue.
    Manager,
    /// Sells, receives and corrects in the assigned stores; sees no cost prices.
    Staff,
    /// Reads everything, changes nothing.
    Auditor,
}

/// Something that a request needs the right to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read products, categories and stores.
    ReadCatalog,
    /// Create, change and delete products.
    EditCatalog,
    /// Create, change and delete stores.
    EditStores,
    /// Read levels and movements of a store.
    ReadStock,
    /// Record stock coming in, sold, removed or counted in a store.
    MoveStock,
    /// Date a movement back beyond the running business day.
    Backdate,
    /// See cost prices, margins and the value of stock.
    SeeCost,
    /// See how the system runs: metrics and the details of readiness.
    Operate,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Manager, Self::Staff, Self::Auditor];

    /// The role's name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Staff => "staff",
            Self::Auditor => "auditor",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether this role carries `permission`.
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Admin => true,
            Self::Manager => matches!(
                permission,
                P::ReadCatalog | P::ReadStock | P::MoveStock | P::Backdate | P::SeeCost
            ),
            Self::Staff => matches!(permission, P::ReadCatalog | P::ReadStock | P::MoveStock),
            Self::Auditor => {
                matches!(permission, P::ReadCatalog | P::ReadStock | P::SeeCost)
            }
        }
    }
}
