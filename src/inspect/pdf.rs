//! PDFs that the document library gives no text for: a line or two, a lock, or really a scan.

use docling_pdf::textparse::PageTextParser;

/// What a second look found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SecondLook {
    /// Words on the pages; the library takes less than a line a page for the stamp on a scan.
    pub text: String,
    pub pages: Option<u32>,
}

/// Reads the words of each page, in the order they are drawn.
pub(super) fn look_again(bytes: &[u8], password: Option<&str>) -> SecondLook {
    let Some(mut parser) = PageTextParser::open_with_password(bytes, password) else { return SecondLook::default() };
    let count = parser.page_count();
    let mut text = String::new();
    for index in 0..count {
        for cell in parser.text_page(index).cells {
            text.push_str(&cell.text);
            text.push('\n');
        }
    }
    SecondLook { text, pages: u32::try_from(count).ok().filter(|count| *count > 0) }
}

/// Whether a PDF is encrypted at all; most such files open without a password.
pub(super) fn is_encrypted(bytes: &[u8]) -> bool {
    const KEY: &[u8] = b"/Encrypt";
    bytes.windows(KEY.len()).any(|window| window == KEY)
}
