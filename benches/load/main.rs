//! Load on the real binary, from a process beside it, with a reference for every figure in the same run.
//!
//! `cargo bench --bench load -- [tools|durable|access|bytes|store|arrival|fairness|all] [--quick] [--markdown FILE] [--json FILE]`
//!
//! Searching many files of one customer is measured by the bench `find`.

#![expect(clippy::print_stdout, reason = "a bench prints what it found")]

mod access;
mod arrival;
mod bare;
mod bytes;
mod client;
mod durable;
mod echo;
mod fairness;
mod pace;
mod report;
mod server;
mod store;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use report::Report;

/// Any failure ends the run: a figure of a half-failed run is no figure.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Tool calls beside a bare JSON echo.
    Tools,
    /// Durable operations beside a bare durable commit.
    Durable,
    /// Decisions and confirmed shares beside a bare durable commit.
    Access,
    /// Upload and download beside the bare SDK against the same store.
    Bytes,
    /// The storage layer beside the bare SDK, each operation and size.
    Store,
    /// What a caller waits for: from the request of a file to "it's here", beside the engines by themselves.
    Arrival,
    /// A quiet customer alone and beside a noisy one.
    Fairness,
    /// All of them.
    All,
    /// Not measured: the server that the tool calls are compared with.
    #[value(hide = true)]
    Echo,
    /// Not measured by itself: the embedded store, in a process of its own.
    #[value(hide = true)]
    Endpoint,
}

/// Measures Satchel under load, and prints a table.
#[derive(Debug, Parser)]
struct Arguments {
    #[arg(value_enum, default_value_t = Section::All)]
    section: Section,
    /// A third of the time for each figure.
    #[arg(long)]
    quick: bool,
    /// Writes the table there.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Writes the figures there.
    #[arg(long)]
    json: Option<PathBuf>,
    #[command(flatten)]
    store: store::Where,
    /// What the embedded store keeps its objects in.
    #[arg(long, hide = true)]
    folder: Option<PathBuf>,
    /// Cargo gives it to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// How long each figure is measured, and with how much.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Of one figure.
    pub time: Duration,
    /// Uploads and downloads of one figure.
    pub files: usize,
    /// A glance instead of a measurement.
    pub is_quick: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // One thread: the server under test has the other core.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &Failure) -> ExitCode {
    eprintln!("load: {error}");
    ExitCode::FAILURE
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.section == Section::Echo {
        return echo::serve().await;
    }
    if arguments.section == Section::Endpoint {
        return store::serve(arguments.folder.as_deref()).await;
    }
    let (seconds, files) = if arguments.quick { (1, 20) } else { (3, 60) };
    let scale = Scale { time: Duration::from_secs(seconds), files, is_quick: arguments.quick };
    let wanted = |section| arguments.section == section || arguments.section == Section::All;
    let mut report = Report::new();
    if wanted(Section::Tools) {
        tools::measure(scale, &mut report).await?;
    }
    if wanted(Section::Durable) {
        durable::measure(scale, &mut report).await?;
    }
    if wanted(Section::Access) {
        access::measure(scale, &mut report).await?;
    }
    if wanted(Section::Bytes) {
        bytes::measure(scale, &mut report).await?;
    }
    if wanted(Section::Store) {
        store::measure(scale, &arguments.store, &mut report).await?;
    }
    if wanted(Section::Arrival) {
        arrival::measure(scale, &mut report).await?;
    }
    if wanted(Section::Fairness) {
        fairness::measure(scale, &mut report).await?;
    }
    report.write(arguments.markdown.as_deref(), arguments.json.as_deref())
}
