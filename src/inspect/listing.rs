//! Archives as a list of what is in them, so that "the archive with the lease in it" is found.
//! Nothing is unpacked but the stream that a list is written in.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Cursor, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use flate2::bufread::MultiGzDecoder;
use sevenz_rust2::{Archive as SevenZip, Password};
use zip::ZipArchive;

use super::protocol::Reading;
use crate::domain::{ExtractionStatus, clean_text};

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Zip,
    Tar,
    /// One file, which may be a TAR.
    Gzip,
    SevenZip,
}

/// Members written out; the rest is counted.
const MAX_LISTED: usize = 2000;
/// Members counted.
const MAX_COUNTED: usize = 100_000;
/// Folders of a member's path that are kept, from its end.
const MAX_DEPTH: usize = 8;
/// Longest part of a member's path, in characters.
const MAX_PART: usize = 120;
/// Bytes unpacked in search of the members of a packed TAR.
const MAX_UNPACKED: u64 = 512 << 20;
/// Memory for the packed directory of a 7z archive, in KiB.
const MAX_DIRECTORY_KIB: usize = 128 << 10;
/// Members named in the summary.
const IN_SUMMARY: usize = 4;

const DAMAGED: &str = "the archive is damaged";
const EMPTY: &str = "the archive is empty";
const LOCKED: &str = "it is locked with a password";

/// Reads the list of an archive's members. `name` is the file's own name, for what a member that
/// has none is called.
pub(super) fn read(packing: Packing, bytes: &[u8], name: &str) -> Reading {
    let members = match packing {
        Packing::Zip => zip(bytes),
        Packing::Tar => tar(bytes),
        Packing::Gzip => gzip(bytes, name),
        Packing::SevenZip => seven_zip(bytes),
    };
    match members {
        Ok(members) if members.count == 0 => Reading::without_text(ExtractionStatus::Empty, EMPTY),
        Ok(members) => {
            let mut reading = Reading::without_text(ExtractionStatus::Done, "");
            reading.reason = None;
            reading.text = members.text();
            reading.summary = Some(members.summary());
            if members.is_locked {
                // Names lie open all the same.
                (reading.status, reading.reason) = (ExtractionStatus::Locked, Some(LOCKED.to_owned()));
            }
            reading
        }
        Err(Unreadable::Damaged) => Reading::without_text(ExtractionStatus::Failed, DAMAGED),
        Err(Unreadable::Locked) => Reading::without_text(ExtractionStatus::Locked, LOCKED),
    }
}

/// Why there is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unreadable {
    Damaged,
    /// The list itself is behind a password.
    Locked,
}

/// The files in an archive.
#[derive(Debug, Default)]
struct Members {
    listed: Vec<(String, Option<u64>)>,
    seen: HashSet<String>,
    count: usize,
    /// Unpacked size of all that were counted, in bytes.
    size: u64,
    /// Whether there are more than were counted.
    has_more: bool,
    /// Whether a password keeps one of them from being opened.
    is_locked: bool,
}

impl Members {
    /// Notes a file; false when enough were seen.
    fn note(&mut self, path: &str, size: Option<u64>) -> bool {
        if self.count == MAX_COUNTED {
            self.has_more = true;
            return false;
        }
        self.count += 1;
        self.size = self.size.saturating_add(size.unwrap_or_default());
        let path = harmless(path);
        if self.listed.len() < MAX_LISTED && !path.is_empty() && self.seen.insert(path.clone()) {
            self.listed.push((path, size));
        }
        true
    }

    fn counted(&self) -> String {
        let files = if self.count == 1 { "file" } else { "files" };
        let more = if self.has_more { "more than " } else { "" };
        format!("{more}{} {files}", self.count)
    }

    fn text(&self) -> String {
        let mut text = self.counted();
        if self.size > 0 {
            let _ = write!(text, ", {}", bytes_said(self.size));
        }
        text.push('\n');
        for (path, size) in &self.listed {
            let _ = match size {
                Some(size) => writeln!(text, "{path}, {}", bytes_said(*size)),
                None => writeln!(text, "{path}"),
            };
        }
        text
    }

    /// "3 files: lease.pdf, budget.xlsx and notes.txt": the members nearest to the top.
    fn summary(&self) -> String {
        let mut names: Vec<(usize, &str)> =
            self.listed.iter().map(|(path, _)| (path.matches('/').count(), path.rsplit('/').next().unwrap_or(path))).collect();
        names.sort_by_key(|(depth, _)| *depth);
        let mut names: Vec<&str> = names.into_iter().map(|(_, name)| name).take(IN_SUMMARY).collect();
        if names.is_empty() {
            return self.counted();
        }
        let end = if self.count > names.len() { Some("others") } else { names.pop() };
        let list = match (names.as_slice(), end) {
            ([], end) => end.unwrap_or_default().to_owned(),
            (names, end) => format!("{} and {}", names.join(", "), end.unwrap_or_default()),
        };
        clean_text(&format!("{}: {list}", self.counted()), 400)
    }
}

