//! Members of ZIP archives, office files among them, for the scanner: two levels deep, within a
//! budget that a bomb exhausts long before the worker.

use std::io::{self, BufRead, Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::engine::{Engine, EngineError, Findings, LockedArchives, Piece};
use super::listing::is_tar;
use super::names::{claims_document, fault, is_program};

/// Levels of archives within archives.
const MAX_DEPTH: u8 = 2;
/// Unpacked to packed: text reaches 20, a bomb 1,000.
const MAX_RATIO: u64 = 200;
/// Below this size the ratio means nothing: a page of blanks packs to nothing.
const RATIO_FLOOR: u64 = 1 << 20;

/// What one file may cost, and what opens its members.
pub(super) struct Budget {
    bytes: u64,
    members: usize,
    /// What opens them, with how many it opened and how many it did not.
    key: Option<(Vec<u8>, usize, usize)>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: 1 << 30, members: 10_000, key: None }
    }
}

impl Budget {
    /// The same, with a password for what is locked.
    pub fn with_password(password: Vec<u8>) -> Self {
        Self { key: Some((password, 0, 0)), ..Self::default() }
    }

    /// How many locked members the password opened, and how many it did not; `None` without one.
    pub fn opened(&self) -> Option<(usize, usize)> {
        self.key.as_ref().map(|(_, opened, shut)| (*opened, *shut))
    }

    fn note(&mut self, is_open: bool) {
        if let Some((_, opened, shut)) = &mut self.key {
            if is_open { *opened += 1 } else { *shut += 1 }
        }
    }
}

/// Whether bytes begin like an archive.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|mark| bytes.starts_with(*mark))
}

/// Judges every member.
pub(super) fn walk(engine: &mut Engine, bytes: &[u8], depth: u8, budget: &mut Budget, findings: &mut Findings) -> Result<(), EngineError> {
    if depth >= MAX_DEPTH {
        return Ok(());
    }
    // A damaged directory: readers cannot open it either, and its bytes were judged as they lie.
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return Ok(()) };
    let mut packed_in_all = 0_u64;
    for index in 0..archive.len() {
        if budget.members == 0 {
            findings.suspect("Archive_With_Too_Many_Members");
            return Ok(());
        }
        budget.members -= 1;
        let is_locked = look_at_entry(engine, &mut archive, index, budget.key.is_some(), findings);
        // An archive within the archive may be locked by another password: that is its own affair.
        let counts = is_locked && depth == 0;
        let member = match &budget.key {
            Some((password, ..)) if is_locked => archive.by_index_decrypt(index, password),
            _ => archive.by_index(index),
        };
        // Locked, damaged or packed in a way that is not read here: nothing to see.
        let member = match member {
            Ok(member) => member,
            Err(error) => {
                if counts && matches!(error, ZipError::InvalidPassword) {
                    budget.note(false);
                }
                continue;
            }
        };
        if member.is_dir() {
            continue;
        }
        packed_in_all = packed_in_all.saturating_add(member.compressed_size());
        if packed_in_all > bytes.len() as u64 {
            // The same bytes under many names: each is small, and all of them are a bomb.
            findings.suspect("Archive_Members_Overlap");
            return Ok(());
        }
        let claims = member.name().is_ok_and(|name| claims_document(&name));
        let packed = member.compressed_size().max(1);
        let mut unpacking = Unpacking { member: member.take(budget.bytes), packed, unpacked: 0, is_bomb: false, is_broken: false };
        let whole = engine.judge_stream(&mut unpacking, Piece { start: true, document: claims, macros: false }, findings)?;
        budget.bytes -= unpacking.unpacked;
        if counts {
            // The older lock lets one wrong password in 256 pass; what it opens then breaks off, or ends with a wrong sum.
            budget.note(!unpacking.is_broken);
        }
        if unpacking.is_bomb {
            findings.suspect("Archive_Bomb");
        } else if let Some(whole) = whole {
            engine.look_inside(&whole, depth + 1, budget, findings)?;
        }
        if budget.bytes == 0 {
            findings.suspect("Archive_Unpacks_Too_Large");
            return Ok(());
        }
    }
    Ok(())
}

