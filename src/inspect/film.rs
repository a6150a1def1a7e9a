//! Length and title of moving pictures whose containers the audio library does not read: ISO base
//! media without sound (MP4, MOV), Matroska and WebM, AVI, ASF (WMV). A few fields of a header
//! each; the library for one of them ends its process on broken bytes, and the library for all is
//! seven crates.

use std::ops::Range;

/// Boxes or elements looked at.
const MAX_STEPS: usize = 10_000;

/// What a container says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Film {
    pub title: Option<String>,
    /// In milliseconds.
    pub duration_ms: Option<u64>,
}

/// Reads the header of a container; empty when it is none that is known here.
pub(super) fn read(bytes: &[u8]) -> Film {
    if bytes.get(4..8) == Some(b"ftyp") || matches!(bytes.get(4..8), Some(b"moov" | b"mdat" | b"wide" | b"free")) {
        Film { title: None, duration_ms: iso(bytes) }
    } else if bytes.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
        matroska(bytes)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"AVI ") {
        Film { title: None, duration_ms: avi(bytes) }
    } else if bytes.starts_with(&ASF_HEADER) {
        Film { title: None, duration_ms: asf(bytes) }
    } else {
        Film::default()
    }
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Units of a clock that ticks `per_second` times.
fn milliseconds(units: u64, per_second: u64) -> Option<u64> {
    let length = u128::from(units) * 1000 / u128::from(per_second).max(1);
    // A year: what is longer was never set, or means "not known".
    u64::try_from(length).ok().filter(|length| per_second > 0 && (1..31_536_000_000).contains(length))
}

// --- ISO/IEC 14496-12: `moov` holds `mvhd` holds time scale and duration -------------------------

fn iso(bytes: &[u8]) -> Option<u64> {
    let moov = find_box(bytes, 0..bytes.len(), *b"moov")?;
    let header = bytes.get(find_box(bytes, moov, *b"mvhd")?)?;
    let (scale, duration) = match header.first()? {
        0 => (u32::from_be_bytes(number(header, 12)?), u64::from(u32::from_be_bytes(number(header, 16)?))),
        1 => (u32::from_be_bytes(number(header, 20)?), u64::from_be_bytes(number(header, 24)?)),
        _ => return None,
    };
    milliseconds(duration, u64::from(scale))
}

/// The inside of the first box of a kind within a range.
fn find_box(bytes: &[u8], within: Range<usize>, kind: [u8; 4]) -> Option<Range<usize>> {
    let mut at = within.start;
    for _ in 0..MAX_STEPS {
        let short = u64::from(u32::from_be_bytes(number(bytes, at)?));
        let (head, size) = match short {
            0 => (8, within.end.checked_sub(at)?),
            1 => (16, usize::try_from(u64::from_be_bytes(number(bytes, at.checked_add(8)?)?)).ok()?),
            size => (8, usize::try_from(size).ok()?),
        };
        let end = at.checked_add(size)?;
        if size < head || at >= within.end {
            return None;
        }
        if number::<4>(bytes, at + 4)? == kind {
            return Some(at + head..end.min(within.end));
        }
        at = end;
    }
    None
}

// --- Matroska (RFC 9559): `Segment` holds `Info` holds scale, duration and title -----------------

const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_A966;
const TIMESTAMP_SCALE: u64 = 0x2A_D7B1;
const DURATION: u64 = 0x4489;
const TITLE: u64 = 0x7BA9;

fn matroska(bytes: &[u8]) -> Film {
    let info = find_element(bytes, 0..bytes.len(), SEGMENT).and_then(|segment| find_element(bytes, segment, INFO));
    let Some(info) = info else { return Film::default() };
    let value = |id| bytes.get(find_element(bytes, info.clone(), id)?);
    // Nanoseconds in a tick; a millisecond where nothing is said.
    let scale = value(TIMESTAMP_SCALE).map_or(1_000_000, |bytes| bytes.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    let ticks = value(DURATION).and_then(|bytes| match bytes.len() {
        4 => Some(f64::from(f32::from_be_bytes(number(bytes, 0)?))),
        8 => Some(f64::from_be_bytes(number(bytes, 0)?)),
        _ => None,
    });
    let duration_ms = ticks.filter(|ticks| (1.0..1e15).contains(ticks)).and_then(|ticks| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range just checked")]
        let ticks = ticks.round() as u64;
        milliseconds(ticks.checked_mul(scale)?, 1_000_000_000)
    });
    let title = value(TITLE).and_then(|title| String::from_utf8(title.to_vec()).ok());
    Film { title, duration_ms }
}

/// The inside of the first element with an id within a range.
fn find_element(bytes: &[u8], within: Range<usize>, wanted: u64) -> Option<Range<usize>> {
    let mut at = within.start;
    for _ in 0..MAX_STEPS {
        if at >= within.end {
            return None;
        }
        let (id, id_length) = variable(bytes, at, false)?;
        let (size, size_length) = variable(bytes, at + id_length, true)?;
        let start = at + id_length + size_length;
        // All ones: as long as what holds it, written by who did not know yet.
        let is_open = size == (1 << (7 * size_length)) - 1;
        let end = if is_open { within.end } else { start.checked_add(usize::try_from(size).ok()?)?.min(within.end) };
        if id == wanted {
            return (start <= end).then_some(start..end);
        }
        at = end;
    }
    None
}

