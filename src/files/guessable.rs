//! Digits that people try first, and that are therefore never given out.

/// Whether a code of digits is one that people try first: the same digit three times in a row, a block
/// that repeats, four in a row that count up or down, or a year of the last or this century at either end.
pub fn is_guessable(digits: &str) -> bool {
    let digits: Vec<u8> = digits.bytes().map(|byte| byte.wrapping_sub(b'0')).collect();
    has_run(&digits) || repeats(&digits) || counts(&digits) || has_year(&digits)
}

fn has_run(digits: &[u8]) -> bool {
    digits.windows(3).any(|three| matches!(three, [a, b, c] if a == b && b == c))
}

/// `121212`, `427427`, `12341234`.
fn repeats(digits: &[u8]) -> bool {
    (1..=digits.len() / 2)
        .filter(|block| digits.len().is_multiple_of(*block))
        .any(|block| digits.iter().zip(digits.iter().skip(block)).all(|(one, next)| one == next))
}

/// Four in a row, each one more or one less than the one before: `3456`, `8765`.
fn counts(digits: &[u8]) -> bool {
    let by = |step: i16| move |four: &[u8]| four.windows(2).all(|pair| matches!(pair, [a, b] if i16::from(*b) - i16::from(*a) == step));
    digits.windows(4).any(|four| by(1)(four) || by(-1)(four))
}

fn has_year(digits: &[u8]) -> bool {
    matches!(digits, [1, 9, ..] | [2, 0, ..] | [.., 1, 9, _, _] | [.., 2, 0, _, _])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_try_first_is_never_given_out() {
        for digits in ["000000", "111222", "123456", "654321", "121212", "427427", "198407", "071984", "202611", "555817", "908765"] {
            assert!(is_guessable(digits), "{digits}");
        }
        for digits in ["12341234", "19841107", "11072004"] {
            assert!(is_guessable(digits), "{digits}");
        }
        for digits in ["427913", "806617", "350249", "902146", "48205913"] {
            assert!(!is_guessable(digits), "{digits}");
        }
    }
}
