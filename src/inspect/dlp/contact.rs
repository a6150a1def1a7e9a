//! Mail addresses and telephone numbers.
//!
//! Sources: RFC 5321 section 4.1.2 and RFC 1035 section 2.3.1 for what an address may be made of and how long its labels are;
//! ITU-T Recommendation E.164 (length, country codes) and the North American Numbering Plan (no area or exchange begins with 0 or 1).

use std::ops::Range;

use super::context::Context;
use super::hits::{Page, mask};
use super::text::{Text, is_word};
use crate::domain::FindingKind;

/// What names of files end with, which are no domains.
const ENDINGS: [&[u8]; 14] =
    [b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"html", b"pdf", b"txt", b"json", b"xml", b"csv", b"zip"];

const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'.' | b'_'
                | b'-'
                | b'+'
                | b'\''
                | b'%'
                | b'&'
                | b'!'
                | b'#'
                | b'$'
                | b'*'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}

/// Where the part in front of an `@` begins.
fn local(text: &Text, at: usize) -> Option<usize> {
    let length = text.slice(at.saturating_sub(64)..at).iter().rev().take_while(|byte| is_local(**byte)).count();
    let mut start = at - length;
    // What opens a quotation or a list is none of it.
    while start < at && !text.at(start).is_ascii_alphanumeric() && text.at(start) != b'_' {
        start += 1;
    }
    let name = text.slice(start..at);
    let is_one = !name.is_empty() && !name.ends_with(b".") && !name.windows(2).any(|pair| pair == b"..") && !is_word(text.before(start));
    is_one.then_some(start)
}

/// Where the domain behind an `@` ends.
fn domain(text: &Text, from: usize) -> Option<usize> {
    let byte_is = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let mut end = from + text.slice(from..text.len().min(from + 254)).iter().take_while(|byte| byte_is(byte)).count();
    // The point of a sentence.
    while end > from && matches!(text.at(end - 1), b'.' | b'-') {
        end -= 1;
    }
    if is_word(text.at(end)) || text.at(end) == b'@' {
        return None;
    }
    let name = text.slice(from..end);
    let labels: Vec<&[u8]> = name.split(|byte| *byte == b'.').collect();
    let is_label = |label: &&[u8]| (1..=63).contains(&label.len()) && !label.starts_with(b"-") && !label.ends_with(b"-");
    let top = labels.last()?.to_ascii_lowercase();
    let is_top = (2..=24).contains(&top.len()) && top.iter().all(u8::is_ascii_alphabetic) || top.starts_with(b"xn--");
    (labels.len() > 1 && labels.iter().all(is_label) && is_top && !ENDINGS.contains(&top.as_slice())).then_some(end)
}

pub(super) fn emails(page: &mut Page<'_>) {
    let places: Vec<usize> = page.text.bytes().iter().enumerate().filter(|(_, byte)| **byte == b'@').map(|(at, _)| at).collect();
    for at in places {
        let (Some(start), Some(end)) = (local(page.text, at), domain(page.text, at + 1)) else { continue };
        if page.is_claimed(&(start..end)) {
            continue;
        }
        let raw = page.text.slice(start..end);
        let value = raw.to_ascii_lowercase();
        let first = raw.first().copied().filter(u8::is_ascii_alphanumeric).map_or('*', char::from);
        let top: String = value.iter().rev().take_while(|byte| **byte != b'.').map(|byte| char::from(*byte)).collect();
        let top: String = top.chars().rev().collect();
        page.found(FindingKind::Email, "email", start..end, &value, format!("{first}***@***.{top}"));
    }
}

/// Whether a country is called by these digits, by the list to E.164 of 2016.
fn is_called(digits: &[u8]) -> bool {
    let (Some(first), second) = (digits.first().copied(), digits.get(1).copied().unwrap_or(b'x')) else { return false };
    match first {
        b'1' | b'7' => true,
        b'2' => matches!(second, b'0'..=b'7' | b'9'),
        b'3' | b'4' | b'5' | b'6' | b'9' => second.is_ascii_digit(),
        b'8' => matches!(second, b'0' | b'1' | b'2' | b'4' | b'5' | b'6' | b'7' | b'8'),
        _ => false,
    }
}

/// A run of digits with what groups them, from a place on, with its digits.
fn dialled(text: &Text, from: usize) -> Option<(Range<usize>, Vec<u8>)> {
    let mut digits = Vec::new();
    let (mut at, mut end, mut open, mut gap) = (from, from, 0_i32, 0);
    while at < text.len() && at - from < 32 {
        let byte = text.at(at);
        match byte {
            b'0'..=b'9' => {
                digits.push(byte);
                gap = 0;
                end = at + 1;
            }
            b'+' if at == from => {}
            b'(' if open == 0 && (!digits.is_empty() || at <= from + 1) => open += 1,
            b')' if open == 1 => open = 0,
            b' ' | b'-' | b'.' | b'/' if !digits.is_empty() && gap < 2 => gap += 1,
            _ => break,
        }
        at += 1;
    }
    let is_cut = text.at(end).is_ascii_digit();
    (!digits.is_empty() && !is_cut).then_some((from..end, digits))
}

/// An area and an exchange of the North American Numbering Plan.
fn is_american(ten: &[u8]) -> bool {
    let begins = |at: usize| ten.get(at).is_some_and(|digit| matches!(digit, b'2'..=b'9'));
    // No area has a 9 in the middle, and none ends with 11.
    ten.len() == 10 && begins(0) && begins(3) && ten.get(1) != Some(&b'9') && ten.get(1..3) != Some(b"11")
}

/// Whether digits are written in groups of three, three and four, as telephone numbers alone are.
fn is_grouped_american(raw: &[u8]) -> bool {
    let groups: Vec<usize> = raw.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).filter(|length| *length > 0).collect();
    groups == [3, 3, 4] || groups == [1, 3, 3, 4]
}

pub(super) fn phones(page: &mut Page<'_>) {
    let mut at = 0;
    while at < page.text.len() {
        let byte = page.text.at(at);
        if !(byte.is_ascii_digit() || matches!(byte, b'+' | b'('))
            || is_word(page.text.before(at))
            || matches!(page.text.before(at), b'+' | b'$')
        {
            at += 1;
            continue;
        }
        let Some((span, digits)) = dialled(page.text, at) else {
            at += 1;
            continue;
        };
        let raw = page.text.slice(span.clone());
        let ten = if digits.len() == 11 && digits.starts_with(b"1") { digits.get(1..).unwrap_or_default() } else { digits.as_slice() };
        let is_one = if byte == b'+' {
            (8..=15).contains(&digits.len()) && is_called(&digits)
        } else if is_american(ten) && is_grouped_american(raw) {
            true
        } else {
            let is_dialled = is_american(ten) || ((7..=15).contains(&digits.len()) && digits.starts_with(b"0"));
            is_dialled && page.is_near(Context::Phone, &span)
        };
        let next = span.end;
        if is_one && page.text.stands_alone(&span) && !page.is_claimed(&span) {
            let sample = mask(raw, 2);
            page.found(FindingKind::Phone, "phone", span, &digits, sample);
        }
        at = next.max(at + 1);
    }
}
