//! The lists of the API: all are asked for, paged, counted and taken out as files in one way.
//!
//! A slice makes a value that is a [`List`] of its filters and of what the caller may see. The
//! handler takes [`Asked`] and ends with [`ListRequest::answer`]; cursors, totals, CSV and the
//! record of files taken out come with that.

use std::sync::Arc;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::csv::{Csv, ListAnswer, accepts_csv};
use super::page::{Cursor, Limit, Paging, Total};
use super::{Answer, RequestContext, decode, docs};
use crate::App;
use crate::audit::Entry;
use crate::auth::Principal;
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events;
use crate::rate_limit::Class;

/// One list, narrowed to what was asked for and to what the caller may see.
pub trait List: Send + Sync + 'static {
    /// What it is a list of, as it was read.
    type Entry: Send;
    /// Where an entry stands in its order.
    type Position: Serialize + DeserializeOwned + Send + 'static;

    /// What the list is called: its files are, and the record of who took them.
    const NAME: &'static str;

    /// The entries behind a position, `limit` of them at most.
    fn entries(
        &self,
        db: Conn<'_>,
        after: Option<Self::Position>,
        limit: i64,
    ) -> impl Future<Output = ApiResult<Vec<Self::Entry>>> + Send;

    /// Where an entry stands.
    fn position(&self, entry: &Self::Entry) -> Self::Position;

    /// Whether a position is one of this list: what a cursor says is a caller's word.
    fn has_position(&self, _: &Self::Position) -> bool {
        true
    }

    /// All entries without their order, to be counted, in the words of the connection's engine.
    fn all(&self, _: &Conn<'_>) -> Select;

    /// What stands above the columns of a file.
    fn columns(&self) -> Vec<&'static str>;

    /// What stands in its columns.
    fn cells(&self, entry: Self::Entry) -> Vec<String>;
}

/// One page of a list.
#[derive(Debug)]
pub struct Page<E> {
    /// What is on it.
    pub entries: Vec<E>,
    /// Where the next one begins, if there is one.
    pub next_cursor: Option<String>,
    /// How many entries the list has, where asked for.
    pub total: Option<Total>,
}

/// A list that is asked for: `Asked(filter, request): Asked<ProductFilter>`. The filter has the
/// list's own parameters, and denies unknown ones; what all lists know is in the request.
#[derive(Debug)]
pub struct Asked<F>(pub F, pub ListRequest);

/// A list without filters of its own.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

/// In which form, and from where on, a list is asked for.
#[derive(Debug)]
pub struct ListRequest {
    context: RequestContext,
    path: String,
    /// The filters as JSON.
    filters: String,
    page: PageParams,
    wants_csv: bool,
}

/// What every list may be asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct PageParams {
    /// At most so many on the page.
    limit: Limit,
    /// Where to go on: the `next_cursor` of the page before.
    cursor: Option<Cursor>,
    /// Count them as well, up to 10,000.
    include_total: bool,
    /// `csv` answers the whole list as one file, as `Accept: text/csv` does.
    format: Option<ListFormat>,
}

/// Their names.
const PAGE_PARAMS: [&str; 4] = ["limit", "cursor", "include_total", "format"];

/// In which form a list is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum ListFormat {
    /// In pages.
    Json,
    /// Whole, as a file.
    Csv,
}

impl ListRequest {
    /// The page that was asked for, which `answer` writes, or all of the list as a file.
    ///
    /// # Errors
    /// 400 for a cursor of another list; 429 `rate_limited` for a file; the database's.
    pub async fn answer<L: List, T>(
        self,
        app: &App,
        who: &Principal,
        list: L,
        answer: impl FnOnce(Page<L::Entry>) -> ApiResult<Answer<T>>,
    ) -> ApiResult<ListAnswer<T>> {
        let PageParams { limit, cursor, include_total, .. } = &self.page;
        let of = (who.user_id, &*self.path, &*self.filters);
        let mut paging = Paging::new(of, *limit, cursor.as_ref(), |at| list.has_position(at))?;
        let after = paging.after.take();
        if self.wants_csv {
            self.begin_export(app, who, L::NAME).await?;
            return file(app.clone(), who.clone(), list, after).await.map(ListAnswer::Csv);
        }
        let mut reader = app.db.read().await?;
        let mut db = Conn::from(&mut reader);
        let entries = list.entries(db.reborrow(), after, limit.fetch()).await?;
        let total = match include_total {
            true => Some(Total::of(list.all(&db), db).await?),
            false => None,
        };
        drop(reader);
        let (entries, next_cursor) = paging.finish(entries, |entry| list.position(entry))?;
        answer(Page { entries, next_cursor, total }).map(ListAnswer::Json)
    }

