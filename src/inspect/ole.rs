//! OLE containers (MS-CFB): which program wrote one, and its summary properties (MS-OLEPS).

use std::io::{Cursor, Read};

use cfb::CompoundFile;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The first bytes of every container.
pub(super) const MAGIC: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Entries looked at; a real container has tens.
const MAX_ENTRIES: usize = 4096;
/// Bytes of a property stream looked at.
const MAX_PROPERTIES: u64 = 256 << 10;

/// What a container holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contents {
    Word,
    Excel,
    PowerPoint,
    /// An Outlook item.
    Message,
    /// A drawing of Visio before 2013.
    Visio,
    /// An office file behind a password.
    Encrypted,
    Other,
}

/// Tells by the names of the streams.
pub(super) fn contents(bytes: &[u8]) -> Contents {
    let Ok(container) = CompoundFile::open(Cursor::new(bytes)) else { return Contents::Other };
    let mut seen = Contents::Other;
    for entry in container.read_root_storage().take(MAX_ENTRIES) {
        match entry.name() {
            "EncryptedPackage" => return Contents::Encrypted,
            "WordDocument" => seen = Contents::Word,
            "Workbook" | "Book" => seen = Contents::Excel,
            "VisioDocument" => seen = Contents::Visio,
            "PowerPoint Document" => seen = Contents::PowerPoint,
            name if name.starts_with("__substg1.0_") || name.starts_with("__properties_version1") => seen = Contents::Message,
            _ => {}
        }
    }
    seen
}

/// The properties a person filled in or a program counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub title: Option<String>,
    pub author: Option<String>,
    pub created: Option<Date>,
    pub pages: Option<u32>,
}

/// Reads `SummaryInformation`; empty when there is none.
pub(super) fn summary(bytes: &[u8]) -> Summary {
    let stream = |name: &str| {
        let mut container = CompoundFile::open(Cursor::new(bytes)).ok()?;
        let mut properties = Vec::new();
        container.open_stream(name).ok()?.take(MAX_PROPERTIES).read_to_end(&mut properties).ok()?;
        Some(properties)
    };
    let mut summary = stream("/\u{5}SummaryInformation").and_then(|stream| parse(&stream)).unwrap_or_default();
    if summary.pages.is_none() {
        summary.pages = stream("/\u{5}DocumentSummaryInformation").and_then(|stream| Set::open(&stream)?.number(SLIDES));
    }
    summary
}

/// Property ids of `SummaryInformation`, and of the slide count in `DocumentSummaryInformation`.
const CODE_PAGE: u32 = 1;
const TITLE: u32 = 2;
const AUTHOR: u32 = 4;
const CREATED: u32 = 12;
const PAGES: u32 = 14;
const SLIDES: u32 = 7;

fn parse(stream: &[u8]) -> Option<Summary> {
    let set = Set::open(stream)?;
    Some(Summary { title: set.text(TITLE), author: set.text(AUTHOR), created: set.day(CREATED), pages: set.number(PAGES) })
}

/// The first property set of a stream: offsets to typed values.
struct Set<'a> {
    bytes: &'a [u8],
    offsets: Vec<(u32, usize)>,
}

impl<'a> Set<'a> {
    fn open(stream: &'a [u8]) -> Option<Self> {
        // Header: 28 bytes, then the id (16) and the offset (4) of the first set.
        let start = usize::try_from(u32_at(stream, 44)?).ok()?;
        let bytes = stream.get(start..)?;
        let count = usize::try_from(u32_at(bytes, 4)?).ok()?.min(256);
        let offsets = (0..count)
            .map_while(|index| {
                let at = 8 + index * 8;
                Some((u32_at(bytes, at)?, usize::try_from(u32_at(bytes, at + 4)?).ok()?))
            })
            .collect();
        Some(Self { bytes, offsets })
    }

    /// Type and value of a property.
    fn value(&self, id: u32) -> Option<(u32, &'a [u8])> {
        let (_, offset) = self.offsets.iter().find(|(known, _)| *known == id)?;
        Some((u32_at(self.bytes, *offset)? & 0xFFFF, self.bytes.get(offset.checked_add(4)?..)?))
    }

    fn number(&self, id: u32) -> Option<u32> {
        const I4: u32 = 3;
        let (kind, value) = self.value(id)?;
        (kind == I4).then(|| u32_at(value, 0)).flatten().filter(|count| (1..1_000_000).contains(count))
    }

