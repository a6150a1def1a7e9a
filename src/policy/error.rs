//! Why a set of policies was refused.

use cedar_policy::{CedarSchemaError, ParseErrors};

use super::evidence::Evidence;
use super::set::Policies;

/// Why a set of policies was refused. What a customer wrote is named with its text and its line, the first being 1.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The schema does not parse; only a broken build does that.
    #[error("the policy schema is broken")]
    Schema(#[source] Box<CedarSchemaError>),
    /// The schema has no such action; only a broken build does that.
    #[error("the policy schema lacks the action `{action}`")]
    SchemaAction {
        /// Which.
        action: &'static str,
    },
    /// A type name of the schema does not parse; only a broken build does that.
    #[error("a type name of the policy schema is broken")]
    SchemaType(#[source] Box<ParseErrors>),
    /// A text is longer than `Policies::MAX_TEXT_BYTES`.
    #[error("`{name}` is longer than {} bytes", Policies::MAX_TEXT_BYTES)]
    TooLong {
        /// Of the text.
        name: String,
    },
    /// More policies than `Policies::MAX_ADDED`.
    #[error("there are more than {max} policies")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// More texts than `Policies::MAX_TEXTS`.
    #[error("there are more than {max} texts")]
    TooManyTexts {
        /// The limit.
        max: usize,
    },
    /// A text is not Cedar.
    #[error("`{name}`, line {line}: cannot be read: {reason}")]
    Unreadable {
        /// Of the text.
        name: String,
        /// Where.
        line: usize,
        /// What the parser said.
        reason: String,
    },
    /// A text holds a template; nothing would ever fill its slots.
    #[error("`{name}` holds a template; write policies without `?principal` and `?resource`")]
    Template {
        /// Of the text.
        name: String,
    },
    /// A policy without a usable `@id`.
    #[error("`{name}`, line {line}: a policy without an `@id` of 1 to 64 letters, digits, `-`, `_` and `.`")]
    Id {
        /// Of the text.
        name: String,
        /// Where the policy begins.
        line: usize,
    },
    /// Two policies with one id.
    #[error("`{name}`, line {line}: uses the policy id `{id}` a second time")]
    Duplicate {
        /// Of the second text.
        name: String,
        /// Where the second policy begins.
        line: usize,
        /// The id.
        id: String,
    },
    /// A demand for evidence that nothing could meet.
    #[error(
        "`{name}`, line {line}: `@evidence` is for policies on `share` alone, which ask the caller before they are done \
         (policy `{id}`)"
    )]
    Unasked {
        /// Of the text.
        name: String,
        /// Where the policy begins.
        line: usize,
        /// The policy's id.
        id: String,
    },
    /// A demand for evidence of no known kind.
    #[error("`{name}`, line {line}: `@evidence` is one of {} (policy `{id}`)", Evidence::ALL.map(|kind| format!("`{}`", kind.as_str())).join(", "))]
    Evidence {
        /// Of the text.
        name: String,
        /// Where the policy begins.
        line: usize,
        /// The policy's id.
        id: String,
    },
    /// A policy that the schema refuses, or that can never apply.
    #[error("`{name}`, line {line}: policy `{id}` is not valid: {reason}")]
    Invalid {
        /// Of the text.
        name: String,
        /// Where the fault lies, or where the policy begins.
        line: usize,
        /// The policy's id.
        id: String,
        /// What the validator said.
        reason: String,
    },
}
