//! Files that are locked with a password, and one that may open them: what is behind it goes through the rules of the scanner,
//! and is read as any file.

use docling::InputFormat;
use docling_pdf::textparse::PageTextParser;
use lopdf::{Document, LoadOptions, Object};

use super::archive::Budget;
use super::engine::{Engine, EngineError, Findings, Outcome, Piece};
use super::kind::{Kind, Reader};
use super::listing::Packing;
use super::protocol::Reading;
use super::{kind, listing, text};
use crate::domain::ExtractionStatus;

const OTHERWISE: &str = "it is locked in a way that is not opened here";
const TOO_LARGE: &str = "it is larger than what is unlocked here";
const DAMAGED: &str = "the file is damaged";

/// Bytes of one stream of a PDF that are judged; what is larger is a picture, or a bomb.
const MAX_STREAM: usize = 16 << 20;

/// What came of a password.
pub(super) enum Attempt {
    /// It fits: what was read, and what the rules say of it.
    Opened(Box<Reading>, Outcome),
    /// It does not.
    Wrong,
    /// It could not be tried.
    Failed(&'static str),
}

/// Tries a password. `whole` is false when the bytes are only the beginning of the file.
pub(super) fn attempt(
    engine: &mut Engine,
    kind: &Kind,
    bytes: Vec<u8>,
    whole: bool,
    (name, password): (&str, &str),
    max_text: usize,
) -> Result<Attempt, EngineError> {
    if !whole {
        return Ok(Attempt::Failed(TOO_LARGE));
    }
    match kind.reader {
        Reader::Archive(Packing::Zip) => zip(engine, &bytes, name, password, max_text),
        Reader::Document(InputFormat::Pdf) => pdf(engine, kind, bytes, name, password, max_text),
        // Under a name that does not say which of the three it is.
        Reader::Locked => {
            for guess in [InputFormat::Docx, InputFormat::Xlsx, InputFormat::Pptx] {
                let Some(kind) = kind::of_office(guess) else { continue };
                let attempt = document(&kind, guess, bytes.clone(), name, password, max_text);
                if !matches!(&attempt, Attempt::Opened(reading, _) if reading.status == ExtractionStatus::Failed) {
                    return Ok(attempt);
                }
            }
            Ok(Attempt::Failed(DAMAGED))
        }
        Reader::Document(format) => Ok(document(kind, format, bytes, name, password, max_text)),
        _ => Ok(Attempt::Failed(OTHERWISE)),
    }
}

/// An office file; its reader opens it.
fn document(kind: &Kind, format: InputFormat, bytes: Vec<u8>, name: &str, password: &str, max_text: usize) -> Attempt {
    match text::unlocked(kind, format, bytes, name, password, max_text) {
        Ok(reading) => Attempt::Opened(Box::new(reading), Findings::default().outcome()),
        Err(text::Shut::Wrong) => Attempt::Wrong,
        Err(text::Shut::Otherwise) => Attempt::Failed(OTHERWISE),
    }
}

/// Every member that is locked is opened, unpacked and judged, within the bounds of a scan.
fn zip(engine: &mut Engine, bytes: &[u8], name: &str, password: &str, max_text: usize) -> Result<Attempt, EngineError> {
    for written in written(password) {
        let mut findings = Findings::default();
        let mut budget = Budget::with_password(written);
        engine.look_inside(bytes, 0, &mut budget, &mut findings)?;
        match budget.opened() {
            // Some members that were locked and now are not; none that still are.
            Some((opened, 0)) if opened > 0 => {
                let mut reading = listing::read(Packing::Zip, bytes, name);
                let length = text::cut(&reading.text, max_text).len();
                reading.text.truncate(length);
                if reading.status == ExtractionStatus::Locked {
                    (reading.status, reading.reason) = (ExtractionStatus::Done, None);
                }
                return Ok(Attempt::Opened(Box::new(reading), findings.outcome()));
            }
            // Whatever the password is: its members are packed or locked in another way.
            Some((0, 0)) => return Ok(Attempt::Failed(OTHERWISE)),
            _ => {}
        }
    }
    Ok(Attempt::Wrong)
}

/// How a password may have been turned into bytes: as UTF-8, and as older programs of the West do.
fn written(password: &str) -> Vec<Vec<u8>> {
    let utf8 = password.as_bytes().to_vec();
    let western: Option<Vec<u8>> = password.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    match western {
        Some(western) if western != utf8 => vec![utf8, western],
        _ => vec![utf8],
    }
}

fn pdf(engine: &mut Engine, kind: &Kind, bytes: Vec<u8>, name: &str, password: &str, max_text: usize) -> Result<Attempt, EngineError> {
    if PageTextParser::open_with_password(&bytes, Some(password)).is_none() {
        return Ok(Attempt::Wrong);
    }
    let mut findings = Findings::default();
    judge_pdf(engine, &bytes, password, &mut findings)?;
    match text::unlocked(kind, InputFormat::Pdf, bytes, name, password, max_text) {
        Ok(reading) => Ok(Attempt::Opened(Box::new(reading), findings.outcome())),
        Err(text::Shut::Wrong) => Ok(Attempt::Wrong),
        Err(text::Shut::Otherwise) => Ok(Attempt::Failed(OTHERWISE)),
    }
}

/// Judges a PDF as it is without its lock, and each of its streams unpacked.
fn judge_pdf(engine: &mut Engine, bytes: &[u8], password: &str, findings: &mut Findings) -> Result<(), EngineError> {
    let options = LoadOptions { password: Some(password.to_owned()), ..LoadOptions::default() };
    let Ok(mut document) = Document::load_mem_with_options(bytes, options) else {
        findings.note("Pdf_Not_Judged_Unlocked");
        return Ok(());
    };
    for object in document.objects.values() {
        let Object::Stream(stream) = object else { continue };
        if stream.content.len() <= MAX_STREAM
            && let Ok(content) = stream.decompressed_content()
        {
            engine.judge(&content, Piece { start: true, document: false, macros: false }, findings)?;
        }
    }
    let mut plain = Vec::new();
    if document.save_to(&mut plain).is_ok() {
        engine.judge(&plain, Piece { start: true, document: true, macros: false }, findings)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_tried_as_old_programs_wrote_it_too() {
        assert_eq!(written("sesame"), [b"sesame".to_vec()]);
        assert_eq!(written("Zoë"), ["Zoë".as_bytes().to_vec(), b"Zo\xEB".to_vec()]);
        assert_eq!(written("东"), ["东".as_bytes().to_vec()]);
    }
}
