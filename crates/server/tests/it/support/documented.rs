//! Holds every answer that any test gets against the OpenAPI document: its status has to be one
//! that the operation tells of, and a failure's code has to be told there too.

use std::sync::LazyLock;

use serde_json::Value;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(stockroom::router::document()).expect("JSON"));

/// The document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The operation that a request meant, if the document has it.
pub fn operation(method: &str, target: &str) -> Option<&'static Value> {
    let path = target.split('?').next().unwrap_or_default();
    let paths = DOCUMENT["paths"].as_object()?;
    let fits = |template: &str| {
        let (ours, theirs) = (template.split('/'), path.split('/'));
        let is_same = |(ours, theirs): (&str, &str)| {
            ours == theirs || ours.starts_with('{') && !theirs.is_empty()
        };
        ours.clone().count() == theirs.clone().count() && ours.zip(theirs).all(is_same)
    };
    // A path in so many words goes before one with a parameter.
    let exact = paths.get(path);
    let item = exact.or_else(|| paths.iter().find(|(path, _)| fits(path)).map(|(_, item)| item));
    item?.get(method.to_ascii_lowercase())
}

/// Fails the test where an answer is none that the document tells of. Routes that are no part of
/// the API are left alone.
#[track_caller]
pub fn check(method: &str, target: &str, status: u16, body: &[u8]) {
    // What is asked of the whole API, and needs no word in each operation.
    if status < 400 && !(200..300).contains(&status) {
        return;
    }
    let Some(operation) = operation(method, target) else { return };
    let answer = &operation["responses"][status.to_string()];
    assert!(!answer.is_null(), "{method} {target}: {status} is not documented");
    if status < 400 {
        return;
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body["error"]["code"].as_str().unwrap_or("?");
    let told = answer["description"].as_str().unwrap_or_default();
    assert!(
        told.contains(&format!("`{code}`")),
        "{method} {target}: {status} {code} is not documented: {told:?}"
    );
}
