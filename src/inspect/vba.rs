//! Sources of macros in OLE containers, decompressed as MS-OVBA 2.4.1 says.

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use super::ole;

/// Streams looked at.
const MAX_STREAMS: usize = 512;
/// Bytes of one stream, and of one source.
const MAX_SOURCE: usize = 8 << 20;
/// What every module's source begins with, as the compression leaves it: a flag byte after the
/// chunk header, eight literal characters, a flag byte.
const MARK: &[u8] = b"\0Attribut";

/// The sources of all modules; empty for anything that is not a container with macros.
pub(super) fn sources(bytes: &[u8]) -> Vec<Vec<u8>> {
    if !bytes.starts_with(&ole::MAGIC) {
        return Vec::new();
    }
    let Ok(mut container) = CompoundFile::open(Cursor::new(bytes)) else { return Vec::new() };
    let paths: Vec<_> = container.walk().take(MAX_STREAMS).filter(cfb::Entry::is_stream).map(|entry| entry.path().to_path_buf()).collect();
    let mut sources = Vec::new();
    for path in paths {
        let mut stream = Vec::new();
        let Ok(reader) = container.open_stream(&path) else { continue };
        if reader.take(MAX_SOURCE as u64).read_to_end(&mut stream).is_err() {
            continue;
        }
        // The container begins with a signature byte and the two bytes of its first chunk header.
        for at in stream.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK).map(|(at, _)| at) {
            let Some(begin) = at.checked_sub(3) else { continue };
            if let Some(source) = stream.get(begin..).and_then(decompress) {
                sources.push(source);
            }
        }
    }
    sources
}

/// Decompresses a container: chunks of at most 4,096 bytes, each with its own header.
fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let (signature, mut rest) = bytes.split_first()?;
    if *signature != 1 {
        return None;
    }
    let mut out = Vec::new();
    while let Some((header, body)) = rest.split_at_checked(2) {
        let header = u16::from_le_bytes(header.try_into().ok()?);
        if (header >> 12) & 7 != 3 || out.len() > MAX_SOURCE {
            break;
        }
        let length = usize::from(header & 0x0FFF) + 1;
        let (chunk, next) = body.split_at(length.min(body.len()));
        if header & 0x8000 == 0 {
            out.extend_from_slice(chunk);
        } else {
            unpack(chunk, &mut out);
        }
        rest = next;
    }
    (!out.is_empty()).then_some(out)
}

/// One compressed chunk: flag bytes, each for eight tokens that are a literal or a copy.
fn unpack(chunk: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut tokens = chunk.iter().copied();
    while let Some(flags) = tokens.next() {
        for bit in 0..8 {
            if flags & (1 << bit) == 0 {
                let Some(literal) = tokens.next() else { return };
                out.push(literal);
                continue;
            }
            let (Some(low), Some(high)) = (tokens.next(), tokens.next()) else { return };
            let token = usize::from(u16::from_le_bytes([low, high]));
            // The further into the chunk, the more bits the offset takes and the fewer the length.
            let done = out.len() - start;
            let offset_bits = (4..=12).find(|bits| 1_usize << bits >= done).unwrap_or(12);
            let length_bits = 16 - offset_bits;
            let length = (token & ((1 << length_bits) - 1)) + 3;
            let offset = (token >> length_bits) + 1;
            if offset > done {
                return;
            }
            for _ in 0..length {
                let Some(byte) = out.get(out.len() - offset).copied() else { return };
                out.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::domain::ScanStatus;
    use crate::inspect::engine::{Engine, LockedArchives};

    /// The example of MS-OVBA 3.2.2, "normal compression".
    #[test]
    fn the_specifications_example_unpacks() {
        let packed = [
            0x01, 0x2F, 0xB0, 0x00, 0x23, 0x61, 0x61, 0x61, 0x62, 0x63, 0x64, 0x65, 0x82, 0x66, 0x00, 0x70, 0x61, 0x67, 0x68, 0x69, 0x6A,
            0x01, 0x38, 0x08, 0x61, 0x6B, 0x6C, 0x00, 0x30, 0x6D, 0x6E, 0x6F, 0x70, 0x06, 0x71, 0x02, 0x70, 0x04, 0x10, 0x72, 0x73, 0x74,
            0x75, 0x76, 0x10, 0x77, 0x78, 0x79, 0x7A, 0x00, 0x3C,
        ];
        let expected = b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa";
        assert_eq!(decompress(&packed).as_deref(), Some(&expected[..]));
    }

    /// All literals: every eight characters behind a zero flag byte.
    fn literal(source: &[u8]) -> Vec<u8> {
        let chunk: Vec<u8> = source.chunks(8).flat_map(|eight| std::iter::once(0).chain(eight.iter().copied())).collect();
        let header = 0xB000 | u16::try_from(chunk.len() - 1).unwrap();
        [&[1], header.to_le_bytes().as_slice(), &chunk].concat()
    }

    fn document(source: &[u8]) -> Vec<u8> {
        let mut container = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        container.create_storage("/Macros").unwrap();
        container.create_stream("/Macros/ThisDocument").unwrap().write_all(&literal(source)).unwrap();
        container.flush().unwrap();
        container.into_inner().into_inner()
    }

    #[test]
    fn a_macro_that_opens_and_runs_is_suspicious() {
        let judged =
            |source: &[u8]| Engine::load(&[], LockedArchives::Note).unwrap().scan("a.doc", &mut &document(source)[..]).unwrap().status;
        let dropper = b"Attribute VB_Name = \"M\"\r\nSub AutoOpen()\r\nCreateObject(\"WScript.Shell\").Run \"x\"\r\nEnd Sub\r\n";
        let harmless = b"Attribute VB_Name = \"M\"\r\nSub AutoOpen()\r\nMsgBox \"Welcome\"\r\nEnd Sub\r\n";
        assert_eq!(judged(dropper), ScanStatus::Suspicious);
        assert_eq!(judged(harmless), ScanStatus::Clean);
    }

    #[test]
    fn broken_compression_ends_without_a_panic() {
        let whole = literal(b"Attribute VB_Name");
        for length in 0..whole.len() {
            let _ = decompress(&whole[..length]);
        }
        assert_eq!(decompress(&[1, 0xFF, 0xBF, 0xFF, 0xFF, 0xFF]), None);
    }
}
