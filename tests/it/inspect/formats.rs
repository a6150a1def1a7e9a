//! What each format gives: type, category, text, title, author, date, extent.

use jiff::civil::{Date, date};
use satchel::domain::{Category, ExtractionStatus};

use super::{extract, samples};

/// What is expected of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    title: Option<&'static str>,
    author: Option<&'static str>,
    date: Option<Date>,
    pages: Option<u32>,
    duration_ms: Option<u64>,
}

const NOTHING: Told = Told { title: None, author: None, date: None, pages: None, duration_ms: None };
const AGREEMENT: Told = Told { title: Some("Supply Agreement"), author: Some("Ann Lee"), date: Some(date(2025, 3, 1)), ..NOTHING };
const READ: Option<&str> = None;

const MAIL: &[u8] = b"From: Ann Lee <ann@acme.example>\r\nTo: bob@acme.example\r\nSubject: Renewal\r\nDate: Mon, 3 Mar 2025 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nPlease renew the licence.\r\n--b\r\nContent-Type: application/pdf; name=\"lease.pdf\"\r\nContent-Disposition: attachment; filename=\"lease.pdf\"\r\n\r\nx\r\n--b--\r\n";
const CALENDAR: &[u8] = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Budget review\r\nDTSTART:20250303T100000Z\r\nLOCATION:Room 5\r\nORGANIZER;CN=Ann Lee:mailto:ann@acme.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
const CARD: &[u8] = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann Lee\r\nORG:Acme\r\nEMAIL:ann@acme.example\r\nEND:VCARD\r\n";
const ORDER: &[u8] =
    b"<?xml version=\"1.0\"?><order><title>Order of steel</title><buyer>Ann Lee</buyer><note>Deliver &lt;early&gt;</note></order>";
const RTF: &[u8] = br"{\rtf1\ansi{\info{\title Supply Agreement}{\author Ann Lee}{\creatim\yr2025\mo3\dy1}}\pard Steel every month.\par}";
const DRAWING: &[u8] =
    b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90\" height=\"30\"><text x=\"1\" y=\"20\">Loading dock</text></svg>";

/// One sample of a format.
struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    content_type: &'static str,
    category: Category,
    /// The plain reason where it is not text that was read.
    reason: Option<&'static str>,
    text: &'static str,
    told: Told,
}

fn case(name: &'static str, bytes: &[u8], (content_type, category): (&'static str, Category), text: &'static str, told: Told) -> Case {
    Case { name, bytes: bytes.to_vec(), content_type, category, reason: READ, text, told }
}

fn office() -> Vec<Case> {
    use Category::{Document, Presentation, Spreadsheet};
    const OOXML: [&str; 3] = [
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ];
    let paragraph = "<text:p>Steel every month.</text:p>";
    let sheet = format!(
        "<office:spreadsheet><table:table table:name=\"Budget\"><table:table-row><table:table-cell office:value-type=\"string\">{paragraph}</table:table-cell></table:table-row></table:table></office:spreadsheet>"
    );
    let slide = format!(
        "<office:presentation><draw:page draw:name=\"p1\"><draw:frame><draw:text-box>{paragraph}</draw:text-box></draw:frame></draw:page></office:presentation>"
    );
    let lease =
        Told { title: Some("Lease of the warehouse"), author: Some("Bob Ray"), date: Some(date(2024, 2, 29)), pages: Some(1), ..NOTHING };
    let book = Told { title: Some("The Harbour"), ..AGREEMENT };
    vec![
        case(
            "a.pdf",
            &samples::pdf(Some("The lease of the warehouse ends in June.")),
            ("application/pdf", Document),
            "ends in June",
            lease,
        ),
        case(
            "a.docx",
            &samples::docx("<w:p><w:r><w:t>Steel every month.</w:t></w:r></w:p>"),
            (OOXML[0], Document),
            "Steel every month.",
            AGREEMENT,
        ),
        case("a.xlsx", &samples::xlsx(), (OOXML[1], Spreadsheet), "Travel, 1200", Told { pages: Some(1), ..AGREEMENT }),
        case("a.pptx", &samples::pptx(), (OOXML[2], Presentation), "Steel prices rise", Told { pages: Some(1), ..AGREEMENT }),
        case(
            "a.odt",
            &samples::open_document("text", &format!("<office:text>{paragraph}</office:text>")),
            ("application/vnd.oasis.opendocument.text", Document),
            "Steel every month.",
            AGREEMENT,
        ),
        case(
            "a.ods",
            &samples::open_document("spreadsheet", &sheet),
            ("application/vnd.oasis.opendocument.spreadsheet", Spreadsheet),
            "Steel every month.",
            Told { pages: Some(1), ..AGREEMENT },
        ),
        case(
            "a.odp",
            &samples::open_document("presentation", &slide),
            ("application/vnd.oasis.opendocument.presentation", Presentation),
            "Steel every month.",
            AGREEMENT,
        ),
        case("a.doc", include_bytes!("files/agreement.doc"), ("application/msword", Document), "Steel every month.", AGREEMENT),
        case(
            "a.xls",
            include_bytes!("files/agreement.xls"),
            ("application/vnd.ms-excel", Spreadsheet),
            "Steel every month.",
            Told { pages: Some(1), ..AGREEMENT },
        ),
        case(
            "a.ppt",
            &samples::ppt(),
            ("application/vnd.ms-powerpoint", Presentation),
            "Steel every month.",
            Told { pages: Some(1), ..NOTHING },
        ),
        case("a.rtf", RTF, ("application/rtf", Document), "Steel every month.", AGREEMENT),
        case("a.epub", &samples::epub(), ("application/epub+zip", Document), "Boats come home at dusk.", book),
        case("a.vsdx", &samples::vsdx(), ("application/vnd.ms-visio.drawing.main+xml", Document), "Loading dock", AGREEMENT),
    ]
}

