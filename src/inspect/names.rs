//! What a name hides: an ending that nobody sees, or letters that are shown the other way round.

/// Endings under which nobody expects a program.
const DOCUMENT_ENDINGS: [&str; 40] = [
    "pdf", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx", "pptm", "odt", "ods", "odp", "rtf", "txt", "csv", "md", "html",
    "htm", "eml", "msg", "jpg", "jpeg", "png", "gif", "tif", "tiff", "bmp", "webp", "heic", "svg", "mp3", "wav", "m4a", "ogg", "flac",
    "mp4", "mov", "json", "xml",
];

/// Endings that start something where they are clicked.
const PROGRAM_ENDINGS: [&str; 26] = [
    "exe",
    "scr",
    "com",
    "pif",
    "bat",
    "cmd",
    "cpl",
    "dll",
    "msi",
    "msix",
    "hta",
    "js",
    "jse",
    "vbs",
    "vbe",
    "wsf",
    "wsh",
    "ps1",
    "lnk",
    "url",
    "jar",
    "reg",
    "iso",
    "img",
    "vhd",
    "appref-ms",
];

/// Endings that source code has before its own, as in `schema.json.js`: nobody is taken in by these.
const OF_SOURCES: [&str; 6] = ["md", "json", "xml", "html", "htm", "svg"];

/// Characters that turn the reading direction by force: no script needs them in a name.
/// Unicode Standard Annex 9, section 2.2: LRO and RLO, and the isolates' and embeddings' kin RLE.
const TURNING: [char; 3] = ['\u{202D}', '\u{202E}', '\u{202B}'];

fn ending(name: &str) -> Option<(&str, String)> {
    let (stem, ending) = name.rsplit_once('.')?;
    Some((stem, ending.trim().to_ascii_lowercase()))
}

/// Whether a name's ending promises something that is not a program.
pub(super) fn claims_document(name: &str) -> bool {
    ending(name).is_some_and(|(_, ending)| DOCUMENT_ENDINGS.contains(&ending.as_str()))
}

/// Whether a name's ending starts something.
pub(super) fn is_program(name: &str) -> bool {
    ending(name).is_some_and(|(_, ending)| PROGRAM_ENDINGS.contains(&ending.as_str()))
}

/// What is wrong with a name, as a finding.
pub(super) fn fault(name: &str) -> Option<&'static str> {
    if name.contains(TURNING) {
        return Some("Name_Turned_Around");
    }
    // `invoice.pdf.exe`, and `invoice.pdf      .exe`.
    let hidden = ending(name).filter(|_| is_program(name)).and_then(|(stem, _)| ending(stem.trim_end()));
    let hides = hidden.is_some_and(|(_, hidden)| DOCUMENT_ENDINGS.contains(&hidden.as_str()) && !OF_SOURCES.contains(&hidden.as_str()));
    hides.then_some("Name_Hides_Program")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_hides_what_it_is_is_known() {
        for (name, expected) in [
            ("invoice.pdf.exe", Some("Name_Hides_Program")),
            ("Invoice.PDF .SCR", Some("Name_Hides_Program")),
            ("scan.jpg          .lnk", Some("Name_Hides_Program")),
            ("folder/invoice.docx.js", Some("Name_Hides_Program")),
            ("invoice\u{202E}fdp.exe", Some("Name_Turned_Around")),
            ("setup.exe", None),
            ("v1.2.exe", None),
            ("schema.json.js", None),
            ("archive.tar.gz", None),
            ("report.pdf.docx", None),
            ("invoice.exe.pdf", None),
            ("חשבונית.pdf", None),
            ("فاتورة\u{200F}.pdf", None),
            ("README", None),
        ] {
            assert_eq!(fault(name), expected, "{name}");
        }
    }
}
