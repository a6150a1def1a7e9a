//! How many of the words of a file are read: by format, against texts that were written down by hand.

use std::path::Path;

use super::extract;
use super::words::recalled;

/// Each file of the demo with what stands in it. A bound is only ever raised.
const CASES: [(&str, &str, &str, f64); 5] = [
    ("PDF", "files/finance/Q2_2025_Financial_Report.pdf", "recall/q2_2025.pdf.txt", 0.90),
    ("DOCX", "files/hr/claim-2025-118-3306.docx", "recall/claim.docx.txt", 0.90),
    ("PPTX", "files/board/Board deck Q3 FINAL (2).pptx", "recall/board.pptx.txt", 0.90),
    ("XLSX", "files/finance/Budget_2026_v4.xlsx", "recall/budget.xlsx.txt", 0.90),
    ("ODT", "files/operations/coldroom2-incident.odt", "recall/coldroom.odt.txt", 0.90),
];

#[tokio::test]
async fn nearly_every_word_of_a_file_is_read() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut faults = Vec::new();
    for (format, file, reference, least) in CASES {
        let path = fixtures.join(file);
        let reference = std::fs::read_to_string(fixtures.join(reference)).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let read = extract(&name, &std::fs::read(&path).unwrap()).await;
        let (found, all) = recalled(&reference, &read.text);
        #[expect(clippy::cast_precision_loss, reason = "counts of words")]
        let recall = found as f64 / all as f64;
        eprintln!("{format}: {found} of {all} words, {recall:.3}");
        if all < 90 || recall < least {
            faults.push(format!("{format}: {found} of {all} words, and not {least}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn words_are_counted_as_often_as_they_stand_there() {
    assert_eq!(recalled("The lease, the lease and 1,200 dollars.", "THE LEASE and 1.200"), (5, 8));
    assert_eq!(recalled("", "anything"), (0, 0));
}
