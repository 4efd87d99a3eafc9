//! Reading strictly, and saying which field was at fault.

use serde::de::DeserializeOwned;

use crate::error::{ApiError, ApiResult, ErrorCode, FieldError};

/// How deep a body may nest.
const DEPTH_MAX: usize = 32;

/// Reads the JSON of one field of a body that was found to be well-formed JSON.
pub(super) fn field<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, FieldError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => field.to_owned(),
            path if path.starts_with('[') => format!("{field}{path}"),
            path => format!("{field}.{path}"),
        };
        described(&path, &without_position(error.inner()))
    })
}

/// Reads a JSON body.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    if is_too_deep(bytes) {
        return Err(ApiError::invalid("", format!("The body nests deeper than {DEPTH_MAX}.")));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        match cause.classify() {
            serde_json::error::Category::Data => fault(&path, &without_position(&cause)),
            _ => malformed(&cause),
        }
    })?;
    reader.end().map_err(|cause| malformed(&cause))?;
    Ok(value)
}

fn malformed(cause: &serde_json::Error) -> ApiError {
    ApiError::invalid("", format!("The body is not well-formed JSON: {cause}."))
        .with_detail("line", cause.line())
        .with_detail("column", cause.column())
}

/// Reads a query string. A parameter without a value is refused: a filter that says nothing would
/// let everything through.
pub(super) fn query<T: DeserializeOwned>(query: &str) -> ApiResult<T> {
    query_beside(query, &[])
}

/// As [`query`], of a part of the query string beside which others are known, too.
pub(super) fn query_beside<T: DeserializeOwned>(query: &str, others: &[&str]) -> ApiResult<T> {
    if let Some(name) = query.split('&').find_map(without_value) {
        let message = format!("{name} has no value: leave it out, or say which.");
        return Err(ApiError::invalid(name, message));
    }
    let reader = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        let said = error.into_inner().to_string();
        match said.as_str() {
            // serde_html_form's and the standard library's words, which name no field.
            "unsupported value" => fault(&path, "duplicate field ``"),
            "invalid digit found in string" => fault(&path, "a whole number is expected."),
            _ if said.starts_with("unknown field") => fault(&path, &knowing(&said, others)),
            _ => fault(&path, &said),
        }
    })
}

/// What serde says of an unknown field, naming others that are known as well.
fn knowing(said: &str, others: &[&str]) -> String {
    if others.is_empty() {
        return said.to_owned();
    }
    let others = others.join(", ");
    match said.strip_suffix(", there are no fields") {
        Some(unknown) => format!("{unknown}, expected {others}"),
        None => format!("{said}, {others}"),
    }
}

/// The name of a parameter that has no value.
fn without_value(parameter: &str) -> Option<&str> {
    match parameter.split_once('=') {
        Some((name, "")) if !name.is_empty() => Some(name),
        None if !parameter.is_empty() => Some(parameter),
        _ => None,
    }
}

/// One field at fault, as a refusal of the whole request.
fn fault(path: &str, said: &str) -> ApiError {
    let error = described(path, said);
    ApiError::new(ErrorCode::InvalidRequest, error.message.clone()).with_errors(vec![error])
}

/// One field at fault. serde tells the kind only in its message's words, which its own
/// documentation fixes (`serde::de::Error`).
fn described(path: &str, said: &str) -> FieldError {
    let path = if path == "." { "" } else { path };
    let named = |rest: &str| rest.split('`').next().unwrap_or_default().to_owned();
    let (field, code, message) = if let Some(rest) = said.strip_prefix("missing field `") {
        let field = join(path, &named(rest));
        let message = format!("{field} is required.");
        (field, "required", message)
    } else if let Some(rest) = said.strip_prefix("unknown field `") {
        let field = unknown_field(path, &named(rest));
        let known = rest.split_once("expected ").map(|(_, known)| known.replace('`', ""));
        let known = known.map(|known| format!(" Known here: {}.", trim_list(&known)));
        let message = format!("{field} is not known.{}", known.unwrap_or_default());
        (field, "unknown", message)
    } else if let Some(rest) = said.strip_prefix("duplicate field `") {
        let field = unknown_field(path, &named(rest));
        let message = format!("{field} is given more than once.");
        (field, "duplicate", message)
    } else {
        let sentence = if said.ends_with('.') { said.to_owned() } else { format!("{said}.") };
        let message = if path.is_empty() { sentence } else { format!("{path}: {sentence}") };
        (path.to_owned(), "invalid", message)
    };
    FieldError { field, code, message }
}

