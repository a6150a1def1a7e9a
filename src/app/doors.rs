//! The HTTP listener of the doors.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::house::House;

/// How long requests under way may take once the process is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// The doors over these parts.
pub fn router(house: &House, stop: &CancellationToken) -> Router {
    let _ = (house, stop);
    Router::new().route("/healthz", axum::routing::get(|| async { "ok" }))
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
