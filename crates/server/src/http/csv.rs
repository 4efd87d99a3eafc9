//! Lists as one CSV file (RFC 4180), written page by page while the caller reads.
//!
//! Each page is a read of its own: a file of any length holds no transaction open and no more
//! than a page in memory. What is changed meanwhile may or may not be in it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as DocResponse, SchemaObject};
use aide::{OperationInput, OperationOutput};
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{Sleep, sleep};

use super::{Answer, RequestContext, docs};
use crate::App;
use crate::audit::Entry;
use crate::auth::Principal;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events;
use crate::rate_limit::Class;

/// How long a file may take in all, as fast as its caller reads. [`WRITE_TIMEOUT`] ends one
/// whose caller has stopped reading.
///
/// [`WRITE_TIMEOUT`]: super::connections::WRITE_TIMEOUT
pub const FILE_TIMEOUT: Duration = Duration::from_secs(600);

/// Rows to be read at once.
pub const ROWS_AT_ONCE: i64 = 500;

/// The cells of some rows.
pub type Rows = Vec<Vec<String>>;
/// Some rows, and where the next ones begin.
type Page<P> = ApiResult<(Rows, Option<P>)>;
type PageFuture<P> = Pin<Box<dyn Future<Output = Page<P>> + Send>>;

/// In which form a list is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ListFormat {
    /// In pages.
    Json,
    /// Whole, as a file.
    Csv,
}

/// Whether the caller's `Accept` asks for CSV rather than JSON.
#[derive(Clone, Copy, Debug)]
pub struct AcceptsCsv(bool);

impl AcceptsCsv {
    /// Whether to answer in CSV: the query's `format` goes before the header.
    pub fn or_asked(self, format: Option<ListFormat>) -> bool {
        format.map_or(self.0, |format| format == ListFormat::Csv)
    }
}

impl FromRequestParts<App> for AcceptsCsv {
    type Rejection = ApiError;

    /// The first of the caller's formats that there is. Their weights (`q=`) are not looked at.
    async fn from_request_parts(parts: &mut Parts, _: &App) -> ApiResult<Self> {
        let Some(accept) = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()) else {
            return Ok(Self(false));
        };
        let formats = accept
            .split(',')
            .map(|range| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        for format in formats.filter(|format| !format.is_empty()) {
            match format.as_str() {
                "text/csv" => return Ok(Self(true)),
                "application/json" | "application/*" | "text/*" | "*/*" => return Ok(Self(false)),
                _ => {}
            }
        }
        if accept.trim().is_empty() {
            return Ok(Self(false));
        }
        Err(ApiError::new(
            ErrorCode::NotAcceptable,
            "This list can be given as application/json or as text/csv.",
        )
        .with_detail("accept", accept))
    }
}

impl OperationInput for AcceptsCsv {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        docs::add_failures(ctx, operation, &[ErrorCode::NotAcceptable]);
    }
}

/// A list: a page of it as `T`, or all of it as a file.
#[derive(Debug)]
pub enum ListAnswer<T> {
    /// A page.
    Json(Answer<T>),
    /// The file.
    Csv(Csv),
}

/// A file in the making.
pub struct Csv {
    name: &'static str,
    body: Body,
}

impl fmt::Debug for Csv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CSV file {}", self.name)
    }
}

impl Csv {
    /// A file of that name. `fetch` is asked for the rows from a position on, the first time
    /// from `first`, until it tells of no further position.
    ///
    /// # Errors
    /// The first page's. A later one's breaks the answer off, so that nobody takes a part for
    /// the whole.
    pub async fn pages<P: Send + 'static>(
        name: &'static str,
        header: &[&str],
        first: Option<P>,
        mut fetch: impl FnMut(Option<P>) -> PageFuture<P> + Send + 'static,
    ) -> ApiResult<Self> {
        let (rows, next) = fetch(first).await?;
        let header = header.iter().map(|cell| (*cell).to_owned()).collect();
        let written = write(std::iter::once(header).chain(rows))?;
        let pending = next.map(|next| fetch(Some(next)));
        let fetch = Box::new(fetch);
        let deadline = Box::pin(sleep(FILE_TIMEOUT));
        let body = Body::new(Pages { ready: Some(written), pending, fetch, deadline });
        Ok(Self { name, body })
    }
}

/// Where the rows begin after these, of which [`ROWS_AT_ONCE`] were asked for.
pub fn next<R, P>(rows: &[R], position: impl FnOnce(&R) -> P) -> Option<P> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|len| len == ROWS_AT_ONCE);
    rows.last().filter(|_| is_full).map(position)
}

