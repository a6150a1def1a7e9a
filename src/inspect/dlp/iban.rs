//! Numbers of bank accounts: the length and form that each country has, and the check digits modulo 97.
//!
//! Source: ISO 13616-1:2020; lengths and forms from the registry that SWIFT keeps for it
//! (<https://www.swift.com/standards/data-standards/iban-international-bank-account-number>), check digits by ISO/IEC 7064 MOD 97-10.

use std::ops::Range;

use super::hits::{Page, mask};
use super::text::{Text, is_word};
use crate::domain::FindingKind;

/// What follows the check digits, by country: lengths with `n` for digits, `a` for letters, `c` for either.
const COUNTRIES: &[(&[u8; 2], &str)] = &[
    (b"AD", "8n12c"),
    (b"AE", "19n"),
    (b"AL", "8n16c"),
    (b"AT", "16n"),
    (b"AZ", "4a20c"),
    (b"BA", "16n"),
    (b"BE", "12n"),
    (b"BG", "4a6n8c"),
    (b"BH", "4a14c"),
    (b"BI", "23n"),
    (b"BR", "23n1a1c"),
    (b"BY", "4c4n16c"),
    (b"CH", "5n12c"),
    (b"CR", "18n"),
    (b"CY", "8n16c"),
    (b"CZ", "20n"),
    (b"DE", "18n"),
    (b"DJ", "23n"),
    (b"DK", "14n"),
    (b"DO", "4c20n"),
    (b"EE", "16n"),
    (b"EG", "25n"),
    (b"ES", "20n"),
    (b"FI", "14n"),
    (b"FK", "2a12n"),
    (b"FO", "14n"),
    (b"FR", "10n11c2n"),
    (b"GB", "4a14n"),
    (b"GE", "2a16n"),
    (b"GI", "4a15c"),
    (b"GL", "14n"),
    (b"GR", "7n16c"),
    (b"GT", "24c"),
    (b"HN", "4a20n"),
    (b"HR", "17n"),
    (b"HU", "24n"),
    (b"IE", "4a14n"),
    (b"IL", "19n"),
    (b"IQ", "4a15n"),
    (b"IS", "22n"),
    (b"IT", "1a10n12c"),
    (b"JO", "4a4n18c"),
    (b"KW", "4a22c"),
    (b"KZ", "3n13c"),
    (b"LB", "4n20c"),
    (b"LC", "4a24c"),
    (b"LI", "5n12c"),
    (b"LT", "16n"),
    (b"LU", "3n13c"),
    (b"LV", "4a13c"),
    (b"LY", "21n"),
    (b"MC", "10n11c2n"),
    (b"MD", "20c"),
    (b"ME", "18n"),
    (b"MK", "3n10c2n"),
    (b"MN", "16n"),
    (b"MR", "23n"),
    (b"MT", "4a5n18c"),
    (b"MU", "4a19n3a"),
    (b"NI", "4a20n"),
    (b"NL", "4a10n"),
    (b"NO", "11n"),
    (b"OM", "3n16c"),
    (b"PK", "4a16c"),
    (b"PL", "24n"),
    (b"PS", "4a21c"),
    (b"PT", "21n"),
    (b"QA", "4a21c"),
    (b"RO", "4a16c"),
    (b"RS", "18n"),
    (b"RU", "14n15c"),
    (b"SA", "2n18c"),
    (b"SC", "4a20n3a"),
    (b"SD", "14n"),
    (b"SE", "20n"),
    (b"SI", "15n"),
    (b"SK", "20n"),
    (b"SM", "1a10n12c"),
    (b"SO", "19n"),
    (b"ST", "21n"),
    (b"SV", "4a20n"),
    (b"TL", "19n"),
    (b"TN", "20n"),
    (b"TR", "6n16c"),
    (b"UA", "6n19c"),
    (b"VA", "18n"),
    (b"VG", "4a16n"),
    (b"XK", "16n"),
    (b"YE", "4a4n18c"),
];

/// A country's form, one letter for each character after the check digits.
fn form(country: &[u8]) -> Option<Vec<u8>> {
    let (_, short) = COUNTRIES.iter().find(|(code, _)| code.as_slice() == country)?;
    let mut form = Vec::new();
    let mut length = 0;
    for byte in short.bytes() {
        if byte.is_ascii_digit() {
            length = length * 10 + usize::from(byte - b'0');
        } else {
            form.extend(std::iter::repeat_n(byte, length));
            length = 0;
        }
    }
    Some(form)
}

/// The remainder by 97 of a number in which letters stand for 10 to 35.
pub(super) fn remainder_97(characters: impl Iterator<Item = u8>) -> u32 {
    characters.fold(0, |rest, byte| {
        let value =
            u32::from(if byte.is_ascii_digit() { byte - b'0' } else { byte.to_ascii_uppercase().wrapping_sub(b'A').wrapping_add(10) });
        (if value < 10 { rest * 10 + value } else { rest * 100 + value }) % 97
    })
}

/// An account number from a place on: where it ends, and its characters without what groups them.
fn at(text: &Text, from: usize) -> Option<(Range<usize>, Vec<u8>)> {
    let country = [text.at(from).to_ascii_uppercase(), text.at(from + 1).to_ascii_uppercase()];
    if !country.iter().all(u8::is_ascii_uppercase) || !text.at(from + 2).is_ascii_digit() || !text.at(from + 3).is_ascii_digit() {
        return None;
    }
    let form = form(&country)?;
    let mut number = Vec::with_capacity(4 + form.len());
    let mut at = from;
    while number.len() < 4 + form.len() {
        let byte = text.at(at);
        // People group it by four.
        if matches!(byte, b' ' | b'-') && number.len().is_multiple_of(4) && text.at(at + 1).is_ascii_alphanumeric() && !number.is_empty() {
            at += 1;
            continue;
        }
        if !byte.is_ascii_alphanumeric() {
            return None;
        }
        number.push(byte.to_ascii_uppercase());
        at += 1;
    }
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'n' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_uppercase(),
        _ => true,
    };
    let is_one = number.iter().skip(4).zip(&form).all(fits) && text.stands_alone(&(from..at));
    let turned = number.iter().skip(4).chain(number.iter().take(4)).copied();
    (is_one && remainder_97(turned) == 1).then_some((from..at, number))
}

pub(super) fn find(page: &mut Page<'_>) {
    let mut here = 0;
    while here < page.text.len() {
        if is_word(page.text.before(here)) || page.is_claimed(&(here..here + 1)) {
            here += 1;
            continue;
        }
        let Some((span, number)) = at(page.text, here) else {
            here += 1;
            continue;
        };
        here = span.end;
        let raw = page.text.slice(span.clone());
        let country: String = raw.iter().take(2).map(|byte| char::from(*byte)).collect();
        let sample = format!("{country}{}", mask(raw.get(2..).unwrap_or_default(), 4));
        page.found(FindingKind::Iban, "iban", span, &number, sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_stand_in_order_and_every_number_has_a_length_that_the_standard_allows() {
        assert!(COUNTRIES.is_sorted());
        for (country, _) in COUNTRIES {
            let length = 4 + form(*country).unwrap().len();
            assert!((15..=34).contains(&length), "{}", String::from_utf8_lossy(*country));
        }
    }
}
