//! Text on the wire: normalized to NFC, trimmed, bounded, without control characters.

use std::borrow::Cow;
use std::fmt;

use email_address::{EmailAddress, Options};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// A line of 1 to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

/// What people call something.
pub type Name = Text<200>;
/// A telephone number, as people write it.
pub type Phone = Text<50>;
/// A stock keeping unit, the shop's own number of an article.
pub type Sku = Text<64>;

/// An address for mail (RFC 5321).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// The most characters of an [`Email`].
const EMAIL_MAX: usize = 254;

/// Free text of at most 2,000 characters, on several lines if need be; it may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Note(String);

/// The most characters of a [`Note`].
const NOTE_MAX: usize = 2_000;

/// What every text has to be; the message says what it is not.
fn clean(text: &str, max: usize, allowed: &[char]) -> Result<String, String> {
    let text = text.trim();
    let text: Cow<'_, str> = match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    };
    if text.chars().any(|c| c.is_control() && !allowed.contains(&c)) {
        return Err("control characters are not allowed.".to_owned());
    }
    let length = text.chars().count();
    if length > max {
        return Err(format!("at most {max} characters are allowed, these are {length}."));
    }
    Ok(text.into_owned())
}

/// A text for finding it, and for uniqueness, regardless of case: Unicode's lower case.
pub fn key(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}

impl<const MAX: usize> Text<MAX> {
    /// Takes a text, normalized and trimmed.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        match clean(text, MAX, &[])? {
            text if text.is_empty() => Err("this may not be empty.".to_owned()),
            text => Ok(Self(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, taken.
    pub fn into_string(self) -> String {
        self.0
    }

    /// See [`key`].
    pub fn key(&self) -> String {
        key(&self.0)
    }
}

impl Email {
    /// Takes an address.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = clean(text, EMAIL_MAX, &[])?;
        // With a domain, and without the name that programs for mail put in front.
        let options = Options::default().with_required_tld().without_display_text();
        match EmailAddress::parse_with_options(&text, options) {
            Ok(_) => Ok(Self(text)),
            Err(_) => Err("an address for mail looks like mia@example.com.".to_owned()),
        }
    }

    /// The address, taken.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Email {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Email".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "email",
            "maxLength": EMAIL_MAX,
            "examples": ["mia@example.com"],
        })
    }
}

impl Note {
    /// Takes a text, normalized and trimmed; lines may be broken.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n");
        clean(&text, NOTE_MAX, &['\n', '\t']).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, taken.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

impl JsonSchema for Note {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Note".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": NOTE_MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_normalized_and_bounded() {
        assert_eq!(Text::<9>::new("  Cafe\u{301} ").map(Text::into_string), Ok("Café".to_owned()));
        assert_eq!(Text::<3>::new("äöü").map(|text| text.key()), Ok("äöü".to_owned()));
        assert!(Text::<3>::new("abcd").is_err_and(|said| said.contains("at most 3")));
        assert!(Text::<3>::new(" \t ").is_err_and(|said| said.contains("empty")));
        for control in ["a\0b", "a\nb", "a\u{7f}b", "a\u{85}b"] {
            assert!(Text::<9>::new(control).is_err_and(|said| said.contains("control")));
        }
    }

    #[test]
    fn an_address_for_mail_has_a_domain() {
        assert_eq!(
            Email::new(" mia@example.com ").map(Email::into_string).as_deref(),
            Ok("mia@example.com")
        );
        for bad in [
            "",
            "mia",
            "mia@",
            "@example.com",
            "a b@example.com",
            "mia@localhost",
            "Mia <mia@example.com>",
            "mia@example.com\0",
            &format!("{}@example.com", "x".repeat(300)),
        ] {
            assert!(Email::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn notes_may_have_lines_and_may_be_empty() {
        assert_eq!(Note::new("a\r\nb").map(Note::into_string), Ok("a\nb".to_owned()));
        assert!(Note::new("").is_ok());
        assert!(Note::new("a\0").is_err());
        assert!(Note::new(&"x".repeat(2_001)).is_err());
    }
}
