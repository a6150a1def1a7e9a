//! What a quiet customer notices of a noisy one: the same calls at the same slow pace, alone and beside a
//! neighbour who asks as fast as it can over very many connections.
//!
//! The neighbour is put on by a thread of its own. It takes a core of the machine from everybody, whomever it asks:
//! how much that alone does is seen beside a neighbour who asks another server, which is the reference.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::client::Client;
use crate::echo::Echo;
use crate::pace::{Seen, closed, open};
use crate::report::{Report, ms};
use crate::server::{Customer, Server, folder};
use crate::tools::{Caller, call, fill};
use crate::{Failure, Scale};

const SECTION: &str = "fairness";
/// Calls a second of the quiet customer, and its connections.
const QUIET: (f64, usize) = (40.0, 4);
/// Connections of the noisy one.
const NOISY: usize = 200;
/// How long the neighbour has been noisy when the measurement begins.
const LEAD: Duration = Duration::from_millis(500);

/// Who asks for what, and where.
struct Side {
    host: String,
    path: String,
    tokens: Vec<String>,
    body: Bytes,
}

impl Side {
    async fn callers(&self, count: usize) -> Result<Vec<Caller>, Failure> {
        let mut callers = Vec::new();
        for token in self.tokens.iter().cycle().take(count) {
            let client = Client::connect(&self.host).await?;
            callers.push(Caller { client, path: self.path.clone(), token: token.clone(), body: self.body.clone() });
        }
        Ok(callers)
    }
}

/// A neighbour who asks as fast as it can, for a while.
struct Noise(std::thread::JoinHandle<Result<Seen, String>>);

impl Noise {
    fn of(side: &Side, time: Duration) -> Self {
        let side = Side { host: side.host.clone(), path: side.path.clone(), tokens: side.tokens.clone(), body: side.body.clone() };
        Self(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
            let asked = async {
                let callers = side.callers(NOISY).await?;
                closed(callers, time, call).await
            };
            runtime.block_on(asked).map(|(_, seen)| seen).map_err(|error: Failure| error.to_string())
        }))
    }

    fn end(self) -> Result<Seen, Failure> {
        Ok(self.0.join().map_err(|_| "the noisy neighbour panicked")??)
    }
}

/// Percentiles of some runs, in milliseconds.
struct Runs(Vec<Seen>);

impl Runs {
    fn of(&self, percent: usize) -> Vec<Duration> {
        let mut all: Vec<Duration> = self.0.iter().map(|seen| seen.percentile(percent)).collect();
        all.sort_unstable();
        all
    }

    fn median(&self, percent: usize) -> Duration {
        let all = self.of(percent);
        all.get(all.len() / 2).copied().unwrap_or_default()
    }

    fn spread(&self, percent: usize) -> Duration {
        let all = self.of(percent);
        let (least, most) = (all.first().copied().unwrap_or_default(), all.last().copied().unwrap_or_default());
        most.saturating_sub(least)
    }

    fn shown(&self) -> String {
        format!("p50 {}, p99 {} (spread of p99 {})", ms(self.median(50)), ms(self.median(99)), ms(self.spread(99)))
    }
}

async fn side(server: &Server, customer: &Customer, calls: usize) -> Result<Side, Failure> {
    let body = Bytes::from(json!({ "query": "the northwind lease" }).to_string());
    let tokens = server.calls(customer, calls).await?;
    Ok(Side { host: server.host.clone(), path: "/v1/tools/find_file".to_owned(), tokens, body })
}

pub async fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let dir = folder()?;
    let server = Server::start(dir.path(), 1).await?;
    let (quiet, noisy) = (server.customer().await?, server.customer().await?);
    fill(&server, &quiet).await?;
    fill(&server, &noisy).await?;
    let (quiet, noisy) = (side(&server, &quiet, QUIET.1).await?, side(&server, &noisy, NOISY).await?);
    let echo = Echo::start().await?;
    let elsewhere =
        Side { host: echo.host.clone(), path: "/v1/echo/1500".to_owned(), tokens: vec![String::new()], body: noisy.body.clone() };
    let (runs, time) = (if scale.is_quick { 3 } else { 7 }, scale.time);
    let mut callers = quiet.callers(QUIET.1).await?;
    let (mut alone, mut beside_elsewhere, mut beside) = (Runs(Vec::new()), Runs(Vec::new()), Runs(Vec::new()));
    let mut rate = 0.0;
    for _ in 0..runs {
        let (back, seen) = open(callers, QUIET.0, time, call).await?;
        alone.0.push(seen);
        callers = back;
        for (neighbour, kept) in [(&elsewhere, &mut beside_elsewhere), (&noisy, &mut beside)] {
            let under_way = Noise::of(neighbour, time + 2 * LEAD);
            tokio::time::sleep(LEAD).await;
            let (back, seen) = open(callers, QUIET.0, time, call).await?;
            kept.0.push(seen);
            callers = back;
            rate = under_way.end()?.rate();
        }
    }
    let what = format!("quiet customer at {:.0}/s", QUIET.0);
    report.add(SECTION, format!("{what}, alone"), alone.shown(), "-".to_owned(), None);
    report.add(SECTION, format!("{what}, a neighbour noisy elsewhere"), beside_elsewhere.shown(), "-".to_owned(), None);
    let (moved, spread) =
        (beside.median(99).saturating_sub(beside_elsewhere.median(99)), alone.spread(99).max(beside_elsewhere.spread(99)));
    report.add(
        SECTION,
        format!("{what}, a neighbour of {NOISY} connections at {rate:.0}/s"),
        beside.shown(),
        format!("p99 moves by {}; twice the spread is {}", ms(moved), ms(2 * spread)),
        Some(moved.as_secs_f64() / (2 * spread).as_secs_f64()),
    );
    server.stop().await
}