/// A member that stands for another place: what unpacks it may be led out of its folder, and no document needs one.
const LINK: &str = "Archive_Holds_Link";

/// Links among the members of a TAR, packed or not; what cannot be read holds none that anybody else would follow.
pub(super) fn look_for_links(bytes: &[u8], budget: &Budget, findings: &mut Findings) {
    let is_packed = bytes.starts_with(b"\x1F\x8B");
    if is_packed {
        look_for_links_in(flate2::bufread::MultiGzDecoder::new(bytes).take(budget.bytes), budget, findings);
    } else if is_tar(bytes) {
        look_for_links_in(bytes, budget, findings);
    }
}

fn look_for_links_in(bytes: impl Read, budget: &Budget, findings: &mut Findings) {
    let mut bytes = io::BufReader::new(bytes);
    // A packed file that is no TAR is not unpacked in search of its end.
    let is_one = bytes.fill_buf().is_ok_and(|head| head.len() < 512 || is_tar(head));
    if !is_one {
        return;
    }
    let mut archive = tar::Archive::new(bytes);
    let Ok(entries) = archive.entries() else { return };
    for (at, entry) in entries.enumerate() {
        let Ok(entry) = entry else { return };
        if at == budget.members {
            findings.suspect("Archive_With_Too_Many_Members");
            return;
        }
        if entry.header().entry_type().is_symlink() || entry.header().entry_type().is_hard_link() {
            findings.suspect(LINK);
            return;
        }
    }
}

/// What is known of a member before it is unpacked: its name, whether it is a link, and whether a password keeps it from being looked at,
/// which is nothing to tell where one is at hand.
fn look_at_entry(
    engine: &Engine,
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    has_password: bool,
    findings: &mut Findings,
) -> bool {
    // Raw: neither a password nor the way of packing matters for an entry.
    let Ok(entry) = archive.by_index_raw(index) else { return false };
    let name = entry.name().unwrap_or_default();
    if let Some(fault) = fault(&name) {
        findings.suspect(fault);
    }
    if entry.is_symlink() {
        findings.suspect(LINK);
    }
    if entry.encrypted() && !has_password {
        match engine.locked {
            LockedArchives::Note if is_program(&name) => findings.suspect("Archive_Locked_With_Program"),
            LockedArchives::Note => findings.note("Archive_Locked"),
            LockedArchives::Suspicious => findings.suspect("Archive_Locked"),
        }
    }
    entry.encrypted()
}

/// A member as it unpacks: it ends where it breaks off, and where it turns out to be a bomb.
struct Unpacking<R> {
    member: R,
    packed: u64,
    unpacked: u64,
    is_bomb: bool,
    is_broken: bool,
}

