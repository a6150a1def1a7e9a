//! Files that are locked with a password, as the usual programs lock them, and what the password opens.

use satchel::domain::{ExtractionStatus, FileName, Password, ScanStatus};
use satchel::inspect::{Inspector, LookedFor, Tried};
use zip::unstable::write::FileOptionsExt as _;
use zip::write::SimpleFileOptions;
use zip::{AesMode, ZipWriter};

use std::io::{Cursor, Write};

use super::{chunks, eicar, extract, settings};

const RIGHT: &str = "open sesame 7";

macro_rules! locked {
    ($($name:literal)*) => {
        [$(($name, include_bytes!(concat!("files/locked/", $name)).as_slice())),*]
    };
}

async fn tried(name: &str, bytes: &[u8], password: &str) -> Tried {
    let password = Password::parse(password.to_owned()).unwrap();
    Inspector::new(settings()).unlock(&FileName::parse(name).unwrap(), chunks(bytes), LookedFor::default(), &password).await
}

#[tokio::test]
async fn what_the_usual_programs_lock_is_told_as_locked_and_its_password_opens_it() {
    for (name, bytes) in locked! {
        "rc4-40.pdf" "rc4-128.pdf" "aes-128.pdf" "aes-256.pdf" "agile.docx" "agile.xlsx" "word97.doc" "excel97.xls"
    } {
        let read = extract(name, bytes).await;
        assert_eq!((read.extraction.status, read.text.as_str()), (ExtractionStatus::Locked, ""), "{name}");
        assert!(read.findings.is_none(), "{name}: nobody could look");
        assert!(matches!(tried(name, bytes, "open sesame 8").await, Tried::Wrong), "{name}");
        let Tried::Opened { extracted, inside } = tried(name, bytes, RIGHT).await else { panic!("{name} stays locked") };
        assert!(extracted.text.contains("The settlement with Acme is four million."), "{name}: {}", extracted.text);
        assert_eq!((extracted.extraction.status, inside.status), (ExtractionStatus::Done, ScanStatus::Clean), "{name}");
        assert_eq!(extracted.content_type, read.content_type, "{name}");
        let found: Vec<_> = extracted.findings.unwrap().into_iter().map(|finding| finding.kind.as_str()).collect();
        assert!(found.contains(&"card"), "{name}: {found:?}");
    }
}

#[tokio::test]
async fn an_archive_with_a_password_is_locked_and_its_list_is_read_all_the_same() {
    for (name, bytes) in locked! { "aes-128.zip" "aes-256.zip" "zipcrypto.zip" } {
        let read = extract(name, bytes).await;
        assert_eq!(read.extraction.status, ExtractionStatus::Locked, "{name}");
        assert!(read.text.contains("settlement.txt"), "{name}: {}", read.text);
        assert!(matches!(tried(name, bytes, "open sesame 8").await, Tried::Wrong), "{name}");
        let Tried::Opened { extracted, inside } = tried(name, bytes, RIGHT).await else { panic!("{name} stays locked") };
        assert_eq!((extracted.extraction.status, inside.status), (ExtractionStatus::Done, ScanStatus::Clean), "{name}");
        assert!(extracted.text.contains("settlement.txt"), "{name}: {}", extracted.text);
    }
}

/// An archive of one member, locked by a password as bytes in one of two ways.
fn zip_with(password: &[u8], member: &[u8], is_aes: bool) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default();
    let text = String::from_utf8_lossy(password).into_owned();
    if is_aes {
        writer.start_file("member.bin", plain.with_aes_encryption(AesMode::Aes256, &text)).unwrap();
    } else {
        writer.start_file("member.bin", plain.with_deprecated_encryption(password).unwrap()).unwrap();
    }
    writer.write_all(member).unwrap();
    writer.finish().unwrap().into_inner()
}

#[tokio::test]
async fn harm_behind_a_password_is_found_once_the_password_is_there() {
    for is_aes in [true, false] {
        let bytes = zip_with(b"infected", &eicar(), is_aes);
        assert_eq!(super::scan("sample.zip", &bytes).await.status, ScanStatus::Clean, "nobody can look");
        let Tried::Opened { inside, .. } = tried("sample.zip", &bytes, "infected").await else { panic!("it stays locked") };
        assert_eq!((inside.status, inside.findings), (ScanStatus::Infected, vec!["Eicar_Test_File".to_owned()]), "aes: {is_aes}");
    }
    let launches = include_bytes!("files/locked/launches.pdf");
    assert_eq!(super::scan("launches.pdf", launches).await.status, ScanStatus::Clean, "nobody can look");
    let Tried::Opened { inside, .. } = tried("launches.pdf", launches, RIGHT).await else { panic!("it stays locked") };
    assert_eq!((inside.status, inside.findings), (ScanStatus::Suspicious, vec!["Pdf_Launches_Program".to_owned()]));
}

#[tokio::test]
async fn an_archive_within_a_locked_one_may_have_a_password_of_its_own() {
    let bytes = zip_with(b"outer", &zip_with(b"inner", b"hello", true), true);
    assert!(matches!(tried("both.zip", &bytes, "outer").await, Tried::Opened { .. }));
    assert!(matches!(tried("both.zip", &bytes, "inner").await, Tried::Wrong));
}

#[tokio::test]
async fn a_bomb_behind_a_password_costs_no_more_than_one_without() {
    let bytes = zip_with(b"boom", &vec![0; 40 << 20], true);
    let Tried::Opened { inside, .. } = tried("bomb.zip", &bytes, "boom").await else { panic!("it stays locked") };
    assert_eq!((inside.status, inside.findings), (ScanStatus::Suspicious, vec!["Archive_Bomb".to_owned()]));
}

#[tokio::test]
async fn a_password_that_old_programs_wrote_in_their_own_letters_opens_too() {
    let bytes = zip_with(b"Zo\xEB", b"hello", false);
    assert!(matches!(tried("old.zip", &bytes, "Zoë").await, Tried::Opened { .. }));
}

#[tokio::test]
async fn what_no_password_opens_here_says_so() {
    let written = include_bytes!("files/locked/written.odt");
    assert_eq!(extract("written.odt", written).await.extraction.status, ExtractionStatus::Locked);
    let Tried::Failed { reason, may_try_again } = tried("written.odt", written, RIGHT).await else { panic!("nobody opens it here") };
    assert_eq!((reason.as_str(), may_try_again), ("it is locked in a way that is not opened here", false));
}

#[tokio::test]
async fn a_pdf_that_opens_without_a_password_is_not_locked() {
    let read = extract("owner-only.pdf", include_bytes!("files/locked/owner-only.pdf")).await;
    assert_eq!(read.extraction.status, ExtractionStatus::Done);
    assert!(read.text.contains("four million"));
}
