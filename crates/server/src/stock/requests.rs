//! What callers send to move stock, checked as far as it can be without the database.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use stockroom_domain::permissions::Permission;
use stockroom_domain::stock::{Change, MovementKind, Valuation};
use stockroom_domain::{Quantity, StoreId, Timestamp};

use crate::auth::Principal;
use crate::catalog::ProductRef;
use crate::error::Faults;
use crate::http::{Day, Note, Sku, Text, WireMoney, WireQuantity, WireTime};
use crate::ledger::Details;

/// How far back a movement may be dated, by those who may date back at all.
const BACKDATE_DAYS_MAX: i64 = 366;
/// How far back anyone may date one: yesterday's delivery, entered this morning.
const BACKDATE_FREE_DAYS: i64 = 2;
/// How far a caller's clock may run ahead.
const AHEAD_MAX_S: i64 = 300;

/// The type of a movement, in lower or upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub MovementKind);

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let kind =
            MovementKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(&text));
        kind.map(Self).ok_or_else(|| {
            let names: Vec<_> = MovementKind::ALL.iter().map(|kind| kind.name()).collect();
            serde::de::Error::custom(format!("one of {} is expected.", names.join(", ")))
        })
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MovementType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<_> = MovementKind::ALL.iter().map(|kind| kind.name()).collect();
        schemars::json_schema!({
            "type": "string",
            "enum": names,
            "description": "Why goods moved. Upper case is understood too.",
        })
    }
}

/// Why goods were taken out or a level was corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Broken, torn, wet.
    Damaged,
    /// Past its day.
    Expired,
    /// Stolen.
    Theft,
    /// An animal died.
    Mortality,
    /// Used in the shop.
    InternalUse,
    /// Sent back to the supplier.
    SupplierReturn,
    /// A count came to another number.
    Count,
    /// Goods turned up.
    Found,
    /// Something else; the note says what.
    Other,
}

impl Reason {
    /// The reason's name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Expired => "expired",
            Self::Theft => "theft",
            Self::Mortality => "mortality",
            Self::InternalUse => "internal_use",
            Self::SupplierReturn => "supplier_return",
            Self::Count => "count",
            Self::Found => "found",
            Self::Other => "other",
        }
    }

    const fn is_for_removal(self) -> bool {
        !matches!(self, Self::Count | Self::Found)
    }
}

/// Which lot of a product whose lots are tracked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LotRef {
    /// The lot's code, as printed on the goods.
    pub code: Text<64>,
    /// The day after which it must not be sold; stated when the lot first comes in.
    pub expires_on: Option<Day>,
}

macro_rules! movement_request {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* }) => {
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$doc])*
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// Where; may be left out by a caller who can see exactly one store.
            pub store_id: Option<i64>,
            /// What: exactly one of `product_id`, `sku` and `barcode`.
            pub product_id: Option<i64>,
            /// What, by its SKU.
            pub sku: Option<Sku>,
            /// What, by one of its barcodes.
            pub barcode: Option<Text<64>>,
            /// How much, in the product's unit, with at most three decimals.
            pub quantity: WireQuantity,
            /// Which lot, if the product's lots are tracked.
            pub lot: Option<LotRef>,
            /// Why; a removal needs one.
            pub reason: Option<Reason>,
            /// Free text.
            pub note: Option<Note>,
            /// A document's number: delivery note, receipt.
            pub reference: Option<Text<200>>,
            /// What a unit has cost, for goods that come in.
            pub unit_cost: Option<WireMoney>,
            /// When it happened, if not now.
            pub effective_at: Option<WireTime>,
        }
    };
}

