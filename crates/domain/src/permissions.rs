//! Who may do what: one table of roles and permissions.

/// What someone is in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, everywhere.
    Admin,
    /// Everything in the assigned stores, and customers; reads the catalogue.
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
    /// Read the orders and sales of a store.
    ReadOrders,
    /// Take orders in a store, sell, send, take back, and take money.
    Sell,
    /// Sell at another price than the catalogue's, or more than is on record; hide orders.
    SuperviseSales,
    /// Read customers.
    ReadCustomers,
    /// Create, change and delete customers.
    EditCustomers,
    /// Decide how much a customer may owe.
    GrantCredit,
    /// Read who works in a store.
    ReadEmployees,
    /// Create, change and delete those who work in a store.
    EditEmployees,
    /// Read the audit log of a store; held in all stores, that of the shop as well.
    ReadAudit,
    /// Create, change and delete users and programs' keys.
    ManageUsers,
    /// Change the shop's settings.
    EditSettings,
    /// See how the system runs: metrics and the details of readiness.
    Operate,
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 19] = [
        Self::ReadCatalog,
        Self::EditCatalog,
        Self::EditStores,
        Self::ReadStock,
        Self::MoveStock,
        Self::Backdate,
        Self::SeeCost,
        Self::ReadOrders,
        Self::Sell,
        Self::SuperviseSales,
        Self::ReadCustomers,
        Self::EditCustomers,
        Self::GrantCredit,
        Self::ReadEmployees,
        Self::EditEmployees,
        Self::ReadAudit,
        Self::ManageUsers,
        Self::EditSettings,
        Self::Operate,
    ];

    /// The permission's name in answers and in the documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadCatalog => "read_catalog",
            Self::EditCatalog => "edit_catalog",
            Self::EditStores => "edit_stores",
            Self::ReadStock => "read_stock",
            Self::MoveStock => "move_stock",
            Self::Backdate => "backdate",
            Self::SeeCost => "see_cost",
            Self::ReadOrders => "read_orders",
            Self::Sell => "sell",
            Self::SuperviseSales => "supervise_sales",
            Self::ReadCustomers => "read_customers",
            Self::EditCustomers => "edit_customers",
            Self::GrantCredit => "grant_credit",
            Self::ReadEmployees => "read_employees",
            Self::EditEmployees => "edit_employees",
            Self::ReadAudit => "read_audit",
            Self::ManageUsers => "manage_users",
            Self::EditSettings => "edit_settings",
            Self::Operate => "operate",
        }
    }

    /// Whether it concerns the shop as a whole, so that only a role held in all stores
    /// carries it: a change to the catalogue reaches every store.
    pub const fn is_shop_wide(self) -> bool {
        matches!(
            self,
            Self::EditCatalog
                | Self::EditStores
                | Self::ManageUsers
                | Self::EditSettings
                | Self::Operate
        )
    }
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
                P::ReadCatalog
                    | P::ReadStock
                    | P::MoveStock
                    | P::Backdate
                    | P::SeeCost
                    | P::ReadOrders
                    | P::Sell
                    | P::SuperviseSales
                    | P::ReadCustomers
                    | P::EditCustomers
                    | P::GrantCredit
                    | P::ReadEmployees
                    | P::EditEmployees
            ),
            Self::Staff => matches!(
                permission,
                P::ReadCatalog
                    | P::ReadStock
                    | P::MoveStock
                    | P::ReadOrders
                    | P::Sell
                    | P::ReadCustomers
                    | P::EditCustomers
            ),
            Self::Auditor => matches!(
                permission,
                P::ReadCatalog
                    | P::ReadStock
                    | P::SeeCost
                    | P::ReadOrders
                    | P::ReadCustomers
                    | P::ReadEmployees
                    | P::ReadAudit
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_edits_the_catalogue_sees_costs() {
        // A product is replaced as a whole, its cost included: no one may replace unseen.
        for role in Role::ALL {
            assert!(!role.may(Permission::EditCatalog) || role.may(Permission::SeeCost));
        }
    }

    #[test]
    fn whoever_reads_the_audit_log_sees_costs() {
        // It tells products and goods received with all that they cost, before and after.
        for role in Role::ALL {
            assert!(!role.may(Permission::ReadAudit) || role.may(Permission::SeeCost));
        }
    }
}
