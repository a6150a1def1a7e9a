//! What clients read to find out where a token for this server is to be had (RFC 9728).

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, Permission};

const SERVER: &str = "/.well-known/oauth-protected-resource";
const MCP: &str = "/.well-known/oauth-protected-resource/mcp";

/// The name of the MCP door as a resource.
pub(super) fn mcp_resource(public_url: &str) -> String {
    format!("{public_url}/mcp")
}

/// Where the metadata of the MCP door lies: between host and path of its name.
pub(super) fn metadata_url(public_url: &str) -> String {
    let path = Url::parse(public_url).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
    let origin = public_url.strip_suffix(path.as_str()).unwrap_or(public_url);
    format!("{origin}/.well-known/oauth-protected-resource{path}/mcp")
}

pub(in crate::api) fn routes() -> Router<Api> {
    Router::new().route("/.well-known/oauth-protected-resource", get(server)).route("/.well-known/oauth-protected-resource/mcp", get(mcp))
}

/// How they are described.
pub(in crate::api) fn operations() -> Vec<Operation> {
    let described = |id: &str, path: &str, summary: &str| {
        Operation::get(id, path, summary, Takes::Nothing).gives::<Metadata>(200).fails(&[ErrorCode::NotFound])
    };
    vec![
        described("server_metadata", SERVER, "Where tokens for this server are to be had (RFC 9728); none where no issuer is set."),
        described("mcp_metadata", MCP, "The same for the MCP door."),
    ]
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProtectedResource")]
struct Metadata {
    resource: String,
    authorization_servers: Vec<String>,
    scopes_supported: [&'static str; 5],
    bearer_methods_supported: [&'static str; 1],
    resource_name: &'static str,
}

fn metadata(api: &Api, resource: String) -> Result<Json<Metadata>, Problem> {
    let gate = api.0.door.gate();
    if !gate.is_open() {
        return Err(Problem::not_found());
    }
    Ok(Json(Metadata {
        resource,
        authorization_servers: gate.issuers().into_iter().map(str::to_owned).collect(),
        scopes_supported: Permission::ALL.map(Permission::as_str),
        bearer_methods_supported: ["header"],
        resource_name: "Satchel",
    }))
}

async fn server(State(api): State<Api>) -> Result<Json<Metadata>, Problem> {
    metadata(&api, api.0.settings.public_url.clone())
}

async fn mcp(State(api): State<Api>) -> Result<Json<Metadata>, Problem> {
    metadata(&api, mcp_resource(&api.0.settings.public_url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_lies_between_host_and_path() {
        for (url, expected) in [
            ("https://satchel.example", "https://satchel.example/.well-known/oauth-protected-resource/mcp"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/.well-known/oauth-protected-resource/mcp"),
            ("https://example.com/satchel", "https://example.com/.well-known/oauth-protected-resource/satchel/mcp"),
        ] {
            assert_eq!(metadata_url(url), expected);
        }
    }
}
