//! The worker process: what hostile files cost, and what ordinary ones give.

mod facts;
mod formats;
mod locked;
mod recall;
pub mod samples;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use jiff::civil::date;
use satchel::domain::{Category, ChunkStream, ExtractionStatus, FileName, ScanStatus, ScanVerdict};
use satchel::inspect::{Extracted, Inspector, InspectorSettings, LookedFor};

use samples::{docx, ole, pdf, xlsx, zip};

fn settings() -> InspectorSettings {
    InspectorSettings::new(PathBuf::from(env!("CARGO_BIN_EXE_satchel")))
}

fn chunks(bytes: &[u8]) -> ChunkStream {
    let pieces: Vec<_> = bytes.chunks(64 << 10).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Box::pin(stream::iter(pieces))
}

async fn scan(name: &str, bytes: &[u8]) -> ScanVerdict {
    Inspector::new(settings()).scan(&FileName::parse(name).unwrap(), chunks(bytes)).await.verdict
}

async fn extract_with(settings: InspectorSettings, name: &str, bytes: &[u8]) -> Extracted {
    Inspector::new(settings).extract(&FileName::parse(name).unwrap(), chunks(bytes), LookedFor::default()).await
}

async fn extract(name: &str, bytes: &[u8]) -> Extracted {
    extract_with(settings(), name, bytes).await
}

/// The standard test file, in two halves so that this source is not a finding.
fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes()
}

fn encrypted_office() -> Vec<u8> {
    ole(&[("/EncryptionInfo", &[4, 0, 4, 0, 0x40, 0, 0, 0]), ("/EncryptedPackage", &[7; 128])])
}

#[tokio::test]
async fn harm_is_found_in_a_file_and_in_an_archive() {
    let test = eicar();
    assert_eq!(scan("invoice.com", &test).await.status, ScanStatus::Infected);
    let verdict = scan("bundle.zip", &zip(&[("readme.txt", b"hello"), ("x.com", &test)])).await;
    assert_eq!((verdict.status, verdict.findings), (ScanStatus::Infected, vec!["Eicar_Test_File".to_owned()]));
    assert!(verdict.engine.starts_with("boreal 1.4, rules "), "{}", verdict.engine);
}

#[tokio::test]
async fn a_program_named_as_a_document_is_suspicious() {
    let mut program = b"\x7FELF\x02\x01\x01".to_vec();
    program.resize(4096, 0);
    assert_eq!(scan("contract.pdf", &program).await.status, ScanStatus::Suspicious);
}

#[tokio::test]
async fn ordinary_files_are_clean() {
    let letter = docx("<w:p><w:r><w:t>Dear John</w:t></w:r></w:p>");
    for (name, bytes) in [("letter.docx", &letter[..]), ("lease.pdf", &pdf(Some("Lease"))), ("a.txt", b"hello"), ("empty", b"")] {
        let verdict = scan(name, bytes).await;
        assert_eq!((verdict.status, verdict.findings), (ScanStatus::Clean, Vec::new()), "{name}");
    }
}

#[tokio::test]
async fn a_scan_that_cannot_be_run_or_fed_is_never_clean() {
    let name = FileName::parse("a.txt").unwrap();
    let no_worker = Inspector::new(InspectorSettings::new(PathBuf::from("/nonexistent/satchel")));
    assert_eq!(no_worker.scan(&name, chunks(b"hello")).await.verdict.status, ScanStatus::Failed);
    let not_a_worker = Inspector::new(InspectorSettings::new(PathBuf::from("/bin/true")));
    assert_eq!(not_a_worker.scan(&name, chunks(b"hello")).await.verdict.status, ScanStatus::Failed);
    let cut: ChunkStream = Box::pin(stream::iter([Ok(Bytes::from_static(b"hel")), Err(std::io::Error::other("the store went away"))]));
    assert_eq!(Inspector::new(settings()).scan(&name, cut).await.verdict.status, ScanStatus::Failed);
    let stalled = InspectorSettings { scan_wall: Duration::from_millis(200), ..settings() };
    let verdict = Inspector::new(stalled).scan(&name, Box::pin(stream::pending())).await.verdict;
    assert_eq!((verdict.status, verdict.findings), (ScanStatus::Failed, vec!["scanning it took too long".to_owned()]));
}

