//! Numbers made by the rules they are checked by, in all kinds of text; wrong ones; and any text at all.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;

use super::Screen;
use crate::domain::{FilePart, Finding, FindingKind, OwnRule, Sought};

static SCREEN: LazyLock<Screen> = LazyLock::new(|| Screen::new().unwrap());

fn look(text: &str) -> Vec<Finding> {
    SCREEN.look(&[(FilePart::Text, text)], &[])
}

fn rules_in(text: &str) -> Vec<String> {
    look(text).into_iter().map(|finding| finding.rule).collect()
}

fn has(text: &str, rule: &str) -> bool {
    rules_in(text).iter().any(|found| found == rule)
}

/// The check digit that makes a number right by Luhn, worked out from the standard and not by the code under test.
fn with_luhn(body: &str) -> String {
    let mut sum = 0;
    for (at, digit) in body.bytes().rev().enumerate() {
        let mut value = u32::from(digit - b'0');
        if at % 2 == 0 {
            value *= 2;
            if value > 9 {
                value -= 9;
            }
        }
        sum += value;
    }
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// A number with its last digit made a wrong one.
fn spoiled(number: &str) -> String {
    let (head, last) = number.split_at(number.len() - 1);
    let last: u32 = last.parse().unwrap();
    format!("{head}{}", (last + 1) % 10)
}

fn digits(count: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(0_u8..10, count).prop_map(|digits| digits.into_iter().map(|digit| char::from(b'0' + digit)).collect())
}

fn in_groups(number: &str, groups: &[usize], separator: &str) -> String {
    let mut rest = number;
    let mut parts = Vec::new();
    for length in groups {
        let (part, next) = rest.split_at((*length).min(rest.len()));
        parts.push(part);
        rest = next;
    }
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(separator)
}

/// What may stand around a number, with `{}` for it.
const AROUND: [&str; 8] = [
    "{}",
    "Please use {}, thanks.",
    "name, number\nAnn Lee, {}\nBob Ray, none",
    "Zoë says: \u{201c}{}\u{201d}",
    "({})",
    "Total 12.50\n\n{}\n\n2024-01-02",
    "ref\t{}\tok",
    "Наш номер {} здесь",
];

fn put(around: &str, number: &str) -> String {
    around.replace("{}", number)
}

/// An account number of a country, its check digits worked out by hand: letters as numbers, in pieces of the long division.
fn iban(country: &str, rest: &str) -> String {
    let as_digits: String = format!("{rest}{country}00")
        .chars()
        .map(
            |character| {
                if character.is_ascii_digit() { character.to_string() } else { (u32::from(character) - u32::from('A') + 10).to_string() }
            },
        )
        .collect();
    let remainder = as_digits.bytes().fold(0_u64, |remainder, digit| (remainder * 10 + u64::from(digit - b'0')) % 97);
    format!("{country}{:02}{rest}", 98 - remainder)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_card_is_found_however_it_is_written_and_with_a_wrong_digit_is_not(
        (head, length) in select(vec![("4", 16), ("51", 16), ("2221", 16), ("2720", 16), ("37", 15), ("34", 15), ("6011", 16), ("3528", 16), ("36", 14), ("62", 16), ("2200", 16)]),
        tail in digits(16),
        separator in select(vec!["", " ", "-", "\u{a0}", "\u{2011}"]),
        around in select(AROUND.to_vec()),
    ) {
        let body: String = format!("{head}{tail}").chars().take(length - 1).collect();
        let number = with_luhn(&body);
        let groups: &[usize] = match length { 15 => &[4, 6, 5], 14 => &[4, 6, 4], _ => &[4, 4, 4, 4] };
        let written = in_groups(&number, groups, separator);
        let found = look(&put(around, &written));
        prop_assert_eq!(found.iter().filter(|finding| finding.kind == FindingKind::Card).count(), 1, "{}: {:?}", written, found);
        let card = found.iter().find(|finding| finding.kind == FindingKind::Card).unwrap();
        prop_assert_eq!(card.count, 1);
        prop_assert!(card.sample.ends_with(&number[number.len() - 4..]) && card.sample.bytes().filter(u8::is_ascii_digit).count() == 4);
        let wrong = in_groups(&spoiled(&number), groups, separator);
        prop_assert!(look(&put(around, &wrong)).iter().all(|finding| finding.kind != FindingKind::Card), "{}", wrong);
    }

    #[test]
    fn a_card_inside_a_longer_number_is_none(tail in digits(15), more in digits(4)) {
        let number = with_luhn(&format!("4{}", &tail[..14]));
        for longer in [format!("{number}{more}"), format!("{more}{number}"), in_groups(&format!("{number}{more}"), &[4, 4, 4, 4, 4], " ")] {
            let found = look(&longer);
            prop_assert!(found.iter().all(|finding| finding.rule != "visa"), "{}: {:?}", longer, found);
        }
    }

    #[test]
    fn any_account_is_found_however_it_is_written_and_with_wrong_check_digits_is_not(
        (country, form) in select(vec![("DE", "nnnnnnnnnnnnnnnnnn"), ("GB", "aaaannnnnnnnnnnnnn"), ("FR", "nnnnnnnnnnccccccccccc77"), ("NL", "aaaannnnnnnnnn"), ("ES", "nnnnnnnnnnnnnnnnnnnn"), ("NO", "nnnnnnnnnnn"), ("MT", "aaaannnnncccccccccccccccccc"), ("IT", "annnnnnnnnncccccccccccc")]),
        seed in digits(32),
        separator in select(vec!["", " ", "-"]),
        around in select(AROUND.to_vec()),
    ) {
        let rest: String = form.bytes().zip(seed.bytes()).map(|(kind, digit)| match kind {
            b'a' => char::from(b'A' + (digit - b'0') * 2),
            b'c' if digit % 2 == 0 => char::from(b'A' + (digit - b'0')),
            _ => char::from(digit),
        }).collect();
        let number = iban(country, &rest);
        let written = number.as_bytes().chunks(4).map(|group| String::from_utf8(group.to_vec()).unwrap()).collect::<Vec<_>>().join(separator);
        let found = look(&put(around, &written));
        let account = found.iter().find(|finding| finding.kind == FindingKind::Iban);
        prop_assert!(account.is_some(), "{}: {:?}", written, found);
        prop_assert!(account.unwrap().sample.starts_with(country) && !account.unwrap().sample.contains(&rest[..6]));
        let check: u32 = number[2..4].parse().unwrap();
        let wrong = format!("{}{:02}{}", &number[..2], (check + 1) % 100, &number[4..]);
        prop_assert!(look(&put(around, &wrong)).iter().all(|finding| finding.kind != FindingKind::Iban), "{}", wrong);
    }

    #[test]
    fn a_social_security_number_of_an_area_that_is_given_is_found_and_of_another_is_not(
        area in 1_u32..899, group in 1_u32..100, serial in 1_u32..10_000, around in select(AROUND.to_vec()),
    ) {
        prop_assume!(area != 666 && (area, group, serial) != (78, 5, 1120) && (area, group, serial) != (219, 9, 9999));
        let number = format!("{area:03}-{group:02}-{serial:04}");
        prop_assert!(has(&put(around, &number), "us_ssn"), "{}", number);
        let bare = number.replace('-', "");
        prop_assert!(has(&put(around, &format!("SSN {bare}")), "us_ssn"), "{}", bare);
        prop_assert!(!has(&put("order {}", &bare), "us_ssn"), "nine digits alone may be anything: {}", bare);
        for wrong in [format!("000-{group:02}-{serial:04}"), format!("666-{group:02}-{serial:04}"), format!("{area:03}-00-{serial:04}"), format!("{area:03}-{group:02}-0000")] {
            prop_assert!(!has(&put(around, &wrong), "us_ssn"), "{}", wrong);
        }
    }

    #[test]
    fn numbers_with_a_letter_by_their_remainder_are_found_with_that_letter_alone(number in 1_u64..99_999_999, around in select(AROUND.to_vec())) {
        let letters = "TRWAGMYFPDXBNJZSQVHLCKE".as_bytes();
        let right = char::from(letters[usize::try_from(number % 23).unwrap()]);
        let written = |letter: char| put(around, &format!("{number:08}{letter}"));
        prop_assert!(has(&written(right), "es_dni"));
        for letter in "TRWAGMYFPDXBNJZSQVHLCKE".chars().filter(|letter| *letter != right) {
            prop_assert!(!has(&written(letter), "es_dni"), "{}", letter);
        }
    }

    #[test]
    fn a_french_number_is_found_with_its_key_alone(
        sex in 1_u64..3, year in 0_u64..100, month in 1_u64..13, department in 1_u64..96, town in 1_u64..990, order in 1_u64..999, off in 1_u64..96,
        around in select(AROUND.to_vec()),
    ) {
        let body = format!("{sex}{year:02}{month:02}{department:02}{town:03}{order:03}");
        let key = 97 - body.parse::<u64>().unwrap() % 97;
        let number = format!("{body}{key:02}");
        prop_assert!(has(&put(around, &number), "fr_nir"));
        let grouped = in_groups(&number, &[1, 2, 2, 2, 3, 3, 2], " ");
        prop_assert!(has(&put(around, &grouped), "fr_nir"), "{}", grouped);
        let wrong = (key - 1 + off) % 97 + 1;
        let spoiled = format!("{body}{wrong:02}");
        prop_assert!(!has(&put(around, &spoiled), "fr_nir"));
    }

    #[test]
    fn numbers_that_look_like_others_are_found_beside_their_words_alone(body in digits(9)) {
        // The eleven-test of the Netherlands: the digit that makes the weighted sum, itself counted minus one, divisible.
        let head = &body[..8];
        let sum: u32 = head.bytes().zip((2..=9).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        prop_assume!(sum % 11 < 10 && head != "00000000");
        let number = format!("{head}{}", sum % 11);
        let (with, without) = (format!("BSN: {number}"), format!("order {number}"));
        prop_assert!(has(&with, "nl_bsn"), "{}", number);
        prop_assert!(!has(&without, "nl_bsn"));
        let wrong = format!("BSN: {}", spoiled(&number));
        prop_assert!(!has(&wrong, "nl_bsn"));
    }

    #[test]
    fn no_text_breaks_it_and_nothing_whole_is_given_back(text in "(\\PC|[ \n0-9@+().,:/-]|[A-Za-z]{1,6}){0,120}") {
        for finding in look(&text) {
            prop_assert!(finding.sample.chars().count() <= Finding::SAMPLE);
            prop_assert!(finding.count >= 1 && (1..=Finding::PLACES).contains(&finding.places.len()));
        }
    }
}

/// Right numbers that are published as samples, or were worked out on paper from the rules, each with a wrong one beside it.
#[test]
fn each_states_number_is_known_from_a_wrong_one() {
    for (rule, right, wrong) in [
        ("uk_nino", "AB 12 34 56 C", "QQ 12 34 56 C"),
        ("uk_nino", "JG103759A", "JG103759E"),
        ("uk_nhs", "NHS number 943 476 5919", "NHS number 943 476 5918"),
        ("de_tax_id", "Steuer-ID 86095742719", "Steuer-ID 86095742718"),
        ("de_tax_id", "IdNr. 65 929 970 489", "IdNr. 65 929 970 488"),
        ("fr_nir", "2 55 08 14 168 025 38", "2 55 08 14 168 025 39"),
        ("fr_nir", "1 84 05 2A 004 077 54", "1 84 05 2A 004 077 55"),
        ("es_dni", "12345678Z", "12345678A"),
        ("es_nie", "X1234567L", "X1234567T"),
        ("es_nie", "X1234567-L", "X1234567-T"),
        ("it_codice_fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
        ("nl_bsn", "BSN 111222333", "BSN 111222334"),
        ("be_national", "85.07.30-033.28", "85.07.30-033.29"),
        ("pt_nif", "NIF 123456789", "NIF 123456788"),
        ("pl_pesel", "PESEL 44051401359", "PESEL 44051401358"),
        ("se_personal", "personnummer 811228-9874", "personnummer 811228-9873"),
        ("fi_hetu", "131052-308T", "131052-308U"),
        ("fi_hetu", "131052Y308T", "131052G308T"),
        ("dk_cpr", "CPR 010190-1234", "CPR 320190-1234"),
        ("no_fnr", "fnr 01010750160", "fnr 01010750161"),
        ("ie_pps", "PPS 1234567T", "PPS 1234567U"),
        ("at_social", "SVNR 1237 010180", "SVNR 1238 010180"),
        ("ch_ahv", "756.9217.0769.85", "756.9217.0769.84"),
        ("ca_sin", "SIN 130 692 544", "SIN 130 692 545"),
        ("au_tfn", "TFN 123 456 782", "TFN 123 456 783"),
        ("au_medicare", "Medicare 2123 45670 1", "Medicare 2123 45671 1"),
        ("in_aadhaar", "Aadhaar 2341 2341 2346", "Aadhaar 2341 2341 2347"),
        ("in_pan", "PAN ABCPE1234F", "PAN ABCDE1234F"),
        ("br_cpf", "529.982.247-25", "529.982.247-26"),
        ("za_id", "ID number 8001015009087", "ID number 8001015009088"),
        ("cn_resident", "11010519491231002X", "110105194912310021"),
        ("sg_nric", "S1234567D", "S1234567E"),
        ("cl_rut", "12.345.678-5", "12.345.678-6"),
        ("us_itin", "912-70-1234", "912-93-1234"),
    ] {
        assert!(has(right, rule), "{rule}: {right} gives {:?}", rules_in(right));
        assert!(!has(wrong, rule), "{rule}: {wrong} is wrong");
    }
}

#[test]
fn addresses_and_numbers_of_telephones_are_told_from_what_looks_like_them() {
    for (text, found) in [
        ("write to ann.lee+x@mail.acme.example.", true),
        ("<bob@acme.co.uk>", true),
        ("'o'neil@acme.example'", true),
        ("info@acme", false),
        ("logo@2x.png", false),
        ("a@b@acme.example", true),
        ("@handle and user@", false),
    ] {
        assert_eq!(has(text, "email"), found, "{text}: {:?}", rules_in(text));
    }
    for (text, found) in [
        ("+44 20 7946 0958", true),
        ("+49 (0)30 901820", true),
        ("(415) 555-0132", true),
        ("415-555-0132", true),
        ("1-415-555-0132", true),
        ("Tel. 020 7946 0958", true),
        ("phone: 4155550132", true),
        ("order 4155550132", false),
        ("+1", false),
        ("115-555-0132", false),
        ("3.14159265358", false),
        ("2024-11-05", false),
    ] {
        assert_eq!(has(text, "phone"), found, "{text}: {:?}", rules_in(text));
    }
}

#[test]
fn a_date_is_a_birthday_only_where_it_says_so() {
    for (text, found) in [
        ("Date of birth: 03/14/1982", true),
        ("DOB 1982-03-14", true),
        ("born on March 14th, 1982", true),
        ("geboren am 14. Oktober 1982", true),
        ("née le 14 juin 1982", true),
        ("nacido el 14 de octubre de 1982", true),
        ("Name, Date of birth\nAnn Lee, 14.03.1982", true),
        ("Due date: 03/14/1982", false),
        ("born 99/99/1982", false),
        ("born in 1982", false),
    ] {
        assert_eq!(has(text, "birth_date"), found, "{text}: {:?}", rules_in(text));
    }
}

#[test]
fn words_of_illness_count_where_somebody_is_a_patient() {
    assert!(has("The patient was diagnosed with type 2 diabetes.", "health_term"));
    assert!(!has("Our diabetes charity run raised a record sum.", "health_term"));
    assert!(has("Diagnosis: E11.9, I10", "icd_10"));
    assert!(!has("Shelf E11.9, gate B12", "icd_10"));
}

#[test]
fn secrets_are_found_by_form_and_randomness_and_samples_are_not() {
    // Put together here, so that no file of this house looks like one that holds a secret.
    let random = "q7Zt0mXc4Rv9KpLw2YhN6bGs8DfJ1aUe3ToI";
    for (text, rule) in [
        (format!("aws_key = {}{}", "AKIA", "R5QZ7WN3KHT6VMXB"), "aws_access_key"),
        (format!("{}{random}", "ghp_"), "github_token"),
        (format!("postgres://app:{}@db.acme.example/x", "tr0ub4dor&3x"), "password_in_address"),
        (format!("password = \"{}\"", "v9K2mQx7Lr4Tz8Wc"), "assigned_secret"),
        (format!("Authorization: Bearer {random}"), "basic_authorization"),
        (format!("-----BEGIN {} KEY-----\n{random}{random}\n", "RSA PRIVATE"), "private_key"),
    ] {
        let found = look(&text);
        let secret = found.iter().find(|finding| finding.rule == rule);
        assert!(secret.is_some(), "{rule}: {text}: {found:?}");
        assert_eq!(secret.unwrap().sample, "************");
    }
    for text in [
        "aws_key = AKIAIOSFODNN7EXAMPLE".to_owned(),
        "password = \"changeme-please\"".to_owned(),
        "token: xxxxxxxxxxxxxxxxxxxx".to_owned(),
        "postgres://app:${DB_PASSWORD}@db/x".to_owned(),
        "The secret of our success is teamwork and patience.".to_owned(),
    ] {
        assert_eq!(rules_in(&text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_customers_own_words_and_patterns_are_found_in_any_case_and_masked() {
    let own = |name: &str, sought| OwnRule { name: name.to_owned(), sought, at_least: 1, level: crate::domain::Classification::Restricted };
    let rules = [
        own("heron", Sought::Words(vec!["Projekt Fähre".to_owned(), "heron".to_owned()])),
        own("staff number", Sought::Pattern(r"\bSN-[0-9]{5}\b".to_owned())),
        own("broken", Sought::Pattern("(".to_owned())),
    ];
    let found = SCREEN.look(&[(FilePart::Name, "HERON plan"), (FilePart::Text, "projekt fähre and herons\nSN-10442")], &rules);
    let told: Vec<(&str, u32, FilePart)> =
        found.iter().map(|finding| (finding.rule.as_str(), finding.count, finding.places[0].part)).collect();
    assert_eq!(told, [("heron", 2, FilePart::Name), ("staff number", 1, FilePart::Text)]);
    assert_eq!(found[1].sample, "**-*****");
    assert_eq!((found[1].places[0].line, found[1].places[0].offset), (2, 25));
}

#[test]
fn the_same_number_counts_once_and_places_have_an_end() {
    let line = |number: u32| format!("ssn 219-{:02}-{:04}, 219 11 0001\n", 10 + number % 80, 1000 + number);
    let text = (0..40).map(line).collect::<Vec<_>>().concat();
    let found = look(&text);
    let numbers = found.iter().find(|finding| finding.rule == "us_ssn").unwrap();
    assert_eq!((numbers.count, numbers.places.len()), (41, Finding::PLACES));
}

#[test]
fn what_one_family_claims_is_not_another_ones() {
    assert_eq!(rules_in("IBAN DE89 3704 0044 0532 0130 00 phone"), ["iban"]);
    assert_eq!(rules_in("call about card 4012 8888 8888 1881"), ["visa"]);
    // Right by the rule of France, and by that of cards of an airline.
    assert_eq!(rules_in("122122532543043"), ["fr_nir"]);
}

/// Texts of our own making, each with what it holds and does not hold.
const LABELLED: &str = include_str!("../../../fixtures/dlp/labelled.jsonl");

/// How many of them may be judged otherwise, by type. These only go down.
const MISSED: [(&str, usize); 0] = [];
const WRONG: [(&str, usize); 0] = [];

#[test]
fn texts_of_our_own_are_judged_as_they_are_labelled() {
    #[derive(serde::Deserialize)]
    struct Labelled {
        #[serde(rename = "type")]
        kind: String,
        text: String,
        expected: bool,
    }
    let mut otherwise: BTreeMap<(String, bool), Vec<String>> = BTreeMap::new();
    let mut types = BTreeMap::<String, usize>::new();
    for line in LABELLED.lines() {
        let Labelled { kind, text, expected } = serde_json::from_str(line).unwrap();
        *types.entry(kind.clone()).or_default() += 1;
        let is_found = look(&text).iter().any(|finding| finding.rule == kind || finding.kind.as_str() == kind);
        if is_found != expected {
            otherwise.entry((kind, expected)).or_default().push(text);
        }
    }
    assert!(types.len() > 35 && types.values().sum::<usize>() > 200, "{types:?}");
    for ((kind, expected), texts) in otherwise {
        let (what, allowed) = if expected { ("missed", &MISSED) } else { ("wrong", &WRONG) };
        let allowed = allowed.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count);
        assert!(texts.len() <= allowed, "{what} of {kind}: {texts:#?}");
    }
}
