//! The sums of `docs/codes.md`, computed anew.

use std::fs;
use std::path::Path;

use satchel::files::{CALL_DIGITS, CODE_TRIES, CODE_WORD_COUNT, CODE_WORDS, FilesSettings, LINK_DIGITS, is_guessable};

/// How many codes of six digits are given out.
fn given_out() -> u32 {
    let mut count = 0;
    for number in 0..1_000_000 {
        count += u32::from(!is_guessable(&format!("{number:06}")));
    }
    count
}

#[test]
fn the_page_says_what_the_constants_give() {
    assert_eq!((LINK_DIGITS, CALL_DIGITS, CODE_WORD_COUNT, CODE_TRIES), (6, 8, 5, 5));
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md")).unwrap();
    let digits = f64::from(given_out());
    let words: f64 = (0..CODE_WORD_COUNT).map(|taken| f64::from(u32::try_from(CODE_WORDS.len() - taken).unwrap())).product();
    let tries = f64::from(CODE_TRIES);
    let limits = FilesSettings::default().failures;
    for stated in [
        format!("{} of 1,000,000", thousands(given_out())),
        format!("{:.2} bits", digits.log2()),
        format!("{:.2} bits lost", 1e6_f64.log2() - digits.log2()),
        format!("{:.1} in a million", tries / digits * 1e6),
        format!("{} words", CODE_WORDS.len()),
        format!("{:.1} bits in five words", words.log2()),
        format!("{} wrong codes in {} minutes from one network", limits.network.failures, limits.network.seconds / 60),
        format!("{} in {} minutes from one caller", limits.caller.failures, limits.caller.seconds / 60),
        format!("{} an hour at one customer", limits.customer.failures),
        format!("{} an hour at all customers", thousands(limits.overall.failures)),
    ] {
        assert!(page.contains(&stated), "`docs/codes.md` does not say `{stated}`");
    }
    assert!(words.log2() >= 40.0);
    assert!(tries / digits < 1e-5, "an unguessable link is what stands before the digits");
}

fn thousands(number: u32) -> String {
    let text = number.to_string();
    let groups: Vec<String> = text.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join(",")
}

#[test]
fn of_eight_digits_hardly_more_is_lost() {
    // Every 997th, which is prime to ten.
    let (kept, all) = (0..100_000_000_u32)
        .step_by(997)
        .fold((0_u32, 0_u32), |(kept, all), number| (kept + u32::from(!is_guessable(&format!("{number:08}"))), all + 1));
    let share = f64::from(kept) / f64::from(all);
    assert!((0.90..0.97).contains(&share), "{share}");
}
