//! How load is put on, and what is kept of it.
//!
//! Closed loop: each connection sends its next request when it has the answer; this gives the
//! throughput. Open loop: requests have times at which they are due, whatever the answers do, and
//! latency counts from that time, so that a stall counts for everything that it held up.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Failure;

/// What was seen of one figure.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Latencies, in rising order.
    latencies: Vec<Duration>,
    /// From the first request to the last answer.
    time: Duration,
    /// Requests that were told to come back.
    pub refused: usize,
}

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// It was done.
    Done,
    /// It was told to come back.
    Refused,
}

impl Seen {
    /// Latencies in any order, and the time they took together.
    pub fn of(mut latencies: Vec<Duration>, time: Duration) -> Self {
        latencies.sort_unstable();
        Self { latencies, time, refused: 0 }
    }

    /// Answers a second.
    pub fn rate(&self) -> f64 {
        count(self.latencies.len()) / self.time.as_secs_f64()
    }

    /// The latency that so many of a hundred answers do not exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let at = (self.latencies.len() * percent).div_ceil(100).clamp(1, self.latencies.len().max(1));
        self.latencies.get(at - 1).copied().unwrap_or_default()
    }
}

/// A count as a number to calculate with.
pub fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// One after the other on each of the connections, for a while.
pub async fn closed<C, F, W>(connections: Vec<C>, time: Duration, work: W) -> Result<(Vec<C>, Seen), Failure>
where
    C: Send + 'static,
    F: Future<Output = Result<(C, Went), Failure>> + Send + 'static,
    W: FnMut(C) -> F + Clone + Send + 'static,
{
    let begin = Instant::now();
    let one = move |mut connection: C| {
        let mut work = work.clone();
        async move {
            let mut latencies = Vec::new();
            while begin.elapsed() < time {
                let sent = Instant::now();
                let (back, went) = work(connection).await?;
                connection = back;
                latencies.push((went, sent.elapsed()));
            }
            Ok::<_, Failure>((connection, latencies))
        }
    };
    all(connections, begin, one).await
}

/// At a fixed rate over all connections, for a while.
pub async fn open<C, F, W>(connections: Vec<C>, rate: f64, time: Duration, work: W) -> Result<(Vec<C>, Seen), Failure>
where
    C: Send + 'static,
    F: Future<Output = Result<(C, Went), Failure>> + Send + 'static,
    W: FnMut(C) -> F + Clone + Send + 'static,
{
    let begin = Instant::now();
    let gap = Duration::from_secs_f64(count(connections.len()) / rate);
    let offset = Duration::from_secs_f64(1.0 / rate);
    let mut first = begin;
    let one = move |mut connection: C| {
        let mut work = work.clone();
        let mut due = first;
        first += offset;
        async move {
            let mut latencies = Vec::new();
            while due < begin + time {
                tokio::time::sleep_until(due).await;
                let (back, went) = work(connection).await?;
                connection = back;
                latencies.push((went, due.elapsed()));
                due += gap;
            }
            Ok::<_, Failure>((connection, latencies))
        }
    };
    all(connections, begin, one).await
}

async fn all<C, F>(connections: Vec<C>, begin: Instant, mut one: impl FnMut(C) -> F) -> Result<(Vec<C>, Seen), Failure>
where
    C: Send + 'static,
    F: Future<Output = Result<(C, Vec<(Went, Duration)>), Failure>> + Send + 'static,
{
    let mut running: JoinSet<_> = connections.into_iter().map(&mut one).collect();
    let (mut back, mut latencies, mut refused) = (Vec::new(), Vec::new(), 0);
    while let Some(ended) = running.join_next().await {
        let (connection, seen) = ended??;
        back.push(connection);
        for (went, latency) in seen {
            match went {
                Went::Done => latencies.push(latency),
                Went::Refused => refused += 1,
            }
        }
    }
    Ok((back, Seen { refused, ..Seen::of(latencies, begin.elapsed()) }))
}

/// Shares of the closed loop's throughput at which the open loop is tried, highest first.
const SHARES: [f64; 4] = [0.9, 0.75, 0.6, 0.4];

/// The highest of these rates at which 99 of 100 answers come within `bound` and none is refused, and what was seen
/// there; the lowest rate's when none holds.
pub async fn holding<C, F, W>(
    mut connections: Vec<C>,
    throughput: f64,
    bound: Duration,
    time: Duration,
    work: W,
) -> Result<(Vec<C>, f64, Seen), Failure>
where
    C: Send + 'static,
    F: Future<Output = Result<(C, Went), Failure>> + Send + 'static,
    W: FnMut(C) -> F + Clone + Send + 'static,
{
    let mut last = None;
    for share in SHARES {
        let rate = throughput * share;
        let (back, seen) = open(connections, rate, time, work.clone()).await?;
        connections = back;
        let holds = seen.percentile(99) <= bound && seen.refused == 0;
        last = Some((rate, seen));
        if holds {
            break;
        }
    }
    let (rate, seen) = last.ok_or("no rate was tried")?;
    Ok((connections, rate, seen))
}