fn texts() -> Vec<Case> {
    use Category::{Document, Image, Mail, Other, Spreadsheet};
    let renewal = Told { title: Some("Renewal"), author: Some("Ann Lee"), date: Some(date(2025, 3, 3)), ..NOTHING };
    let review = Told { title: Some("Budget review"), author: Some("Ann Lee"), date: Some(date(2025, 3, 3)), ..NOTHING };
    let titled = |title| Told { title: Some(title), ..NOTHING };
    vec![
        case(
            "a.html",
            b"<!DOCTYPE html><html><head><title>Travel policy</title></head><body><h1>Travel policy</h1><p>Book early.</p></body></html>",
            ("text/html", Document),
            "Book early.",
            titled("Travel policy"),
        ),
        case("a.md", b"# Travel policy\n\nBook early.\n", ("text/markdown", Document), "Book early.", titled("Travel policy")),
        case("a.txt", b"Book early.\n", ("text/plain", Document), "Book early.", NOTHING),
        case("a.csv", b"Month,Sum\nMay,12\n", ("text/csv", Spreadsheet), "May,12", NOTHING),
        case("a.json", b"{\"buyer\": \"Ann Lee\"}", ("application/json", Other), "Ann Lee", NOTHING),
        case("a.xml", ORDER, ("application/xml", Other), "Order of steel\nAnn Lee\nDeliver <early>", titled("Order of steel")),
        case("a.svg", DRAWING, ("image/svg+xml", Image), "Loading dock", NOTHING),
        case("a.eml", MAIL, ("message/rfc822", Mail), "lease.pdf", renewal),
        case(
            "a.msg",
            &samples::msg(),
            ("application/vnd.ms-outlook", Mail),
            "before Friday",
            Told { title: Some("Renewal of the licence"), author: Some("Ann Lee"), ..NOTHING },
        ),
        case("a.ics", CALENDAR, ("text/calendar", Other), "Where: Room 5", review),
        case("a.vcf", CARD, ("text/vcard", Other), "Organisation: Acme", titled("Ann Lee")),
    ]
}

fn archives() -> Vec<Case> {
    let members: &[(&str, &[u8])] = &[("contracts/lease.pdf", &[7; 2400]), ("notes.txt", b"hello")];
    let tar = samples::tar(members);
    let list = "2 files, 2 KB\ncontracts/lease.pdf, 2 KB\nnotes.txt, 5 bytes";
    vec![
        case("a.zip", &samples::zip(members), ("application/zip", Category::Archive), list, NOTHING),
        case("a.tar", &tar, ("application/x-tar", Category::Archive), list, NOTHING),
        case("a.tgz", &samples::gzip(&tar), ("application/gzip", Category::Archive), list, NOTHING),
        case("rows.csv.gz", &samples::gzip(b"1,2"), ("application/gzip", Category::Archive), "rows.csv, 3 bytes", NOTHING),
        case("a.7z", include_bytes!("files/lease.7z"), ("application/x-7z-compressed", Category::Archive), "contracts/lease.txt", NOTHING),
        Case {
            reason: Some("it is an archive of a kind that is not opened here"),
            ..case("a.rar", b"Rar!\x1A\x07\x01\0\x33\x92\xB5\xE5\x0A\x01\x05\x06", ("application/vnd.rar", Category::Archive), "", NOTHING)
        },
    ]
}

