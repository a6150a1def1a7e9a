//! The storage layer beside the bare SDK, against one and the same store.

mod endpoint;
mod memory;
mod place;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::pace::Seen;
use crate::report::{Report, ms};
use crate::{Failure, Scale};
use endpoint::Endpoint;
pub use endpoint::serve;
use memory::Peak;
use place::{Operation, Place, Side, Slot};

const SECTION: &str = "store";
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;
/// What an object of any size may cost above an idle process.
const FLAT: u64 = 64 * MIB;
/// Operations of every kind, all begun in the same instant.
const MIXED: usize = 1000;

/// Which store; the embedded endpoint, in a process of its own, unless it is said.
#[derive(Debug, Clone, Args)]
pub struct Where {
    /// Another store than the embedded endpoint: `http://host:port`.
    #[arg(long, requires_all = ["access_key", "secret_key"])]
    endpoint: Option<String>,
    #[arg(long)]
    access_key: Option<String>,
    #[arg(long)]
    secret_key: Option<String>,
    /// That store keeps none of S3's additional checksums.
    #[arg(long)]
    without_checksums: bool,
    /// Objects of a gibibyte that are put at once; the store needs room for as many.
    #[arg(long, default_value_t = 8)]
    large_at_once: usize,
}

/// How one size is measured.
struct Figure {
    name: &'static str,
    size: u64,
    at_once: usize,
    /// Objects of each lane in a round.
    each: usize,
    rounds: usize,
}

pub async fn measure(scale: Scale, which: &Where, report: &mut Report) -> Result<(), Failure> {
    let endpoint = Endpoint::of(which).await?;
    let place = Arc::new(Place::reach(&endpoint).await?);
    // First of all, while this process is small.
    let sizes: &[(u64, &str)] = if scale.is_quick { &[(GIB, "1 GiB")] } else { &[(GIB, "1 GiB"), (5 * GIB, "5 GiB")] };
    for (size, name) in sizes {
        flatness(&endpoint, &place, *size, name, report).await?;
    }
    let rounds = if scale.is_quick { 1 } else { 3 };
    for figure in [
        Figure { name: "4 KiB", size: 4 * KIB, at_once: 1, each: 100, rounds: rounds * 2 },
        Figure { name: "4 KiB", size: 4 * KIB, at_once: 64, each: 20, rounds: rounds * 2 },
        Figure { name: "10 MiB", size: 10 * MIB, at_once: 1, each: 5, rounds: rounds * 2 },
        Figure { name: "10 MiB", size: 10 * MIB, at_once: 64, each: 1, rounds },
        Figure { name: "1 GiB", size: GIB, at_once: 1, each: 1, rounds },
        Figure { name: "1 GiB", size: GIB, at_once: which.large_at_once, each: 1, rounds: 1 },
    ] {
        compare(&place, &figure, report).await?;
    }
    drop(place);
    mixed(&endpoint, rounds * 2, report).await
}

/// Latencies of both sides, and the time of their rounds.
#[derive(Default)]
struct Both {
    satchel: (Vec<Duration>, Duration),
    bare: (Vec<Duration>, Duration),
}

impl Both {
    const fn of(&mut self, side: Side) -> &mut (Vec<Duration>, Duration) {
        match side {
            Side::Satchel => &mut self.satchel,
            Side::Bare => &mut self.bare,
        }
    }

    fn seen(self) -> [Seen; 2] {
        [self.satchel, self.bare].map(|(latencies, time)| Seen::of(latencies, time))
    }
}

/// In turns, so that neither side has the quieter half of the run.
async fn compare(place: &Arc<Place>, figure: &Figure, report: &mut Report) -> Result<(), Failure> {
    for operation in [Operation::Put(figure.size), Operation::Get(figure.size)] {
        let mut seen = Both::default();
        for round in 0..figure.rounds {
            let mut sides = [Side::Satchel, Side::Bare];
            if round % 2 == 1 {
                sides.reverse();
            }
            for side in sides {
                let (latencies, time) = lanes(place, side, operation, figure).await?;
                let sum = seen.of(side);
                sum.0.extend(latencies);
                sum.1 += time;
            }
        }
        let [ours, bare] = seen.seen();
        let shown = |seen: &Seen| {
            let rate =
                if figure.size < MIB { format!("{:.0}/s", seen.rate()) } else { format!("{:.0} MiB/s", seen.rate() * mib(figure.size)) };
            format!("{rate}, p50 {}, p99 {}", ms(seen.percentile(50)), ms(seen.percentile(99)))
        };
        let what = format!("{} {}, {} at once", operation.name(), figure.name, figure.at_once);
        report.add(SECTION, what, shown(&ours), shown(&bare), Some(ours.rate() / bare.rate()));
    }
    place.clear(figure.at_once * figure.each).await
}