movement_request! {
    /// A movement whose type is in the path.
    #[schemars(example = serde_json::json!({"store_id": 1, "product_id": 1, "quantity": 2}))]
    NewMovement {}
}
movement_request! {
    /// A movement with its type.
    #[schemars(example = serde_json::json!({
        "type": "stock_in", "store_id": 1, "product_id": 1, "quantity": 12.5, "unit_cost": "3.20",
    }))]
    TypedMovement {
        /// `stock_in`, `sale`, `manual_remove`, `found` or `count_adjustment`; of the last the
        /// quantity is the signed difference.
        #[serde(rename = "type")]
        kind: Kind
    }
}

impl NewMovement {
    /// The same with a type.
    pub fn typed(self, kind: MovementKind) -> TypedMovement {
        TypedMovement {
            kind: Kind(kind),
            store_id: self.store_id,
            product_id: self.product_id,
            sku: self.sku,
            barcode: self.barcode,
            quantity: self.quantity,
            lot: self.lot,
            reason: self.reason,
            note: self.note,
            reference: self.reference,
            unit_cost: self.unit_cost,
            effective_at: self.effective_at,
        }
    }
}

/// Goods that were taken out; why, has to be said.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Removal(pub NewMovement);

impl JsonSchema for Removal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Removal".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = NewMovement::json_schema(generator);
        let required = schema.get("required").and_then(|list| list.as_array()).cloned();
        let mut required = required.unwrap_or_default();
        required.push("reason".into());
        schema.insert("required".to_owned(), required.into());
        let example = serde_json::json!({
            "store_id": 1, "product_id": 1, "quantity": 2, "reason": "damaged",
            "note": "Dropped while unpacking",
        });
        schema.insert("examples".to_owned(), serde_json::json!([example]));
        schema
    }
}

/// Many movements at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "atomic": true,
    "movements": [
        {"type": "stock_in", "store_id": 1, "product_id": 1, "quantity": 24},
        {"type": "sale", "store_id": 1, "product_id": 1, "quantity": 1},
    ],
}))]
pub struct ManyMovements {
    /// At most 10,000; at most 2,000 if they are atomic.
    pub movements: Vec<TypedMovement>,
    /// All or none. Otherwise each stands for itself.
    pub atomic: bool,
}

/// A level set right.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"quantity": 10, "reason": "count"}))]
pub struct SetQuantity {
    /// What is really there, in the product's unit.
    pub quantity: WireQuantity,
    /// Why it differs.
    pub reason: Reason,
    /// Free text.
    pub note: Option<Note>,
    /// Which lot, if the product's lots are tracked.
    pub lot: Option<LotRef>,
}

/// When to order a product again, in one store.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"reorder_point": 6}))]
pub struct SetReorderPoint {
    /// Below it the product is to be ordered; null for the product's own.
    pub reorder_point: Option<WireQuantity>,
}

/// Why a movement is undone.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = serde_json::json!({"note": "scanned twice"}))]
pub struct Reverse {
    /// Free text.
    pub note: Option<Note>,
}

/// A movement that is well formed. What it points to has not been looked at.
#[derive(Debug)]
pub struct Checked {
    /// Which product.
    pub product: ProductRef,
    /// Which lot.
    pub lot: Option<LotRef>,
    /// Why.
    pub kind: MovementKind,
    /// By how much.
    pub change: Change,
    /// At what cost.
    pub valuation: Valuation,
    /// What is recorded beside it.
    pub details: Details,
}