fn pictures_and_recordings() -> Vec<Case> {
    use Category::{Image, Recording, Video};
    let roof = Told { title: Some("The roof after the storm"), author: Some("Ann Lee"), date: Some(date(2024, 5, 6)), ..NOTHING };
    let length = |milliseconds| Told { duration_ms: Some(milliseconds), ..NOTHING };
    let picture = Some("it is a picture");
    vec![
        Case { reason: picture, ..case("a.png", &samples::png(), ("image/png", Image), "800 by 600 pixels", NOTHING) },
        Case { reason: picture, ..case("a.tiff", &samples::tiff(), ("image/tiff", Image), "Taken with Canon EOS 40D", roof) },
        Case {
            reason: picture,
            ..case(
                "a.gif",
                b"GIF89a\x20\x03\x58\x02\x80\0\0\0\0\0\xFF\xFF\xFF\x2C\0\0\0\0\x20\x03\x58\x02\0\x02\x02\x44\x01\0\x3B",
                ("image/gif", Image),
                "800 by 600 pixels",
                NOTHING,
            )
        },
        Case { reason: Some("it is a recording"), ..case("a.wav", &samples::wav(), ("audio/wav", Recording), "", length(500)) },
        Case { reason: Some("it is a video"), ..case("a.mp4", &samples::mp4(), ("video/mp4", Video), "", length(1500)) },
        Case {
            reason: Some("it is a video"),
            ..case("a.webm", &samples::webm(), ("video/webm", Video), "", Told { title: Some("Town hall"), ..length(2500) })
        },
    ]
}

/// All that is told of a file, in one line that a difference is seen in.
fn shown(content_type: &str, category: Category, status: ExtractionStatus, reason: Option<&str>, told: &impl std::fmt::Debug) -> String {
    format!("{content_type} {category:?} {status:?} {reason:?} {told:?}")
}

#[tokio::test]
async fn every_format_gives_what_it_holds() {
    let mut faults = Vec::new();
    for case in [office(), texts(), archives(), pictures_and_recordings()].into_iter().flatten() {
        let Case { name, bytes, content_type, category, reason, text, told } = case;
        let read = extract(name, &bytes).await;
        let status = if reason.is_some() { ExtractionStatus::Empty } else { ExtractionStatus::Done };
        let expected = (told.title, told.author, told.date, told.pages, told.duration_ms);
        let expected = shown(content_type, category, status, reason, &expected);
        let found = (read.title.as_deref(), read.author.as_deref(), read.created_date, read.page_count, read.duration_ms);
        let found = shown(&read.content_type, read.category, read.extraction.status, read.extraction.reason.as_deref(), &found);
        if found != expected {
            faults.push(format!("{name}: expected {expected}\n{name}: found    {found}"));
        }
        if !read.text.contains(text) {
            faults.push(format!("{name}: `{text}` is not in `{}`", read.text));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn the_bytes_decide_when_the_name_says_nothing() {
    let mut faults = Vec::new();
    for case in [office(), texts(), archives(), pictures_and_recordings()].into_iter().flatten() {
        // Between kinds of text without a mark only the name can decide.
        if ["a.md", "a.txt", "a.csv", "a.json"].contains(&case.name) {
            continue;
        }
        let read = extract("upload", &case.bytes).await;
        if (read.content_type.as_str(), read.category) != (case.content_type, case.category) {
            faults.push(format!("{}: {} {:?}", case.name, read.content_type, read.category));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn a_file_that_was_cut_keeps_a_plain_answer() {
    for case in [office(), texts(), archives(), pictures_and_recordings()].into_iter().flatten() {
        for share in [1, 4, 7] {
            let read = extract(case.name, &case.bytes[..case.bytes.len() * share / 8]).await;
            let said = read.extraction.status == ExtractionStatus::Done || read.extraction.reason.is_some();
            assert!(said && read.extraction.status != ExtractionStatus::Pending, "{} at {share} of 8: {read:?}", case.name);
        }
    }
}

#[tokio::test]
async fn words_outside_the_body_are_found_when_the_body_is_empty() {
    let header = r#"<w:hdr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p><w:r><w:t>Acme Legal</w:t></w:r></w:p></w:hdr>"#;
    let read = extract("a.docx", &samples::docx_with("<w:p/>", &[("word/header1.xml", header)])).await;
    assert_eq!((read.extraction.status, read.text.as_str()), (ExtractionStatus::Done, "Acme Legal"));
    let read = extract("a.rtf", br"{\rtf1\ansi{\header Acme Legal\par}\pard\par}").await;
    assert_eq!((read.extraction.status, read.text.as_str()), (ExtractionStatus::Done, "Acme Legal"));
}
