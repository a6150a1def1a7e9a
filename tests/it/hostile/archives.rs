//! Archives that are not what they seem.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// One member of zeros.
pub fn bomb(size: usize) -> Vec<u8> {
    zip(&[("zeros.bin", &vec![0; size])])
}

/// Archives within archives, `depth` deep, each with so many copies of the next.
pub fn nested(copies: usize, depth: usize) -> Vec<u8> {
    let mut inner = bomb(4 << 20);
    for _ in 0..depth {
        let names: Vec<String> = (0..copies).map(|copy| format!("{copy}.zip")).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), inner.as_slice())).collect();
        inner = zip(&members);
    }
    inner
}

pub fn many(members: usize) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..members {
        writer.start_file(format!("{number}.txt"), SimpleFileOptions::default()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// One member's data under many entries of the directory.
pub fn overlapping(entries: u16) -> Vec<u8> {
    let whole = zip(&[("a.bin", &vec![0; 1 << 20])]);
    let directory = whole.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let end = whole.windows(4).rposition(|window| window == b"PK\x05\x06").unwrap();
    let entry = &whole[directory..end];
    let mut bytes = whole[..directory].to_vec();
    for number in 0..entries {
        let mut copy = entry.to_vec();
        // The name, `a.bin`, is 46 bytes into the entry: one of its own for each.
        copy[46] = b'A' + u8::try_from(number % 26).unwrap();
        copy[47] = b'A' + u8::try_from(number / 26).unwrap();
        bytes.extend(copy);
    }
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(entries.to_le_bytes());
    bytes.extend(entries.to_le_bytes());
    bytes.extend((u32::try_from(entry.len()).unwrap() * u32::from(entries)).to_le_bytes());
    bytes.extend(u32::try_from(directory).unwrap().to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

pub fn slip() -> Vec<u8> {
    zip(&[("../../../../etc/cron.d/job", b"* * * * * root true"), ("/etc/shadow", b"x"), ("C:\\Windows\\x.dll", b"x"), ("a/\0b", b"x")])
}

pub fn symlinks() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, target) in [("word/document.xml", "/etc/passwd"), ("self", "self"), ("up", "../../..")] {
        writer.add_symlink(name, target, SimpleFileOptions::default()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A packed TAR whose one member stands for a file outside of it.
pub fn linked_tar() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "up", "/etc/passwd").unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&builder.into_inner().unwrap()).unwrap();
    encoder.finish().unwrap()
}

/// Sizes of the directory's entry overwritten with the largest that it can say.
pub fn absurd_sizes() -> Vec<u8> {
    let mut bytes = zip(&[("a.txt", b"hello")]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 20..directory + 28].fill(0xff);
    bytes
}

/// Bytes as zlib packs them, by way of an archive's member.
pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip(&[("a", bytes)]))).unwrap();
    let member = archive.by_index(0).unwrap();
    let (start, length) = (member.data_start().unwrap(), member.compressed_size());
    drop(member);
    let whole = archive.into_inner().into_inner();
    let packed = &whole[usize::try_from(start).unwrap()..usize::try_from(start + length).unwrap()];
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    [&[0x78, 0x9c], packed, &((high << 16) | low).to_be_bytes()].concat()
}

/// Members as they are, without packing.
pub fn stored(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in members {
        writer.start_file(*name, plain).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
