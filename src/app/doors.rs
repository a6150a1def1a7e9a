//! The doors of this process, and what they are told of it.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::house::{Addresses, House};
use super::open_files;
use crate::api::mcp::{self, McpSettings};
use crate::api::{self, ApiParts, ApiSettings};

/// Opens the doors over these parts until `stop`; requests under way then have ten seconds to end.
pub async fn serve(house: &House, listener: TcpListener, stop: CancellationToken) {
    let set = &house.settings.limits;
    let limits = set.doors(open_files::connections(set.connections, house.open_files));
    tracing::info!(connections = limits.connections, open_files = house.open_files, "the doors open");
    let router = api::router(ApiParts {
        files: house.files.clone(),
        tools: Arc::clone(&house.tools),
        speech: Arc::clone(&house.speech),
        settings: ApiSettings {
            public_url: house.addresses.public.clone(),
            bytes_origins: house.stores.iter().map(|(_, store)| store.browser_origin().to_owned()).collect(),
            upload_limit: set.upload_bytes,
            limits,
            proxies: house.proxies.clone(),
        },
        oauth: house.oauth.clone(),
        mcp: Some(mcp::service(house.files.clone(), Arc::clone(&house.tools), mcp_settings(&house.addresses))),
        entropy: Arc::clone(&house.entropy),
        tasks: house.tasks.clone(),
        stop: stop.clone(),
    });
    api::serve(listener, router, limits, stop).await;
}

fn mcp_settings(addresses: &Addresses) -> McpSettings {
    let mut settings = McpSettings::for_public_url(&addresses.public);
    // Programs on this machine read this address from the server's card.
    let local = Url::parse(&addresses.local).ok().and_then(|url| url.host_str().map(str::to_owned));
    settings.allowed_hosts.extend(local.filter(|host| !settings.allowed_hosts.contains(host)));
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcp_is_reached_under_both_addresses() {
        let addresses = Addresses {
            local: "http://10.1.2.3:8080".to_owned(),
            public: "https://satchel.example".to_owned(),
            bytes: "https://bytes.example".to_owned(),
            moved: false,
        };
        let settings = mcp_settings(&addresses);
        for host in ["10.1.2.3", "satchel.example", "localhost"] {
            assert!(settings.allowed_hosts.iter().any(|allowed| allowed == host), "{host}");
        }
    }
}
