//! Every endpoint: whose credential it takes, which permission it needs, and a request it can read.
//! `coverage` holds this table against the routes of the program; `http::access` tries every row.

mod routes;

use reqwest::Method;
use serde_json::{Value, json};

pub use routes::{Route, routes};

/// Whose credential an endpoint takes.
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

/// What somebody is told whose credential is valid and lacks the permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weak {
    /// There is no permission that could lack.
    Never,
    /// Without this permission: 403 `forbidden`.
    Forbidden(&'static str),
    /// Without this permission the file is not there: 404 `not_found`.
    Hidden(&'static str),
    /// Without this permission there are none: an empty list.
    Empty(&'static str),
    /// Without this permission the tool finds nothing: 200 with the outcome `not_found`.
    Nothing(&'static str),
}

impl Weak {
    /// The permission.
    pub const fn permission(self) -> Option<&'static str> {
        match self {
            Self::Never => None,
            Self::Forbidden(name) | Self::Hidden(name) | Self::Empty(name) | Self::Nothing(name) => Some(name),
        }
    }
}

/// One method of one route.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub method: Method,
    /// As the router has it: `/v1/files/{file}`.
    pub route: &'static str,
    /// What follows the path.
    pub query: &'static str,
    /// A body it can read; `null` for none.
    pub body: Value,
    pub takes: Takes,
    pub weak: Weak,
}

impl Endpoint {
    /// The address, with every variable part filled by `id`.
    pub fn path(&self, id: &str) -> String {
        let mut path = String::new();
        let mut rest = self.route;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap();
            // These are numbers; every file has a first version.
            path.extend([before, if matches!(name, "set" | "version") { "1" } else { id }]);
            rest = after;
        }
        format!("{path}{rest}{}", self.query)
    }

    /// As a test names it.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.route)
    }
}

