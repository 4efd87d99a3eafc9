//! From events to those who are told of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use super::rules::{self, Audience, Holders, Rule, Topic};
use super::sql::Named;
use super::{CREATED, sql};
use crate::App;
use crate::db::{Conn, Reader, Tx};
use crate::error::{ApiError, ApiResult};
use crate::events::tail::Heard;
use crate::events::{Event, Logged};

/// Events told in one transaction: a till must not wait behind it.
const ACT_MAX: usize = 200;

/// Something to be told: an event, and what its text names.
#[derive(Clone, Debug)]
pub struct Told {
    pub(super) event: Arc<Heard>,
    pub(super) topic: Topic,
    audience: Audience,
    pub(super) data: Arc<str>,
    /// Who did it: they know.
    pub(super) by: Option<i64>,
    /// Whom it is told, where that is one person.
    pub(super) to: Option<i64>,
}

/// Whether anyone is told of such events.
pub fn takes(kind: &str) -> bool {
    rules::of(kind).is_some()
}

/// What is to be told of some events, in portions.
///
/// # Errors
/// The database's, or an event that is not understood.
pub async fn look(app: &App, events: &[Arc<Heard>]) -> ApiResult<Vec<Vec<Told>>> {
    let mut worth = Vec::new();
    for event in events {
        let Some(rule) = rules::of(&event.kind) else { continue };
        let data: Value = serde_json::from_str(&event.data).map_err(ApiError::internal)?;
        if (rule.when)(&data) {
            worth.push((event, rule, data));
        }
    }
    if worth.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = app.db.read().await?;
    let names = Names::read(&mut reader, &worth).await?;
    let mut told = Vec::new();
    for (event, rule, data) in worth {
        let by = data["by"].as_i64();
        let shown: Arc<str> = names.shown(event, data).to_string().into();
        for audience in rule.to {
            let to = match audience {
                Audience::Holders(_) => None,
                Audience::Subject => Some(event.subject_id),
                Audience::Placer => names.placers.get(&event.subject_id).copied(),
            };
            let is_one = !matches!(audience, Audience::Holders(_));
            if is_one && (to.is_none() || to == by) {
                continue;
            }
            told.push(Told {
                event: Arc::clone(event),
                topic: rule.topic,
                audience: *audience,
                data: Arc::clone(&shown),
                by,
                to,
            });
        }
    }
    Ok(told.chunks(ACT_MAX).map(<[Told]>::to_vec).collect())
}

/// Tells a portion; what followers learn of it.
///
/// # Errors
/// The database's.
pub async fn act(app: &App, tx: &mut Tx, told: Vec<Told>) -> ApiResult<Vec<Event>> {
    let mut groups: BTreeMap<(Audience, Topic), Vec<Told>> = BTreeMap::new();
    for one in told {
        groups.entry((one.audience, one.topic)).or_default().push(one);
    }
    let sends_mail = app.config.smtp_host.is_some();
    let mut users = Vec::new();
    for ((audience, topic), told) in groups {
        users.extend(match audience {
            Audience::Holders(holders) => {
                let rights = Rights::of(holders);
                sql::tell_holders(tx, topic, &told, &rights, sends_mail).await?
            }
            Audience::Placer | Audience::Subject => {
                sql::tell_users(tx, topic, &told, sends_mail).await?
            }
        });
    }
    users.sort_unstable();
    users.dedup();
    Ok(users.into_iter().map(|user| Event::new(CREATED, "user", user, &json!({}))).collect())
}

/// Who holds a right.
pub(super) struct Rights {
    /// By these roles.
    pub(super) roles: Vec<&'static str>,
    /// Whether only where it is held in all stores.
    pub(super) is_shop_wide: bool,
}

impl Rights {
    fn of(holders: Holders) -> Self {
        let permission = holders.permission();
        let roles = Role::ALL.into_iter().filter(|role| role.may(permission)).map(Role::name);
        Self { roles: roles.collect(), is_shop_wide: permission.is_shop_wide() }
    }
}

/// What texts name, by the number.
#[derive(Default)]
struct Names {
    /// SKU and name.
    products: HashMap<i64, (String, String)>,
    users: HashMap<i64, String>,
    keys: HashMap<i64, String>,
    /// Who placed an order.
    placers: HashMap<i64, i64>,
    /// Stores, where there are several.
    stores: HashMap<i64, String>,
}

impl Names {
    async fn read(reader: &mut Reader, worth: &[(&Arc<Heard>, &Rule, Value)]) -> ApiResult<Self> {
        let subjects = |kind: &str| -> Vec<i64> {
            let of_kind = worth.iter().filter(|(event, ..)| event.subject_kind == kind);
            of_kind.map(|(event, ..)| event.subject_id).collect()
        };
        let mut products = subjects("product");
        products.extend(worth.iter().filter_map(|(.., data)| data["product_id"].as_i64()));
        let mut names = Self::default();
        let named: Vec<(i64, String, String)> =
            sql::named(Conn::from(&mut *reader), Named::Product, products).await?;
        names.products.extend(named.into_iter().map(|(id, sku, name)| (id, (sku, name))));
        let users: Vec<(i64, String)> =
            sql::named(Conn::from(&mut *reader), Named::User, subjects("user")).await?;
        names.users.extend(users);
        let keys: Vec<(i64, String)> =
            sql::named(Conn::from(&mut *reader), Named::Key, subjects("api_key")).await?;
        names.keys.extend(keys);
        let is_to_placer = |rule: &Rule| rule.to.contains(&Audience::Placer);
        let orders = worth.iter().filter(|(_, rule, _)| is_to_placer(rule));
        let orders = orders.map(|(event, ..)| event.subject_id).collect();
        let placers: Vec<(i64, i64)> =
            sql::named(Conn::from(&mut *reader), Named::Order, orders).await?;
        names.placers.extend(placers);
        let stores: Vec<i64> = worth.iter().filter_map(|(event, ..)| event.store_id).collect();
        if !stores.is_empty() && sql::has_several_stores(Conn::from(&mut *reader)).await? {
            let stores: Vec<(i64, String)> =
                sql::named(Conn::from(reader), Named::Store, stores).await?;
            names.stores.extend(stores);
        }
        Ok(names)
    }

    /// What is noted down of an event.
    fn shown(&self, event: &Logged, mut data: Value) -> Value {
        let id = event.subject_id;
        if let Value::Object(fields) = &mut data {
            fields.remove("by");
            fields.remove("version");
        }
        match event.subject_kind.as_str() {
            "order" => data["order_id"] = json!(id),
            "webhook" => data["webhook_id"] = json!(id),
            "user" => data = json!({ "username": self.users.get(&id) }),
            "api_key" => data = json!({ "name": self.keys.get(&id) }),
            _ => {}
        }
        let product = if event.subject_kind == "product" { Some(id) } else { None };
        let product = product.or_else(|| data["product_id"].as_i64());
        if let Some(id) = product {
            let (sku, name) = self.products.get(&id).cloned().unwrap_or_default();
            data["product_id"] = json!(id);
            data["sku"] = json!(sku);
            data["name"] = json!(name);
        }
        if let Some(name) = event.store_id.and_then(|store| self.stores.get(&store)) {
            data["store"] = json!(name);
        }
        data
    }
}
