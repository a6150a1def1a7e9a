//! Which scope a client is asked to come back with whose token does not open a tool.

use crate::domain::Permission;

/// The scope without which a tool does nothing; `None` for a tool that is not known.
///
/// It is asked for ahead of the call, so that a client can get it (RFC 6750, `insufficient_scope`). What a token
/// without it may do is not decided here: the call is narrowed to its scopes whatever stands in this table.
pub fn scope_of(tool: &str) -> Option<Permission> {
    Some(match tool {
        // A yes goes with what was asked, and was asked for with its scope.
        "find_file" | "describe_file" | "read_file" | "file_history" | "check_progress" | "confirm_action" => Permission::Read,
        "share_file" | "revoke_access" => Permission::Share,
        "generate_access_code" => Permission::Codes,
        "request_upload" | "organize_file" | "delete_file" | "restore_file" => Permission::Write,
        _ => return None,
    })
}
