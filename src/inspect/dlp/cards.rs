//! Numbers of payment cards: the issuers' ranges and lengths, and the check digit by Luhn.
//!
//! Sources: ISO/IEC 7812-1:2017 for the form and the check digit (annex B); the ranges are those that the networks publish for
//! their acquirers, as put together under <https://en.wikipedia.org/wiki/Payment_card_number>.

use std::ops::Range;

use super::context::Context;
use super::hits::{Page, mask};
use super::text::{Text, is_word};
use crate::domain::FindingKind;

/// Numbers of one network.
struct Issuer {
    rule: &'static str,
    /// First digits, from and to, of equal length.
    ranges: &'static [(u32, u32)],
    lengths: &'static [usize],
    /// Whether words must say that it is a card, as its numbers look like many others.
    needs_words: bool,
}

const fn issuer(rule: &'static str, ranges: &'static [(u32, u32)], lengths: &'static [usize], needs_words: bool) -> Issuer {
    Issuer { rule, ranges, lengths, needs_words }
}

/// The first that fits has it.
const ISSUERS: &[Issuer] = &[
    issuer("visa", &[(4, 4)], &[16], false),
    issuer("mastercard", &[(51, 55), (2221, 2720)], &[16], false),
    issuer("amex", &[(34, 34), (37, 37)], &[15], false),
    issuer("discover", &[(6011, 6011), (644, 649), (65, 65)], &[16], false),
    // After the 1 stands the number of an airline, which is never 000.
    issuer("uatp", &[(1001, 1999)], &[15], false),
    issuer("jcb", &[(3528, 3589)], &[16], false),
    issuer("diners", &[(300, 305), (3095, 3095), (36, 36), (38, 39)], &[14], false),
    issuer("unionpay", &[(62, 62), (8100, 8171)], &[16], false),
    issuer("mir", &[(2200, 2204)], &[16], false),
    issuer("dankort", &[(5019, 5019)], &[16], false),
    issuer("maestro", &[(5018, 5018), (5020, 5020), (5038, 5038), (5893, 5893), (6304, 6304), (6759, 6759), (6761, 6763)], &[16], false),
    issuer("rupay", &[(60, 60), (81, 82), (508, 508)], &[16], true),
    issuer("troy", &[(9792, 9792)], &[16], true),
    issuer("verve", &[(506_099, 506_198), (650_002, 650_027)], &[16, 18, 19], true),
    issuer("visa", &[(4, 4)], &[13, 19], true),
    issuer("discover", &[(6011, 6011), (644, 649), (65, 65)], &[17, 18, 19], true),
    issuer("jcb", &[(3528, 3589)], &[17, 18, 19], true),
    issuer("diners", &[(36, 36)], &[15, 16, 17, 18, 19], true),
    issuer("unionpay", &[(62, 62), (8100, 8171)], &[17, 18, 19], true),
    issuer("maestro", &[(50, 50), (56, 69)], &[12, 13, 14, 15, 16, 17, 18, 19], true),
];

/// How the digits of a card are grouped on it.
const GROUPS: [&[usize]; 5] = [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 1]];

/// The check digit of ISO/IEC 7812-1, annex B.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (at, digit)| {
        let value = u32::from(digit.wrapping_sub(b'0'));
        sum + if at % 2 == 0 { value } else { value * 2 / 10 + value * 2 % 10 }
    });
    !digits.is_empty() && sum % 10 == 0
}

fn issuer_of(digits: &[u8]) -> Option<&'static Issuer> {
    let head = |length: usize| digits.iter().take(length).fold(0_u32, |number, digit| number * 10 + u32::from(digit.wrapping_sub(b'0')));
    let is_in = |&(from, to): &(u32, u32)| (from..=to).contains(&head(from.to_string().len()));
    ISSUERS.iter().find(|issuer| issuer.lengths.contains(&digits.len()) && issuer.ranges.iter().any(is_in))
}

/// Digits from a place on.
pub(super) fn run(text: &Text, from: usize) -> usize {
    text.slice(from..text.len()).iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Digits in these groups from a place on, one blank or hyphen between any two, the same each time.
fn grouped(text: &Text, from: usize, groups: &[usize]) -> Option<Range<usize>> {
    let mut at = from;
    let mut separator = None;
    for (number, length) in groups.iter().enumerate() {
        if number > 0 {
            let here = text.at(at);
            if !matches!(here, b' ' | b'-') || *separator.get_or_insert(here) != here {
                return None;
            }
            at += 1;
        }
        if run(text, at) != *length {
            return None;
        }
        at += length;
    }
    // A group more of the same kind makes it a longer number.
    let separator = separator.unwrap_or(b' ');
    let goes_on = text.at(at) == separator && run(text, at + 1) == 4;
    let digits_before = |at: usize| text.slice(0..at).iter().rev().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let comes_from = text.before(from) == separator && from.checked_sub(1).is_some_and(|at| digits_before(at) == 4);
    (!goes_on && !comes_from).then_some(from..at)
}

pub(super) fn find(page: &mut Page<'_>) {
    let mut at = 0;
    while at < page.text.len() {
        if !page.text.at(at).is_ascii_digit() || is_word(page.text.before(at)) {
            at += 1;
            continue;
        }
        let whole = run(page.text, at);
        let spans = [(12..=19).contains(&whole).then_some(at..at + whole)];
        let spans = spans.into_iter().chain(GROUPS.iter().map(|groups| grouped(page.text, at, groups))).flatten();
        let found = spans.filter(|span| page.text.stands_alone(span) && !page.is_claimed(span)).find_map(|span| {
            let digits: Vec<u8> = page.text.slice(span.clone()).iter().copied().filter(u8::is_ascii_digit).collect();
            let issuer = issuer_of(&digits)?;
            let is_one = luhn(&digits) && !is_monotone(&digits) && (!issuer.needs_words || page.is_near(Context::Card, &span));
            is_one.then_some((span, digits, issuer.rule))
        });
        match found {
            Some((span, digits, rule)) => {
                at = span.end;
                let sample = mask(page.text.slice(span.clone()), 4);
                page.found(FindingKind::Card, rule, span, &digits, sample);
            }
            None => at += whole,
        }
    }
}

/// The same digit all the way: a placeholder.
fn is_monotone(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_that_of_the_standards_own_example() {
        // The well-known worked example: 7992739871 takes a 3.
        assert!(luhn(b"79927398713"));
        for wrong in b"012456789" {
            let mut digits = b"7992739871".to_vec();
            digits.push(*wrong);
            assert!(!luhn(&digits));
        }
        assert!(!luhn(b""));
    }

    #[test]
    fn ranges_are_written_with_as_many_digits_on_both_ends() {
        for issuer in ISSUERS {
            for (from, to) in issuer.ranges {
                assert!(from <= to && from.to_string().len() == to.to_string().len(), "{}", issuer.rule);
            }
            assert!(issuer.lengths.iter().all(|length| (12..=19).contains(length)));
        }
    }
}
