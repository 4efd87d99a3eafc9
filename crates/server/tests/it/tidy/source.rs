//! Source files as the rules look at them: code without comments and texts, and the texts.
//!
//! A small reader of Rust's tokens, no parser: it knows comments, strings, raw strings and
//! characters, and that is all that the rules need.

use std::path::{Path, PathBuf};

/// A file of Rust.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path from the root of the repository: `crates/server/src/clock.rs`.
    pub path: String,
    /// As it is written.
    pub text: String,
    /// Without what stands in comments and strings, and without the tests at its end. Lines
    /// keep their numbers.
    pub code: String,
    /// What stands in its strings, with their lines; those of its tests left out.
    pub strings: Vec<(usize, String)>,
}

impl Source {
    /// Reads `text` as the file `path`.
    pub fn new(path: &str, text: &str) -> Self {
        let shipped = text.find("#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..end]);
        let mut reader = Reader { rest: shipped, code: String::new(), strings: Vec::new() };
        while reader.step() {}
        let (code, strings) = (reader.code, reader.strings);
        Self { path: path.to_owned(), text: text.to_owned(), code, strings }
    }

    /// Its path from `crates/server/src/`, if it lies there.
    pub fn in_server(&self) -> Option<&str> {
        self.path.strip_prefix("crates/server/src/")
    }

    /// Whether it is a test, and no part of what is shipped.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The lines of code that contain `word`, by number.
    pub fn lines_with(&self, word: &str) -> Vec<usize> {
        let lines = self.code.lines().enumerate();
        lines.filter(|(_, line)| line.contains(word)).map(|(index, _)| index + 1).collect()
    }
}

struct Reader<'t> {
    rest: &'t str,
    code: String,
    strings: Vec<(usize, String)>,
}

impl Reader<'_> {
    /// Takes one token; `false` at the end.
    fn step(&mut self) -> bool {
        let rest = self.rest;
        let Some(first) = rest.chars().next() else { return false };
        if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(rest.find("*/").map_or(rest.len(), |at| at + 2));
        } else if let Some(hashes) = raw_string(rest) {
            let open = rest.find('"').unwrap_or(0) + 1;
            let close = format!("\"{}", "#".repeat(hashes));
            let inner = rest[open..].find(&close).map_or(rest.len(), |at| open + at);
            self.string(open, inner, (inner + close.len()).min(rest.len()));
        } else if first == '"' {
            let inner = end_of_string(&rest[1..]) + 1;
            self.string(1, inner, (inner + 1).min(rest.len()));
        } else if let Some(len) = character(rest) {
            self.skip(len);
        } else {
            // Whole words, so that the r of `for"` begins no raw string.
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let len = word.max(first.len_utf8());
            self.code.push_str(&rest[..len]);
            self.rest = &rest[len..];
        }
        true
    }

    fn string(&mut self, from: usize, to: usize, end: usize) {
        let line = self.code.matches('\n').count() + 1;
        self.strings.push((line, self.rest[from..to].to_owned()));
        self.code.push('"');
        self.skip(end);
        self.code.push('"');
    }

    /// Leaves out `len` bytes, all but their line breaks.
    fn skip(&mut self, len: usize) {
        let breaks = self.rest[..len].matches('\n').count();
        self.code.extend(std::iter::repeat_n('\n', breaks));
        self.rest = &self.rest[len..];
    }
}

/// The number of hashes of the raw string that begins here, if one does.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// Where the quote stands that ends a string.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !is_escaped => return at,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

/// The length of the character literal that begins here; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let after = text.strip_prefix('\'')?;
    let mut chars = after.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        // The character after the backslash may itself be a quote.
        return after.get(2..)?.find('\'').map(|at| at + 4);
    }
    let (at, second) = chars.next()?;
    (second == '\'').then_some(at + 2)
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root")
}

/// Everything under `folder` whose name ends in `extension`, by path from the root.
pub fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let path = path.strip_prefix(root()).expect("under the root");
                found.push(path.to_str().expect("a plain name").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A file's text, by its path from the root.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files of Rust.
pub fn sources() -> Vec<Source> {
    files("crates", "rs").iter().map(|path| Source::new(path, &read(path))).collect()
}