    /// Puts on record that the caller takes a whole list out.
    async fn begin_export(&self, app: &App, who: &Principal, name: &'static str) -> ApiResult<()> {
        self.context.count(app, who.counted_as(), Class::Export).await?;
        let filter: Value = serde_json::from_str(&self.filters).map_err(ApiError::internal)?;
        let taken = json!({ "path": self.path, "filter": filter, "format": "csv" });
        let entry = Entry::new(self.context.origin(who), "list.exported", name, None);
        Ok(events::note(&app.db, app.clock.now(), entry.after(&taken)).await?)
    }
}

/// Entries of a file to be read at once.
const ENTRIES_AT_ONCE: i64 = 500;

/// The entries behind a position as a file.
async fn file<L: List>(
    app: App,
    who: Principal,
    list: L,
    after: Option<L::Position>,
) -> ApiResult<Csv> {
    let columns = list.columns();
    let (list, who) = (Arc::new(list), Arc::new(who));
    let mut is_first = true;
    Csv::pages(L::NAME, columns, after, move |after| {
        let (app, list, who) = (app.clone(), Arc::clone(&list), Arc::clone(&who));
        let was_checked = std::mem::take(&mut is_first);
        Box::pin(async move {
            let mut reader = app.db.read().await?;
            // A file takes its time, in which its taker may be dismissed.
            if !was_checked && !app.auth.is_unchanged(&mut reader, &who).await? {
                return Err(ApiError::unauthenticated("Your roles have changed meanwhile."));
            }
            let entries = list.entries(Conn::from(&mut reader), after, ENTRIES_AT_ONCE).await?;
            let is_full = i64::try_from(entries.len()) == Ok(ENTRIES_AT_ONCE);
            let next = entries.last().filter(|_| is_full).map(|entry| list.position(entry));
            Ok((entries.into_iter().map(|entry| list.cells(entry)).collect(), next))
        })
    })
    .await
}

impl<F: DeserializeOwned + Serialize> FromRequestParts<App> for Asked<F> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let Ok(context) = RequestContext::from_request_parts(parts, app).await;
        let query = parts.uri.query().unwrap_or_default();
        let is_of_page = |pair: &&str| {
            PAGE_PARAMS.contains(&pair.split_once('=').map_or(*pair, |(name, _)| name))
        };
        let (of_page, own): (Vec<_>, Vec<_>) = query.split('&').partition(is_of_page);
        let page: PageParams = decode::query(&of_page.join("&"))?;
        let filter: F = decode::query_beside(&own.join("&"), &PAGE_PARAMS)?;
        let filters = serde_json::to_string(&filter).map_err(ApiError::internal)?;
        // An unusable Accept is told even where the query's `format` goes before it.
        let accepts_csv = accepts_csv(&parts.headers)?;
        let wants_csv = page.format.map_or(accepts_csv, |format| format == ListFormat::Csv);
        let path = parts.uri.path().to_owned();
        Ok(Self(filter, ListRequest { context, path, filters, page, wants_csv }))
    }
}

impl<F: JsonSchema> OperationInput for Asked<F> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        for schema in
            [docs::parameters_schema::<F>(ctx), docs::parameters_schema::<PageParams>(ctx)]
        {
            let is_strict = schema.get("additionalProperties") == Some(&false.into());
            debug_assert!(is_strict, "{} has to deny unknown fields", F::schema_name());
            // Inline: parameters are no component of the document.
            let parameters = parameters_from_schema(ctx, schema, ParamLocation::Query);
            add_parameters(ctx, operation, parameters);
        }
        let codes = [ErrorCode::InvalidRequest, ErrorCode::NotAcceptable];
        docs::add_failures(ctx, operation, &codes);
    }
}