    fn text(&self, id: u32) -> Option<String> {
        const LPSTR: u32 = 30;
        const LPWSTR: u32 = 31;
        let (kind, value) = self.value(id)?;
        let length = usize::try_from(u32_at(value, 0)?).ok()?;
        let text = match kind {
            LPWSTR => utf16(value.get(4..4_usize.checked_add(length.checked_mul(2)?)?)?),
            LPSTR => {
                let text = value.get(4..4_usize.checked_add(length)?)?;
                match self.code_page() {
                    Some(1200) => utf16(text),
                    // Windows code pages agree with Latin 1 on what Western names need; other
                    // scripts lose a title rather than gain a wrong one.
                    Some(1252 | 10_000 | 28_591) | None => text.iter().map(|byte| char::from(*byte)).collect(),
                    Some(_) => String::from_utf8(text.to_vec()).ok()?,
                }
            }
            _ => return None,
        };
        let text = text.trim_end_matches('\0').trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn code_page(&self) -> Option<u16> {
        let (_, value) = self.value(CODE_PAGE)?;
        Some(u16::from_le_bytes(value.get(..2)?.try_into().ok()?))
    }

    /// The day of a FILETIME: 100 ns since 1601-01-01 UTC.
    fn day(&self, id: u32) -> Option<Date> {
        const FILETIME: u32 = 64;
        const UNIX_EPOCH: i64 = 11_644_473_600;
        let (kind, value) = self.value(id)?;
        let ticks = i64::try_from(u64::from_le_bytes(value.get(..8)?.try_into().ok()?)).ok()?;
        let at = Timestamp::from_second(ticks / 10_000_000 - UNIX_EPOCH).ok()?;
        let day = TimeZone::UTC.to_datetime(at).date();
        (kind == FILETIME && (1970..2200).contains(&day.year())).then_some(day)
    }
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use jiff::civil::date;

    use super::*;

    fn container(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut container = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        for (name, bytes) in streams {
            container.create_stream(name).unwrap().write_all(bytes).unwrap();
        }
        container.flush().unwrap();
        container.into_inner().into_inner()
    }

    #[test]
    fn streams_tell_who_wrote_a_container() {
        for (stream, expected) in [
            ("/WordDocument", Contents::Word),
            ("/Workbook", Contents::Excel),
            ("/PowerPoint Document", Contents::PowerPoint),
            ("/__substg1.0_0037001F", Contents::Message),
            ("/VisioDocument", Contents::Visio),
            ("/EncryptedPackage", Contents::Encrypted),
            ("/Unheard", Contents::Other),
        ] {
            assert_eq!(contents(&container(&[(stream, b"x")])), expected, "{stream}");
        }
        assert_eq!(contents(&MAGIC), Contents::Other);
    }

    /// One set with title, author, creation time and page count.
    fn property_stream() -> Vec<u8> {
        let mut values = Vec::new();
        let mut offsets = Vec::new();
        let mut put = |id: u32, kind: u32, value: &[u8]| {
            offsets.push((id, u32::try_from(8 + 4 * 8 + values.len()).unwrap()));
            values.extend_from_slice(&kind.to_le_bytes());
            values.extend_from_slice(value);
            while values.len() % 4 != 0 {
                values.push(0);
            }
        };
        put(2, 30, b"\x07\0\0\0Annual\0");
        put(4, 30, b"\x04\0\0\0Ann\0");
        let ticks: u64 = (11_644_473_600 + 1_741_000_000) * 10_000_000;
        put(12, 64, &ticks.to_le_bytes());
        put(14, 3, &3_u32.to_le_bytes());
        let mut set = u32::try_from(8 + 32 + values.len()).unwrap().to_le_bytes().to_vec();
        set.extend_from_slice(&4_u32.to_le_bytes());
        for (id, offset) in offsets {
            set.extend_from_slice(&id.to_le_bytes());
            set.extend_from_slice(&offset.to_le_bytes());
        }
        set.extend_from_slice(&values);
        let mut stream = vec![0; 44];
        stream.extend_from_slice(&48_u32.to_le_bytes());
        stream.extend_from_slice(&set);
        stream
    }

    #[test]
    fn summary_properties_are_read() {
        let bytes = container(&[("/WordDocument", b"x"), ("/\u{5}SummaryInformation", &property_stream())]);
        let expected =
            Summary { title: Some("Annual".into()), author: Some("Ann".into()), created: Some(date(2025, 3, 3)), pages: Some(3) };
        assert_eq!(summary(&bytes), expected);
    }

    #[test]
    fn cut_property_streams_give_nothing_and_no_panic() {
        let whole = property_stream();
        for length in 0..whole.len() {
            let _ = parse(&whole[..length]);
        }
        assert_eq!(parse(&[]), None);
    }
}
