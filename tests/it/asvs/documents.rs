//! V5.1: what is said about files, held against what is done with them.

const FORMATS: &str = include_str!("../../../docs/formats.md");

/// The cells of a row of the table "What is taken" whose first cell says this.
fn row(what: &str) -> Vec<&'static str> {
    let row = FORMATS.lines().find(|line| line.starts_with(&format!("| {what} |")));
    let row = row.unwrap_or_else(|| panic!("no row `{what}`"));
    row.trim_matches('|').split('|').map(str::trim).collect()
}

// Types, endings, sizes and what happens to harmful files are written down; the figures are those of the tests beside this one.
#[test]
fn asvs_5_1_1_what_is_taken_how_large_and_what_becomes_of_harm_is_written_down() {
    assert_eq!(row("types and endings")[1], "all; the type is that of the content");
    assert!(row("one file")[1].contains("5 GiB") && row("one file")[1].contains("`limits.upload_bytes`"));
    assert!(row("one archive, unpacked")[1].starts_with("1 GiB, 200 times its size"));
    assert!(row("members of an archive")[1].starts_with("10,000"));
    assert!(row("a picture that is drawn")[1].starts_with("64 million pixels"));
    assert!(row("harmful")[1].contains("quarantine"));
    let settings = include_str!("../../../src/app/settings/limits.rs");
    assert!(settings.contains("upload_bytes: 5 * 1024 * 1024 * 1024"));
    for format in ["PDF", "DOCX", "XLSX", "PPTX", "ODT", "EML", "ZIP", "JPEG", "WAV"] {
        assert!(FORMATS.lines().any(|line| line.starts_with('|') && line.contains(format)), "{format}");
    }
}
