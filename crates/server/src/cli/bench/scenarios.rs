//! What is asked of the server: one function per kind of request.

use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use hyper::{StatusCode, Uri};
use stockroom_domain::Timestamp;

use super::catalogue::{Catalogue, LINES, movements_body, movements_uri};
use super::client::{Call, Connection, Draw};
use super::history::Span;

/// One sale of one unit a request, of any level.
///
/// # Errors
/// Never: the path is a constant.
pub fn random_sales(catalogue: Catalogue) -> Result<Draw> {
    let uri: Uri = "/api/stock/sale".parse()?;
    Ok(Rc::new(move || {
        let (store, product) = catalogue.random();
        Ok(sale(&uri, store, product))
    }))
}

/// One sale of one unit a request, always of the same level.
///
/// # Errors
/// Never: the path is a constant.
pub fn hot_sales(catalogue: Catalogue) -> Result<Draw> {
    let uri: Uri = "/api/stock/sale".parse()?;
    let (store, product) = catalogue.level(0);
    Ok(Rc::new(move || Ok(sale(&uri, store, product))))
}

/// One sale of one unit of a level.
pub(super) fn sale(uri: &Uri, store: i64, product: i64) -> Call {
    let body = format!(r#"{{"store_id":{store},"product_id":{product},"quantity":1}}"#);
    Call::post(uri.clone(), body, StatusCode::CREATED, 1)
}

/// An order of one unit of two products of any store, or always of the same ones.
///
/// # Errors
/// Never: the path is a constant.
pub fn orders(catalogue: Catalogue, is_hot: bool) -> Result<Draw> {
    let uri: Uri = "/api/orders".parse()?;
    Ok(Rc::new(move || {
        let levels = match is_hot {
            true => vec![catalogue.level(0), catalogue.level(1)],
            false => catalogue.of_one_store(2),
        };
        let store = levels.first().map_or(0, |(store, _)| *store);
        let item =
            |(_, product): &(i64, i64)| format!(r#"{{"product_id":{product},"quantity":1}}"#);
        let items = levels.iter().map(item).collect::<Vec<_>>().join(",");
        let body = format!(r#"{{"store_id":{store},"items":[{items}]}}"#);
        Ok(Call::post(uri.clone(), body, StatusCode::CREATED, 1))
    }))
}

/// A thousand sales of one store a request, as a till or a delivery would send.
///
/// # Errors
/// Never: the path is a constant.
pub fn bulk_sales(catalogue: Catalogue) -> Result<Draw> {
    many_sales(move |lines| catalogue.of_one_store(lines))
}

/// A thousand sales of any levels a request: hardly any two of one store.
///
/// # Errors
/// Never: the path is a constant.
pub fn scattered_sales(catalogue: Catalogue) -> Result<Draw> {
    many_sales(move |lines| (0..lines).map(|_| catalogue.random()).collect())
}

fn many_sales(levels: impl Fn(usize) -> Vec<(i64, i64)> + 'static) -> Result<Draw> {
    let uri = movements_uri()?;
    let lines = usize::try_from(LINES)?;
    Ok(Rc::new(move || {
        let levels = levels(lines);
        let body = movements_body(&levels, "sale", 1);
        Ok(Call::post(uri.clone(), body, StatusCode::CREATED, levels.len().try_into()?))
    }))
}

/// One level by its key.
pub fn level_reads(catalogue: Catalogue) -> Draw {
    Rc::new(move || {
        let (store, product) = catalogue.random();
        Call::get(&format!("/api/stock/current?store_id={store}&product_id={product}"))
    })
}

/// One level as of any instant of the past.
pub fn as_of_reads(catalogue: Catalogue, past: Span) -> Draw {
    Rc::new(move || {
        let (store, product) = catalogue.random();
        let instant = wire_time(Timestamp(rand::random_range(past.from.0..past.to.0)))?;
        Call::get(&format!(
            "/api/stock/current?store_id={store}&product_id={product}&as_of={instant}"
        ))
    })
}

/// RFC 3339 in UTC, with microseconds.
fn wire_time(instant: Timestamp) -> Result<String> {
    let instant = jiff::Timestamp::from_microsecond(instant.0)?;
    Ok(format!("{instant:.6}"))
}

/// Asks once before a scenario of reads: a bench of empty answers would measure nothing.
///
/// # Errors
/// The answer does not hold exactly one level.
pub async fn probe(connection: &mut Connection, draw: &Draw) -> Result<()> {
    let call = draw()?;
    let (status, body) = connection.ask(&call).await?;
    let text = String::from_utf8_lossy(&body);
    ensure!(status == StatusCode::OK, "GET {} answered {status}: {text}", call.uri);
    let answer: serde_json::Value = serde_json::from_str(&text)?;
    let levels = answer["levels"].as_array().context("the answer has no levels")?;
    ensure!(levels.len() == 1, "GET {} answered {} levels", call.uri, levels.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::sql::FirstIds;

    fn catalogue() -> Catalogue {
        Catalogue { first: FirstIds { store: 2, product: 1 }, stores: 1, products: 1 }
    }

    #[test]
    fn a_sale_is_one_line_of_json() {
        let call = random_sales(catalogue()).and_then(|draw| draw()).expect("a call");
        assert_eq!(call.body, r#"{"store_id":2,"product_id":1,"quantity":1}"#);
        assert_eq!(call.expected, StatusCode::CREATED);
    }

    #[test]
    fn a_past_instant_travels_as_rfc_3339() {
        let past =
            Span { from: Timestamp(1_700_000_000_000_001), to: Timestamp(1_700_000_000_000_002) };
        let call = as_of_reads(catalogue(), past)().expect("a call");
        assert_eq!(
            call.uri,
            "/api/stock/current?store_id=2&product_id=1&as_of=2023-11-14T22:13:20.000001Z"
        );
    }
}
