//! Small files of each format, made here, so that every byte of them is ours.

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Packs members in the order given.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn zip_text(members: &[(&str, &str)]) -> Vec<u8> {
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    zip(&members)
}

const CORE: &str = r#"<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>Supply Agreement</dc:title><dc:creator>Ann Lee</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">2025-03-01T09:00:00Z</dcterms:created></cp:coreProperties>"#;

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn content_types(part: &str, content_type: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/{part}" ContentType="{content_type}"/></Types>"#
    )
}

fn relations(kind: &str, target: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{kind}" Target="{target}"/></Relationships>"#
    )
}

fn office(part: &str, kind: &str, document: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let types = content_types(part, &format!("application/vnd.openxmlformats-officedocument.{kind}.main+xml"));
    let root = relations(&format!("{OFFICE}/officeDocument"), part);
    let mut members =
        vec![("[Content_Types].xml", types.as_str()), ("_rels/.rels", root.as_str()), (part, document), ("docProps/core.xml", CORE)];
    members.extend(more);
    zip_text(&members)
}

/// A Word file with the given paragraphs.
pub fn docx(body: &str) -> Vec<u8> {
    docx_with(body, &[])
}

/// A Word file with further parts.
pub fn docx_with(body: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let document = format!(
        r#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>"#
    );
    office("word/document.xml", "wordprocessingml.document", &document, more)
}

