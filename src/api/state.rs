//! What the doors are made of.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admission::Admission;
use super::credential::Doorkeeper;
use super::http::Listeners;
use super::limits::DoorLimits;
use super::oauth::OauthRules;
use super::pages::{Limiter, Pages};
use super::proxies::Proxies;
use crate::domain::{Entropy, Timestamp};
use crate::files::Files;
use crate::speech::Speech;
use crate::tools::Registry;

/// Largest body of a JSON request, in bytes.
pub(super) const BODY_LIMIT: usize = 64 * 1024;
/// How long a tool may take to answer: half a second less than LiveKit waits.
const TOOL_PATIENCE: jiff::SignedDuration = jiff::SignedDuration::from_millis(4500);
/// When a tool that overran its deadline is given up.
pub(super) const TOOL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an upload may pause between two pieces.
pub(super) const UPLOAD_STALL: Duration = Duration::from_secs(30);

/// What the doors are made of; built by `app`.
pub struct ApiParts {
    /// The use cases.
    pub files: Files,
    /// The tools.
    pub tools: Arc<Registry>,
    /// The voice, for the one line that is said when a tool overran its deadline.
    pub speech: Arc<Speech>,
    /// Addresses and limits.
    pub settings: ApiSettings,
    /// Whose tokens are taken besides our own.
    pub oauth: OauthRules,
    /// What answers under `/mcp`; it knows by itself who stands there, and limits what it reads.
    pub mcp: Option<axum::Router>,
    /// Chance, for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// Where work is kept that outlives its request; to be waited for before the program ends.
    pub tasks: TaskTracker,
    /// Cancelled when the server stops; what waits in memory is written down then.
    pub stop: CancellationToken,
}

/// Addresses and limits of the doors.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Under which address people reach this server, without a slash at the end.
    pub public_url: String,
    /// Scheme, host and port under which browsers reach bytes, of each region: `https://bytes.example`.
    pub bytes_origins: Vec<String>,
    /// Largest upload, in bytes.
    pub upload_limit: u64,
    /// How much is taken in at once.
    pub limits: DoorLimits,
    /// Who says whom a request comes from.
    pub proxies: Proxies,
}

/// When the answer of a tool that is called now must be out.
pub(super) fn tool_deadline(now: Timestamp) -> Timestamp {
    now.saturating_add(TOOL_PATIENCE).unwrap_or(Timestamp::MAX)
}

/// What every handler has at hand. Cheap to clone.
#[derive(Clone)]
pub(super) struct Api(pub Arc<Inner>);

pub(super) struct Inner {
    pub files: Files,
    pub tools: Arc<Registry>,
    pub speech: Arc<Speech>,
    pub settings: ApiSettings,
    pub admission: Admission,
    pub door: Doorkeeper,
    pub pages: Pages,
    pub limiter: Limiter,
    pub listeners: Listeners,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}
