//! Identities: one newtype each, so that a store can never be taken for a product.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A shop, a branch: the place that holds stock.
    StoreId
);
id!(
    /// An article of the catalogue, shared by all stores.
    ProductId
);
id!(
    /// A batch of one product with a code and an expiry date. 0 where lots are not tracked.
    LotId
);
id!(
    /// One entry of the ledger.
    MovementId
);
id!(
    /// Someone who can sign in.
    UserId
);
id!(
    /// What was ordered, or sold at a till.
    OrderId
);
id!(
    /// Someone who buys.
    CustomerId
);
id!(
    /// A position in the event log, gapless.
    EventId
);

impl LotId {
    /// The lot of a product whose lots are not tracked.
    pub const NONE: Self = Self(0);
}
