//! What is said of one method of one path.

use http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use crate::domain::{ErrorCode, Permission};

/// Whose credential an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// None at all.
    Nothing,
    /// The operator's key.
    Operator,
    /// A customer's key.
    Key,
    /// A customer's key or the token of a call.
    KeyOrCall,
    /// The token of a call.
    Call,
    /// Any of them.
    Any,
}

impl Takes {
    /// Whether the token of a call is among them.
    pub(super) const fn is_call(self) -> bool {
        matches!(self, Self::KeyOrCall | Self::Call | Self::Any)
    }
}

/// The schema of a type, made where its references are kept.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The form of a JSON text.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// That of a type.
    Of(SchemaOf),
    /// One that is published elsewhere too.
    Given(Value),
}

/// What a request brings.
#[derive(Debug, Clone)]
pub(super) enum Body {
    None,
    Json {
        shape: Shape,
        is_required: bool,
    },
    /// The fields of a form in a browser.
    Form(SchemaOf),
    /// Bytes of any type.
    Bytes,
}

impl Body {
    pub(super) const fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }
}

/// What an answer brings.
#[derive(Debug, Clone)]
pub(super) enum Content {
    None,
    Json(Shape),
    /// A text, an HTML page: its content type.
    Text(&'static str),
    /// Bytes of whatever type they were found to be.
    Bytes,
}

/// An answer that is not a problem.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub status: u16,
    pub content: Content,
    /// Whether a `Location` says where to go on.
    pub has_location: bool,
}

/// One method of one path: what it takes, what it gives and how it fails.
#[derive(Debug, Clone)]
pub struct Operation {
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) takes: Takes,
    pub(super) needs: Option<Permission>,
    pub(super) query: Option<SchemaOf>,
    /// Name, and what it says.
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Body,
    pub(super) given: Vec<Given>,
    pub(super) fails: Vec<ErrorCode>,
    pub(super) example: Option<Value>,
}

impl Operation {
    fn new(method: Method, id: impl Into<String>, path: impl Into<String>, summary: impl Into<String>, takes: Takes) -> Self {
        Self {
            id: id.into(),
            method,
            path: path.into(),
            summary: summary.into(),
            takes,
            needs: None,
            query: None,
            headers: Vec::new(),
            body: Body::None,
            given: Vec::new(),
            fails: Vec::new(),
            example: None,
        }
    }

    /// A `GET`: its id for generated clients, its path as the router has it, one sentence, and whose credential it takes.
    pub fn get(id: impl Into<String>, path: impl Into<String>, summary: impl Into<String>, takes: Takes) -> Self {
        Self::new(Method::GET, id, path, summary, takes)
    }

    /// The same for a `POST`.
    pub fn post(id: impl Into<String>, path: impl Into<String>, summary: impl Into<String>, takes: Takes) -> Self {
        Self::new(Method::POST, id, path, summary, takes)
    }

    /// The same for a `PUT`.
    pub fn put(id: impl Into<String>, path: impl Into<String>, summary: impl Into<String>, takes: Takes) -> Self {
        Self::new(Method::PUT, id, path, summary, takes)
    }

    /// The same for a `PATCH`.
    pub fn patch(id: impl Into<String>, path: impl Into<String>, summary: impl Into<String>, takes: Takes) -> Self {
        Self::new(Method::PATCH, id, path, summary, takes)
    }

    /// The same for a `DELETE`.
    pub fn delete(id: impl Into<String>, path: impl Into<String>, summary: impl Into<String>, takes: Takes) -> Self {
        Self::new(Method::DELETE, id, path, summary, takes)
    }

    /// Without this permission it is refused, or finds nothing.
    #[must_use]
    pub fn needs(self, permission: Permission) -> Self {
        Self { needs: Some(permission), ..self }
    }

    /// Takes these in its query: a struct of optional and required fields.
    #[must_use]
    pub fn query<T: JsonSchema>(self) -> Self {
        Self { query: Some(T::json_schema), ..self }
    }

    /// Takes a name in this header.
    #[must_use]
    pub fn header(mut self, name: &'static str, says: &'static str) -> Self {
        self.headers.push((name, says));
        self
    }

    /// Takes this as a JSON body.
    #[must_use]
    pub fn body<T: JsonSchema>(self) -> Self {
        Self { body: Body::Json { shape: Shape::Of(T::json_schema), is_required: true }, ..self }
    }

    /// The same; the body may be left out.
    #[must_use]
    pub fn optional_body<T: JsonSchema>(self) -> Self {
        Self { body: Body::Json { shape: Shape::Of(T::json_schema), is_required: false }, ..self }
    }

    /// Takes a JSON body of a schema that is published elsewhere too.
    #[must_use]
    pub fn body_like(self, schema: Value) -> Self {
        Self { body: Body::Json { shape: Shape::Given(schema), is_required: true }, ..self }
    }

    /// Takes a form of a browser.
    #[must_use]
    pub fn form<T: JsonSchema>(self) -> Self {
        Self { body: Body::Form(T::json_schema), ..self }
    }

    /// Takes bytes.
    #[must_use]
    pub fn bytes(self) -> Self {
        Self { body: Body::Bytes, ..self }
    }

    fn answers(mut self, status: u16, content: Content) -> Self {
        self.given.push(Given { status, content, has_location: false });
        self
    }

    /// Answers this as JSON, with this status.
    #[must_use]
    pub fn gives<T: JsonSchema>(self, status: u16) -> Self {
        self.answers(status, Content::Json(Shape::Of(SchemaGenerator::subschema_for::<T>)))
    }

    /// Answers JSON of a schema that is published elsewhere too, with 200.
    #[must_use]
    pub fn gives_like(self, schema: Value) -> Self {
        self.answers(200, Content::Json(Shape::Given(schema)))
    }

    /// Answers 204.
    #[must_use]
    pub fn gives_nothing(self) -> Self {
        self.answers(204, Content::None)
    }

    /// Answers a text of this content type, with this status.
    #[must_use]
    pub fn gives_text(self, status: u16, content_type: &'static str) -> Self {
        self.answers(status, Content::Text(content_type))
    }

    /// Answers the bytes of a file, with 200.
    #[must_use]
    pub fn gives_bytes(self) -> Self {
        self.answers(200, Content::Bytes)
    }

    /// Answers 304 where nothing changed since whoever asks got it.
    #[must_use]
    pub fn not_modified(self) -> Self {
        self.answers(304, Content::None)
    }

    /// Sends whoever asks on to another address, with this status.
    #[must_use]
    pub fn redirects(mut self, status: u16) -> Self {
        self.given.push(Given { status, content: Content::None, has_location: true });
        self
    }

    /// The last answer has a `Location`: what was made lies there.
    #[must_use]
    pub fn with_location(mut self) -> Self {
        if let Some(last) = self.given.last_mut() {
            last.has_location = true;
        }
        self
    }

    /// Fails in these ways too, besides those that follow from what it takes.
    #[must_use]
    pub fn fails(self, codes: &[ErrorCode]) -> Self {
        Self { fails: codes.to_vec(), ..self }
    }

    /// A body to begin with.
    #[must_use]
    pub fn example(self, body: Value) -> Self {
        Self { example: Some(body), ..self }
    }
}
