//! The rules by which states check the numbers that they give to people, each over the number's letters and digits alone.
//! The sources stand beside the numbers, in `ids.rs`.

use super::cards::luhn;

fn value(byte: u8) -> u32 {
    u32::from(byte.wrapping_sub(b'0'))
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(value(*digit)))
}

/// The digits from one place to another as a number.
fn part(id: &[u8], from: usize, to: usize) -> u64 {
    number(id.get(from..to).unwrap_or_default())
}

/// Digits times their weights, summed.
fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum()
}

fn at(id: &[u8], place: usize) -> u8 {
    id.get(place).copied().unwrap_or(b'0')
}

/// A day and a month that there are.
fn is_day(day: u64, month: u64) -> bool {
    let most = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=most).contains(&day)
}

pub(super) fn us_ssn(id: &[u8]) -> bool {
    let (area, group, serial) = (part(id, 0, 3), part(id, 3, 5), part(id, 5, 9));
    // Two that were printed as samples and never given to anybody since.
    let is_sample = matches!(number(id), 78_051_120 | 219_099_999);
    !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0 && !is_sample
}

pub(super) fn us_itin(id: &[u8]) -> bool {
    at(id, 0) == b'9' && matches!(part(id, 3, 5), 50..=65 | 70..=88 | 90..=92 | 94..=99) && part(id, 5, 9) != 0
}

