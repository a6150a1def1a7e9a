//! The list of hostile files.

use super::{archives, documents};

/// A hostile file.
pub struct Hostile {
    /// What it tries.
    pub what: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The type by which it is known afterwards, however it ends its reader.
    pub content_type: &'static str,
}

fn hostile(what: &'static str, name: &'static str, bytes: Vec<u8>, content_type: &'static str) -> Hostile {
    Hostile { what, name, bytes, content_type }
}

pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PDF: &str = "application/pdf";
const ZIP: &str = "application/zip";
const BYTES: &str = "application/octet-stream";

/// Small enough for every run.
pub fn all() -> Vec<Hostile> {
    let mut list = vec![
        hostile("nothing", "empty.pdf", Vec::new(), PDF),
        hostile("one byte", "one.docx", vec![b'P'], "text/plain"),
        hostile("only NULs", "nuls.xlsx", vec![0; 64 << 10], BYTES),
        hostile("a name of odd characters", "a\u{202e}fdp.'$(x)`&;<b>.txt", b"hello".to_vec(), "text/plain"),
        hostile("a program as a PDF", "contract.pdf", program(), "application/x-executable"),
        hostile("an archive as a picture", "photo.jpg", archives::zip(&[("a.txt", b"hello")]), ZIP),
        hostile("a web page as a Word file", "letter.docx", b"<html><body><p>hello</p></body></html>".to_vec(), "text/html"),
        hostile(
            "a script behind a GIF's mark",
            "pixel.gif",
            b"GIF89a/*\x01\x00\x01\x00*/=1;<script>alert(1)</script>".to_vec(),
            "image/gif",
        ),
        hostile("an archive behind a PDF", "both.pdf", [documents::pdf("Hello"), archives::zip(&[("a.txt", b"hi")])].concat(), PDF),
        hostile("a PNG of 3.6 gigapixels, cut", "flood.png", png_flood(), "image/png"),
        hostile(
            "a GIF of 4.3 gigapixels, cut",
            "flood.gif",
            b"GIF89a\xff\xff\xff\xff\xf7\x00\x00,\0\0\0\0\xff\xff\xff\xff\0\x08".to_vec(),
            "image/gif",
        ),
        hostile("a TIFF of 3.6 gigapixels, cut", "flood.tiff", tiff_flood(), "image/tiff"),
        hostile("an archive that unpacks a thousandfold", "bomb.zip", archives::bomb(8 << 20), ZIP),
        hostile("bombs within archives", "nested.zip", archives::nested(8, 4), ZIP),
        hostile("members that overlap", "overlap.zip", archives::overlapping(200), ZIP),
        hostile("members that leave the folder", "slip.zip", archives::slip(), ZIP),
        hostile("members that are symlinks", "links.docx", archives::symlinks(), DOCX),
        hostile("a size of 18 exabytes in a header", "lie.zip", archives::absurd_sizes(), ZIP),
        hostile("a directory that is cut", "cut.zip", cut(&archives::zip(&[("a.txt", b"hello")]), 2, 3), ZIP),
        hostile("a Word file that names itself a billion times", "laughs.docx", documents::billion_laughs(), DOCX),
        hostile("a web page nested deep", "deep.html", nested(b"<div>", b"</div>", 50_000), "text/html"),
        hostile(
            "a rich text nested deep",
            "deep.rtf",
            [b"{\\rtf1 ".to_vec(), nested(b"{", b"}", 50_000), b"}".to_vec()].concat(),
            "application/rtf",
        ),
        hostile("a quotation nested deep", "deep.md", nested(b">", b"", 20_000), "text/markdown"),
        hostile("a list nested deep", "deep.json", nested(b"[", b"]", 50_000), "application/json"),
        hostile("a mail within mails", "deep.eml", documents::nested_mail(500), "message/rfc822"),
        hostile("an encrypted office file", "salaries.xlsx", documents::encrypted_office(), XLSX),
        hostile("an encrypted PDF", "locked.pdf", documents::encrypted_pdf(), PDF),
        hostile("a PDF packed twice", "packed.pdf", documents::double_flate(16 << 20), PDF),
        hostile("a PDF whose pages are a loop", "loop.pdf", documents::page_loop(), PDF),
        hostile("a PDF form that draws itself twice", "self.pdf", documents::self_drawing(), PDF),
        hostile("a PDF of two billion pages", "count.pdf", documents::huge_count(), PDF),
        hostile("a PDF of nested lists", "arrays.pdf", documents::nested_arrays(50_000), PDF),
    ];
    let whole = documents::pdf("A lease that somebody cut off.");
    for (what, name, part) in
        [("a PDF cut early", "early.pdf", 1), ("a PDF cut in the middle", "middle.pdf", 4), ("a PDF cut late", "late.pdf", 7)]
    {
        list.push(hostile(what, name, cut(&whole, part, 8), PDF));
    }
    let letter = documents::docx("<w:p><w:r><w:t>Dear Ann</w:t></w:r></w:p>");
    for (what, name, part) in [("a Word file cut early", "early.docx", 1), ("a Word file cut late", "late.docx", 7)] {
        list.push(hostile(what, name, cut(&letter, part, 8), DOCX));
    }
    list.push(hostile("random bytes", "noise.bin", noise(32 << 10), BYTES));
    list
}

/// What costs a worker some seconds.
pub fn large() -> Vec<Hostile> {
    vec![
        hostile("a Word file of three million paragraphs", "paragraphs.docx", documents::docx(&"<w:p/>".repeat(3_000_000)), DOCX),
        hostile("an archive of 100,000 members", "many.zip", archives::many(100_000), ZIP),
        hostile("a PDF of 128 MiB of blanks, packed twice", "blanks.pdf", documents::double_flate(128 << 20), PDF),
        hostile("a PDF of 200,000 nested lists", "deep.pdf", documents::nested_arrays(200_000), PDF),
        hostile("a web page nested 300,000 deep", "deeper.html", nested(b"<div>", b"</div>", 300_000), "text/html"),
        hostile("5,000 mails within a mail", "deeper.eml", documents::nested_mail(5_000), "message/rfc822"),
    ]
}

pub fn program() -> Vec<u8> {
    let mut bytes = b"\x7FELF\x02\x01\x01".to_vec();
    bytes.resize(4096, 0);
    bytes
}

fn cut(bytes: &[u8], part: usize, of: usize) -> Vec<u8> {
    bytes[..bytes.len() * part / of].to_vec()
}

pub fn nested(open: &[u8], close: &[u8], depth: usize) -> Vec<u8> {
    [open.repeat(depth), b"deep".to_vec(), close.repeat(depth)].concat()
}

/// Bytes without structure, the same in every run.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32).to_le_bytes()[0]
    };
    std::iter::repeat_with(step).take(length).collect()
}

fn png_flood() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend([60_000_u32.to_be_bytes(), 60_000_u32.to_be_bytes()].concat());
    bytes.extend(b"\x08\x06\0\0\0\x12\x34\x56\x78\0\0\xff\xffIDATx\x9c");
    bytes
}

fn tiff_flood() -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x03\0".to_vec();
    // Width, height, where the strip lies.
    for (tag, value) in [(256_u16, 60_000_u32), (257, 60_000), (273, 4_000_000_000)] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(4_u16.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    bytes
}
