//! The schemas of values whose types are another crate's: `#[schemars(with = "Instant")]`.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Stands for a [`Timestamp`](super::Timestamp): RFC 3339.
#[derive(Debug)]
pub enum Instant {}

/// Stands for a date without a time: `2025-06-30`.
#[derive(Debug)]
pub enum Day {}

/// Stands for a text of which something is left once it is cleaned: a name, a reason.
#[derive(Debug)]
pub enum Words {}

/// Stands for a phone number that [`Phone`](super::Phone) reads.
#[derive(Debug)]
pub enum PhoneNumber {}

/// Stands for the id of a user or a team.
#[derive(Debug)]
pub enum Member {}

/// Stands for the `next` of the page before.
#[derive(Debug)]
pub enum Cursor {}

/// Stands for an id that may be left blank, which is the same as left out.
#[derive(Debug)]
pub struct Blank<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Blank<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Blank{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        let pattern =
            schema.get("pattern").and_then(|pattern| pattern.as_str()).map(|pattern| format!("^({})?$", pattern.trim_matches(['^', '$'])));
        if let Some(pattern) = pattern {
            schema.insert("pattern".to_owned(), pattern.into());
        }
        schema
    }
}

macro_rules! texts {
    ($($name:ident: $schema:tt;)*) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

texts! {
    Instant: { "type": "string", "format": "date-time" };
    Day: { "type": "string", "format": "date" };
    Words: { "type": "string", "minLength": 1, "format": "words" };
    PhoneNumber: { "type": "string", "format": "phone" };
    Member: { "type": "string", "pattern": "^(user|team)_[0-7][0-9a-hjkmnp-tv-z]{25}$" };
    Cursor: { "type": "string", "format": "cursor" };
}