/// Each lane works through its own objects, one after the other.
async fn lanes(place: &Arc<Place>, side: Side, operation: Operation, figure: &Figure) -> Result<(Vec<Duration>, Duration), Failure> {
    let begin = Instant::now();
    let mut running = JoinSet::new();
    for lane in 0..figure.at_once {
        let (place, each) = (Arc::clone(place), figure.each);
        running.spawn(async move {
            let mut latencies = Vec::new();
            for slot in lane * each..(lane + 1) * each {
                let sent = Instant::now();
                place.run(side, operation, Slot(slot)).await?;
                latencies.push(sent.elapsed());
            }
            Ok::<_, Failure>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(ended) = running.join_next().await {
        latencies.extend(ended??);
    }
    Ok((latencies, begin.elapsed()))
}

/// A thousand operations of every kind, begun in the same instant; each on an object of its own. Each side
/// begins without connections: idle ones of the other would take the endpoint's room.
async fn mixed(endpoint: &Endpoint, rounds: usize, report: &mut Report) -> Result<(), Failure> {
    let kinds = [Operation::Put(4 * KIB), Operation::Get(4 * KIB), Operation::Head, Operation::Range(KIB, 2 * KIB), Operation::Delete];
    let mut seen = Both::default();
    for _ in 0..rounds {
        for side in [Side::Satchel, Side::Bare] {
            let place = Arc::new(Place::reach(endpoint).await?);
            let fill = Figure { name: "", size: 4 * KIB, at_once: 50, each: MIXED / 50, rounds: 1 };
            lanes(&place, side, Operation::Put(4 * KIB), &fill).await?;
            let begin = Instant::now();
            let mut running = JoinSet::new();
            for (slot, operation) in kinds.iter().cycle().take(MIXED).copied().enumerate() {
                let place = Arc::clone(&place);
                running.spawn(async move { place.run(side, operation, Slot(slot)).await.map(|()| begin.elapsed()) });
            }
            let sum = seen.of(side);
            while let Some(ended) = running.join_next().await {
                sum.0.push(ended??);
            }
            sum.1 += begin.elapsed();
            place.clear(MIXED).await?;
        }
    }
    let [ours, bare] = seen.seen();
    let shown = |seen: &Seen| format!("{:.0}/s, p50 {}, p99 {}", seen.rate(), ms(seen.percentile(50)), ms(seen.percentile(99)));
    report.add(SECTION, format!("{MIXED} mixed operations at once"), shown(&ours), shown(&bare), Some(ours.rate() / bare.rate()));
    Ok(())
}

/// What one object in and out costs above the idle processes, at most.
async fn flatness(endpoint: &Endpoint, place: &Place, size: u64, name: &str, report: &mut Report) -> Result<(), Failure> {
    // What is done for the first time takes memory that stays.
    in_and_out(place, 20 * MIB).await?;
    let client = Peak::begin(std::process::id())?;
    let store = endpoint.process().map(Peak::begin).transpose()?;
    in_and_out(place, size).await?;
    for (who, peak) in [("the client", Some(client)), ("the embedded endpoint", store)] {
        let Some(peak) = peak else { continue };
        let grown = peak.grown()?;
        let shown = |bytes: u64| format!("{:.0} MiB", mib(bytes));
        report.add(
            SECTION,
            format!("{name} in and out, memory of {who} above idle"),
            shown(grown),
            shown(FLAT),
            Some(mib(grown) / mib(FLAT)),
        );
    }
    Ok(())
}

async fn in_and_out(place: &Place, size: u64) -> Result<(), Failure> {
    for operation in [Operation::Put(size), Operation::Get(size), Operation::Delete] {
        place.run(Side::Satchel, operation, Slot(0)).await?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "sizes for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}