/// A path without what could lead out of a folder or deceive a reader: no drive, no root, no steps
/// upwards, no control or bidi characters, its last parts only.
fn harmless(path: &str) -> String {
    let parts: Vec<String> = path
        .split(['/', '\\'])
        .map(|part| clean_text(part, MAX_PART))
        .filter(|part| !part.is_empty() && part != "." && part != ".." && !is_drive(part))
        .collect();
    parts.get(parts.len().saturating_sub(MAX_DEPTH)..).unwrap_or_default().join("/")
}

fn is_drive(part: &str) -> bool {
    part.len() == 2 && part.ends_with(':')
}

/// Whole units, as people say sizes.
fn bytes_said(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

fn zip(bytes: &[u8]) -> Result<Members, Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::Damaged)?;
    let mut members = Members::default();
    let mut guess = NameGuess::default();
    archive.file_names_raw().take(MAX_LISTED).for_each(|name| guess.feed(name));
    for index in 0..archive.len() {
        // Raw: neither a password nor the way of packing matters for a name.
        let Ok(member) = archive.by_index_raw(index) else { continue };
        if member.is_dir() {
            continue;
        }
        members.is_locked |= member.encrypted();
        let name = guess.decode(member.name_raw()).or_else(|| member.name().ok().map(std::borrow::Cow::into_owned));
        if !members.note(name.as_deref().unwrap_or_default(), Some(member.size())) {
            break;
        }
    }
    Ok(members)
}

/// The encoding of names that are no UTF-8. Old programs wrote them in the code page of their
/// country and said nothing of it; the format's own is the one of the first PC.
struct NameGuess(EncodingDetector);

impl Default for NameGuess {
    fn default() -> Self {
        Self(EncodingDetector::new(Iso2022JpDetection::Deny))
    }
}

impl NameGuess {
    fn feed(&mut self, name: &[u8]) {
        if std::str::from_utf8(name).is_err() {
            self.0.feed(name, false);
        }
    }

    /// The name, unless it is in a Western code page, which the archive's reader decodes.
    fn decode(&self, name: &[u8]) -> Option<String> {
        if let Ok(name) = std::str::from_utf8(name) {
            return Some(name.to_owned());
        }
        let encoding = self.0.guess(None, Utf8Detection::Deny);
        let is_of_its_own = !encoding.is_single_byte() || encoding.name() == "IBM866";
        let (decoded, is_wrong) = encoding.decode_without_bom_handling(name);
        (is_of_its_own && !is_wrong).then(|| decoded.into_owned())
    }
}

fn tar(bytes: impl Read) -> Result<Members, Unreadable> {
    let mut archive = tar::Archive::new(bytes);
    let mut members = Members::default();
    for entry in archive.entries().map_err(|_| Unreadable::Damaged)? {
        // What stands before a damage is still there.
        let Ok(entry) = entry else {
            members.has_more = true;
            break;
        };
        let kind = entry.header().entry_type();
        if !(kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse()) {
            continue;
        }
        let path = entry.path_bytes();
        if !members.note(&String::from_utf8_lossy(&path), Some(entry.size())) {
            break;
        }
    }
    if members.count == 0 && members.has_more { Err(Unreadable::Damaged) } else { Ok(members) }
}

/// A packed TAR is listed; any other packed file is one member.
fn gzip(bytes: &[u8], name: &str) -> Result<Members, Unreadable> {
    let unpacked = || MultiGzDecoder::new(bytes).take(MAX_UNPACKED);
    let mut head = Vec::new();
    let whole = unpacked().take(TAR_BLOCK).read_to_end(&mut head);
    if head.is_empty() && whole.is_err() {
        return Err(Unreadable::Damaged);
    }
    if is_tar(&head) {
        return tar(unpacked());
    }
    let inner = MultiGzDecoder::new(bytes);
    let written = inner.header().and_then(|header| header.filename()).map(|name| String::from_utf8_lossy(name).into_owned());
    let stem = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".GZ")).unwrap_or(name);
    let size = io::copy(&mut unpacked(), &mut io::sink()).ok().filter(|size| *size < MAX_UNPACKED);
    let mut members = Members::default();
    members.note(written.as_deref().unwrap_or(stem), size);
    Ok(members)
}

/// Size of the header of a TAR's member, in bytes.
const TAR_BLOCK: u64 = 512;

/// Whether bytes begin with a TAR header: the mark of POSIX and GNU, at its place.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