impl TypedMovement {
    /// Checks everything that the request alone can tell and notes all that is wrong, under
    /// `place` (`movements[3].`, or nothing).
    pub fn check(
        self,
        who: &Principal,
        store: StoreId,
        now: Timestamp,
        place: &str,
        faults: &mut Faults,
    ) -> Option<Checked> {
        let kind = self.kind.0;
        let field = |name: &str| format!("{place}{name}");
        let before = faults.len();
        let product = ProductRef::new(self.product_id, self.sku, self.barcode);
        if product.is_none() {
            let message = "Name the product by exactly one of product_id, sku and barcode.";
            faults.add(field("product_id"), message);
        }
        let quantity = self.quantity.0;
        let change = signed(kind, quantity);
        if change.is_none() {
            let message = match kind {
                MovementKind::CountAdjustment => "A difference is not zero.",
                _ => "A quantity is more than zero.",
            };
            faults.add(field("quantity"), message);
        }
        check_kind(kind, &field, faults);
        check_reason(kind, self.reason, &field, faults);
        if self.unit_cost.is_some_and(|cost| cost.0.is_negative()) {
            faults.add(field("unit_cost"), "A cost is not below zero.");
        }
        let comes_in = change.is_some_and(Quantity::is_positive);
        if self.unit_cost.is_some() && !comes_in {
            let message = "A unit cost can be stated only for goods that come in.";
            faults.add(field("unit_cost"), message);
        }
        let effective_at = self.effective_at.map(|at| at.0);
        check_date(effective_at, who.may(Permission::Backdate, store), now, &field, faults);
        if faults.len() > before {
            return None;
        }
        Some(Checked {
            product: product?,
            lot: self.lot,
            kind,
            change: Change::By(change?),
            valuation: self.unit_cost.map_or(Valuation::Usual, |cost| Valuation::UnitCost(cost.0)),
            details: Details {
                reason: self.reason.map(|reason| reason.name().to_owned()),
                note: self.note.map(Note::into_string),
                reference: self.reference.map(Text::into_string),
                unit_cost: self.unit_cost.map(|cost| cost.0),
                effective_at,
                order_item: None,
            },
        })
    }
}

/// The signed change that a quantity means, or `None` for one that means nothing.
fn signed(kind: MovementKind, quantity: Quantity) -> Option<Quantity> {
    match kind {
        MovementKind::Sale | MovementKind::ManualRemove => {
            quantity.is_positive().then_some(-quantity)
        }
        MovementKind::CountAdjustment => (quantity != Quantity::ZERO).then_some(quantity),
        _ => quantity.is_positive().then_some(quantity),
    }
}

fn check_kind(kind: MovementKind, field: &impl Fn(&str) -> String, faults: &mut Faults) {
    let message = match kind {
        MovementKind::SaleReturn => "A return belongs to an order and is recorded there.",
        MovementKind::Reversal => "A movement is undone by POST /api/stock/movements/{id}/reverse.",
        _ => return,
    };
    faults.add(field("type"), message);
}

fn check_reason(
    kind: MovementKind,
    reason: Option<Reason>,
    field: &impl Fn(&str) -> String,
    faults: &mut Faults,
) {
    const FOR_REMOVAL: &str = "damaged, expired, theft, mortality, internal_use, supplier_return \
                               or other";
    match (kind, reason) {
        (MovementKind::ManualRemove, None) => {
            faults
                .add_required(field("reason"), format!("A removal needs a reason: {FOR_REMOVAL}."));
        }
        (MovementKind::ManualRemove, Some(reason)) if !reason.is_for_removal() => {
            faults.add(field("reason"), format!("A removal's reason is {FOR_REMOVAL}."));
        }
        _ => {}
    }
}

fn check_date(
    effective_at: Option<Timestamp>,
    may_backdate: bool,
    now: Timestamp,
    field: &impl Fn(&str) -> String,
    faults: &mut Faults,
) {
    const A_DAY_S: i64 = 86_400;
    let Some(at) = effective_at else { return };
    let message = if at > now.plus_seconds(AHEAD_MAX_S) {
        "Nothing has happened in the future yet.".to_owned()
    } else if at < now.plus_seconds(-BACKDATE_DAYS_MAX * A_DAY_S) {
        format!("A movement can be dated back by at most {BACKDATE_DAYS_MAX} days.")
    } else if at < now.plus_seconds(-BACKDATE_FREE_DAYS * A_DAY_S) && !may_backdate {
        format!("Dating back by more than {BACKDATE_FREE_DAYS} days needs a manager.")
    } else {
        return;
    };
    faults.add(field("effective_at"), message);
}
