//! Files that are drawn, or would be: what they may cost is bounded, and what comes of it is said.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use flate2::write::ZlibEncoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use futures::stream;
use satchel::domain::{ChunkStream, FileName};
use satchel::inspect::{Inspector, InspectorSettings};

fn bytes(content: Vec<u8>) -> ChunkStream {
    Box::pin(stream::iter([Ok(content.into())]))
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Blocks of 16 MiB of zeroes in the bomb.
const BLOCKS: u32 = 256;

/// Zeroes, packed twice: a few kilobytes that stand for four gigabytes. One block is packed once: after a full flush it can follow itself.
fn packed_twice() -> Vec<u8> {
    let mut block = Vec::with_capacity(1 << 20);
    let zeroes = vec![0; 16 << 20];
    let mut compress = Compress::new(Compression::best(), false);
    assert_eq!(compress.compress_vec(&zeroes, &mut block, FlushCompress::Full).unwrap(), Status::Ok);
    assert_eq!(compress.total_in(), zeroes.len() as u64);
    let mut stream = vec![0x78, 0xDA];
    for _ in 0..BLOCKS {
        stream.extend_from_slice(&block);
    }
    // An empty last block, and the sum of so many zeroes (Adler-32, RFC 1950).
    stream.extend([1, 0, 0, 0xFF, 0xFF]);
    let count = u64::from(BLOCKS) * zeroes.len() as u64 % 65_521;
    stream.extend((u32::try_from(count).unwrap() << 16 | 1).to_be_bytes());
    packed(&stream)
}

/// A PDF of one page whose content is this stream.
fn pdf(head: &str, content: &[u8]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\n\
        endobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /XObject << /F 4 0 R >> /Font << \
        /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>\nendobj\n"
        .to_vec();
    file.extend(format!("4 0 obj\n<< /Length {} {head} >>\nstream\n", content.len()).bytes());
    file.extend_from_slice(content);
    file.extend(b"\nendstream\nendobj\ntrailer\n<< /Size 5 /Root 1 0 R >>\n%%EOF\n");
    file
}

#[tokio::test]
async fn a_bomb_costs_its_worker_and_the_next_file_is_drawn() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_satchel"));
    let inspector = Inspector::new(InspectorSettings { draw_wall: Duration::from_secs(4), ..InspectorSettings::new(program) });
    let bomb = pdf("/Filter [/FlateDecode /FlateDecode]", &packed_twice());
    assert!(bomb.len() < 64 << 10, "{} bytes", bomb.len());
    let flood = b"GIF89a\xFF\xFF\xFF\xFF\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\x02D\x01\0;".to_vec();
    let endless = pdf("/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /XObject << /F 4 0 R >> >>", b"/F Do /F Do");
    for (name, content, reasons) in [
        ("bomb.pdf", bomb, &["drawing it took too much memory", "drawing it took too long"][..]),
        ("flood.gif", flood, &["it has more pixels than are shown"]),
        ("cut.png", b"\x89PNG\r\n\x1a\n".to_vec(), &["the file is damaged"]),
        ("nothing.pdf", Vec::new(), &["the file is damaged"]),
    ] {
        let undrawn = inspector.draw(&FileName::parse(name).unwrap(), bytes(content)).await.unwrap_err();
        assert!(reasons.contains(&undrawn.reason.as_str()) && !undrawn.may_draw_again, "{name}: {undrawn:?}");
    }
    // A form that draws itself has an end, and a page.
    let drawn = inspector.draw(&FileName::parse("endless.pdf").unwrap(), bytes(endless)).await.unwrap();
    assert!(drawn.page.len() > 500 && drawn.thumbnail.len() > 100);
}

#[tokio::test]
async fn what_is_drawn_needs_no_file_and_no_right_that_a_worker_gave_up() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_satchel"));
    let inspector = Inspector::new(InspectorSettings::new(program));
    // Text in a font that is not in the file, which is where others look through the system's fonts.
    let text = pdf("", b"BT /F1 24 Tf 100 700 Td (Hello) Tj ET");
    let drawn = inspector.draw(&FileName::parse("letter.pdf").unwrap(), bytes(text)).await.unwrap();
    assert!(drawn.page.starts_with(&[0xFF, 0xD8, 0xFF]) && drawn.thumbnail.len() < drawn.page.len());
    assert!(inspector.confinement().unwrap().is_full(), "{:?}", inspector.confinement());
}
