//! The shop's settings over HTTP.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stockroom_domain::catalog::TaxRate;

use super::sql;
use crate::App;
use crate::alerts::{EXPIRING_DAYS, EXPIRING_DAYS_DEFAULT};
use crate::auth::{Can, EditSettings, REGISTRATION, ReadCatalog};
use crate::catalog::values::WireTaxRate;
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::events::{Event, Fact};
use crate::http::{
    Answer, Body, ETag, IfMatch, Name, Note, Once, Sent, Success, Text, begin_write,
};

/// The most tax rates of a shop.
const TAX_RATES_MAX: usize = 20;
/// The longest that a lot can be about to expire.
const EXPIRING_DAYS_MAX: i64 = 365;

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Registration {
    /// Administrators, for others.
    #[default]
    Closed,
    /// Everyone, for themselves: without a role in any store, until an administrator gives one.
    Open,
}

/// A rate of tax that products are sold at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedTaxRate {
    /// What it is called, as on a receipt.
    name: Text<50>,
    /// In percent.
    rate: WireTaxRate,
}

/// What holds for the whole shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Settings {
    /// What the shop is called, as on a receipt.
    pub shop_name: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Whether prices contain the tax.
    pub prices_include_tax: bool,
    /// The rates that there are to choose from.
    pub tax_rates: Vec<NamedTaxRate>,
    /// The rate of a product that states none.
    pub default_tax_rate: WireTaxRate,
    /// What stands at the head of a receipt.
    pub receipt_header: Option<String>,
    /// What stands at its foot.
    pub receipt_footer: Option<String>,
    /// Who may make an account.
    pub registration: Registration,
    /// So many days before its last day a lot is about to expire.
    pub expiring_days: i64,
    /// Rises by one with each change.
    pub version: i64,
}

/// The settings.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettingsAnswer {
    status: Success,
    settings: Settings,
}

/// The settings that change (RFC 7396): what is not named stays, `null` removes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = json!({
    "shop_name": "Paws & Co.", "receipt_footer": "Thank you!",
    "tax_rates": [{ "name": "Full", "rate": "19.00" }, { "name": "Reduced", "rate": "7.00" }],
}))]
pub struct SettingsPatch {
    /// What the shop is called, as on a receipt.
    #[schemars(with = "Option<Name>")]
    shop_name: Sent<Name>,
    /// ISO 4217; fixed once goods have moved, for amounts are not converted.
    #[schemars(with = "Option<String>")]
    currency: Sent<String>,
    /// Whether prices contain the tax.
    #[schemars(with = "Option<bool>")]
    prices_include_tax: Sent<bool>,
    /// The rates that there are to choose from, at most 20.
    #[schemars(with = "Option<Vec<NamedTaxRate>>")]
    tax_rates: Sent<Vec<NamedTaxRate>>,
    /// The rate of a product that states none.
    #[schemars(with = "Option<WireTaxRate>")]
    default_tax_rate: Sent<WireTaxRate>,
    /// What stands at the head of a receipt.
    #[schemars(with = "Option<Note>")]
    receipt_header: Sent<Note>,
    /// What stands at its foot.
    #[schemars(with = "Option<Note>")]
    receipt_footer: Sent<Note>,
    /// Who may make an account.
    #[schemars(with = "Option<Registration>")]
    registration: Sent<Registration>,
    /// So many days before its last day a lot is about to expire: 0 to 365.
    #[schemars(with = "Option<i64>")]
    expiring_days: Sent<i64>,
}

impl Settings {
    /// From rows of the table, each value as JSON but for the currency, which is older.
    fn of(rows: &HashMap<String, String>) -> Self {
        fn json<T: serde::de::DeserializeOwned>(
            rows: &HashMap<String, String>,
            name: &str,
        ) -> Option<T> {
            rows.get(name).and_then(|text| serde_json::from_str(text).ok())
        }
        Self {
            shop_name: json(rows, "shop_name"),
            currency: rows.get("currency").cloned().unwrap_or_else(|| "USD".to_owned()),
            prices_include_tax: json(rows, "prices_include_tax").unwrap_or(true),
            tax_rates: json(rows, "tax_rates").unwrap_or_default(),
            default_tax_rate: json(rows, "default_tax_rate")
                .unwrap_or(WireTaxRate(TaxRate::default())),
            receipt_header: json(rows, "receipt_header"),
            receipt_footer: json(rows, "receipt_footer"),
            registration: json(rows, REGISTRATION).unwrap_or_default(),
            expiring_days: json(rows, EXPIRING_DAYS).unwrap_or(EXPIRING_DAYS_DEFAULT),
            version: json(rows, "settings_version").unwrap_or(1),
        }
    }

