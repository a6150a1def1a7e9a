//! What a file says of itself beside its text, through a worker process.

use std::fmt::Write as _;

use jiff::civil::date;
use satchel::domain::{ColumnFacts, DateSpan, ExtractionStatus, Facts, FindingKind, NumberFacts, SheetFacts};

use super::{extract, samples};

fn text_cell(at: &str, text: &str) -> String {
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

/// Revenue by day, a hidden sheet of margins, and an empty one.
fn ledger() -> Vec<u8> {
    let head = [text_cell("A1", "Day"), text_cell("B1", "Customer"), text_cell("C1", "Amount")].concat();
    let mut rows = format!("<row r=\"1\">{head}</row>");
    for number in 0..214_u32 {
        let row = number + 2;
        // 46025 is 3 January 2026, counted from 30 December 1899.
        let day = 46_025 + number * 176 / 213;
        let _ = write!(
            rows,
            "<row r=\"{row}\"><c r=\"A{row}\" s=\"1\"><v>{day}</v></c>{}<c r=\"C{row}\"><v>10.5</v></c></row>",
            text_cell(&format!("B{row}"), "Acme")
        );
    }
    let margins = format!("<row r=\"1\">{}<c r=\"B1\"><v>7</v></c></row>", text_cell("A1", "The secret margin"));
    samples::xlsx_of(&[("Revenue", "visible", &rows), ("Margins", "hidden", &margins), ("Empty", "visible", "")])
}

fn told(sheet: &SheetFacts) -> (&str, bool, u64) {
    (sheet.name.as_deref().unwrap(), sheet.hidden, sheet.rows)
}

#[tokio::test]
async fn a_workbook_tells_its_sheets_their_columns_rows_days_and_sums() {
    let read = extract("ledger.xlsx", &ledger()).await;
    let sheets = &read.facts.sheets;
    assert_eq!(sheets.iter().map(told).collect::<Vec<_>>(), [("Revenue", false, 214), ("Margins", true, 1), ("Empty", false, 0)]);
    let columns: Vec<_> = sheets[0].columns.iter().map(|column| column.name.as_deref().unwrap()).collect();
    assert_eq!(columns, ["Day", "Customer", "Amount"]);
    assert_eq!(sheets[0].dates(), Some(DateSpan { from: date(2026, 1, 3), to: date(2026, 6, 28) }));
    let amount = sheets[0].columns[2].numbers.unwrap();
    assert_eq!((amount.count, amount.sum, amount.min, amount.max), (214, 2247.0, 10.5, 10.5));
    assert!(
        read.text.contains("# Margins (hidden sheet)") && read.text.contains("The secret margin"),
        "{}",
        &read.text[read.text.len() - 200..]
    );
    assert!(read.text.starts_with("# Revenue"), "{}", &read.text[..80]);
}

#[tokio::test]
async fn every_format_of_tables_tells_them() {
    let row = |who: &str, amount: &str| {
        format!(
            "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>{who}</text:p></table:table-cell>\
             <table:table-cell office:value-type=\"float\" office:value=\"{amount}\"><text:p>{amount}</text:p></table:table-cell></table:table-row>"
        )
    };
    let sheet = format!(
        "<office:spreadsheet><table:table table:name=\"Budget\">{}{}</table:table></office:spreadsheet>",
        row("Travel", "1200"),
        row("Rent", "3400")
    );
    for (name, bytes, called) in [
        ("a.xlsx", samples::xlsx(), Some("Budget")),
        ("a.ods", samples::open_document("spreadsheet", &sheet), Some("Budget")),
        ("a.csv", b"Travel,1200\nRent,3400\n".to_vec(), None),
        ("a.tsv", b"Travel\t1200\nRent\t3400\n".to_vec(), None),
    ] {
        let read = extract(name, &bytes).await;
        let sheet = read.facts.sheets.first().unwrap_or_else(|| panic!("{name}: {read:?}"));
        assert_eq!((sheet.name.as_deref(), sheet.rows), (called, 2), "{name}");
        assert_eq!(sheet.columns[1].numbers.map(|numbers| numbers.sum), Some(4600.0), "{name}");
    }
    let old = extract("a.xls", include_bytes!("files/agreement.xls")).await;
    assert_eq!((old.facts.sheets.len(), old.facts.sheets[0].rows > 0), (1, true), "{:?}", old.facts);
}

#[tokio::test]
async fn numbers_of_cards_and_persons_are_in_no_sum() {
    let read = extract("a.csv", b"Name,Reference\nAnn,4242424242424242\nBob,4000056655665556\n").await;
    assert!(read.findings.as_ref().unwrap().iter().any(|finding| finding.kind == FindingKind::Card));
    let told = format!("{:?}", read.facts);
    assert!(!told.contains("4242") && !told.contains("665"), "{told}");
}

#[tokio::test]
async fn the_head_of_a_mail_the_tags_of_a_recording_and_a_camera_are_told() {
    let mail = b"From: Ann Lee <ann@acme.example>\r\nTo: Bob <bob@acme.example>\r\nCc: cleo@acme.example\r\nSubject: Renewal\r\nDate: Mon, 3 Mar 2025 10:00:00 +0000\r\nMessage-ID: <a1@acme.example>\r\n\r\nPlease renew the licence.\r\n";
    let read = extract("a.eml", mail).await;
    let mails = read.findings.iter().flatten().find(|finding| finding.kind == FindingKind::Email).unwrap();
    assert_eq!(mails.count, 3, "one that only its head names is found too: {mails:?}");
    let head = read.facts.mail.unwrap();
    assert_eq!(
        (head.from, head.to, head.cc),
        (vec!["Ann Lee <ann@acme.example>".to_owned()], vec!["Bob <bob@acme.example>".to_owned()], vec!["cleo@acme.example".to_owned()])
    );
    assert_eq!((head.subject.as_deref(), head.sent_at.as_deref()), (Some("Renewal"), Some("2025-03-03T10:00:00Z")));
    let outlook = extract("a.msg", &samples::msg()).await.facts.mail.unwrap();
    assert_eq!(outlook.subject.as_deref(), Some("Renewal of the licence"));
    assert!(outlook.from[0].contains("Ann Lee"), "{outlook:?}");
    let photo = extract("a.tiff", &samples::tiff()).await.facts.photo.unwrap();
    assert_eq!((photo.camera.as_deref(), photo.width, photo.height), (Some("Canon EOS 40D"), Some(800), Some(600)));
    let webm = extract("a.webm", &samples::webm()).await;
    assert_eq!(webm.facts.audio.unwrap().title.as_deref(), Some("Town hall"));
}

/// A JPEG of nothing but its head: Exif with a camera, a moment, and a place in Munich.
fn placed_photo() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let rational =
        |numbers: [u32; 3]| numbers.iter().flat_map(|number| [number.to_le_bytes(), 1_u32.to_le_bytes()].concat()).collect::<Vec<u8>>();
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    // Two entries at 8, the place's own at 38, their values at 92 and 116.
    tiff.extend(
        [&2_u16.to_le_bytes()[..], &entry(0x0110, 2, 4, u32::from_le_bytes(*b"P9\0\0")), &entry(0x8825, 4, 1, 38), &[0; 4]].concat(),
    );
    tiff.extend(4_u16.to_le_bytes());
    tiff.extend([entry(1, 2, 2, u32::from(b'N')), entry(2, 5, 3, 92), entry(3, 2, 2, u32::from(b'E')), entry(4, 5, 3, 116)].concat());
    tiff.extend([0; 4]);
    tiff.extend(rational([48, 8, 13]));
    tiff.extend(rational([11, 34, 31]));
    let exif = [b"Exif\0\0".to_vec(), tiff].concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&b"\xFF\xD8\xFF\xE1"[..], &length, &exif, b"\xFF\xD9"].concat()
}

