//! Builders of orders and sales, over HTTP, and the worker called by hand.

use serde_json::{Value, json};
use stockroom::orders::worker;
use stockroom_domain::{OrderId, StoreId};

use super::{Person, RequestBuilder, TestApp};

impl TestApp {
    /// An order of so many units of one product, sent by `.await`.
    pub fn order(&self, who: &Person, store: StoreId, product: i64, units: i64) -> RequestBuilder {
        let items = json!([{"product_id": product, "quantity": units}]);
        let body = json!({"store_id": store, "items": items});
        self.post("/api/orders").token(&who.token).json(&body)
    }

    /// The number of an order of so many units of one product.
    pub async fn placed(&self, who: &Person, store: StoreId, product: i64, units: i64) -> i64 {
        let placed = self.order(who, store, product, units).await.expect(201).json();
        placed["order_id"].as_i64().expect("a number")
    }

    /// A sale of so many units of one product, paid in cash.
    pub fn sell(&self, who: &Person, store: StoreId, product: i64, units: i64) -> RequestBuilder {
        let amount = format!("{}.{:02}", units * 250 / 100, units * 250 % 100);
        let body = json!({
            "store_id": store,
            "items": [{"product_id": product, "quantity": units}],
            "payments": [{"method": "cash", "amount": amount}],
        });
        self.post("/api/sales").token(&who.token).json(&body)
    }

    /// Has the worker take the goods of all orders that wait.
    pub async fn take_goods(&self) {
        for id in self.numbers("SELECT order_id FROM pending_orders ORDER BY order_id").await {
            let outcomes = worker::take_all(&self.app, &[OrderId(id)]).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        }
    }

    /// Has everything followed up that follows from the log.
    pub async fn catch_up(&self) {
        stockroom::workers::catch_up(&self.app).await.expect("caught up");
    }

    /// A step of an order.
    pub fn step(&self, who: &Person, order: i64, step: &str, body: &Value) -> RequestBuilder {
        self.post(&format!("/api/orders/{order}/{step}")).token(&who.token).json(body)
    }

    /// An order as it is now.
    pub async fn read_order(&self, who: &Person, order: i64) -> Value {
        let path = format!("/api/orders/{order}");
        self.get_as(who, &path).await.expect(200).json()["order"].clone()
    }
}