/// A workbook with one sheet of two rows.
pub fn xlsx() -> Vec<u8> {
    let workbook = format!(
        r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{OFFICE}"><sheets><sheet name="Budget" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    let sheet = r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Travel</t></is></c><c r="B1"><v>1200</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>Rent</t></is></c><c r="B2"><v>3400</v></c></row></sheetData></worksheet>"#;
    let inner = relations(&format!("{OFFICE}/worksheet"), "worksheets/sheet1.xml");
    office(
        "xl/workbook.xml",
        "spreadsheetml.sheet",
        &workbook,
        &[("xl/_rels/workbook.xml.rels", &inner), ("xl/worksheets/sheet1.xml", sheet)],
    )
}

/// A workbook of these sheets: name, whether it is `visible` or `hidden`, rows. Style 1 is that of a day.
pub fn xlsx_of(sheets: &[(&str, &str, &str)]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let (mut list, mut inner, mut parts) = (String::new(), String::new(), Vec::new());
    for (at, (name, state, rows)) in sheets.iter().enumerate() {
        let number = at + 1;
        let _ = write!(list, r#"<sheet name="{name}" sheetId="{number}" state="{state}" r:id="rId{number}"/>"#);
        let _ = write!(inner, r#"<Relationship Id="rId{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>"#);
        let sheet = format!(r#"<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#);
        parts.push((format!("xl/worksheets/sheet{number}.xml"), sheet));
    }
    let workbook = format!(r#"<?xml version="1.0"?><workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{list}</sheets></workbook>"#);
    let _ = write!(inner, r#"<Relationship Id="rId0" Type="{OFFICE}/styles" Target="styles.xml"/>"#);
    let inner = format!(
        r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>"#
    );
    let styles = format!(
        r#"<?xml version="1.0"?><styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
    );
    let mut more = vec![("xl/_rels/workbook.xml.rels", inner.as_str()), ("xl/styles.xml", styles.as_str())];
    more.extend(parts.iter().map(|(name, sheet)| (name.as_str(), sheet.as_str())));
    office("xl/workbook.xml", "spreadsheetml.sheet", &workbook, &more)
}

/// One slide with one line.
pub fn pptx() -> Vec<u8> {
    slide("")
}

/// One slide that is not shown.
pub fn hidden_slide() -> Vec<u8> {
    slide(" show=\"0\"")
}

fn slide(attributes: &str) -> Vec<u8> {
    const NAMES: &str = r#"xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main""#;
    let deck = format!(
        r#"<?xml version="1.0"?><p:presentation {NAMES}><p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst></p:presentation>"#
    );
    let slide = format!(
        r#"<?xml version="1.0"?><p:sld {NAMES}{attributes}><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/><p:sp><p:nvSpPr><p:cNvPr id="2" name="Text"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>Steel prices rise in spring</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"#
    );
    let inner = relations(&format!("{OFFICE}/slide"), "slides/slide1.xml");
    office(
        "ppt/presentation.xml",
        "presentationml.presentation",
        &deck,
        &[("ppt/_rels/presentation.xml.rels", &inner), ("ppt/slides/slide1.xml", &slide)],
    )
}

/// An OpenDocument file of the kind named last in its MIME type.
pub fn open_document(kind: &str, body: &str) -> Vec<u8> {
    let mime = format!("application/vnd.oasis.opendocument.{kind}");
    let content = format!(
        r#"<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0" office:version="1.3"><office:body>{body}</office:body></office:document-content>"#
    );
    let meta = r#"<?xml version="1.0"?><office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"><office:meta><dc:title>Supply Agreement</dc:title><meta:initial-creator>Ann Lee</meta:initial-creator><meta:creation-date>2025-03-01T09:00:00</meta:creation-date></office:meta></office:document-meta>"#;
    zip_text(&[("mimetype", &mime), ("content.xml", &content), ("meta.xml", meta)])
}

/// A book of one chapter.
pub fn epub() -> Vec<u8> {
    zip_text(&[
        ("mimetype", "application/epub+zip"),
        (
            "META-INF/container.xml",
            r#"<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"#,
        ),
        (
            "book.opf",
            r#"<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Harbour</dc:title><dc:creator>Ann Lee</dc:creator><dc:date>2025-03-01</dc:date></metadata><manifest><item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c1"/></spine></package>"#,
        ),
        ("c1.xhtml", r#"<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>One</h1><p>Boats come home at dusk.</p></body></html>"#),
    ])
}

/// A drawing of one page with one shape.
pub fn vsdx() -> Vec<u8> {
    const NAMES: &str = r#"xmlns="http://schemas.microsoft.com/office/visio/2012/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#;
    const VISIO: &str = "http://schemas.microsoft.com/visio/2010/relationships";
    zip_text(&[
        ("[Content_Types].xml", &content_types("visio/document.xml", "application/vnd.ms-visio.drawing.main+xml")),
        ("_rels/.rels", &relations(&format!("{VISIO}/document"), "visio/document.xml")),
        ("visio/document.xml", &format!(r#"<?xml version="1.0"?><VisioDocument {NAMES}/>"#)),
        ("visio/_rels/document.xml.rels", &relations(&format!("{VISIO}/pages"), "pages/pages.xml")),
        (
            "visio/pages/pages.xml",
            &format!(r#"<?xml version="1.0"?><Pages {NAMES}><Page ID="0" Name="Plan"><Rel r:id="rId1"/></Page></Pages>"#),
        ),
        ("visio/pages/_rels/pages.xml.rels", &relations(&format!("{VISIO}/page"), "page1.xml")),
        (
            "visio/pages/page1.xml",
            &format!(
                r#"<?xml version="1.0"?><PageContents {NAMES}><Shapes><Shape ID="1" Type="Shape"><Text>Loading dock</Text></Shape></Shapes></PageContents>"#
            ),
        ),
        ("docProps/core.xml", CORE),
    ])
}

/// A one-page PDF whose text is the given line, or a page without text.
pub fn pdf(line: Option<&str>) -> Vec<u8> {
    let content = line.map(|line| format!("BT /F1 12 Tf 72 700 Td ({line}) Tj ET")).unwrap_or_default();
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
        "<</Title(Lease of the warehouse)/Author(Bob Ray)/CreationDate(D:20240229120000Z)>>".to_owned(),
    ];
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        write!(out, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let table = out.len();
    write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    for offset in offsets {
        writeln!(out, "{offset:010} 00000 n ").unwrap();
    }
    write!(out, "trailer\n<</Size {}/Root 1 0 R/Info 6 0 R>>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1).unwrap();
    out
}

/// An OLE container with the given streams.
pub fn ole(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut container = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in streams {
        container.create_stream(name).unwrap().write_all(bytes).unwrap();
    }
    container.flush().unwrap();
    container.into_inner().into_inner()
}

/// One slide of PowerPoint 97; its two streams were written by an office program.
pub fn ppt() -> Vec<u8> {
    ole(&[
        ("/PowerPoint Document", include_bytes!("files/agreement.ppt.document")),
        ("/Current User", include_bytes!("files/agreement.ppt.user")),
    ])
}

/// An Outlook item: subject, sender, body.
pub fn msg() -> Vec<u8> {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    ole(&[
        ("/__properties_version1.0", &[0; 32]),
        ("/__substg1.0_001A001F", &utf16("IPM.Note")),
        ("/__substg1.0_0037001F", &utf16("Renewal of the licence")),
        ("/__substg1.0_0C1A001F", &utf16("Ann Lee")),
        ("/__substg1.0_0C1F001F", &utf16("ann@acme.example")),
        ("/__substg1.0_1000001F", &utf16("Please renew it before Friday.")),
    ])
}

/// A TAR with the given members.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The bytes, packed.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The head of a PNG of 800 by 600 pixels.
pub fn png() -> Vec<u8> {
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x02\x58\x08\x02\0\0\0\x15\x14\x15\x27\0\0\0\x04IDAT\0\0\0\0\0\0\0\0".to_vec()
}

/// A TIFF of nothing but tags: size, description, maker, model, day and artist.
pub fn tiff() -> Vec<u8> {
    let texts: [(u16, &[u8]); 5] = [
        (270, b"The roof after the storm\0"),
        (271, b"Canon\0"),
        (272, b"Canon EOS 40D\0"),
        (306, b"2024:05:06 07:08:09\0"),
        (315, b"Ann Lee\0"),
    ];
    let mut out = b"II*\0\x08\0\0\0\x07\0".to_vec();
    let mut rest: Vec<u8> = Vec::new();
    let end = 8 + 2 + 7 * 12 + 4;
    for (tag, value) in [(256_u16, 800_u32), (257, 600)] {
        out.extend([&tag.to_le_bytes()[..], &4_u16.to_le_bytes(), &1_u32.to_le_bytes(), &value.to_le_bytes()].concat());
    }
    for (tag, text) in texts {
        let (length, place) = (u32::try_from(text.len()).unwrap(), u32::try_from(end + rest.len()).unwrap());
        out.extend([&tag.to_le_bytes()[..], &2_u16.to_le_bytes(), &length.to_le_bytes(), &place.to_le_bytes()].concat());
        rest.extend(text);
    }
    out.extend([0; 4]);
    out.extend(rest);
    out
}

/// Half a second of silence: 8 kHz, 16 bit, one channel.
pub fn wav() -> Vec<u8> {
    let mut out = b"RIFF".to_vec();
    out.extend((36 + 8000_u32).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0data");
    out.extend(8000_u32.to_le_bytes());
    out.resize(out.len() + 8000, 0);
    out
}

/// The head of a film without sound, of one and a half seconds.
pub fn mp4() -> Vec<u8> {
    fn atom(kind: &[u8], inside: &[u8]) -> Vec<u8> {
        [&u32::try_from(inside.len() + 8).unwrap().to_be_bytes()[..], kind, inside].concat()
    }
    let header = [&[0; 12][..], &600_u32.to_be_bytes(), &900_u32.to_be_bytes(), &[0; 80]].concat();
    [atom(b"ftyp", b"isom\0\0\0\0isom"), atom(b"moov", &atom(b"mvhd", &header))].concat()
}

/// The head of a WebM of two and a half seconds.
pub fn webm() -> Vec<u8> {
    fn element(id: &[u8], inside: &[u8]) -> Vec<u8> {
        [id, &[0x40, u8::try_from(inside.len()).unwrap()], inside].concat()
    }
    let info = [element(&[0x44, 0x89], &2500.0_f32.to_be_bytes()), element(&[0x7B, 0xA9], b"Town hall")].concat();
    let segment = element(&[0x15, 0x49, 0xA9, 0x66], &info);
    [element(&[0x1A, 0x45, 0xDF, 0xA3], b"\x42\x82\x84webm"), element(&[0x18, 0x53, 0x80, 0x67], &segment)].concat()
}