/// A number whose first byte tells its length, without that mark when `is_size`.
fn variable(bytes: &[u8], at: usize, is_size: bool) -> Option<(u64, usize)> {
    let first = *bytes.get(at)?;
    let length = usize::try_from(first.leading_zeros()).ok()? + 1;
    if length > 8 {
        return None;
    }
    let head = if is_size { u64::from(first) & ((1 << (8 - length)) - 1) } else { u64::from(first) };
    let rest = bytes.get(at + 1..at.checked_add(length)?)?;
    Some((rest.iter().fold(head, |sum, byte| sum << 8 | u64::from(*byte)), length))
}

// --- AVI: the main header stands first: frames, and microseconds for each ------------------------

fn avi(bytes: &[u8]) -> Option<u64> {
    let header = bytes.get(..4 << 10).unwrap_or(bytes);
    let at = header.windows(4).position(|window| window == b"avih")? + 8;
    let each = u64::from(u32::from_le_bytes(number(bytes, at)?));
    let frames = u64::from(u32::from_le_bytes(number(bytes, at + 16)?));
    milliseconds(each.checked_mul(frames)?, 1_000_000)
}

// --- ASF: the file properties object holds the play duration, preroll included -------------------

const ASF_HEADER: [u8; 16] = [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9, 0x00, 0xAA, 0x00, 0x62, 0xCE, 0x6C];
const ASF_PROPERTIES: [u8; 16] = [0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11, 0x8E, 0xE4, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65];

fn asf(bytes: &[u8]) -> Option<u64> {
    let header = bytes.get(..64 << 10).unwrap_or(bytes);
    let at = header.windows(16).position(|window| window == ASF_PROPERTIES)?;
    let ticks = u64::from_le_bytes(number(bytes, at + 64)?);
    let preroll_ms = u64::from_le_bytes(number(bytes, at + 80)?);
    milliseconds(ticks, 10_000_000)?.checked_sub(preroll_ms).filter(|length| *length > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn atom(kind: &[u8], inside: &[u8]) -> Vec<u8> {
        [&u32::try_from(inside.len() + 8).unwrap().to_be_bytes()[..], kind, inside].concat()
    }

    fn mp4() -> Vec<u8> {
        let mut header = vec![0; 12];
        header.extend(600_u32.to_be_bytes());
        header.extend(900_u32.to_be_bytes());
        [atom(b"ftyp", b"isom\0\0\0\0"), atom(b"free", &[0; 20]), atom(b"moov", &atom(b"mvhd", &header))].concat()
    }

    fn element(id: &[u8], inside: &[u8]) -> Vec<u8> {
        [id, &[0x40, u8::try_from(inside.len()).unwrap()], inside].concat()
    }

    fn webm(is_open: bool) -> Vec<u8> {
        let duration = element(&[0x44, 0x89], &2500.0_f32.to_be_bytes());
        let info = [element(&[0x2A, 0xD7, 0xB1], &[0x0F, 0x42, 0x40]), duration, element(&[0x7B, 0xA9], b"Town hall")].concat();
        let info = [element(&[0xEC], &[0; 9]), element(&[0x15, 0x49, 0xA9, 0x66], &info)].concat();
        let head = element(&[0x1A, 0x45, 0xDF, 0xA3], b"\x42\x82\x84webm");
        if is_open {
            [head, vec![0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], info].concat()
        } else {
            [head, element(&[0x18, 0x53, 0x80, 0x67], &info)].concat()
        }
    }

    fn avi_file() -> Vec<u8> {
        let mut header = [0; 56];
        header[..4].copy_from_slice(&40_000_u32.to_le_bytes());
        header[16..20].copy_from_slice(&75_u32.to_le_bytes());
        [b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrlavih\x38\0\0\0", &header[..]].concat()
    }

    fn wmv() -> Vec<u8> {
        let mut properties = [&ASF_PROPERTIES[..], &[0; 48]].concat();
        properties.extend(50_000_000_u64.to_le_bytes());
        properties.extend([0; 8]);
        properties.extend(3000_u64.to_le_bytes());
        [&ASF_HEADER[..], &[0; 14], &properties].concat()
    }

    #[test]
    fn each_container_tells_its_length() {
        for (name, bytes, expected) in [
            ("mp4", mp4(), Some(1500)),
            ("webm", webm(false), Some(2500)),
            ("live webm", webm(true), Some(2500)),
            ("avi", avi_file(), Some(3000)),
            ("wmv", wmv(), Some(2000)),
            ("other", b"no film at all".to_vec(), None),
        ] {
            assert_eq!(read(&bytes).duration_ms, expected, "{name}");
        }
        assert_eq!(read(&webm(false)).title.as_deref(), Some("Town hall"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(which in 0..4_usize, cut in 0..200_usize, at in 0..200_usize, byte: u8) {
            let mut bytes = [mp4(), webm(true), avi_file(), wmv()][which].clone();
            bytes.truncate(cut);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            prop_assert!(read(&bytes).duration_ms.is_none_or(|length| length < 31_536_000_000));
        }
    }
}
