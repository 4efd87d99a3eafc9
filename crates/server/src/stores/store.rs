//! What a store is, and what may be sent to make or change one.

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::{StoreId, Timestamp};

use crate::error::{ApiError, ApiResult, Faults};
use crate::http::{Name, Note, Patched, Phone, Sent, Success, Text, WireTime};

/// What a store is called for short, on lists and documents.
pub type StoreCode = Text<32>;

/// A store as it is stored.
#[derive(Clone, Debug)]
pub struct Store {
    /// Which.
    pub id: StoreId,
    /// What people decide about it.
    pub details: Details,
    /// Hidden, and closed to movements.
    pub is_deleted: bool,
    /// Rises by one with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What people decide about a store: checked, and ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Its short name.
    pub code: String,
    /// The code regardless of case: unique among stores that are not deleted.
    pub code_key: String,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub address: Option<String>,
    /// How to call it.
    pub phone: Option<String>,
    /// Where its days begin and end: a name of the IANA database.
    pub time_zone: String,
    /// The hour at which its business day begins.
    pub day_cut_hour: i64,
}

/// A store, to be made or to replace another.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["code", "name"]), example = example())]
pub struct StoreInput {
    /// Its short name: unique, in any case, among stores that are not deleted.
    pub code: Sent<StoreCode>,
    /// What people call it.
    pub name: Sent<Name>,
    /// Where it is.
    #[schemars(with = "Option<Note>")]
    pub address: Sent<Note>,
    /// How to call it.
    #[schemars(with = "Option<Phone>")]
    pub phone: Sent<Phone>,
    /// A name of the IANA database; `UTC` unless stated. Movements keep the business day that
    /// they were recorded with.
    #[schemars(with = "Option<String>")]
    pub time_zone: Sent<String>,
    /// The hour (0 to 23) at which its business day begins: what is sold after midnight in a
    /// bar belongs to the day before. 0 unless stated.
    #[schemars(with = "Option<u8>")]
    pub day_cut_hour: Sent<i64>,
}

fn example() -> Value {
    json!({
        "code": "NORTH",
        "name": "North Street",
        "address": "12 North Street",
        "phone": "+44 20 7946 0000",
        "time_zone": "Europe/London",
    })
}

impl Patched for StoreInput {
    const SCHEMA: &'static str = "StorePatch";

    fn example() -> Value {
        json!({ "name": "North Street 14" })
    }
}

impl StoreInput {
    /// The fields of this input that were sent, and the others as they are stored.
    ///
    /// # Errors
    /// A stored value that JSON cannot hold: a defect.
    pub fn over(self, stored: &Details) -> ApiResult<Self> {
        Ok(Self {
            code: self.code.or(Sent::of(&stored.code)?),
            name: self.name.or(Sent::of(&stored.name)?),
            address: self.address.or(Sent::of(&stored.address)?),
            phone: self.phone.or(Sent::of(&stored.phone)?),
            time_zone: self.time_zone.or(Sent::of(&stored.time_zone)?),
            day_cut_hour: self.day_cut_hour.or(Sent::of(&stored.day_cut_hour)?),
        })
    }

    /// Checks everything that can be known without the database.
    ///
    /// # Errors
    /// 400 with all faults.
    pub fn check(&self) -> ApiResult<Details> {
        let mut faults = Faults::new();
        let code = self.code.required("code", &mut faults);
        let name = self.name.required("name", &mut faults);
        let address = self.address.optional("address", &mut faults);
        let phone = self.phone.optional("phone", &mut faults);
        let time_zone = match self.time_zone.optional("time_zone", &mut faults) {
            Some(name) => zone_name(&name, &mut faults),
            None => "UTC".to_owned(),
        };
        let hour = self.day_cut_hour.optional("day_cut_hour", &mut faults).unwrap_or(0);
        if !(0..24).contains(&hour) {
            faults.add("day_cut_hour", "day_cut_hour is an hour from 0 to 23.");
        }
        faults.into_result()?;
        let (Some(code), Some(name)) = (code, name) else {
            return Err(ApiError::internal("a required field was not noticed as missing"));
        };
        Ok(Details {
            code_key: code.key(),
            code: code.into_string(),
            name: name.into_string(),
            address: address.map(Note::into_string).filter(|text| !text.is_empty()),
            phone: phone.map(Phone::into_string),
            time_zone,
            day_cut_hour: hour,
        })
    }
}

/// The name as the IANA database writes it.
fn zone_name(name: &str, faults: &mut Faults) -> String {
    let zone = TimeZone::get(name).ok().filter(|zone| !zone.is_unknown());
    if let Some(name) = zone.as_ref().and_then(TimeZone::iana_name) {
        return name.to_owned();
    }
    let message = "A time zone has a name of the IANA database, such as Europe/Paris or UTC.";
    faults.add("time_zone", message);
    String::new()
}

/// A store, as a caller sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Store")]
pub struct StoreView {
    /// Which.
    pub id: i64,
    /// Its short name.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub address: Option<String>,
    /// How to call it.
    pub phone: Option<String>,
    /// Where its days begin and end: a name of the IANA database.
    pub time_zone: String,
    /// The hour at which its business day begins.
    pub day_cut_hour: i64,
    /// Hidden, and closed to movements.
    pub is_deleted: bool,
    /// Rises by one with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: WireTime,
    /// When it was changed last.
    pub updated_at: WireTime,
}

/// One store.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoreAnswer {
    /// It worked.
    pub status: Success,
    /// The store.
    pub store: StoreView,
}

impl From<Store> for StoreView {
    fn from(store: Store) -> Self {
        let details = store.details;
        Self {
            id: store.id.0,
            code: details.code,
            name: details.name,
            address: details.address,
            phone: details.phone,
            time_zone: details.time_zone,
            day_cut_hour: details.day_cut_hour,
            is_deleted: store.is_deleted,
            version: store.version,
            created_at: WireTime(store.created_at),
            updated_at: WireTime(store.updated_at),
        }
    }
}
