//! The catalogue over HTTP.

use serde_json::{Value, json};
use stockroom_domain::ProductId;

use super::changes;
use super::list::{Categories, CategoryList, ProductFilter, ProductList, Products};
use super::product::{Details, Product, ProductInput};
use super::view::{self, ProductAnswer, Sight};
use crate::App;
use crate::auth::{Can, EditCatalog, Principal, ReadCatalog};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{Event, Fact};
use crate::http::{
    Answer, Asked, Body, Created, Done, IfMatch, ListAnswer, NoFilter, Once, Page, Patch, PathId,
    Success, Write, begin_write,
};

/// Makes a product.
///
/// # Errors
/// 400 with all faults, 409 `duplicate_sku`, 409 `duplicate_barcode`.
pub async fn create(
    who: Can<EditCatalog>,
    app: App,
    once: Once,
    Body(input): Body<ProductInput>,
) -> ApiResult<Created<ProductAnswer>> {
    let details = input.check()?;
    let write = begin_write(&app, &who, &once).await?;
    let (write, id) = changes::insert(&app, write, &details).await?;
    let answer = finish(write, &who, id, Some(("product.created", None))).await?;
    Ok(answer.with_location(&format!("/api/products/{id}")))
}

/// Shows a product, deleted or not.
///
/// # Errors
/// 404.
pub async fn get(
    who: Can<ReadCatalog>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<ProductAnswer>> {
    let mut reader = app.db.read().await?;
    let product = view::one(Conn::from(&mut reader), id, &Sight::of(&who)).await?;
    let tag = product.tag();
    let answer = Answer::new(&ProductAnswer { status: Success::Success, product })?;
    Ok(answer.with_header(axum::http::header::ETAG, &tag))
}

/// Replaces a product: what is not sent gets its default.
///
/// # Errors
/// As [`create`]; 404; 412; 409 `invalid_state` for a deleted one, and for another unit or
/// keeping of lots after movements.
pub async fn replace(
    who: Can<EditCatalog>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(input): Body<ProductInput>,
) -> ApiResult<Answer<ProductAnswer>> {
    let details = input.check()?;
    change(&who, &app, id, &once, &if_match, |_| Ok(details)).await
}

/// Changes the fields of a product that are named (RFC 7396).
///
/// # Errors
/// As [`replace`].
pub async fn patch(
    who: Can<EditCatalog>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(Patch(input)): Body<Patch<ProductInput>>,
) -> ApiResult<Answer<ProductAnswer>> {
    let merged = |stored: &Details| input.over(stored)?.check();
    change(&who, &app, id, &once, &if_match, merged).await
}

async fn change(
    who: &Principal,
    app: &App,
    id: i64,
    once: &Once,
    if_match: &IfMatch,
    decide: impl FnOnce(&Details) -> ApiResult<Details>,
) -> ApiResult<Answer<ProductAnswer>> {
    let mut write = begin_write(app, who, once).await?;
    let stored = changes::lock(&mut write.tx, id).await?;
    if_match.check(stored.version)?;
    if stored.is_deleted {
        return Err(is_deleted(&stored));
    }
    let details = decide(&stored.details)?;
    if stored.details.is_same(&details) {
        return finish(write, who, stored.id, None).await;
    }
    let write = changes::replace(app, write, &stored, &details).await?;
    let id = stored.id;
    finish(write, who, id, Some(("product.updated", Some(stored)))).await
}

fn is_deleted(product: &Product) -> ApiError {
    let message = "This product is deleted: restore it to change it.";
    ApiError::conflict(ErrorCode::InvalidState, message).with_detail("product_id", product.id.0)
}

/// Deletes a product; it is kept, hidden. Again is as good.
///
/// # Errors
/// 404; 412; 409 `invalid_state` while some of it is on hand.
pub async fn delete(
    who: Can<EditCatalog>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    let mut write = begin_write(&app, &who, &once).await?;
    let stored = changes::lock(&mut write.tx, id).await?;
    if stored.is_deleted {
        return write.commit(&(), []).await;
    }
    if_match.check(stored.version)?;
    changes::delete(&mut write, &stored).await?;
    let data = data(id, &stored.details.sku, stored.version + 1, write.by());
    let event = Event::new("product.deleted", "product", id, &data);
    write.commit(&(), [Fact::new(event).before(&view::record(stored))]).await
}

/// Brings a deleted product back. One that is not deleted stays as it is.
///
/// # Errors
/// 404; 412; 409 `duplicate_sku` where another product has its SKU by now.
pub async fn restore(
    who: Can<EditCatalog>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Answer<ProductAnswer>> {
    let mut write = begin_write(&app, &who, &once).await?;
    let stored = changes::lock(&mut write.tx, id).await?;
    if !stored.is_deleted {
        return finish(write, &who, stored.id, None).await;
    }
    if_match.check(stored.version)?;
    let write = changes::restore(&app, write, &stored).await?;
    let id = stored.id;
    finish(write, &who, id, Some(("product.restored", Some(stored)))).await
}

/// Lists products.
///
/// # Errors
/// 400 for filters and cursors that are none.
pub async fn list(
    who: Can<ReadCatalog>,
    app: App,
    Asked(filter, request): Asked<ProductFilter>,
) -> ApiResult<ListAnswer<ProductList>> {
    filter.check()?;
    let list = Products { filter, sight: Sight::of(&who) };
    let answer = |Page { entries, next_cursor, total }| {
        let products = entries.into_iter().map(|(_, product)| product).collect();
        Answer::new(&ProductList { status: Success::Success, products, next_cursor, total })
    };
    request.answer(&app, &who, list, answer).await
}

/// Lists the categories, with the number of products in each.
///
/// # Errors
/// 400 for a cursor that is none.
pub async fn categories(
    who: Can<ReadCatalog>,
    app: App,
    Asked(NoFilter {}, request): Asked<NoFilter>,
) -> ApiResult<ListAnswer<CategoryList>> {
    let answer = |Page { entries: categories, next_cursor, total }| {
        Answer::new(&CategoryList { status: Success::Success, categories, next_cursor, total })
    };
    request.answer(&app, &who, Categories, answer).await
}

/// Shows the product as the write leaves it, and commits. A change has a name and, unless the
/// product is new, what was before.
async fn finish<const STATUS: u16>(
    mut write: Write,
    who: &Principal,
    id: ProductId,
    fact: Option<(&'static str, Option<Product>)>,
) -> ApiResult<Answer<ProductAnswer, STATUS>> {
    let product = view::one(Conn::from(&mut write.tx), id.0, &Sight::of(who)).await?;
    let tag = product.tag();
    let by = write.by();
    let fact = fact.map(|(kind, before)| {
        let mut data = data(product.id, &product.sku, product.version, by);
        let then = before.as_ref().map(|before| before.details.price);
        if let Some(then) = then.filter(|then| *then != product.price.0) {
            data["price"] = json!({ "before": then, "after": product.price });
        }
        let event = Event::new(kind, "product", product.id, &data);
        let fact = Fact::new(event).after(&product.to_record());
        match before {
            Some(before) => fact.before(&view::record(before)),
            None => fact,
        }
    });
    let answer = ProductAnswer { status: Success::Success, product };
    Ok(write.commit(&answer, fact).await?.with_header(axum::http::header::ETAG, &tag))
}

/// Followers of every role read events: they name the product, never its cost.
fn data(id: i64, sku: &str, version: i64, by: Option<i64>) -> Value {
    json!({ "id": id, "sku": sku, "version": version, "by": by })
}