    /// As rows of the table.
    fn rows(&self) -> Vec<(&'static str, String)> {
        vec![
            ("shop_name", json!(self.shop_name).to_string()),
            ("currency", self.currency.clone()),
            ("prices_include_tax", json!(self.prices_include_tax).to_string()),
            ("tax_rates", json!(self.tax_rates).to_string()),
            ("default_tax_rate", json!(self.default_tax_rate).to_string()),
            ("receipt_header", json!(self.receipt_header).to_string()),
            ("receipt_footer", json!(self.receipt_footer).to_string()),
            (REGISTRATION, json!(self.registration).to_string()),
            (EXPIRING_DAYS, self.expiring_days.to_string()),
            ("settings_version", self.version.to_string()),
        ]
    }
}

impl SettingsPatch {
    /// These settings laid over those that are stored.
    fn over(&self, stored: &Settings) -> ApiResult<Settings> {
        let mut faults = Faults::new();
        let mut new = stored.clone();
        if self.shop_name.is_given() {
            let name = self.shop_name.optional("shop_name", &mut faults);
            new.shop_name = name.map(Text::into_string);
        }
        if self.currency.is_given() {
            new.currency = self.currency.required("currency", &mut faults).unwrap_or_default();
            if new.currency.len() != 3 || !new.currency.bytes().all(|b| b.is_ascii_uppercase()) {
                let message = "A currency has three capital letters of ISO 4217, such as EUR.";
                faults.add("currency", message);
            }
        }
        if self.prices_include_tax.is_given() {
            let field = &self.prices_include_tax;
            new.prices_include_tax =
                field.optional("prices_include_tax", &mut faults) != Some(false);
        }
        if self.tax_rates.is_given() {
            new.tax_rates = self.tax_rates.optional("tax_rates", &mut faults).unwrap_or_default();
            if new.tax_rates.len() > TAX_RATES_MAX {
                faults.add("tax_rates", format!("At most {TAX_RATES_MAX} rates are allowed."));
            }
        }
        if self.default_tax_rate.is_given() {
            let rate = self.default_tax_rate.optional("default_tax_rate", &mut faults);
            new.default_tax_rate = rate.unwrap_or(WireTaxRate(TaxRate::default()));
        }
        let mut text = |field: &Sent<Note>, name: &str, stored: &mut Option<String>| {
            if field.is_given() {
                let note = field.optional(name, &mut faults).map(Note::into_string);
                *stored = note.filter(|text| !text.is_empty());
            }
        };
        text(&self.receipt_header, "receipt_header", &mut new.receipt_header);
        text(&self.receipt_footer, "receipt_footer", &mut new.receipt_footer);
        if self.registration.is_given() {
            let field = &self.registration;
            new.registration = field.optional("registration", &mut faults).unwrap_or_default();
        }
        if self.expiring_days.is_given() {
            let field = &self.expiring_days;
            let days = field.optional("expiring_days", &mut faults);
            new.expiring_days = days.unwrap_or(EXPIRING_DAYS_DEFAULT);
            if !(0..=EXPIRING_DAYS_MAX).contains(&new.expiring_days) {
                let message = format!("Between 0 and {EXPIRING_DAYS_MAX} days are possible.");
                faults.add("expiring_days", message);
            }
        }
        faults.into_result()?;
        Ok(new)
    }
}

/// The settings as they are now.
///
/// # Errors
/// The database's.
async fn read(app: &App) -> ApiResult<Settings> {
    let mut reader = app.db.read().await?;
    Ok(Settings::of(&sql::all(Conn::from(&mut reader)).await?))
}

/// `GET /api/settings`
pub async fn get(_: Can<ReadCatalog>, app: App) -> ApiResult<Answer<SettingsAnswer>> {
    let settings = read(&app).await?;
    let tag = ETag(settings.version);
    Ok(Answer::new(&SettingsAnswer { status: Success::Success, settings })?.with_etag(tag))
}

/// `PATCH /api/settings`
pub async fn patch(
    who: Can<EditSettings>,
    app: App,
    once: Once,
    if_match: IfMatch,
    Body(patch): Body<SettingsPatch>,
) -> ApiResult<Answer<SettingsAnswer>> {
    let mut write = begin_write(&app, &who, &once).await?;
    sql::lock(&mut write.tx).await?;
    let stored = Settings::of(&sql::all(Conn::from(&mut write.tx)).await?);
    if_match.check(stored.version)?;
    let mut new = patch.over(&stored)?;
    let is_same = new == stored;
    if new.currency != stored.currency && sql::has_movements(&mut write.tx).await? {
        let message = "Goods have moved in the shop's currency, and amounts are not converted.";
        let code = ErrorCode::InvalidState;
        return Err(ApiError::field(code, code.name(), "currency", message)
            .with_detail("currency", stored.currency));
    }
    let fact = if is_same {
        None
    } else {
        new.version += 1;
        sql::set(&mut write.tx, &new.rows()).await?;
        let event = Event::new("settings.updated", "settings", 1, &json!({}));
        Some(Fact::new(event).before(&stored).after(&new))
    };
    let tag = ETag(new.version);
    let answer = SettingsAnswer { status: Success::Success, settings: new };
    Ok(write.commit(&answer, fact).await?.with_etag(tag))
}
