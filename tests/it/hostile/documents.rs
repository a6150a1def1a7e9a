//! Documents that loop, nest and swell.

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use super::archives::{zip, zlib};

pub fn docx(body: &str) -> Vec<u8> {
    docx_of(&format!(
        r#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>"#
    ))
}

fn docx_of(document: &str) -> Vec<u8> {
    let types = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
    let relations = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
    zip(&[("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", relations.as_bytes()), ("word/document.xml", document.as_bytes())])
}

/// Ten entities, each ten times the one before.
pub fn billion_laughs() -> Vec<u8> {
    let mut entities = r#"<!ENTITY l0 "lol">"#.to_owned();
    for level in 1..=9 {
        write!(entities, r#"<!ENTITY l{level} "{}">"#, format!("&l{};", level - 1).repeat(10)).unwrap();
    }
    docx_of(&format!(
        r#"<?xml version="1.0"?><!DOCTYPE w:document [{entities}]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&l9;</w:t></w:r></w:p></w:body></w:document>"#
    ))
}

pub fn nested_mail(depth: usize) -> Vec<u8> {
    let mut mail = "From: Ann Lee <ann@acme.example>\r\nSubject: Depth\r\nMIME-Version: 1.0\r\n".to_owned();
    for level in 0..depth {
        write!(mail, "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n").unwrap();
    }
    mail.push_str("Content-Type: text/plain\r\n\r\nthe end\r\n");
    for level in (0..depth).rev() {
        write!(mail, "--b{level}--\r\n").unwrap();
    }
    mail.into_bytes()
}

pub fn encrypted_office() -> Vec<u8> {
    let mut container = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    container.create_stream("/EncryptionInfo").unwrap().write_all(&[4, 0, 4, 0, 0x40, 0, 0, 0]).unwrap();
    container.create_stream("/EncryptedPackage").unwrap().write_all(&[7; 128]).unwrap();
    container.flush().unwrap();
    container.into_inner().into_inner()
}

/// A PDF of these objects, the first of which is the catalog.
fn pdf_of(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        writeln!(out, "{} 0 obj", index + 1).unwrap();
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let table = out.len();
    write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    for offset in offsets {
        writeln!(out, "{offset:010} 00000 n ").unwrap();
    }
    write!(out, "trailer\n<</Size {}/Root 1 0 R{trailer}>>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1).unwrap();
    out
}

fn stream(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let mut object = format!("<<{dictionary}/Length {}>>\nstream\n", bytes.len()).into_bytes();
    object.extend(bytes);
    object.extend(b"\nendstream");
    object
}

/// A page with this content, and what else its resources name.
fn page(content: Vec<u8>, resources: &str, more: Vec<Vec<u8>>, trailer: &str) -> Vec<u8> {
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>{resources}>>>>").into_bytes(),
        content,
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
    ];
    objects.extend(more);
    pdf_of(&objects, trailer)
}

pub fn pdf(line: &str) -> Vec<u8> {
    page(stream("", format!("BT /F1 12 Tf 72 700 Td ({line}) Tj ET").as_bytes()), "", Vec::new(), "")
}

pub fn double_flate(size: usize) -> Vec<u8> {
    let packed = zlib(&zlib(&vec![b' '; size]));
    page(stream("/Filter[/FlateDecode/FlateDecode]", &packed), "", Vec::new(), "")
}

pub fn page_loop() -> Vec<u8> {
    let objects = [b"<</Type/Catalog/Pages 2 0 R>>".to_vec(), b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2/Parent 2 0 R>>".to_vec()];
    pdf_of(&objects, "")
}

pub fn self_drawing() -> Vec<u8> {
    let form = stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>", b"/X Do /X Do");
    page(stream("", b"/X Do"), "/XObject<</X 6 0 R>>", vec![form], "")
}

pub fn huge_count() -> Vec<u8> {
    let objects = [b"<</Type/Catalog/Pages 2 0 R>>".to_vec(), b"<</Type/Pages/Kids[]/Count 2000000000>>".to_vec()];
    pdf_of(&objects, "")
}

pub fn nested_arrays(depth: usize) -> Vec<u8> {
    let arrays = [b"[".repeat(depth), b"]".repeat(depth)].concat();
    page(stream("", b"BT ET"), "", vec![arrays], "/Info 6 0 R")
}

pub fn encrypted_pdf() -> Vec<u8> {
    let locked = b"<</Filter/Standard/V 2/R 3/Length 128/P -44/O<0102030405060708091011121314151617181920212223242526272829303132>/U<3231302928272625242322212019181716151413121110090807060504030201>>>".to_vec();
    page(stream("", b"\x93\x11\x52\x08\x99\x31"), "", vec![locked], "/Encrypt 6 0 R/ID[<00><00>]")
}
