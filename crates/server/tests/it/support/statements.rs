//! Every SQL statement of the server, read out of its sources, so that a test can have both
//! databases prepare each of them.
//!
//! A statement is a constant text in a file named `*sql.rs`. One inside an arm such as
//! `Tx::Sqlite(tx) => { … }`, or whose name is an engine's or begins with it (`SQLITE_HEAD`),
//! is for that engine alone; any other is for both. A constant that is not understood fails the
//! test: none slips by.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Engine;

/// A statement and where it stands.
#[derive(Debug)]
pub struct Statement {
    pub place: String,
    pub text: String,
    /// The only engine that it is for, if it is for one.
    pub engine: Option<Engine>,
}

/// All statements of the server's own tables.
pub fn all() -> Vec<Statement> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect_files(&sources, &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let place = path.strip_prefix(&sources).expect("below src").display().to_string();
        statements_of(&place, &text)
    };
    files.into_iter().flat_map(read).collect()
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // The yardsticks of the bench have tables of their own.
        if path.is_dir() && name != "yardsticks" {
            collect_files(&path, files);
        } else if name.ends_with("sql.rs") {
            files.push(path);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

/// Rust, as far as it matters here: words, string literals, marks.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    if c != '\\' {
                        text.push(c);
                        continue;
                    }
                    match chars.next() {
                        Some('n') => text.push('\n'),
                        Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                        other => text.extend(other),
                    }
                }
                tokens.push(Token::Text(text));
            }
            // A character such as '"' would look like the beginning of a text.
            '\'' => {
                let quoted: Vec<char> = chars.clone().take(3).collect();
                let len = match quoted[..] {
                    ['\\', _, '\''] => 3,
                    [_, '\'', _] => 2,
                    _ => 0,
                };
                chars.by_ref().take(len).for_each(drop);
            }
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => tokens.push(Token::Mark(c)),
        }
    }
    tokens
}

/// A piece of a text that a macro puts together: fixed, or its n-th argument.
enum Piece {
    Fixed(String),
    Argument(usize),
}

type Macros = HashMap<String, Vec<Piece>>;

fn word(token: Option<&Token>) -> &str {
    match token {
        Some(Token::Word(word)) => word,
        _ => "",
    }
}

/// `macro_rules! name { ($a:literal, …) => { concat!("…", $a, …) } }`
fn macros(tokens: &[Token]) -> Macros {
    let mut macros = Macros::new();
    for at in 0..tokens.len() {
        if word(tokens.get(at)) != "macro_rules" {
            continue;
        }
        let name = word(tokens.get(at + 2)).to_owned();
        let rest = &tokens[at + 3..];
        let Some(body) = rest.iter().position(|token| word(Some(token)) == "concat") else {
            continue;
        };
        let arguments: Vec<&str> = names_after_dollars(&rest[..body]);
        let end = rest[body..].iter().position(|token| *token == Token::Mark(')'));
        let inside = &rest[body..body + end.expect("the end of concat!")];
        let mut pieces = Vec::new();
        for (index, token) in inside.iter().enumerate() {
            match token {
                Token::Text(text) => pieces.push(Piece::Fixed(text.clone())),
                Token::Mark('$') => {
                    let name = word(inside.get(index + 1));
                    let place = arguments.iter().position(|argument| *argument == name);
                    pieces.push(Piece::Argument(place.expect("an argument of the macro")));
                }
                _ => {}
            }
        }
        macros.insert(name, pieces);
    }
    macros
}

fn names_after_dollars(tokens: &[Token]) -> Vec<&str> {
    let pairs = tokens.windows(2).filter(|pair| pair[0] == Token::Mark('$'));
    pairs.map(|pair| word(Some(&pair[1]))).collect()
}

fn engine_named(word: &str) -> Option<Engine> {
    match word.split('_').next()? {
        "Sqlite" | "SQLITE" => Some(Engine::Sqlite),
        "Postgres" | "POSTGRES" => Some(Engine::Postgres),
        _ => None,
    }
}

/// The statements of one file.
fn statements_of(place: &str, source: &str) -> Vec<Statement> {
    let tokens = tokens(source);
    let macros = macros(&tokens);
    let mut found = Vec::new();
    let mut scopes: Vec<Option<Engine>> = vec![None];
    let mut coming: Option<Engine> = None;
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        match token {
            Token::Mark('{') => {
                let outer = scopes.last().copied().flatten();
                scopes.push(coming.take().or(outer));
            }
            Token::Mark('}') => drop(scopes.pop()),
            Token::Mark(',' | ';') => coming = None,
            Token::Word(name) if matches!(word(before(3)), "Tx" | "Conn" | "Db" | "Reader") => {
                coming = engine_named(name).or(coming);
            }
            Token::Word(name) if word(before(1)) == "const" => {
                let is_text = tokens.get(at + 2) == Some(&Token::Mark('&'))
                    && word(tokens.get(at + 3)) == "str";
                if !is_text {
                    continue;
                }
                let text = text_of(&tokens[at + 5..], &macros)
                    .unwrap_or_else(|| panic!("{place}: {name} is not understood"));
                let engine = engine_named(name).or(scopes.last().copied().flatten());
                // Anything else is a piece of a statement, or no SQL at all.
                let verb = text.split_whitespace().next().unwrap_or_default();
                if matches!(verb, "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "WITH") {
                    found.push(Statement { place: format!("{place}: {name}"), text, engine });
                }
            }
            _ => {}
        }
    }
    found
}

/// The value of a constant: a literal, `concat!(…)`, or a macro of the same file.
fn text_of(tokens: &[Token], macros: &Macros) -> Option<String> {
    let end = tokens.iter().position(|token| *token == Token::Mark(';'))?;
    let texts = tokens[..end].iter().filter_map(|token| match token {
        Token::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let texts: Vec<&str> = texts.collect();
    match &tokens[0] {
        Token::Text(text) => Some(text.clone()),
        Token::Word(name) if name == "concat" => Some(texts.concat()),
        Token::Word(name) => {
            let piece = |piece: &Piece| match piece {
                Piece::Fixed(text) => Some(text.clone()),
                Piece::Argument(index) => texts.get(*index).map(ToString::to_string),
            };
            macros.get(name)?.iter().map(piece).collect()
        }
        Token::Mark(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_with_their_engine() {
        let source = r#"
            // const NOT: &str = "SELECT a comment";
            macro_rules! select { ($from:literal) => { concat!("SELECT a ", $from, " b") }; }
            const MAX: i64 = 3;
            fn f(quote: char) { if quote == '"' { return; } }
            async fn g<'a>(tx: &'a mut Tx) {
                const BOTH: &str = "SELECT \"x\" \
                    FROM t";
                match tx {
                    Tx::Postgres(tx) => { const SQL: &str = select!("FROM p"); if x { } }
                    Tx::Sqlite(tx) => { const SQL: &str =
                        "SELECT s"; }
                }
                const AFTER: &str = "SELECT 1";
            }
        "#;
        let found: Vec<_> = statements_of("f", source)
            .into_iter()
            .map(|statement| (statement.text, statement.engine))
            .collect();
        let expected = [
            ("SELECT \"x\" FROM t", None),
            ("SELECT a FROM p b", Some(Engine::Postgres)),
            ("SELECT s", Some(Engine::Sqlite)),
            ("SELECT 1", None),
        ];
        assert_eq!(found, expected.map(|(text, engine)| (text.to_owned(), engine)));
    }
}
