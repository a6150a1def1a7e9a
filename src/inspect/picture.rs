//! Pictures: what their headers say, in words. Nothing is decoded, and where a picture was taken
//! is never told: a position is somebody's home or way.

use std::fmt::Write as _;

use docling::{DocumentConverter, DocumentMetadata, InputFormat, SourceDocument};
use jiff::civil::Date;

use super::metadata;
use crate::domain::{FilePart, Finding, FindingKind, FindingPlace, PhotoFacts, clean_text};

/// Longest description kept, in characters.
const MAX_WORDS: usize = 2000;

/// Descriptions that a camera wrote.
const JUNK_DESCRIPTIONS: [&str; 10] = [
    "olympus digital camera",
    "sony dsc",
    "minolta dsc",
    "kodak digital still camera",
    "digital camera",
    "dcim",
    "dsc",
    "samsung",
    "default",
    "image",
];

/// What a picture says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    pub title: Option<String>,
    pub author: Option<String>,
    /// The day on which it was taken or scanned.
    pub date: Option<Date>,
    /// Description, keywords, camera, size; empty when nothing is known.
    pub words: String,
    /// Camera, moment and size.
    pub photo: PhotoFacts,
    /// Where it was taken, as a finding that does not say where.
    pub place: Option<Finding>,
}

/// Where a picture was taken stands as degrees; none of their digits is told.
const PLACE: &str = "**.**, **.**";

/// Reads the headers of a picture called `name`.
pub(super) fn read(bytes: Vec<u8>, name: &str) -> Picture {
    let found = DocumentConverter::new().document_metadata(&SourceDocument::from_bytes("picture", InputFormat::Image, bytes));
    let description = found.description.as_deref().and_then(believable_description);
    let short = description.as_deref().filter(|words| words.chars().count() <= 80);
    let title = [found.title.as_deref(), found.subject.as_deref(), short];
    Picture {
        title: title.into_iter().flatten().find_map(|title| metadata::believable_title(title, name)),
        author: metadata::authors(&found),
        // What TIFF 6.0 calls the time of creation is set by programs too: the last resort.
        date: [&found.date, &found.created, &found.modified].into_iter().flatten().find_map(|text| metadata::date_of(text)),
        words: words(&found, description.as_deref()),
        photo: photo(&found),
        place: found.gps.is_some().then(place),
    }
}

fn photo(found: &DocumentMetadata) -> PhotoFacts {
    let (width, height) = pixels(found).unzip();
    let taken = ["DateTimeOriginal", "DateTimeDigitized"].into_iter().find_map(|key| moment(found.exif.get(key)?));
    PhotoFacts { camera: camera(found), taken_at: taken, width, height }
}

fn place() -> Finding {
    Finding {
        kind: FindingKind::Location,
        rule: "gps".to_owned(),
        count: 1,
        places: vec![FindingPlace { part: FilePart::Properties, line: 1, offset: 0 }],
        sample: PLACE.to_owned(),
    }
}

/// `2024-05-06 07:08:09` or `2024:05:06 07:08:09` (Exif 3.0, 4.6.6) as ISO 8601 writes it, by the clock of the camera.
fn moment(text: &str) -> Option<String> {
    let (day, time) = text.trim().split_once(' ')?;
    let written = format!("{}T{}", day.replace(':', "-"), time.trim());
    let moment: jiff::civil::DateTime = written.parse().ok()?;
    metadata::date_of(&moment.date().to_string())?;
    Some(moment.to_string())
}

fn words(found: &DocumentMetadata, description: Option<&str>) -> String {
    let comment = [found.properties.get("comment"), found.exif.get("UserComment")];
    let comment = comment.into_iter().flatten().find_map(|comment| believable_description(comment));
    let keywords = found.keywords.iter().take(50).map(|word| clean_text(word, 80)).collect::<Vec<_>>().join(", ");
    let mut out = String::new();
    let taken_with = camera(found).map(|camera| format!("Taken with {camera}"));
    let size = pixels(found).map(|(width, height)| format!("{width} by {height} pixels"));
    let lines = [description.map(str::to_owned), comment, Some(keywords), taken_with, size];
    for line in lines.into_iter().flatten().filter(|line| !line.is_empty()) {
        let _ = writeln!(out, "{line}");
    }
    if found.gps.is_some() {
        out.push_str("The picture knows where it was taken\n");
    }
    out
}

fn believable_description(text: &str) -> Option<String> {
    let text = clean_text(&unescape(text), MAX_WORDS);
    let has_letters = text.chars().filter(|character| character.is_alphabetic()).count() >= 2;
    let lower = text.to_lowercase();
    (has_letters && !JUNK_DESCRIPTIONS.contains(&lower.as_str()) && !lower.starts_with("created with ")).then_some(text)
}

/// The library shows bytes beyond ASCII as `\xc3`; they are UTF-8 where anybody wrote them.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        out.extend(before.bytes());
        let byte = after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match byte {
            Some(byte) => out.push(byte),
            None => out.extend(b"\\x"),
        }
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out.extend(rest.bytes());
    String::from_utf8_lossy(&out).into_owned()
}

/// "Canon EOS 40D": the model, with its maker where the model does not name it.
fn camera(found: &DocumentMetadata) -> Option<String> {
    let part = |key: &str| found.exif.get(key).map(|value| clean_text(value, 80)).filter(|value| value.chars().any(char::is_alphanumeric));
    let model = part("Model")?;
    let make = part("Make").unwrap_or_default();
    let first = make.split(' ').next().unwrap_or_default();
    let named = model.to_lowercase().starts_with(&first.to_lowercase());
    Some(if named || first.is_empty() { model } else { format!("{first} {model}") })
}

