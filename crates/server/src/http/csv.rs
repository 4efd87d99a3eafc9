//! Lists as one CSV file (RFC 4180), written page by page while the caller reads.
//!
//! Each page is a read of its own: a file of any length holds no transaction open and no more
//! than a page in memory. What is changed meanwhile may or may not be in it.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as DocResponse, SchemaObject};
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use schemars::JsonSchema;
use tokio::time::{Sleep, sleep};

use super::Answer;
use crate::error::{ApiError, ApiResult, ErrorCode};

/// How long a file may take in all, as fast as its caller reads. [`WRITE_TIMEOUT`] ends one
/// whose caller has stopped reading.
///
/// [`WRITE_TIMEOUT`]: super::connections::WRITE_TIMEOUT
pub const FILE_TIMEOUT: Duration = Duration::from_secs(600);

/// The cells of some rows, and where the next ones begin.
pub type Rows<P> = (Vec<Vec<String>>, Option<P>);
/// Rows that are being read.
pub type RowsFuture<P> = Pin<Box<dyn Future<Output = ApiResult<Rows<P>>> + Send>>;

/// Whether the caller's `Accept` asks for CSV rather than JSON: the first of its formats that
/// there is. Of their weights only `q=0` is looked at.
///
/// # Errors
/// 406 where there is none of them.
pub(super) fn accepts_csv(headers: &HeaderMap) -> ApiResult<bool> {
    let Some(accept) = headers.get(ACCEPT).and_then(|value| value.to_str().ok()) else {
        return Ok(false);
    };
    let formats = accept.split(',').filter_map(|range| {
        let (format, weight) = range.split_once(';').unwrap_or((range, ""));
        // What has no weight is what the caller does not want.
        let is_unwanted = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        (!is_unwanted).then(|| format.trim().to_ascii_lowercase())
    });
    for format in formats.filter(|format| !format.is_empty()) {
        match format.as_str() {
            "text/csv" => return Ok(true),
            "application/json" | "application/*" | "text/*" | "*/*" => return Ok(false),
            _ => {}
        }
    }
    if accept.trim().is_empty() {
        return Ok(false);
    }
    Err(ApiError::new(
        ErrorCode::NotAcceptable,
        "This list can be given as application/json or as text/csv.",
    )
    .with_detail("accept", accept))
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
    name: String,
    body: Body,
}

impl fmt::Debug for Csv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CSV file {}", self.name)
    }
}

impl Csv {
    /// A file of that name. `fetch` is asked for the rows from a position on, the first time from
    /// `first`, until it tells of no further position.
    ///
    /// # Errors
    /// Those of the first rows. Later ones break the answer off, so that nobody takes a part for
    /// the whole.
    pub async fn pages<P: Send + 'static>(
        name: &str,
        header: Vec<&str>,
        first: Option<P>,
        mut fetch: impl FnMut(Option<P>) -> RowsFuture<P> + Send + 'static,
    ) -> ApiResult<Self> {
        let (rows, next) = fetch(first).await?;
        let header = header.into_iter().map(str::to_owned).collect();
        let ready = Some(write(std::iter::once(header).chain(rows))?);
        let pending = next.map(|next| fetch(Some(next)));
        let deadline = Box::pin(sleep(FILE_TIMEOUT));
        let file = File { ready, pending, fetch: Box::new(fetch), deadline };
        Ok(Self { name: format!("{name}.csv"), body: Body::new(file) })
    }
}

/// A cell that may be empty.
pub fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A file on its way: lines that are written, and rows that are being read.
struct File<P> {
    ready: Option<Bytes>,
    pending: Option<RowsFuture<P>>,
    fetch: Box<dyn FnMut(Option<P>) -> RowsFuture<P> + Send>,
    deadline: Pin<Box<Sleep>>,
}

impl<P> hyper::body::Body for File<P> {
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
        let rows = if is_late {
            Err(ApiError::unavailable("The file took too long."))
        } else {
            ready!(pending.as_mut().poll(context))
        };
        self.pending = None;
        let written = rows.and_then(|(rows, next)| {
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