pub(super) fn uk_nino(id: &[u8]) -> bool {
    let (first, second) = (at(id, 0), at(id, 1));
    let unused = [*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"];
    !b"DFIQUV".contains(&first) && !b"DFIOQUV".contains(&second) && !unused.contains(&[first, second]) && b"ABCD".contains(&at(id, 8))
}

pub(super) fn uk_nhs(id: &[u8]) -> bool {
    let rest = 11 - weighted(id, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    rest != 10 && rest % 11 == value(at(id, 9))
}

pub(super) fn de_tax_id(id: &[u8]) -> bool {
    let (body, check) = (id.get(..10).unwrap_or_default(), value(at(id, 10)));
    let mut counts = [0_u8; 10];
    for digit in body {
        if let Some(count) = counts.get_mut(value(*digit) as usize) {
            *count += 1;
        }
    }
    // One digit stands there twice or three times, and no other one more than once.
    let repeated = counts.iter().filter(|count| **count > 1).count();
    if at(id, 0) == b'0' || repeated != 1 || counts.iter().any(|count| *count > 3) {
        return false;
    }
    let product = body.iter().fold(10, |product, digit| {
        let sum = (value(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == check
}

pub(super) fn fr_nir(id: &[u8]) -> bool {
    let month = part(id, 3, 5);
    // Months beyond twelve stand for one that is not known.
    let is_month = matches!(month, 1..=12 | 20..=42 | 50..=99);
    // Corsica has letters in its number, which stand for 19 and 18.
    let department = match (at(id, 5), at(id, 6)) {
        (b'2', b'A') => *b"19",
        (b'2', b'B') => *b"18",
        (tens, ones) if tens.is_ascii_digit() && ones.is_ascii_digit() => [tens, ones],
        _ => return false,
    };
    let body = id.get(..5).into_iter().flatten().chain(&department).chain(id.get(7..13).into_iter().flatten()).copied();
    let body: Vec<u8> = body.collect();
    matches!(at(id, 0), b'1' | b'2' | b'3' | b'4' | b'7' | b'8')
        && is_month
        && department != *b"00"
        && body.iter().all(u8::is_ascii_digit)
        && 97 - number(&body) % 97 == part(id, 13, 15)
}

/// The letter of Spanish numbers, by the number modulo 23.
const SPANISH: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn spanish(digits: u64) -> u8 {
    usize::try_from(digits % 23).ok().and_then(|at| SPANISH.get(at)).copied().unwrap_or_default()
}

pub(super) fn es_dni(id: &[u8]) -> bool {
    let Some((letter, digits)) = id.split_last() else { return false };
    number(digits) > 0 && spanish(number(digits)) == *letter
}

pub(super) fn es_nie(id: &[u8]) -> bool {
    let head = match at(id, 0) {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        _ => return false,
    };
    spanish(head * 10_000_000 + part(id, 1, 8)) == at(id, 8)
}

/// What a character counts in an odd place of the Italian code, digits and letters alike by their order.
const ITALIAN: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

pub(super) fn it_codice(id: &[u8]) -> bool {
    // In places of digits these letters may stand for them.
    let is_digit = |byte: u8| byte.is_ascii_digit() || b"LMNPQRSTUV".contains(&byte);
    let is_formed = [6, 7, 9, 10, 12, 13, 14].iter().all(|place| is_digit(at(id, *place))) && b"ABCDEHLMPRST".contains(&at(id, 8));
    let order = |byte: u8| usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte.wrapping_sub(b'A') });
    let counts = |(place, byte): (usize, &u8)| {
        let order = order(*byte);
        if place % 2 == 0 { ITALIAN.get(order).copied().unwrap_or(0) } else { u32::try_from(order).unwrap_or(0) }
    };
    let sum: u32 = id.iter().take(15).enumerate().map(counts).sum();
    is_formed && u32::from(at(id, 15).wrapping_sub(b'A')) == sum % 26
}

pub(super) fn nl_bsn(id: &[u8]) -> bool {
    let sum = weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2]);
    number(id) > 0 && (sum + 11 * 10 - value(at(id, 8))).is_multiple_of(11)
}

pub(super) fn be_national(id: &[u8]) -> bool {
    let (body, check) = (part(id, 0, 9), part(id, 9, 11));
    let is_born = matches!(part(id, 2, 4) % 20, 0..=12) && part(id, 4, 6) <= 31;
    // Who was born from 2000 on has a 2 in front for the check.
    is_born && (97 - body % 97 == check || 97 - (2_000_000_000 + body) % 97 == check)
}

pub(super) fn pt_nif(id: &[u8]) -> bool {
    let rest = weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest < 2 { 0 } else { 11 - rest };
    !matches!(at(id, 0), b'0' | b'4') && check == value(at(id, 8))
}

pub(super) fn pl_pesel(id: &[u8]) -> bool {
    let sum = weighted(id, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    // The century stands in the month.
    is_day(part(id, 4, 6), part(id, 2, 4) % 20) && (10 - sum % 10) % 10 == value(at(id, 10))
}

pub(super) fn se_personal(id: &[u8]) -> bool {
    let id = if id.len() == 12 { id.get(2..).unwrap_or_default() } else { id };
    let day = part(id, 4, 6);
    // A coordination number has 60 added to its day.
    is_day(if day > 60 { day - 60 } else { day }, part(id, 2, 4)) && luhn(id)
}

pub(super) fn dk_cpr(id: &[u8]) -> bool {
    // Since 2007 numbers are given that the old sum does not fit: the date is all there is to check.
    is_day(part(id, 0, 2), part(id, 2, 4))
}

pub(super) fn no_fnr(id: &[u8]) -> bool {
    let day = part(id, 0, 2);
    let first = (11 - weighted(id, &[3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11) % 11;
    let second = (11 - weighted(id, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    is_day(if day > 40 { day - 40 } else { day }, part(id, 2, 4)) && first == value(at(id, 9)) && second == value(at(id, 10))
}

pub(super) fn fi_hetu(id: &[u8]) -> bool {
    const LETTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    // The sign of the century is a letter, or has gone with the separators.
    let is_sign = id.len() == 10 || b"ABCDEFUVWXY".contains(&at(id, 6));
    let (date, rest) = (part(id, 0, 6), id.get(id.len().saturating_sub(4)..).unwrap_or_default());
    let serial = part(rest, 0, 3);
    let letter = usize::try_from((date * 1000 + serial) % 31).ok().and_then(|at| LETTERS.get(at)).copied();
    is_sign && is_day(part(id, 0, 2), part(id, 2, 4)) && serial >= 2 && letter == rest.get(3).copied()
}

pub(super) fn ie_pps(id: &[u8]) -> bool {
    // A second letter counts nine times; W in old numbers counts nothing.
    let second = match id.get(8).copied() {
        None | Some(b'W') => 0,
        Some(letter) => u32::from(letter.wrapping_sub(b'A')) + 1,
    };
    let rest = (weighted(id, &[8, 7, 6, 5, 4, 3, 2]) + 9 * second) % 23;
    let letter = if rest == 0 { b'W' } else { b'A' + u8::try_from(rest - 1).unwrap_or(0) };
    at(id, 7) == letter && matches!(id.get(8).copied(), None | Some(b'A'..=b'I' | b'W'))
}

pub(super) fn at_social(id: &[u8]) -> bool {
    let sum = weighted(id, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    at(id, 0) != b'0' && sum % 11 == value(at(id, 3)) && matches!(part(id, 6, 8), 1..=15) && matches!(part(id, 4, 6), 1..=31)
}

pub(super) fn ca_sin(id: &[u8]) -> bool {
    !matches!(at(id, 0), b'0' | b'8') && luhn(id)
}

pub(super) fn au_tfn(id: &[u8]) -> bool {
    number(id) > 0 && weighted(id, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
}

pub(super) fn au_medicare(id: &[u8]) -> bool {
    matches!(at(id, 0), b'2'..=b'6') && weighted(id, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == value(at(id, 8))
}

/// Multiplication of the group of symmetries of a pentagon.
fn dihedral(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

pub(super) fn in_aadhaar(id: &[u8]) -> bool {
    const TURN: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let turned = |digit: u8, times: usize| (0..times % 8).fold(digit, |digit, _| TURN.get(usize::from(digit)).copied().unwrap_or(0));
    let sum = id.iter().rev().enumerate().fold(0, |sum, (at, digit)| dihedral(sum, turned(digit.wrapping_sub(b'0') % 10, at)));
    !matches!(at(id, 0), b'0' | b'1') && sum == 0
}

pub(super) fn in_pan(id: &[u8]) -> bool {
    b"ABCFGHJLPT".contains(&at(id, 3))
}

pub(super) fn br_cpf(id: &[u8]) -> bool {
    let check = |length: usize, from: u32| {
        let digits = id.get(..length).unwrap_or_default();
        let sum: u32 = digits.iter().zip((2..=from).rev()).map(|(digit, weight)| value(*digit) * weight).sum();
        let rest = sum * 10 % 11;
        if rest == 10 { 0 } else { rest }
    };
    let is_monotone = id.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    !is_monotone && check(9, 10) == value(at(id, 9)) && check(10, 11) == value(at(id, 10))
}

pub(super) fn za_id(id: &[u8]) -> bool {
    is_day(part(id, 4, 6), part(id, 2, 4)) && matches!(at(id, 10), b'0' | b'1' | b'2') && luhn(id)
}

pub(super) fn kr_rrn(id: &[u8]) -> bool {
    let sum = weighted(id, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    let is_of_a_person = matches!(at(id, 6), b'1'..=b'8');
    is_of_a_person && is_day(part(id, 4, 6), part(id, 2, 4)) && (11 - sum % 11) % 10 == value(at(id, 12))
}

pub(super) fn cn_resident(id: &[u8]) -> bool {
    const LETTERS: &[u8; 11] = b"10X98765432";
    let sum = weighted(id, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let check = LETTERS.get((sum % 11) as usize).copied();
    let is_date = matches!(part(id, 6, 10), 1900..=2099) && is_day(part(id, 12, 14), part(id, 10, 12));
    matches!(at(id, 0), b'1'..=b'8') && is_date && check == id.get(17).copied()
}

pub(super) fn sg_nric(id: &[u8]) -> bool {
    let sum = weighted(id.get(1..8).unwrap_or_default(), &[2, 7, 6, 5, 4, 3, 2]);
    let letters: (&[u8; 11], u32) = match at(id, 0) {
        b'S' => (b"JZIHGFEDCBA", 0),
        b'T' => (b"JZIHGFEDCBA", 4),
        b'F' => (b"XWUTRQPNMLK", 0),
        b'G' => (b"XWUTRQPNMLK", 4),
        _ => return false,
    };
    letters.0.get(((sum + letters.1) % 11) as usize) == Some(&at(id, 8))
}

pub(super) fn cl_rut(id: &[u8]) -> bool {
    let Some((check, body)) = id.split_last() else { return false };
    let sum: u32 = body.iter().rev().zip([2, 3, 4, 5, 6, 7].iter().cycle()).map(|(digit, weight)| value(*digit) * weight).sum();
    let expected = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    };
    *check == expected
}

pub(super) fn ch_ahv(id: &[u8]) -> bool {
    let sum = weighted(id, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
    id.starts_with(b"756") && (10 - sum % 10) % 10 == value(at(id, 12))
}