impl<R: Read> Read for Unpacking<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.is_bomb = self.unpacked > RATIO_FLOOR && self.unpacked / self.packed > MAX_RATIO;
        if self.is_bomb {
            return Ok(0);
        }
        // What was read before the damage is judged; readers do not get further either.
        let count = self.member.read(into).unwrap_or_else(|_| {
            self.is_broken = true;
            0
        });
        self.unpacked += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::domain::ScanStatus;

    fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn status(bytes: &[u8]) -> ScanStatus {
        Engine::load(&[], LockedArchives::Note).unwrap().scan("a.zip", &mut &bytes[..]).unwrap().status
    }

    #[test]
    fn members_are_judged_two_levels_deep() {
        let test = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes();
        let once = zip(&[("a.txt", b"fine"), ("b.com", &test)]);
        let twice = zip(&[("inner.zip", &once)]);
        let thrice = zip(&[("inner.zip", &twice)]);
        assert_eq!(status(&once), ScanStatus::Infected);
        assert_eq!(status(&twice), ScanStatus::Infected);
        assert_eq!(status(&thrice), ScanStatus::Clean);
        assert_eq!(status(&zip(&[("a.txt", b"fine")])), ScanStatus::Clean);
    }

    /// An archive whose one member has this name and is marked as locked, in its own head and in the directory.
    fn locked(name: &str) -> Vec<u8> {
        let mut bytes = zip(&[(name, b"as good as random")]);
        let entry = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        bytes[6] |= 1;
        bytes[entry + 8] |= 1;
        bytes
    }

    fn outcome(bytes: &[u8], policy: LockedArchives) -> (ScanStatus, Vec<String>) {
        let outcome = Engine::load(&[], policy).unwrap().scan("a.zip", &mut &bytes[..]).unwrap();
        (outcome.status, outcome.findings)
    }

    #[test]
    fn a_locked_archive_is_noted_and_suspicious_where_its_list_shows_a_program() {
        let one = |finding: &str| vec![finding.to_owned()];
        for (name, policy, expected) in [
            ("figures.xlsx", LockedArchives::Note, (ScanStatus::Clean, one("Archive_Locked"))),
            ("figures.xlsx", LockedArchives::Suspicious, (ScanStatus::Suspicious, one("Archive_Locked"))),
            ("setup.exe", LockedArchives::Note, (ScanStatus::Suspicious, one("Archive_Locked_With_Program"))),
        ] {
            assert_eq!(outcome(&locked(name), policy), expected, "{name}, {policy:?}");
        }
        let (status, findings) = outcome(&locked("invoice.pdf.js"), LockedArchives::Note);
        assert_eq!(status, ScanStatus::Suspicious);
        assert!(findings.contains(&"Name_Hides_Program".to_owned()), "{findings:?}");
        assert_eq!(outcome(&zip(&[("setup.exe", b"fine")]), LockedArchives::Note), (ScanStatus::Clean, Vec::new()));
        assert_eq!(
            outcome(&zip(&[("invoice\u{202E}fdp.exe", b"fine")]), LockedArchives::Note),
            (ScanStatus::Suspicious, one("Name_Turned_Around"))
        );
    }

    #[test]
    fn a_member_that_is_a_link_is_suspicious_however_it_is_packed() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("up", "../..", SimpleFileOptions::default()).unwrap();
        let found = (ScanStatus::Suspicious, vec![LINK.to_owned()]);
        assert_eq!(outcome(&writer.finish().unwrap().into_inner(), LockedArchives::Note), found);
        let tar = |kind: Option<tar::EntryType>| {
            let mut builder = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            header.set_size(5);
            builder.append_data(&mut header, "a.txt", &b"hello"[..]).unwrap();
            if let Some(kind) = kind {
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(kind);
                header.set_size(0);
                builder.append_link(&mut header, "up", "/etc/passwd").unwrap();
            }
            builder.into_inner().unwrap()
        };
        let gzip = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        for kind in [tar::EntryType::Symlink, tar::EntryType::Link] {
            assert_eq!(outcome(&tar(Some(kind)), LockedArchives::Note), found);
            assert_eq!(outcome(&gzip(&tar(Some(kind))), LockedArchives::Note), found);
        }
        assert_eq!(status(&tar(None)), ScanStatus::Clean);
        assert_eq!(status(&gzip(&tar(None))), ScanStatus::Clean);
        assert_eq!(status(&gzip(b"a line")), ScanStatus::Clean);
    }

    #[test]
    fn members_that_share_their_bytes_are_suspicious() {
        let whole = zip(&[("a.txt", b"fine fine fine"), ("b.txt", b"good good good")]);
        let mark = |from: usize| from + whole[from..].windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        let (first, second) = (mark(0), mark(mark(0) + 4));
        assert_eq!(status(&whole), ScanStatus::Clean);
        // The first member's packed size, 20 bytes into its entry, reaches over the whole archive.
        let mut overlapping = whole.clone();
        overlapping[first + 20..first + 24].copy_from_slice(&u32::try_from(second).unwrap().to_le_bytes());
        let mut both = overlapping.clone();
        both[second + 20..second + 24].copy_from_slice(&u32::try_from(second).unwrap().to_le_bytes());
        assert_eq!(status(&both), ScanStatus::Suspicious);
    }

    #[test]
    fn a_bomb_is_suspicious_and_a_cut_archive_is_no_error() {
        let zeros = vec![0; 4 << 20];
        assert_eq!(status(&zip(&[("a.bin", &zeros)])), ScanStatus::Suspicious);
        let whole = zip(&[("a.txt", b"fine")]);
        assert_eq!(status(&whole[..whole.len() / 2]), ScanStatus::Clean);
    }
}