/// serde lists what it knows as "one of a, b" or as "a".
fn trim_list(known: &str) -> &str {
    known.strip_prefix("one of ").unwrap_or(known)
}

fn join(path: &str, field: &str) -> String {
    if field.is_empty() {
        return path.to_owned();
    }
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

/// The path may end in the field already.
fn unknown_field(path: &str, field: &str) -> String {
    let is_there =
        path.strip_suffix(field).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if is_there { path.to_owned() } else { join(path, field) }
}

/// serde_json's words without its " at line 1 column 9".
fn without_position(cause: &serde_json::Error) -> String {
    let said = cause.to_string();
    match said.rsplit_once(" at line ") {
        Some((words, _)) => words.to_owned(),
        None => said,
    }
}

/// Whether brackets outside strings nest beyond [`DEPTH_MAX`].
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::http::NoFilter;
    use crate::http::wire::{WireMoney, WireQuantity};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Order {
        items: Vec<Item>,
        note: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Item {
        quantity: WireQuantity,
        price: Option<WireMoney>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Filter {
        #[serde(default)]
        store_id: Vec<i64>,
        q: Option<String>,
    }

    #[track_caller]
    fn check<T: std::fmt::Debug>(result: ApiResult<T>, field: &str, code: &str, words: &str) {
        let error = result.expect_err("a refusal");
        let failure = error.failure().expect("a failure");
        assert_eq!(failure.errors[0].field, field, "{}", failure.message);
        assert_eq!(failure.errors[0].code, code, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }

    #[test]
    fn a_refused_body_names_the_field() {
        let order = |text: &str| json::<Order>(text.as_bytes());
        assert!(
            order(r#"{"items":[{"quantity":2.5,"price":"1.20"},{"quantity":1,"price":3}]}"#)
                .is_ok()
        );
        check(
            order(r#"{"items":[{"quantity":1},{"quantity":0.0001}]}"#),
            "items[1].quantity",
            "invalid",
            "three decimals",
        );
        check(
            order(r#"{"items":[{"quantity":"2"}]}"#),
            "items[0].quantity",
            "invalid",
            "JSON number",
        );
        check(
            order(r#"{"items":[{"quantity":1,"price":"1.999"}]}"#),
            "items[0].price",
            "invalid",
            "two decimals",
        );
        check(
            order(r#"{"items":[{"quantity":1,"cost":1}]}"#),
            "items[0].cost",
            "unknown",
            "quantity or price",
        );
        check(order(r#"{"items":[{}]}"#), "items[0].quantity", "required", "is required");
        check(order("{}"), "items", "required", "is required");
        check(order(r#"{"items":[],"items":[]}"#), "items", "duplicate", "more than once");
        check(order(r#"{"items":[]"#), "", "invalid", "not well-formed JSON");
        check(order(r#"{"items":[]} x"#), "", "invalid", "not well-formed JSON");
        check(order(&"[".repeat(40)), "", "invalid", "nests deeper");
        check(order(r#"{"items":[],"note":7}"#), "note", "invalid", "expected a string");
    }

    #[test]
    fn a_query_string_is_as_strict() {
        assert!(query::<Filter>("store_id=1&store_id=2&q=a").is_ok());
        assert!(query::<Filter>("").is_ok());
        check(query::<Filter>("store_id=x"), "store_id[0]", "invalid", "whole number");
        check(query::<Filter>("sotre_id=1"), "sotre_id", "unknown", "store_id or q");
        check(query::<Filter>("q=1&q=2"), "q", "duplicate", "more than once");
        let beside = query_beside::<Filter>("sotre_id=1", &["limit", "cursor"]);
        check(beside, "sotre_id", "unknown", "Known here: store_id or q, limit, cursor.");
        let alone = query_beside::<NoFilter>("q=1", &["limit", "cursor"]);
        check(alone, "q", "unknown", "q is not known. Known here: limit, cursor.");
    }
}
