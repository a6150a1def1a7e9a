//! A JSON object in which no name stands twice: what two readers could read in two ways is read by
//! neither.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use super::fault::TokenFault;
use crate::domain::Timestamp;

/// The members of a header or of claims.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Members(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Once)
    }
}

struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Members;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(M::Error::custom("a name stands twice"));
            }
        }
        Ok(Members(members))
    }
}

impl Members {
    /// Reads an object.
    ///
    /// # Errors
    /// `Shape` when it is none, or a name stands in it twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, TokenFault> {
        serde_json::from_slice(bytes).map_err(|_| TokenFault::Shape)
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether one of this name says no, as a value or in words.
    pub fn is_denied(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| *value == Value::Bool(false) || value.as_str() == Some("false"))
    }

    /// A text that is not empty, where there is one.
    ///
    /// # Errors
    /// `Claim` when it is anything but such a text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, TokenFault> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(TokenFault::Claim),
        }
    }

    /// A text, or each of a list of texts; none where there is nothing.
    ///
    /// # Errors
    /// `Claim` when it is anything else.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>, TokenFault> {
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(Value::Array(list)) => list.iter().map(|value| value.as_str().ok_or(TokenFault::Claim)).collect(),
            Some(_) => Err(TokenFault::Claim),
        }
    }

    /// An instant as tokens tell it (RFC 7519): seconds since 1970 UTC, with a fraction or without.
    ///
    /// # Errors
    /// `Claim` when it is anything but a number that is an instant.
    pub fn instant(&self, name: &str) -> Result<Option<Timestamp>, TokenFault> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let seconds = value.as_i64().or_else(|| value.as_f64().and_then(whole_seconds)).ok_or(TokenFault::Claim)?;
        Timestamp::from_second(seconds).map(Some).map_err(|_| TokenFault::Claim)
    }
}

/// The second in which an instant with a fraction lies.
fn whole_seconds(seconds: f64) -> Option<i64> {
    // Farther away than any token's, and exact below.
    const FARTHEST: f64 = 1e11;
    #[expect(clippy::cast_possible_truncation, reason = "it lies within the bounds")]
    (seconds.abs() < FARTHEST).then(|| seconds.floor() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Members {
        Members::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_that_stands_twice_makes_it_unreadable() {
        for text in [r#"{"sub":"a","sub":"b"}"#, r#"{"a":1,"b":2,"a":1}"#, r#"{"a":1,"\u0061":1}"#, "[]", "{", "null", "1", ""] {
            assert_eq!(Members::parse(text.as_bytes()), Err(TokenFault::Shape), "{text}");
        }
    }

    #[test]
    fn a_text_is_a_text_and_a_list_is_a_list_of_texts() {
        let read = members(r#"{"sub":"a","aud":["x","y"],"n":1,"e":"","o":{},"m":["x",1]}"#);
        assert_eq!((read.text("sub"), read.text("none")), (Ok(Some("a")), Ok(None)));
        assert_eq!((read.texts("aud"), read.texts("sub"), read.texts("none")), (Ok(vec!["x", "y"]), Ok(vec!["a"]), Ok(vec![])));
        for name in ["n", "o", "e", "aud"] {
            assert_eq!(read.text(name), Err(TokenFault::Claim), "{name}");
        }
        for name in ["n", "o", "m"] {
            assert_eq!(read.texts(name), Err(TokenFault::Claim), "{name}");
        }
    }

    #[test]
    fn an_instant_is_a_number_of_seconds() {
        let read = members(r#"{"whole":1772442000,"part":1772442000.9,"text":"1772442000","far":1e300,"huge":99999999999999,"null":null}"#);
        let at = Timestamp::from_second(1_772_442_000).unwrap();
        assert_eq!((read.instant("whole"), read.instant("part"), read.instant("none")), (Ok(Some(at)), Ok(Some(at)), Ok(None)));
        for name in ["text", "far", "huge", "null"] {
            assert_eq!(read.instant(name), Err(TokenFault::Claim), "{name}");
        }
    }

    #[test]
    fn any_bytes_are_members_or_a_fault() {
        bolero::check!().with_iterations(2000).for_each(|bytes: &[u8]| {
            if let Ok(read) = Members::parse(bytes) {
                let _ = (read.text("sub"), read.texts("aud"), read.instant("exp"));
            }
        });
    }
}