/// A cell that may be empty.
pub fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Lets a caller take a whole list out as a file, and puts on record that they did.
///
/// # Errors
/// 429 `rate_limited`; the database's.
pub async fn begin_export(
    app: &App,
    who: &Principal,
    context: &RequestContext,
    list: &'static str,
    filter: &impl serde::Serialize,
) -> ApiResult<()> {
    context.count(app, who.counted_as(), Class::Export).await?;
    let asked = serde_json::to_value(filter).unwrap_or_default();
    let entry = Entry::new(context.origin(who), "list.exported", list, None)
        .after(&serde_json::json!({ "filter": asked, "format": "csv" }));
    Ok(events::note(&app.db, app.clock.now(), entry).await?)
}

struct Pages<P> {
    ready: Option<Bytes>,
    pending: Option<PageFuture<P>>,
    fetch: Box<dyn FnMut(Option<P>) -> PageFuture<P> + Send>,
    deadline: Pin<Box<Sleep>>,
}

impl<P> hyper::body::Body for Pages<P> {
    type Data = Bytes;
    type Error = ApiError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<ApiResult<Frame<Bytes>>>> {
        if let Some(bytes) = self.ready.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let is_late = self.deadline.as_mut().poll(context).is_ready();
        let Some(pending) = &mut self.pending else { return Poll::Ready(None) };
        let page = if is_late {
            Err(ApiError::unavailable("The file took too long."))
        } else {
            ready!(pending.as_mut().poll(context))
        };
        self.pending = None;
        let written = page.and_then(|(rows, next)| {
            self.pending = next.map(|next| (self.fetch)(Some(next)));
            write(rows)
        });
        if let Err(error) = &written {
            let cause = error.failure().and_then(|failure| failure.cause.as_deref());
            tracing::error!(%error, cause, "a CSV file was broken off");
        }
        Poll::Ready(Some(written.map(Frame::data)))
    }
}

fn write(rows: impl IntoIterator<Item = Vec<String>>) -> ApiResult<Bytes> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        let cells = row.iter().map(|cell| safe(cell));
        writer.write_record(cells.map(|cell| cell.into_owned())).map_err(ApiError::internal)?;
    }
    writer.into_inner().map(Bytes::from).map_err(ApiError::internal)
}

/// A cell that no spreadsheet takes for a formula (OWASP: CSV injection): one that begins as
/// formulas do, and is no number, gets an apostrophe in front.
fn safe(cell: &str) -> Cow<'_, str> {
    let is_suspect = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_number = || cell.trim_start_matches('-').chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_suspect && !is_number() { format!("'{cell}").into() } else { cell.into() }
}

impl<T> IntoResponse for ListAnswer<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Json(answer) => answer.into_response(),
            Self::Csv(Csv { name, body }) => {
                let mut response = Response::new(body);
                let headers = response.headers_mut();
                let csv = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
                headers.insert(CONTENT_TYPE, csv);
                let disposition = format!("attachment; filename=\"{name}\"");
                if let Ok(disposition) = HeaderValue::from_str(&disposition) {
                    headers.insert(CONTENT_DISPOSITION, disposition);
                }
                response
            }
        }
    }
}

impl<T: JsonSchema> OperationOutput for ListAnswer<T> {
    type Inner = T;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<DocResponse> {
        let mut response = Answer::<T>::operation_response(ctx, operation)?;
        let json_schema = ctx.schema.subschema_for::<String>();
        let schema = SchemaObject { json_schema, external_docs: None, example: None };
        let media = MediaType { schema: Some(schema), ..MediaType::default() };
        response.content.insert("text/csv".to_owned(), media);
        Some(response)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, DocResponse)> {
        Self::operation_response(ctx, operation)
            .map(|response| (Some(200), response))
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let check = |cell: &str, expect: &str| assert_eq!(safe(cell), expect);
        check("=1+1", "'=1+1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("-2+3", "'-2+3");
        check("-2.5", "-2.5");
        check("+49 30 1", "'+49 30 1");
        check("plain", "plain");
        check("", "");
    }

    #[test]
    fn cells_are_quoted_where_they_must() {
        let rows = vec![vec!["a,b".to_owned(), "say \"hi\"".to_owned(), "two\nlines".to_owned()]];
        let written = write(rows).expect("CSV");
        assert_eq!(&written[..], b"\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n");
    }
}
