//! The HTTP listener of the doors.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::house::House;
use crate::api::mcp::{self, McpSettings};
use crate::api::{self, ApiParts, ApiSettings};

/// How long requests under way may take once the process is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// The doors over these parts.
pub fn router(house: &House, stop: &CancellationToken) -> Router {
    let bytes_origin = url::Url::parse(&house.addresses.bytes).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    api::router(ApiParts {
        files: house.files.clone(),
        tools: Arc::clone(&house.tools),
        speech: Arc::clone(&house.speech),
        settings: ApiSettings {
            public_url: house.addresses.public.clone(),
            bytes_origin,
            upload_limit: house.settings.limits.upload_bytes,
        },
        mcp: Some(mcp::service(house.files.clone(), Arc::clone(&house.tools), McpSettings::for_public_url(&house.addresses.public))),
        entropy: Arc::clone(&house.entropy),
        tasks: house.tasks.clone(),
        stop: stop.clone(),
    })
}

/// Serves until `stop`; requests under way then have ten seconds to end.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let listener = listener.tap_io(|socket| {
        // With Nagle's algorithm and delayed acknowledgements a small answer waits 40 ms.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(error = %error, "a connection has no `TCP_NODELAY`");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let drained = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        ended = serving => {
            if let Err(error) = ended {
                tracing::error!(error = %error, "the listener of the doors ended");
            }
        }
        () = drained => tracing::warn!("requests that did not end within ten seconds were cut"),
    }
}
