//! Each hostile file costs a worker at most, and leaves a reason.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use satchel::domain::{ChunkStream, ExtractionStatus, FileName, ScanStatus};
use satchel::inspect::{Inspector, InspectorSettings, LookedFor};

use super::files::{self, Hostile};
use super::{archives, documents};

fn settings() -> InspectorSettings {
    InspectorSettings { keep_warm: true, ..InspectorSettings::new(PathBuf::from(env!("CARGO_BIN_EXE_satchel"))) }
}

fn chunks(bytes: &[u8]) -> ChunkStream {
    let pieces: Vec<_> = bytes.chunks(64 << 10).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Box::pin(stream::iter(pieces))
}

/// That a reason can be read out: a clause of plain words.
pub fn is_plain(reason: &str) -> bool {
    let words = reason.split_whitespace().count();
    (3..=20).contains(&words)
        && reason.starts_with(char::is_lowercase)
        && reason.chars().all(|c| c.is_ascii_alphanumeric() || " ,;'-".contains(c))
}

/// Scans and reads one file; what is wrong with the outcome.
async fn faults(inspector: &Inspector, file: &Hostile) -> Vec<String> {
    let name = FileName::parse(file.name).unwrap_or_else(|error| panic!("{}: {error}", file.what));
    let verdict = inspector.scan(&name, chunks(&file.bytes)).await.verdict;
    let read = inspector.extract(&name, chunks(&file.bytes), LookedFor::default()).await;
    eprintln!("{}: {:?} {:?}; {} {:?}", file.what, verdict.status, verdict.findings, read.content_type, read.extraction);
    let mut faults = Vec::new();
    if verdict.status == ScanStatus::Pending || (verdict.status == ScanStatus::Failed && !verdict.findings.iter().any(|why| is_plain(why)))
    {
        faults.push(format!("{}: scanned as {:?} {:?}", file.what, verdict.status, verdict.findings));
    }
    if read.content_type != file.content_type {
        faults.push(format!("{}: it is a {}, not a {}", file.what, file.content_type, read.content_type));
    }
    let reason = read.extraction.reason.as_deref();
    if read.extraction.status == ExtractionStatus::Pending
        || (read.extraction.status != ExtractionStatus::Done && !reason.is_some_and(is_plain))
    {
        faults.push(format!("{}: read as {:?}", file.what, read.extraction));
    }
    faults
}

async fn all_faults(list: &[Hostile]) -> Vec<String> {
    let inspector = Inspector::new(settings());
    let mut found = Vec::new();
    for file in list {
        found.extend(faults(&inspector, file).await);
    }
    found
}

async fn findings(name: &str, bytes: &[u8]) -> Vec<String> {
    Inspector::new(settings()).scan(&FileName::parse(name).unwrap(), chunks(bytes)).await.verdict.findings
}

// The items of ASVS 5.0, chapter V5, that concern what is inside a file.

#[tokio::test]
async fn asvs_5_2_2_a_file_is_what_its_bytes_say_and_a_lie_is_named() {
    assert_eq!(findings("contract.pdf", &files::program()).await, ["Program_Named_As_Document"]);
}

#[tokio::test]
async fn asvs_5_2_3_an_archive_is_measured_while_it_unpacks() {
    assert_eq!(findings("bomb.zip", &archives::bomb(8 << 20)).await, ["Archive_Bomb"]);
    assert_eq!(findings("nested.zip", &archives::nested(2, 1)).await, ["Archive_Bomb"]);
    assert_eq!(findings("many.zip", &archives::many(10_001)).await, ["Archive_With_Too_Many_Members"]);
}

#[tokio::test]
async fn the_time_of_a_reader_ends_with_a_reason_and_the_type_is_kept() {
    let hurried = Inspector::new(InspectorSettings { extract_wall: Duration::from_millis(1500), ..settings() });
    let bomb = documents::docx(&"<w:p><w:r><w:t>x</w:t></w:r></w:p>".repeat(2_000_000));
    let read = hurried.extract(&FileName::parse("bomb.docx").unwrap(), chunks(&bomb), LookedFor::default()).await;
    assert_eq!((read.content_type.as_str(), read.extraction.status), (files::DOCX, ExtractionStatus::Failed), "{:?}", read.extraction);
    assert!(read.extraction.reason.as_deref().is_some_and(is_plain), "{:?}", read.extraction);
}

mod long {
    use super::{all_faults, archives, chunks, files, settings};
    use satchel::domain::{FileName, ScanStatus};
    use satchel::inspect::{Inspector, InspectorSettings};
    use std::time::Duration;

    #[tokio::test]
    async fn long_every_hostile_file_leaves_a_type_and_a_reason() {
        let faults = all_faults(&files::all()).await;
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[tokio::test]
    async fn long_every_large_hostile_file_leaves_a_type_and_a_reason() {
        let faults = all_faults(&files::large()).await;
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[tokio::test]
    async fn long_the_largest_archive_that_is_looked_into_fits_into_a_worker() {
        let block = files::noise(60 << 20);
        let inner = archives::stored(&[("a.bin", &block), ("b.bin", &block), ("c.bin", &block)]);
        let outer = archives::stored(&[("inner.zip", &inner), ("d.bin", &block)]);
        // It is memory that is in question here, however slow the machine.
        let patient = InspectorSettings { scan_wall: Duration::from_mins(15), ..settings() };
        let verdict = Inspector::new(patient).scan(&FileName::parse("large.zip").unwrap(), chunks(&outer)).await.verdict;
        assert_eq!((verdict.status, verdict.findings), (ScanStatus::Clean, Vec::new()));
    }
}
