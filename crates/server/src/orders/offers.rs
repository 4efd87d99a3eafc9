//! What stores sell, for how much, and when their day begins: what every order and every sale
//! asks, so that those who ask at once share a read.

use std::collections::{HashMap, HashSet};

use stockroom_domain::{ProductId, StoreId};

use super::sql::{self, GoodsRow};
use crate::App;
use crate::db::Conn;
use crate::error::ApiResult;
use crate::stores::{self, StoreDay};
use crate::together::Together;

/// Those who ask what is offered.
#[derive(Debug, Default)]
pub struct Offers(Together<(StoreId, Vec<ProductId>), Offer>);

/// What one store offers of some products.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// Nothing where the store is deleted or absent.
    pub(super) day: Option<StoreDay>,
    /// Those of the products that are there.
    pub(super) goods: HashMap<ProductId, GoodsRow>,
}

impl Offers {
    /// What a store offers of some products.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn of(
        &self,
        app: &App,
        store: StoreId,
        products: Vec<ProductId>,
    ) -> ApiResult<Offer> {
        self.0.ask((store, products), |questions| read(app, questions)).await
    }
}

async fn read(app: &App, questions: Vec<(StoreId, Vec<ProductId>)>) -> ApiResult<Vec<Offer>> {
    let stores: HashSet<StoreId> = questions.iter().map(|(store, _)| *store).collect();
    let products: HashSet<ProductId> = questions.iter().flat_map(|(_, ids)| ids).copied().collect();
    let stores: Vec<StoreId> = stores.into_iter().collect();
    let products: Vec<ProductId> = products.into_iter().collect();
    let goods = sql::goods(Conn::from(&mut app.db.read().await?), &products).await?;
    let goods: HashMap<ProductId, GoodsRow> =
        goods.into_iter().map(|row| (ProductId(row.id), row)).collect();
    let days = stores::days(app, &stores).await?;
    let offer = |(store, ids): (StoreId, Vec<ProductId>)| Offer {
        day: days.get(&store).cloned(),
        goods: ids.iter().filter_map(|id| Some((*id, goods.get(id)?.clone()))).collect(),
    };
    Ok(questions.into_iter().map(offer).collect())
}
