//! In what state hostile files end, by format: each row a file made here, where the scanner leaves it and what its reader
//! says.

use std::fmt::Write as _;
use std::path::PathBuf;

use bytes::Bytes;
use futures::stream;
use satchel::domain::{ChunkStream, ExtractionStatus, FileName, ScanStatus};
use satchel::inspect::{Inspector, InspectorSettings, LookedFor};

use super::{archives, documents, files};
use crate::inspect::samples;

/// Where a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Locked away, for this.
    Quarantine(&'static str),
    /// Here, with text.
    Read,
    /// Here, without text, for this.
    Empty(&'static str),
    /// Here, behind a password.
    Locked,
    /// Here, and could not be read, for this.
    Failed(&'static str),
}

const NOTHING: &str = "the file is empty";
const DAMAGED: &str = "the file is damaged";
const NO_TEXT: &str = "no text was found in it";

fn chunks(bytes: &[u8]) -> ChunkStream {
    let pieces: Vec<_> = bytes.chunks(64 << 10).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Box::pin(stream::iter(pieces))
}

fn half(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() / 2].to_vec()
}

/// A workbook whose one sheet says that it reaches to the last cell there can be.
fn sparse_workbook() -> Vec<u8> {
    samples::xlsx_of(&[(
        "Far",
        "visible",
        r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>"#,
    )])
}

/// A sheet of one row that stands for four billion.
fn repeated_sheet() -> Vec<u8> {
    samples::open_document(
        "spreadsheet",
        "<office:spreadsheet><table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"4000000000\"><table:table-cell \
         office:value-type=\"float\" office:value=\"7\" table:number-columns-repeated=\"4000000000\"><text:p>7</text:p></table:table-cell>\
         </table:table-row></table:table></office:spreadsheet>",
    )
}

fn cases() -> Vec<(&'static str, &'static str, Vec<u8>, End)> {
    use End::{Empty, Failed, Locked, Quarantine, Read};
    let letter = documents::docx("<w:p><w:r><w:t>Dear Ann</w:t></w:r></w:p>");
    vec![
        // Nothing at all.
        ("pdf", "0 bytes", Vec::new(), Empty(NOTHING)),
        ("docx", "0 bytes", Vec::new(), Empty(NOTHING)),
        ("xlsx", "0 bytes", Vec::new(), Empty(NOTHING)),
        ("zip", "0 bytes", Vec::new(), Empty(NOTHING)),
        ("jpg", "0 bytes", Vec::new(), Empty(NOTHING)),
        ("wav", "0 bytes", Vec::new(), Empty(NOTHING)),
        ("eml", "0 bytes", Vec::new(), Empty(NOTHING)),
        // Cut off.
        ("docx", "truncated", half(&letter), Failed(DAMAGED)),
        ("xlsx", "truncated", half(&samples::xlsx()), Failed(DAMAGED)),
        ("pptx", "truncated", half(&samples::pptx()), Failed(DAMAGED)),
        ("odt", "truncated", half(&samples::open_document("text", "<office:text/>")), Failed(DAMAGED)),
        ("zip", "truncated", half(&archives::zip(&[("a.txt", b"hello")])), Failed("the archive is damaged")),
        ("png", "truncated", b"\x89PNG\r\n\x1a\n".to_vec(), Empty("it is a picture")),
        ("wav", "truncated", b"RIFF\x24\0\0\0WAVEfmt ".to_vec(), Empty("it is a recording")),
        // Behind a password.
        ("xlsx", "encrypted", documents::encrypted_office(), Locked),
        ("docx", "encrypted", documents::encrypted_office(), Locked),
        ("pdf", "encrypted", documents::encrypted_pdf(), Locked),
        // Two things at once.
        ("pdf", "polyglot with an archive", [documents::pdf("Hello"), archives::zip(&[("a.txt", b"hi")])].concat(), Read),
        ("gif", "polyglot with a script", b"GIF89a/*\x01\x00\x01\x00*/=1;<script>alert(1)</script>".to_vec(), Empty("it is a picture")),
        // A lie about what it is.
        ("pdf", "a program", files::program(), Quarantine("Program_Named_As_Document")),
        ("docx", "a web page", b"<html><body><p>hello</p></body></html>".to_vec(), Read),
        ("jpg", "an archive", archives::zip(&[("a.txt", b"hello")]), Read),
        // Archives.
        ("zip", "a bomb", archives::bomb(8 << 20), Quarantine("Archive_Bomb")),
        ("zip", "nested bombs", archives::nested(2, 1), Quarantine("Archive_Bomb")),
        ("zip", "too many members", archives::many(10_001), Quarantine("Archive_With_Too_Many_Members")),
        ("zip", "members that overlap", archives::overlapping(200), Quarantine("Archive_Members_Overlap")),
        ("zip", "symbolic links", archives::symlinks(), Quarantine("Archive_Holds_Link")),
        ("tgz", "symbolic links", archives::linked_tar(), Quarantine("Archive_Holds_Link")),
        ("zip", "paths that leave the folder", archives::slip(), Read),
        // Loops and depth.
        ("docx", "entities in entities", documents::billion_laughs(), Failed(DAMAGED)),
        ("pdf", "a loop of pages", documents::page_loop(), Empty("it has no text layer; it looks scanned")),
        ("pdf", "a form that draws itself", documents::self_drawing(), Empty("it has no text layer; it looks scanned")),
        ("html", "nested deep", files::nested(b"<div>", b"</div>", 50_000), Read),
        ("eml", "mails in mails", documents::nested_mail(500), Read),
        // Tables without an end.
        ("xlsx", "a sheet of 17 billion cells", sparse_workbook(), Empty(NO_TEXT)),
        // Pictures of more pixels than there is memory for.
        ("gif", "a pixel flood", b"GIF89a\xff\xff\xff\xff\xf7\x00\x00,\0\0\0\0\xff\xff\xff\xff\0\x08".to_vec(), Empty("it is a picture")),
    ]
}

/// What is wrong with where these files ended.
async fn faults(cases: Vec<(&'static str, &'static str, Vec<u8>, End)>) -> String {
    let inspector =
        Inspector::new(InspectorSettings { keep_warm: true, ..InspectorSettings::new(PathBuf::from(env!("CARGO_BIN_EXE_satchel"))) });
    let mut faults = String::new();
    for (ending, what, bytes, expected) in cases {
        let name = FileName::parse(&format!("file.{ending}")).unwrap();
        let verdict = inspector.scan(&name, chunks(&bytes)).await.verdict;
        let found = if verdict.status == ScanStatus::Clean {
            let read = inspector.extract(&name, chunks(&bytes), LookedFor::default()).await;
            let reason = read.extraction.reason.unwrap_or_default();
            match read.extraction.status {
                ExtractionStatus::Done => "read".to_owned(),
                ExtractionStatus::Locked => "locked".to_owned(),
                status => format!("{}: {reason}", status.as_str()),
            }
        } else {
            format!("quarantine: {}", verdict.findings.join(", "))
        };
        let expected = match expected {
            End::Quarantine(finding) => format!("quarantine: {finding}"),
            End::Read => "read".to_owned(),
            End::Locked => "locked".to_owned(),
            End::Empty(reason) => format!("empty: {reason}"),
            End::Failed(reason) => format!("failed: {reason}"),
        };
        if found != expected {
            writeln!(faults, "{ending}, {what}: {found}, and not {expected}").unwrap();
        }
    }
    faults
}

#[tokio::test]
async fn every_hostile_file_ends_in_the_state_that_is_written_here() {
    let faults = faults(cases()).await;
    assert!(faults.is_empty(), "{faults}");
}

mod long {
    use super::{End, faults, repeated_sheet};

    #[tokio::test]
    async fn long_a_row_that_stands_for_four_billion_costs_its_reader_the_time_it_has() {
        let case = ("ods", "a row that stands for four billion", repeated_sheet(), End::Failed("reading it took too long"));
        let faults = faults(vec![case]).await;
        assert!(faults.is_empty(), "{faults}");
    }
}