#[tokio::test]
async fn a_word_file_gives_text_and_properties() {
    let body = "<w:p><w:r><w:t>The supplier delivers steel to the buyer every month until the end of next year.</w:t></w:r></w:p>";
    let read = extract("scan0001.docx", &docx(body)).await;
    assert_eq!(read.content_type, "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
    assert_eq!((read.category, read.extraction.status), (Category::Document, ExtractionStatus::Done));
    assert_eq!((read.title.as_deref(), read.author.as_deref()), (Some("Supply Agreement"), Some("Ann Lee")));
    assert_eq!(read.created_date, Some(date(2025, 3, 1)));
    assert_eq!(read.summary.as_deref(), Some("The supplier delivers steel to the buyer every month until the end of next year."));
}

#[tokio::test]
async fn a_workbook_gives_cells_and_sheets() {
    let read = extract("b.xlsx", &xlsx()).await;
    assert_eq!((read.category, read.extraction.status), (Category::Spreadsheet, ExtractionStatus::Done));
    assert!(read.text.contains("Travel, 1200") && read.text.contains("Rent, 3400"), "{}", read.text);
    assert_eq!((read.page_count, read.created_date), (Some(1), Some(date(2025, 3, 1))));
}

#[tokio::test]
async fn a_pdf_gives_text_pages_and_properties() {
    let read = extract("a.pdf", &pdf(Some("The lease of the warehouse ends in June."))).await;
    assert_eq!((read.content_type.as_str(), read.extraction.status), ("application/pdf", ExtractionStatus::Done));
    assert!(read.text.contains("The lease of the warehouse ends in June."), "{}", read.text);
    assert_eq!((read.title.as_deref(), read.author.as_deref()), (Some("Lease of the warehouse"), Some("Bob Ray")));
    assert_eq!((read.created_date, read.page_count), (Some(date(2024, 2, 29)), Some(1)));
}

#[tokio::test]
async fn a_scanned_pdf_says_that_it_has_no_text() {
    let read = extract("a.pdf", &pdf(None)).await;
    assert_eq!(read.page_count, Some(1));
    assert_eq!(read.extraction.status, ExtractionStatus::Empty);
    assert_eq!(read.extraction.reason.as_deref(), Some("it has no text layer; it looks scanned"));
}

#[tokio::test]
async fn a_pdf_of_one_short_line_is_not_taken_for_a_scan() {
    let read = extract("a.pdf", &pdf(Some("Hello World"))).await;
    assert_eq!((read.extraction.status, read.text.as_str()), (ExtractionStatus::Done, "Hello World"));
}

#[tokio::test]
async fn a_mail_gives_its_envelope() {
    let mail = b"From: Ann Lee <ann@acme.example>\r\nTo: bob@acme.example\r\nSubject: Renewal\r\nDate: Mon, 3 Mar 2025 10:00:00 +0000\r\nContent-Type: text/plain\r\n\r\nPlease renew the licence before Friday.\r\n";
    let read = extract("message.eml", mail).await;
    assert_eq!((read.content_type.as_str(), read.category), ("message/rfc822", Category::Mail));
    assert_eq!((read.title.as_deref(), read.author.as_deref()), (Some("Renewal"), Some("Ann Lee")));
    assert_eq!(read.created_date, Some(date(2025, 3, 3)));
}

#[tokio::test]
async fn a_locked_file_says_so() {
    for name in ["salaries.xlsx", "salaries"] {
        let read = extract(name, &encrypted_office()).await;
        assert_eq!(read.extraction.status, ExtractionStatus::Locked, "{name}");
        assert_eq!(read.extraction.reason.as_deref(), Some("it is locked with a password"), "{name}");
    }
}

#[tokio::test]
async fn a_bomb_costs_the_worker_and_the_type_is_still_known() {
    let bomb = docx(&"<w:p><w:r><w:t/></w:r></w:p>".repeat(3_000_000));
    let read = extract_with(InspectorSettings { extract_wall: Duration::from_secs(1), ..settings() }, "bomb.docx", &bomb).await;
    assert_eq!(read.extraction.status, ExtractionStatus::Failed, "{:?}", read.extraction.reason);
    assert_eq!(read.category, Category::Document);
    assert!(read.text.is_empty());
}

#[tokio::test]
async fn deep_nesting_does_not_end_the_server() {
    let deep = format!("<html><body>{}deep{}</body></html>", "<div>".repeat(200_000), "</div>".repeat(200_000));
    let read = extract("deep.html", deep.as_bytes()).await;
    assert_eq!(read.content_type, "text/html");
    assert_ne!(read.extraction.status, ExtractionStatus::Pending);
}

#[tokio::test]
async fn what_is_too_large_for_text_keeps_its_type() {
    let small = InspectorSettings { max_read_bytes: 400, ..settings() };
    let read = extract_with(small, "big.pdf", &pdf(Some("The lease of the warehouse ends in June."))).await;
    assert_eq!((read.content_type.as_str(), read.extraction.status), ("application/pdf", ExtractionStatus::Failed));
    assert_eq!(read.extraction.reason.as_deref(), Some("it is larger than what is read for text"));
}

#[tokio::test]
async fn text_is_capped() {
    let capped = InspectorSettings { max_text_bytes: 100, ..settings() };
    let read = extract_with(capped, "long.txt", "wörter ".repeat(1000).as_bytes()).await;
    assert!(!read.text.is_empty() && read.text.len() <= 100);
}

#[tokio::test]
async fn time_runs_out_with_a_reason() {
    let hurried = InspectorSettings { extract_wall: Duration::from_millis(1), ..settings() };
    let read = extract_with(hurried, "letter.docx", &docx("<w:p/>")).await;
    assert_eq!(read.extraction.status, ExtractionStatus::Failed);
    assert_eq!(read.extraction.reason.as_deref(), Some("reading it took too long"));
}
