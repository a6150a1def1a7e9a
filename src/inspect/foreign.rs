//! Foreign bytes at what reads them here: whatever they are, there is an answer and no panic.

use std::io::{Cursor, Write};

use bolero::check;
use cfb::CompoundFile;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::engine::{Engine, LockedArchives};
use super::protocol::{Job, Reply};
use super::{kind, mail, ole, pdf, rtf, vba};

const ITERATIONS: usize = 2000;

/// A container whose streams hold these bytes, under names that readers look for.
fn container(names: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut container = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for name in names {
        container.create_stream(name).unwrap().write_all(bytes).unwrap();
    }
    container.flush().unwrap();
    container.into_inner().into_inner()
}

/// `bytes` with some of its own replaced, and cut short: what damage makes of a good file.
fn damaged(mut bytes: Vec<u8>, damage: &[(u16, u8)], keep: u16) -> Vec<u8> {
    for (at, byte) in damage {
        let at = usize::from(*at) % bytes.len();
        bytes[at] = *byte;
    }
    bytes.truncate(usize::from(keep).max(1));
    bytes
}

#[test]
fn any_bytes_have_a_kind() {
    check!().with_iterations(ITERATIONS).with_type::<(Vec<u8>, String)>().for_each(|(bytes, name)| {
        let found = kind::detect(bytes, name);
        assert!(found.content_type.contains('/'), "{}", found.content_type);
        let _answers = (mail::looks_like_mail(bytes), pdf::is_encrypted(bytes));
    });
}

#[test]
fn any_rich_text_gives_what_it_says_of_itself_or_nothing() {
    check!().with_iterations(ITERATIONS).with_type::<(Vec<u8>, String)>().for_each(|(bytes, text)| {
        let _raw = rtf::info(bytes);
        let _inside = rtf::info(format!("{{\\rtf1{{\\info{{\\title {text}}}{{\\creatim\\yr{text}\\mo1\\dy1}}}}}}").as_bytes());
    });
}

#[test]
fn any_stream_of_a_container_is_read_or_passed_over() {
    check!().with_iterations(ITERATIONS / 4).with_type::<Vec<u8>>().for_each(|bytes| {
        let stream = [&[0xFE, 0xFF, 0, 0], bytes.as_slice()].concat();
        for made in [container(&["/\u{5}SummaryInformation"], bytes), container(&["/\u{5}SummaryInformation", "/WordDocument"], &stream)] {
            let _answers = (ole::contents(&made), ole::summary(&made));
        }
        let attribute = [&[1, 0, 0xB0], b"\0Attribut".as_slice(), bytes].concat();
        let _sources = vba::sources(&container(&["/ThisDocument"], &attribute));
    });
}

#[test]
fn a_damaged_container_is_no_more_than_a_container_that_cannot_be_read() {
    let good = container(&["/\u{5}SummaryInformation", "/WordDocument"], &[7; 300]);
    check!().with_iterations(ITERATIONS).with_type::<(Vec<(u16, u8)>, u16)>().for_each(|(damage, keep)| {
        let bytes = damaged(good.clone(), damage, *keep);
        let _answers = (ole::contents(&bytes), ole::summary(&bytes), vba::sources(&bytes));
    });
}

#[test]
fn a_damaged_archive_is_judged_all_the_same() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["a.txt", "b/c.docx"] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(&[b'x'; 200]).unwrap();
    }
    let good = writer.finish().unwrap().into_inner();
    let engine = std::cell::RefCell::new(Engine::load(&[], LockedArchives::Note).unwrap());
    let engine = std::panic::AssertUnwindSafe(&engine);
    check!().with_iterations(ITERATIONS / 8).with_type::<(Vec<(u16, u8)>, u16)>().for_each(|(damage, keep)| {
        let bytes = damaged(good.clone(), damage, *keep);
        assert!(engine.borrow_mut().scan("a.zip", &mut &bytes[..]).is_ok());
    });
}

#[test]
fn any_line_of_a_worker_is_a_reply_or_an_error() {
    check!().with_iterations(ITERATIONS).with_type::<(Vec<u8>, String)>().for_each(|(bytes, text)| {
        for line in [bytes.as_slice(), text.as_bytes()] {
            let _read = (serde_json::from_slice::<Reply>(line).is_ok(), serde_json::from_slice::<Job>(line).is_ok());
        }
    });
}
