//! The tables, in an order in which each follows what it refers to, and what a server may do with them.

/// A table that holds rows of customers.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What the role of a server may do with it, as `GRANT` says it. Nothing that no verb does.
    pub rights: &'static str,
}

const fn table(name: &'static str, rights: &'static str) -> Table {
    Table { name, rights }
}

/// Every table there is but the one that counts migrations.
pub const TABLES: [Table; 46] = [
    table("installation", "SELECT, INSERT"),
    table("sweeps", "SELECT, INSERT, UPDATE"),
    table(
        "customers",
        "SELECT, INSERT, UPDATE (change_seq, sweep_due, event_seq, policy_set, files_held, bytes_held, most_files, most_bytes)",
    ),
    table("policy_sets", "SELECT, INSERT, UPDATE (activated_at)"),
    table("people", "SELECT, INSERT, UPDATE (name, email, phone, roles, detail, deactivated_at)"),
    table("team_members", "SELECT, INSERT, DELETE"),
    table("api_keys", "SELECT, INSERT, UPDATE (revoked_at, secret_hash, rotated_at, previous_hash, previous_until, last_used_at)"),
    table("calls", "SELECT, INSERT, UPDATE"),
    table("call_pending", "SELECT, INSERT, UPDATE, DELETE"),
    table("idempotency", "SELECT, INSERT, UPDATE, DELETE"),
    table("uploads", "SELECT, INSERT, DELETE"),
    table("blobs", "SELECT, INSERT, UPDATE"),
    table("files", "SELECT, INSERT, UPDATE"),
    table("versions", "SELECT, INSERT"),
    table("unlocks", "SELECT, INSERT, UPDATE (password, text_key, asked_at), DELETE"),
    table("file_findings", "SELECT, INSERT, DELETE"),
    table("own_rules", "SELECT, INSERT, DELETE"),
    table("level_rules", "SELECT, INSERT, DELETE"),
    table("own_topics", "SELECT, INSERT, DELETE"),
    table("topic_memories", "SELECT, INSERT, DELETE"),
    table("rereads", "SELECT, INSERT, UPDATE, DELETE"),
    table("grants", "SELECT, INSERT, UPDATE (ended_at)"),
    table("call_handles", "SELECT, INSERT, UPDATE"),
    table("direct_uploads", "SELECT, INSERT, UPDATE (state, file_id, claimed_until), DELETE"),
    table("imports", "SELECT, INSERT, UPDATE"),
    table("import_notes", "SELECT, INSERT, UPDATE"),
    table("adopted_objects", "SELECT, INSERT, UPDATE"),
    table("shares", "SELECT, INSERT, UPDATE (expires_at, revoked_at, revoked_by)"),
    table("links", "SELECT, INSERT, UPDATE (downloads)"),
    table("openings", "SELECT, INSERT"),
    table("codes", "SELECT, INSERT, UPDATE (tries_left, voided_at)"),
    table("call_grants", "SELECT, INSERT"),
    table("code_failures", "SELECT, INSERT, UPDATE, DELETE"),
    table("outbox", "SELECT, INSERT, UPDATE (state, attempts, last_error, receipt, delivered_at)"),
    table("deliveries", "SELECT, INSERT, UPDATE (attempts, run_at, leased_until), DELETE"),
    table("jobs", "SELECT, INSERT, UPDATE"),
    table("events", "SELECT, INSERT, DELETE"),
    table("upload_links", "SELECT, INSERT, UPDATE (files, revoked_at), DELETE"),
    table("arrivals", "SELECT, INSERT, DELETE"),
    table("object_events", "SELECT, INSERT, UPDATE, DELETE"),
    table("releases", "SELECT, INSERT, UPDATE (confirmed_by, confirmed_reason, confirmed_at, ended_at)"),
    table("object_places", "SELECT, INSERT, UPDATE (blob_id, left_at), DELETE"),
    table("garbage", "SELECT, INSERT, UPDATE (claimed_at), DELETE"),
    // A record is never changed. The head of a chain is; taken away is only that of the probe.
    table("audit", "SELECT, INSERT"),
    table("audit_heads", "SELECT, INSERT, UPDATE, DELETE"),
    table("audit_checkpoints", "SELECT, INSERT"),
];
