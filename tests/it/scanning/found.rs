//! What a real clamd finds beside the embedded scanner, and what it makes of files that are nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream;
use satchel::domain::{FileName, ScanStatus};
use satchel::inspect::{AboveLimit, Inspector, InspectorSettings, RuleFile, Rules, Scan, Shortfall};

use super::{eicar, with_clamd};
use crate::hostile::archives::zip;
use crate::support::beside;

async fn scanned(settings: InspectorSettings, name: &str, bytes: &[u8]) -> Scan {
    let pieces: Vec<_> = bytes.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Inspector::new(settings).scan(&FileName::parse(name).unwrap(), Box::pin(stream::iter(pieces))).await
}

fn letter(attachment: &[u8]) -> Vec<u8> {
    let body: Vec<String> =
        STANDARD.encode(attachment).as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!(
        "From: ann@northwind.example\r\nTo: bo@northwind.example\r\nSubject: The figures\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--b\r\n\
         Content-Type: application/octet-stream; name=\"figures.com\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"figures.com\"\r\n\r\n{}\r\n--b--\r\n",
        body.join("\r\n")
    )
    .into_bytes()
}

fn word(extra: Option<&[u8]>) -> Vec<u8> {
    let mut members: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", b"<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        ("word/document.xml", b"<?xml version=\"1.0\"?><document><p>The figures</p></document>"),
    ];
    members.extend(extra.map(|bytes| ("word/embeddings/oleObject1.bin", bytes)));
    zip(&members)
}

#[tokio::test]
async fn clamd_finds_the_test_file_wherever_it_is_put() {
    let place = beside("SATCHEL_TEST_CLAMD");
    let test = eicar();
    for (name, bytes) in [
        ("test.com", test.clone()),
        ("figures.zip", zip(&[("a.txt", b"fine"), ("figures.com", &test)])),
        ("outer.zip", zip(&[("inner.zip", &zip(&[("figures.com", &test)]))])),
        ("figures.docx", word(Some(&test))),
        ("letter.eml", letter(&test)),
    ] {
        let scan = scanned(with_clamd(&place), name, &bytes).await;
        assert_eq!(scan.verdict.status, ScanStatus::Infected, "{name}: {scan:?}");
        let by_clamd: Vec<_> = scan.verdict.findings.iter().filter_map(|finding| finding.strip_prefix("clamd: ")).collect();
        assert!(by_clamd.iter().any(|finding| finding.starts_with("Local.Test.Eicar")), "{name}: {scan:?}");
        assert!(scan.verdict.engine.contains("boreal") && scan.verdict.engine.contains("clamd: ClamAV "), "{}", scan.verdict.engine);
    }
}

#[tokio::test]
async fn files_that_are_nothing_are_clean_for_both() {
    let place = beside("SATCHEL_TEST_CLAMD");
    for (name, bytes) in [
        ("note.txt", b"A note of two lines.\nNothing else.\n".to_vec()),
        ("empty.txt", Vec::new()),
        ("figures.zip", zip(&[("a.txt", b"fine")])),
        ("figures.docx", word(None)),
        ("letter.eml", letter(b"fine")),
        ("large.bin", b"0123456789abcdef".repeat(200_000)),
    ] {
        let scan = scanned(with_clamd(&place), name, &bytes).await;
        assert_eq!((scan.verdict.status, scan.verdict.findings.len()), (ScanStatus::Clean, 0), "{name}: {scan:?}");
    }
}

#[tokio::test]
async fn what_is_larger_than_clamd_takes_is_not_checked_unless_the_settings_say_otherwise() {
    let place = beside("SATCHEL_TEST_CLAMD");
    let (large, harmful) = (b"0123456789abcdef".repeat(300_000), [eicar(), vec![b' '; 5 << 20]].concat());
    let above = |above_limit, stream_max_bytes| {
        let mut settings = with_clamd(&place);
        let clamd = settings.clamd.as_mut().unwrap();
        (clamd.above_limit, clamd.stream_max_bytes) = (above_limit, stream_max_bytes);
        settings
    };
    let scan = scanned(above(AboveLimit::NotChecked, 4 << 20), "large.bin", &large).await;
    assert_eq!((scan.verdict.status, scan.shortfall), (ScanStatus::Failed, Some(Shortfall::TooLarge)), "{scan:?}");
    let scan = scanned(above(AboveLimit::OthersDecide, 4 << 20), "large.bin", &large).await;
    assert_eq!(scan.verdict.status, ScanStatus::Clean);
    assert_eq!(scan.verdict.findings, ["it is larger than clamd takes"], "it is told that one did not look");
    // What the embedded scanner finds is found either way.
    for limit in [AboveLimit::NotChecked, AboveLimit::OthersDecide] {
        assert_eq!(scanned(above(limit, 4 << 20), "test.com", &harmful).await.verdict.status, ScanStatus::Infected);
    }
    // The settings promise more than the daemon takes: it says so itself, or breaks off, and neither is clean.
    let scan = scanned(above(AboveLimit::NotChecked, 1 << 30), "large.bin", &large).await;
    assert_eq!(scan.verdict.status, ScanStatus::Failed, "{scan:?}");
}

#[tokio::test]
async fn the_operators_rules_judge_in_the_worker_beside_ours() {
    let rule = |verdict: &str, word: &str| {
        let text = format!("rule Ours {{ meta: verdict = \"{verdict}\" strings: $a = \"{word}\" condition: $a }}");
        RuleFile { name: format!("{verdict}.yar"), text }
    };
    let rules = Rules::compile(vec![rule("infected", "a word of the thieves"), rule("suspicious", "a word of the curious")]).unwrap();
    let program = with_clamd("127.0.0.1:1").exe;
    let settings = || InspectorSettings { rules: rules.clone(), keep_warm: true, ..InspectorSettings::new(program.clone()) };
    for (text, expected) in [
        ("a word of the thieves", ScanStatus::Infected),
        ("a word of the curious", ScanStatus::Suspicious),
        ("a word of the wise", ScanStatus::Clean),
    ] {
        let scan = scanned(settings(), "note.txt", text.as_bytes()).await;
        assert_eq!(scan.verdict.status, expected, "{text}: {scan:?}");
    }
    assert_eq!(scanned(settings(), "test.com", &eicar()).await.verdict.findings, ["Eicar_Test_File"]);
    let plain = scanned(InspectorSettings::new(program.clone()), "note.txt", b"a word of the thieves").await;
    assert_eq!(plain.verdict.status, ScanStatus::Clean);
    assert_ne!(plain.verdict.engine, scanned(settings(), "a.txt", b"a").await.verdict.engine, "verdicts tell by which rules");
}
