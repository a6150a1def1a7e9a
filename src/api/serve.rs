//! The listener: from an open port to the router, and how it ends.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long requests under way may take once the process is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

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
