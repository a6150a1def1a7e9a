//! All doors under one router, and what every request passes on its way in and out.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{ALLOW, HeaderName};
use tower_http::catch_panic::CatchPanicLayer;

use super::addresses::Addresses;
use super::admission::Admission;
use super::credential::{Doorkeeper, Seat};
use super::headers::Armour;
use super::http::{self as endpoints, Listeners};
use super::oauth::{self, Gate};
use super::origin::{RequestId, peer};
use super::pages::{self, Limiter, Pages};
use super::problem::Problem;
use super::proxies::Proxies;
use super::state::{Api, ApiParts, BODY_LIMIT, Inner};
use crate::domain::{Clock, Entropy, ErrorCode, random_bytes};
use crate::files::Patience;
use crate::telemetry::Stopwatch;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// All doors. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, or limits and
/// audit do not know where a request comes from.
pub fn router(parts: ApiParts) -> Router {
    let ApiParts { files, tools, speech, settings, oauth: rules, mcp, entropy, tasks, stop } = parts;
    let addresses = Arc::new(Addresses::new(&settings.limits.addresses));
    let gate = Gate::new(&settings.public_url, rules);
    let door = Doorkeeper::new(files.clone(), Arc::clone(&addresses), gate, &settings.public_url, tasks.clone(), stop.clone());
    let outside =
        Outside { entropy, armour: Armour::of(&settings.public_url), proxies: settings.proxies.clone(), addresses, clock: files.clock() };
    let pages = Pages::new(&settings);
    let keeper = axum::Extension(door.clone());
    let (admission, limiter) = (Admission::new(&settings.limits), Limiter::of(settings.limits.code_tries));
    let listeners = Listeners::default();
    let api = Api(Arc::new(Inner { files, tools, speech, settings, admission, door, pages, limiter, listeners, tasks, stop }));
    let admitted = from_fn_with_state(api.clone(), admit);
    let in_time = from_fn_with_state(api.clone(), in_time);
    let timed = endpoints::routes().merge(pages::routes()).merge(oauth::routes()).layer(in_time.clone()).layer(admitted.clone());
    // Whoever watches the server must get an answer when it is full too.
    let watched = endpoints::watched().layer(in_time);
    let mut all = timed
        .merge(watched)
        .merge(endpoints::streams())
        .merge(pages::streams())
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(api);
    if let Some(mcp) = mcp {
        all = all.nest("/mcp", mcp.layer(keeper).layer(admitted));
    }
    finished(all, Arc::new(outside))
}

/// What is done with every request and every answer, whatever made it.
struct Outside {
    entropy: Arc<dyn Entropy>,
    armour: Armour,
    proxies: Proxies,
    addresses: Arc<Addresses>,
    clock: Arc<dyn Clock>,
}

/// What every answer has: an id, a document instead of a bare error, and headers that keep browsers from
/// guessing.
fn finished(router: Router, outside: Arc<Outside>) -> Router {
    router.layer(CatchPanicLayer::custom(panicked)).layer(from_fn_with_state(outside, finish))
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has said where; its message may quote what a client sent.
    tracing::error!("a request handler panicked");
    Problem::internal().into_response()
}

/// Gives a request up when nobody waits for it any more, and lets whoever serves it know when that is.
async fn in_time(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let limit = api.0.settings.limits.request;
    let seat = Seat::default();
    request.extensions_mut().insert(Patience::of(limit));
    request.extensions_mut().insert(seat.clone());
    let response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(ErrorCode::Timeout, "it was not done in time; try again").into_response(),
    };
    drop(seat);
    response
}

/// Lets a request in to work, or says at once that there is no place for it.
async fn admit(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(place) = api.0.admission.request() else { return full(&api, request.extensions().get::<MatchedPath>()) };
    let response = next.run(request).await;
    drop(place);
    response
}

fn full(api: &Api, route: Option<&MatchedPath>) -> Response {
    if route.is_some_and(|route| route.as_str() == endpoints::TOOL_ROUTE) {
        return endpoints::tool_not_now(api, ErrorCode::Unavailable).into_response();
    }
    Problem::new(ErrorCode::Unavailable, "too many requests are in work; nothing was changed, try again in a few seconds").into_response()
}

async fn finish(State(outside): State<Arc<Outside>>, mut request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let id = format!("req_{}", hex::encode(random_bytes::<12>(&*outside.entropy)));
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        // From here on the client is the peer, for limits and records.
        let client = outside.proxies.client(peer, request.headers());
        request.extensions_mut().insert(ConnectInfo(client));
    }
    request.extensions_mut().insert(RequestId(id.as_str().into()));
    let method = request.method().clone();
    // The pattern, never the path: a link's secret is part of it.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = match outside.addresses.request(peer(request.extensions()), outside.clock.now()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut document = problem.document(&id);
        // What the router or a layer has already said beside it: which methods a path takes.
        document.headers_mut().extend(response.headers_mut().remove(ALLOW).map(|allowed| (ALLOW, allowed)));
        response = document;
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    outside.armour.put_on(headers);
    tracing::debug!(
        request.id = %id,
        http.method = %method,
        http.route = route.as_ref().map_or("-", MatchedPath::as_str),
        http.status = response.status().as_u16(),
        elapsed_ms = watch.elapsed_ms(),
        "request answered"
    );
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::api::DoorLimits;
    use crate::domain::{ManualClock, SeededEntropy};

    #[tokio::test]
    async fn a_panic_is_a_problem_document_with_the_requests_id() {
        async fn broken() -> Response {
            panic!("never told")
        }
        let outside = Outside {
            entropy: Arc::new(SeededEntropy::new(1)),
            armour: Armour::of("https://satchel.example"),
            proxies: Proxies::default(),
            addresses: Arc::new(Addresses::new(&DoorLimits::default().addresses)),
            clock: Arc::new(ManualClock::at("2026-03-01T09:00:00Z")),
        };
        let router = finished(Router::new().route("/", get(broken)), Arc::new(outside));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["strict-transport-security"], "max-age=63072000");
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((document["code"].as_str(), document["request_id"].as_str()), (Some("internal"), Some(id.as_str())));
        assert!(!document.to_string().contains("never told"));
    }
}
