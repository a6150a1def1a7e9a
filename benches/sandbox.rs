//! What it costs to give every file a process of its own: a note of two lines is scanned and
//! read, with workers started on demand and with workers kept in reserve. The file itself is next
//! to nothing, so that what is measured is the way around it.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use criterion::Criterion;
use futures::stream;
use satchel::domain::{ChunkStream, ExtractionStatus, FileName, ScanStatus};
use satchel::inspect::{Inspector, InspectorSettings, LookedFor};

const NOTE: &[u8] = b"A note of two short lines.\nNothing else.\n";

fn note() -> ChunkStream {
    Box::pin(stream::iter([Ok(NOTE.into())]))
}

fn files(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let name = FileName::parse("note.txt")?;
    let mut group = criterion.benchmark_group("worker");
    group.sample_size(20);
    group.bench_function("process start and exit alone", |bench| {
        bench.iter(|| {
            let status = Command::new(env!("CARGO_BIN_EXE_satchel")).arg("--version").stdout(Stdio::null()).status();
            assert!(status.is_ok_and(|status| status.success()));
        });
    });
    for (way, keep_warm) in [("started on demand", false), ("in reserve", true)] {
        let settings = InspectorSettings { keep_warm, ..InspectorSettings::new(PathBuf::from(env!("CARGO_BIN_EXE_satchel"))) };
        let inspector = {
            let _guard = runtime.enter();
            Inspector::new(settings)
        };
        group.bench_function(format!("scan, {way}"), |bench| {
            bench.iter(|| {
                runtime.block_on(async {
                    assert_eq!(inspector.scan(&name, note()).await.verdict.status, ScanStatus::Clean);
                });
            });
        });
        group.bench_function(format!("read, {way}"), |bench| {
            bench.iter(|| {
                runtime.block_on(async {
                    assert_eq!(inspector.extract(&name, note(), LookedFor::default()).await.extraction.status, ExtractionStatus::Done);
                });
            });
        });
    }
    group.finish();
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    files(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