fn seven_zip(bytes: &[u8]) -> Result<Members, Unreadable> {
    use sevenz_rust2::Error::{MaybeBadPassword, PasswordRequired, UnsupportedCompressionMethod};
    let archive = SevenZip::read_with_memory_limit(&mut Cursor::new(bytes), &Password::empty(), MAX_DIRECTORY_KIB);
    let archive = archive.map_err(|error| match error {
        PasswordRequired | MaybeBadPassword(_) => Unreadable::Locked,
        // The one method that is left out here and used for directories is encryption.
        UnsupportedCompressionMethod(method) if method.contains("AES") => Unreadable::Locked,
        _ => Unreadable::Damaged,
    })?;
    let mut members = Members::default();
    for file in archive.files.iter().filter(|file| !file.is_directory()) {
        if !members.note(file.name(), Some(file.size())) {
            break;
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzip_of(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_members_of_an_archive_are_listed() {
        let members: &[(&str, &[u8])] = &[("contracts/lease.pdf", &[7; 2400]), ("notes.txt", b"hello")];
        let expected = "2 files, 2 KB\ncontracts/lease.pdf, 2 KB\nnotes.txt, 5 bytes\n";
        let tar = tar_of(members);
        for (packing, bytes) in [(Packing::Zip, zip_of(members)), (Packing::Gzip, gzip_of(&tar)), (Packing::Tar, tar)] {
            let reading = read(packing, &bytes, "a.bin");
            assert_eq!((reading.status, reading.text.as_str()), (ExtractionStatus::Done, expected), "{packing:?}");
            assert_eq!(reading.summary.as_deref(), Some("2 files: notes.txt and lease.pdf"), "{packing:?}");
        }
    }

    #[test]
    fn a_packed_file_is_called_as_its_archive() {
        let reading = read(Packing::Gzip, &gzip_of(b"one,two"), "rows.csv.gz");
        assert_eq!(reading.text, "1 file, 7 bytes\nrows.csv, 7 bytes\n");
    }

    #[test]
    fn names_lead_nowhere_and_deceive_nobody() {
        for (written, shown) in [
            ("../../etc/passwd", "etc/passwd"),
            ("/abs/lease.pdf", "abs/lease.pdf"),
            ("C:\\Users\\ann\\lease.pdf", "Users/ann/lease.pdf"),
            ("lease\u{202E}fdp.exe", "leasefdp.exe"),
            ("a/b/c/d/e/f/g/h/i/j", "c/d/e/f/g/h/i/j"),
            ("..", ""),
        ] {
            assert_eq!(harmless(written), shown, "{written}");
        }
    }

    #[test]
    fn names_of_other_countries_are_decoded() {
        let mut guess = NameGuess::default();
        // "東京の会議.txt" in Shift JIS.
        let name = b"\x93\x8C\x8B\x9E\x82\xCC\x89\xEF\x8B\x63.txt";
        guess.feed(name);
        assert_eq!(guess.decode(name).as_deref(), Some("東京の会議.txt"));
        assert_eq!(guess.decode("café.txt".as_bytes()).as_deref(), Some("café.txt"));
    }

    #[test]
    fn an_archive_that_cannot_be_listed_says_why() {
        let whole = zip_of(&[("a.txt", b"hello")]);
        for (packing, bytes, reason) in [
            (Packing::Zip, &whole[..whole.len() / 2], DAMAGED),
            (Packing::Zip, &zip_of(&[]), EMPTY),
            (Packing::Gzip, b"\x1F\x8B\x08", DAMAGED),
            (Packing::Tar, &[7; 512], DAMAGED),
            (Packing::SevenZip, b"7z\xBC\xAF\x27\x1C\0\x04", DAMAGED),
        ] {
            assert_eq!(read(packing, bytes, "a").reason.as_deref(), Some(reason), "{packing:?}");
        }
    }

    #[test]
    fn long_lists_are_counted_and_cut() {
        let mut members = Members::default();
        for index in 0..MAX_COUNTED + 5 {
            members.note(&format!("{index}.txt"), Some(1));
        }
        assert_eq!(members.listed.len(), MAX_LISTED);
        assert!(members.text().starts_with("more than 100000 files, 100 KB\n0.txt, 1 bytes\n"), "{}", &members.text()[..80]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_listed_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..700), cut in 0_usize..900) {
            let mut whole = tar_of(&[("a.txt", b"hello")]);
            whole.truncate(cut.max(1));
            whole.extend(&bytes);
            for packing in [Packing::Zip, Packing::Tar, Packing::Gzip, Packing::SevenZip] {
                for input in [&bytes, &whole] {
                    prop_assert!(read(packing, input, "x").text.len() < 64 << 10);
                }
            }
        }

        #[test]
        fn no_path_is_harmful(path in "\\PC{0,60}|[./\\\\A-C:]{0,20}") {
            let shown = harmless(&path);
            prop_assert!(!shown.starts_with('/') && shown.split('/').all(|part| part != ".."));
        }
    }
}
