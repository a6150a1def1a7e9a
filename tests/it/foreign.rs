//! Foreign texts at the types that are parsed at the doors: what is taken keeps its promises.

use bolero::check;
use satchel::blob::ObjectKey;
use satchel::domain::{
    CustomerId, FileId, FileName, Folder, ManualClock, Permission, PersonId, Phone, SeededEntropy, UploadId, clean_text,
};

const ITERATIONS: usize = 3000;

/// A text near one that is good: some of its bytes replaced, and something behind it.
fn near(good: &str, damage: &[(u8, char)], behind: &str) -> String {
    let mut chars: Vec<char> = good.chars().collect();
    for (at, with) in damage {
        let at = usize::from(*at) % chars.len();
        chars[at] = *with;
    }
    chars.into_iter().collect::<String>() + behind
}

fn each_text(good: &'static str, holds: impl Fn(&str) + std::panic::RefUnwindSafe) {
    check!().with_iterations(ITERATIONS).with_type::<(String, Vec<(u8, char)>, bool)>().for_each(|(text, damage, is_near)| {
        let text = if *is_near { near(good, damage, if damage.len() > 2 { text } else { "" }) } else { text.clone() };
        holds(&text);
    });
}

#[test]
fn an_id_that_is_taken_is_written_as_it_was_read() {
    each_text("file_01h455vb4pex5vsknk084sn02q", |text| {
        if let Ok(id) = FileId::parse(text) {
            assert_eq!(id.to_string(), text, "two texts of one id could be told apart");
        }
        if let Ok(id) = PersonId::parse(text) {
            assert_eq!(id.to_string(), text);
        }
    });
}

#[test]
fn a_key_that_is_taken_lies_with_its_customer() {
    let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(1));
    let (ours, theirs) = (CustomerId::new(&clock, &entropy), CustomerId::new(&clock, &entropy));
    let key = ObjectKey::upload(ours, UploadId::new(&clock, &entropy), "2026-03-02T09:00:00Z".parse().unwrap());
    assert!(ObjectKey::parse(ours, key.as_str()).is_ok() && ObjectKey::parse(theirs, key.as_str()).is_err());
    let good: &'static str = Box::leak(key.as_str().to_owned().into_boxed_str());
    each_text(good, move |text| {
        assert!(ObjectKey::parse(theirs, text).is_err() || !text.contains(&ours.to_string()), "{text}");
        if let Ok(key) = ObjectKey::parse(ours, text) {
            assert!(key.as_str().contains(&ours.to_string()) && !key.as_str().contains(".."), "{text}");
        }
    });
}

#[test]
fn a_name_that_is_taken_is_no_path_and_shows_as_it_is() {
    each_text("Q2 Report.pdf", |text| {
        if let Ok(name) = FileName::parse(text) {
            let shown = name.as_str();
            assert!(!shown.contains(['/', '\\', '\0']) && !shown.chars().any(char::is_control) && shown != "..", "{shown:?}");
            assert_eq!(FileName::parse(shown).unwrap(), name);
            let _parts = (name.stem(), name.extension());
        }
    });
    each_text("finance/2025", |text| {
        if let Ok(folder) = Folder::parse(text) {
            assert!(folder.as_str().split('/').all(|part| part != ".." && part != "."), "{:?}", folder.as_str());
            assert_eq!(Folder::parse(folder.as_str()).unwrap(), folder);
        }
    });
}

#[test]
fn a_number_that_is_taken_can_be_called() {
    each_text("+1 (555) 010-0100", |text| {
        if let Ok(phone) = Phone::parse(text) {
            let number = String::from(phone);
            assert!(number.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())), "{number}");
        }
        let _permission = Permission::parse(text);
    });
}

#[test]
fn a_cleaned_text_hides_nothing() {
    each_text("Supply Agreement", |text| {
        let clean = clean_text(text, 40);
        assert!(clean.chars().count() <= 40);
        assert!(
            !clean
                .chars()
                .any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')),
            "{clean:?}"
        );
        assert_eq!(clean_text(&clean, 40), clean);
    });
}