/// Every endpoint.
pub fn endpoints() -> Vec<Endpoint> {
    use Takes::{Any, Call, Key, KeyOrCall, Nothing, Operator};
    use Weak::{Empty, Forbidden, Hidden, Never};
    let none = || Value::Null;
    let row = |method: Method, address: &'static str, body: Value, takes: Takes, weak: Weak| {
        let (route, query) = address.find('?').map_or((address, ""), |at| address.split_at(at));
        Endpoint { method, route, query, body, takes, weak }
    };
    let get = |address, takes, weak| row(Method::GET, address, Value::Null, takes, weak);
    let post = |address, body, takes, weak| row(Method::POST, address, body, takes, weak);
    let delete = |address, takes, weak| row(Method::DELETE, address, Value::Null, takes, weak);
    vec![
        get("/", Nothing, Never),
        get("/healthz", Nothing, Never),
        get("/readyz", Nothing, Never),
        get("/metrics", Operator, Never),
        get("/outbox", Nothing, Never),
        post("/outbox", none(), Nothing, Never),
        // There is none where no issuer is set, as here: `oauth`.
        get("/.well-known/oauth-protected-resource", Nothing, Never),
        get("/.well-known/oauth-protected-resource/mcp", Nothing, Never),
        get("/openapi.json", Nothing, Never),
        get("/s/{slug}", Nothing, Never),
        post("/s/{slug}", none(), Nothing, Never),
        // What holds a link's slug opens; without it nothing is there.
        get("/u/{slug}", Nothing, Never),
        post("/u/{slug}", none(), Nothing, Never),
        get("/u/{slug}/files", Nothing, Never),
        post("/u/{slug}/files/{file}/unlock", none(), Nothing, Never),
        post("/u/{slug}/files?name=b.txt", none(), Nothing, Never),
        post("/u/{slug}/uploads", json!({"name": "b.txt", "size_bytes": 1}), Nothing, Never),
        get("/u/{slug}/uploads/{upload}", Nothing, Never),
        row(Method::PUT, "/u/{slug}/uploads/{upload}?part=1", none(), Nothing, Never),
        delete("/u/{slug}/uploads/{upload}", Nothing, Never),
        post("/u/{slug}/uploads/{upload}/complete", none(), Nothing, Never),
        get("/v1/tools", Nothing, Never),
        get("/v1/customers", Operator, Never),
        get("/v1/customers/{customer}/quota", Operator, Never),
        row(Method::PUT, "/v1/customers/{customer}/quota", json!({"files": 5}), Operator, Never),
        post("/v1/customers", json!({"name": "x"}), Operator, Never),
        get("/v1/people", Key, Forbidden("admin")),
        post("/v1/people", json!({"kind": "user", "name": "x"}), Key, Forbidden("admin")),
        row(Method::PATCH, "/v1/people/{person}", json!({}), Key, Forbidden("admin")),
        // Two ids of two kinds, which no row here can name; tried in `http::grants`.
        row(Method::PUT, "/v1/people/{person}/members/{user}", none(), Key, Never),
        delete("/v1/people/{person}/members/{user}", Key, Never),
        get("/v1/policies", KeyOrCall, Forbidden("admin")),
        post("/v1/policies", json!({"policies": []}), KeyOrCall, Forbidden("admin")),
        post("/v1/policies/validate", json!({"policies": []}), KeyOrCall, Forbidden("admin")),
        post("/v1/policies/diff", json!({"policies": []}), KeyOrCall, Forbidden("admin")),
        get("/v1/policies/{set}", KeyOrCall, Forbidden("admin")),
        post("/v1/policies/{set}/activate", none(), KeyOrCall, Forbidden("admin")),
        post("/v1/policies/{set}/rollback", none(), KeyOrCall, Forbidden("admin")),
        get("/v1/keys", Key, Forbidden("admin")),
        post("/v1/keys", json!({"label": "x"}), Key, Forbidden("admin")),
        delete("/v1/keys/{key}", Key, Forbidden("admin")),
        post("/v1/keys/{key}/rotate", json!({"overlap_seconds": 0}), Key, Forbidden("admin")),
        get("/v1/operator/keys", Operator, Never),
        post("/v1/operator/keys", json!({"label": "x"}), Operator, Never),
        delete("/v1/operator/keys/{key}", Operator, Never),
        post("/v1/operator/keys/{key}/rotate", json!({}), Operator, Never),
        // Every key may open calls; what a call may do is narrowed to what the key may.
        post("/v1/calls", json!({}), Key, Never),
        get("/v1/calls", Key, Forbidden("admin")),
        row(Method::PATCH, "/v1/calls/{call}", json!({}), Key, Never),
        delete("/v1/calls/{call}", Key, Never),
        get("/v1/calls/{call}/events", KeyOrCall, Never),
        post("/v1/calls/{call}/heard", json!({"text": "yes"}), Key, Never),
        post("/v1/tools/{tool}", json!({"query": "alpha"}), Call, Weak::Nothing("files:read")),
        get("/v1/files", KeyOrCall, Empty("files:read")),
        post("/v1/files?name=b.txt", none(), KeyOrCall, Forbidden("files:write")),
        get("/v1/files/{file}", KeyOrCall, Hidden("files:read")),
        get("/v1/files/{file}/versions", KeyOrCall, Hidden("files:read")),
        post("/v1/files/{file}/versions/{version}/restore", none(), KeyOrCall, Forbidden("files:write")),
        get("/v1/files/{file}/content", KeyOrCall, Hidden("files:read")),
        get("/v1/files/{file}/preview", KeyOrCall, Hidden("files:read")),
        get("/v1/shares", KeyOrCall, Empty("files:read")),
        delete("/v1/shares?file=file_01h455vb4pex5vsknk084sn02q", KeyOrCall, Forbidden("files:share")),
        delete("/v1/shares/{share}", KeyOrCall, Forbidden("files:share")),
        get("/v1/files/{file}/shares", KeyOrCall, Hidden("files:read")),
        get("/v1/files/{file}/grants", KeyOrCall, Forbidden("files:share")),
        post(
            "/v1/files/{file}/grants",
            json!({"to": "user_01h455vb4pex5vsknk084sn02q", "level": "viewer"}),
            KeyOrCall,
            Forbidden("files:share"),
        ),
        post("/v1/files/{file}/unlock", json!({"password": "x"}), KeyOrCall, Forbidden("files:write")),
        get("/v1/files/{file}/findings", KeyOrCall, Hidden("files:read")),
        row(
            Method::PUT,
            "/v1/files/{file}/classification",
            json!({"classification": "restricted", "reason": "x"}),
            KeyOrCall,
            Forbidden("files:write"),
        ),
        row(Method::PUT, "/v1/files/{file}/category", json!({"category": "contracts"}), KeyOrCall, Forbidden("files:write")),
        get("/v1/categories", KeyOrCall, Forbidden("admin")),
        row(Method::PUT, "/v1/categories/own", json!({"name": "herons", "words": ["heron"]}), KeyOrCall, Forbidden("admin")),
        delete("/v1/categories/own/{category}", KeyOrCall, Forbidden("admin")),
        post("/v1/categories/reread", none(), KeyOrCall, Forbidden("admin")),
        get("/v1/categories/reread", KeyOrCall, Forbidden("admin")),
        post("/v1/dlp/reread", none(), KeyOrCall, Forbidden("admin")),
        get("/v1/dlp/reread", KeyOrCall, Forbidden("admin")),
        get("/v1/dlp/rules", KeyOrCall, Forbidden("admin")),
        row(
            Method::PUT,
            "/v1/dlp/rules",
            json!({"name": "heron", "words": ["heron"], "level": "restricted"}),
            KeyOrCall,
            Forbidden("admin"),
        ),
        delete("/v1/dlp/rules/{rule}", KeyOrCall, Forbidden("admin")),
        row(Method::PUT, "/v1/dlp/levels", json!({"levels": []}), KeyOrCall, Forbidden("admin")),
        get("/v1/folders/grants?folder=legal", KeyOrCall, Forbidden("files:share")),
        post(
            "/v1/folders/grants",
            json!({"folder": "legal", "to": "user_01h455vb4pex5vsknk084sn02q", "level": "viewer"}),
            KeyOrCall,
            Forbidden("files:share"),
        ),
        delete("/v1/grants/{grant}", KeyOrCall, Forbidden("files:share")),
        get("/v1/holds", KeyOrCall, Forbidden("admin")),
        get("/v1/quarantine", KeyOrCall, Empty("admin")),
        get("/v1/quarantine/{file}", KeyOrCall, Forbidden("admin")),
        delete("/v1/quarantine/{file}?reason=x", KeyOrCall, Forbidden("admin")),
        post("/v1/quarantine/{file}/release", json!({"reason": "x"}), KeyOrCall, Forbidden("admin")),
        delete("/v1/quarantine/{file}/release?reason=x", KeyOrCall, Forbidden("admin")),
        post("/v1/quarantine/{file}/release/confirm", json!({"reason": "x"}), KeyOrCall, Forbidden("admin")),
        get("/v1/security-report?from=2026-01-01T00:00:00Z", KeyOrCall, Forbidden("admin")),
        post("/v1/files/{file}/hold", json!({"reason": "x"}), KeyOrCall, Forbidden("admin")),
        delete("/v1/files/{file}/hold?reason=x", KeyOrCall, Forbidden("admin")),
        delete("/v1/files/{file}", KeyOrCall, Forbidden("files:write")),
        // Who began an upload alone knows of it, and is asked for the right to add again: `uploads`.
        post("/v1/uploads", json!({"name": "x.txt", "size_bytes": 1}), KeyOrCall, Forbidden("files:write")),
        get("/v1/uploads/{upload}", KeyOrCall, Never),
        post("/v1/uploads/{upload}/complete", none(), KeyOrCall, Never),
        delete("/v1/uploads/{upload}", KeyOrCall, Never),
        post("/v1/imports", json!({"bucket": "archive"}), Key, Forbidden("admin")),
        get("/v1/imports/{import}", Key, Forbidden("admin")),
        get("/v1/imports/{import}/notes", Key, Forbidden("admin")),
        get("/v1/audit", Any, Forbidden("admin")),
        get("/v1/audit/verify", Any, Forbidden("admin")),
        get("/v1/audit/checkpoints", Any, Forbidden("admin")),
        get("/v1/audit/key", Any, Never),
        get("/v1/outbox", Key, Forbidden("admin")),
        get("/v1/progress", KeyOrCall, Never),
        // A token of its own, which no settings give here: it is not there.
        post("/v1/store/events", json!({}), Nothing, Never),
    ]
}