#[tokio::test]
async fn where_a_picture_was_taken_is_found_and_told_nowhere() {
    let read = extract("a.jpg", &placed_photo()).await;
    let place = read.findings.as_ref().unwrap().iter().find(|finding| finding.kind == FindingKind::Location).unwrap();
    assert_eq!((place.rule.as_str(), place.count, place.sample.as_str()), ("gps", 1, "**.**, **.**"));
    let told = format!("{read:?}");
    for part in ["48", "11.5", "34", "31"] {
        assert!(!told.contains(part), "{part}: {told}");
    }
    let plain = extract("a.tiff", &samples::tiff()).await;
    assert!(plain.findings.unwrap().is_empty());
}

#[tokio::test]
async fn headings_and_hidden_slides_are_marked_and_the_language_is_told() {
    let web = extract(
        "a.html",
        b"<!DOCTYPE html><html><body><h1>Travel policy</h1><p>Book early.</p><h2>Hotels</h2><p>Ask first.</p></body></html>",
    )
    .await;
    assert_eq!(web.text, "# Travel policy\n\nBook early.\n\n## Hotels\n\nAsk first.");
    let german = "Der Mietvertrag zwischen dem Vermieter und dem Mieter der Lagerhalle endet am letzten Tag des Monats Juni im kommenden Jahr. Wenn \
        der Mieter die Halle weiter nutzen möchte, teilt er das dem Vermieter drei Monate vorher schriftlich mit. Die Miete wird dann nach dem \
        Preisindex angepasst, und alle übrigen Bedingungen bleiben so, wie sie heute vereinbart sind.";
    assert_eq!(extract("a.txt", german.as_bytes()).await.language.as_deref(), Some("de"));
    assert_eq!(extract("a.txt", b"Book early.").await.language, None);
    let table = samples::docx(
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Month</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Sum</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>May</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>12</w:t></w:r></w:p></w:tc></w:tr></w:tbl>",
    );
    assert_eq!(extract("a.docx", &table).await.text, "Month, Sum\nMay, 12");
    let deck = extract("a.pptx", &samples::hidden_slide()).await;
    assert_eq!((deck.extraction.status, deck.text.as_str()), (ExtractionStatus::Done, "(hidden)\n\nSteel prices rise in spring"));
}

#[test]
fn facts_are_read_again_as_they_were_written() {
    let sheet = SheetFacts {
        name: Some("Revenue".to_owned()),
        rows: 214,
        complete: true,
        columns: vec![ColumnFacts {
            name: Some("Paid".to_owned()),
            dates: Some(DateSpan { from: date(2026, 1, 3), to: date(2026, 6, 28) }),
            numbers: Some(NumberFacts { count: 2, sum: 12.5, min: 2.5, max: 10.0 }),
        }],
        ..SheetFacts::default()
    };
    let facts = Facts { sheets: vec![sheet], ..Facts::default() };
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
    assert_eq!(facts.sheets[0].dates().unwrap().from, date(2026, 1, 3));
    assert_eq!(serde_json::from_str::<Facts>("{}").unwrap(), Facts::default());
    assert!(Facts::default().is_empty() && !facts.is_empty());
    // However much there is, what is kept of it has a bound.
    let column = ColumnFacts { name: Some("y".repeat(500)), ..ColumnFacts::default() };
    let sheet = SheetFacts { name: Some("x".repeat(500)), columns: vec![column; 300], ..SheetFacts::default() };
    let facts = Facts { sheets: vec![sheet; 50], ..Facts::default() }.bounded();
    assert!(serde_json::to_string(&facts).unwrap().len() < 64 << 10);
}