/// From left to right, and from top to bottom.
fn pixels(found: &DocumentMetadata) -> Option<(u32, u32)> {
    let of_header = found.properties.get("image_size").and_then(|size| size.split_once('x'));
    let number = |key: &str| found.exif.get(key)?.split(' ').next();
    let of_camera = || Some((number("PixelXDimension")?, number("PixelYDimension")?));
    let of_tags = || Some((number("ImageWidth")?, number("ImageLength")?));
    let (width, height) = of_header.or_else(of_camera).or_else(of_tags)?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn found(exif: &[(&str, &str)]) -> DocumentMetadata {
        let exif = exif.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        DocumentMetadata { exif, ..DocumentMetadata::default() }
    }

    #[test]
    fn a_camera_is_named_once() {
        for (make, model, said) in
            [("Canon", "Canon EOS 40D", "Canon EOS 40D"), ("NIKON CORPORATION", "D700", "NIKON D700"), ("", "Pixel 9", "Pixel 9")]
        {
            assert_eq!(camera(&found(&[("Make", make), ("Model", model)])).as_deref(), Some(said));
        }
        assert_eq!(camera(&found(&[("Make", "Canon")])), None);
    }

    #[test]
    fn what_a_camera_wrote_is_no_description() {
        assert_eq!(believable_description("OLYMPUS DIGITAL CAMERA         "), None);
        assert_eq!(believable_description("12"), None);
        assert_eq!(believable_description("Created with GIMP"), None);
        assert_eq!(believable_description("Caf\\xc3\\xa9 \\xyz").as_deref(), Some("Café \\xyz"));
        assert_eq!(believable_description("The roof after the storm").as_deref(), Some("The roof after the storm"));
    }

    /// A TIFF with nothing but tags: size, description, camera, artist, date, position.
    fn tiff() -> Vec<u8> {
        fn entry(tag: u16, kind: u16, value: &[u8], fixed: &mut Vec<u8>, rest: &mut Vec<u8>, data_at: usize) {
            let unit = if kind == 3 {
                2
            } else if kind == 4 {
                4
            } else {
                1
            };
            fixed.extend(tag.to_le_bytes());
            fixed.extend(kind.to_le_bytes());
            fixed.extend(u32::try_from(value.len() / unit).unwrap().to_le_bytes());
            if value.len() <= 4 {
                fixed.extend(value);
                fixed.resize(fixed.len() + 4 - value.len(), 0);
            } else {
                fixed.extend(u32::try_from(data_at + rest.len()).unwrap().to_le_bytes());
                rest.extend(value);
                rest.resize(rest.len().next_multiple_of(2), 0);
            }
        }
        let tags: [(u16, u16, &[u8]); 8] = [
            (256, 4, &[0x20, 3, 0, 0]),
            (257, 4, &[0x58, 2, 0, 0]),
            (270, 2, b"The roof after the storm\0"),
            (271, 2, b"Canon\0"),
            (272, 2, b"Canon EOS 40D\0"),
            (306, 2, b"2024:05:06 07:08:09\0"),
            (315, 2, b"Ann Lee\0"),
            (0x8825, 4, &[0, 0, 0, 0]),
        ];
        let data_at = 8 + 2 + tags.len() * 12 + 4;
        let (mut fixed, mut rest) = (Vec::new(), Vec::new());
        for (tag, kind, value) in tags {
            entry(tag, kind, value, &mut fixed, &mut rest, data_at);
        }
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        out.extend(u16::try_from(tags.len()).unwrap().to_le_bytes());
        out.extend(fixed);
        out.extend([0; 4]);
        out.extend(rest);
        out
    }

    #[test]
    fn a_picture_tells_what_its_headers_say() {
        let picture = read(tiff(), "scan.tif");
        assert_eq!((picture.title.as_deref(), picture.author.as_deref()), (Some("The roof after the storm"), Some("Ann Lee")));
        assert_eq!(picture.words, "The roof after the storm\nTaken with Canon EOS 40D\n800 by 600 pixels\n");
        assert_eq!(picture.date, Some(date(2024, 5, 6)));
        let camera = Some("Canon EOS 40D".to_owned());
        assert_eq!(picture.photo, PhotoFacts { camera, taken_at: None, width: Some(800), height: Some(600) });
    }

    #[test]
    fn the_moment_is_the_cameras_and_a_clock_that_was_never_set_tells_none() {
        assert_eq!(moment("2024-05-06 07:08:09").as_deref(), Some("2024-05-06T07:08:09"));
        assert_eq!(moment("2024:05:06 07:08:09").as_deref(), Some("2024-05-06T07:08:09"));
        for unset in ["0000:00:00 00:00:00", "1601-01-01 00:00:00", "2024-05-06", "", "now and then"] {
            assert_eq!(moment(unset), None, "{unset}");
        }
    }

    #[test]
    fn a_place_is_found_and_never_told() {
        let gps = docling::GpsPosition { latitude: 48.137, longitude: 11.575, altitude: None };
        let found = DocumentMetadata { gps: Some(gps), ..DocumentMetadata::default() };
        let told = format!("{:?} {} {:?}", photo(&found), words(&found, None), place());
        assert!(!told.contains("48") && !told.contains("11") && !told.contains("137"), "{told}");
        assert_eq!(place().kind, FindingKind::Location);
    }
}
