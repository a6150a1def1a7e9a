//! What stands in the braces of paths.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::operation::SchemaOf;
use crate::domain::{CallId, CustomerId, FileId, GrantId, ImportId, KeyId, PersonId, ShareId, Topic, UploadId, UserId};

/// The type of a variable part and what it is; `None` where its name is not known here.
pub(super) fn variable(name: &str) -> Option<(SchemaOf, &'static str)> {
    Some(match name {
        "customer" => (CustomerId::json_schema, "The id of a customer."),
        "category" => (Topic::json_schema, "The name of a category of the customer's own."),
        "call" => (CallId::json_schema, "The id of a call."),
        "file" => (FileId::json_schema, "The id of a file."),
        "grant" => (GrantId::json_schema, "The id of a standing right."),
        "import" => (ImportId::json_schema, "The id of an import."),
        "key" => (KeyId::json_schema, "The id of a key."),
        "person" => (PersonId::json_schema, "The id of a user, a team or a contact."),
        "rule" => (rule, "The name of a rule of the customer's own."),
        "share" => (ShareId::json_schema, "The id of a share."),
        "slug" => (slug, "What a link ends with."),
        "upload" => (UploadId::json_schema, "The id of an upload."),
        "user" => (UserId::json_schema, "The id of a user."),
        "set" => (set, "The number of a set of policies; 0 for the built-in ones alone."),
        "version" => (version, "The number of a version; the first one is 1."),
        _ => return None,
    })
}

fn slug(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1 })
}

fn rule(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[a-z0-9_-]{1,64}$" })
}

fn set(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
}

fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": u32::MAX })
}

/// The names in the braces of a path, in its order.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_braces() {
        assert_eq!(names("/v1/files/{file}/versions/{version}/restore").collect::<Vec<_>>(), ["file", "version"]);
        assert_eq!(names("/healthz").count(), 0);
    }
}
