//! Letters said one by one, and letters beside numbers.

use super::normalise::{Unit, is_digits};

/// A letter, or what recognisers write for its name. Names that are common words of their own
/// (`you`, `see`, `are`) are left alone.
pub fn letter(word: &str) -> Option<char> {
    let mut characters = word.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return only.is_ascii_lowercase().then_some(only);
    }
    match word {
        "bee" => Some('b'),
        "cee" => Some('c'),
        "dee" => Some('d'),
        "eff" | "ef" => Some('f'),
        "gee" => Some('g'),
        "aitch" | "haitch" => Some('h'),
        "jay" => Some('j'),
        "kay" => Some('k'),
        "ell" | "el" => Some('l'),
        "em" => Some('m'),
        "en" => Some('n'),
        "pee" => Some('p'),
        "cue" | "queue" => Some('q'),
        "ess" => Some('s'),
        "tee" => Some('t'),
        "vee" => Some('v'),
        "ex" => Some('x'),
        "wye" => Some('y'),
        "zee" | "zed" => Some('z'),
        _ => None,
    }
}

/// `n d a` as `nda`. A run needs at least one bare letter, so that "bee gee" stays a band.
pub fn letters(rest: &[Unit]) -> Option<(Vec<Unit>, usize)> {
    let run: Vec<char> = rest.iter().map_while(|unit| letter(&unit.norm)).collect();
    let bare = rest.iter().take(run.len()).any(|unit| unit.norm.len() == 1);
    if run.len() < 2 || !bare {
        return None;
    }
    // "a w nine": the first letter is an article, the second belongs to the number.
    let is_article = run.len() == 2 && run.first() == Some(&'a') && rest.get(2).is_some_and(Unit::is_number);
    (!is_article).then(|| (vec![Unit::of(run.iter().collect::<String>(), rest.get(..run.len()).unwrap_or_default())], run.len()))
}

/// `10 k` as `10k`, `w 9` as `w9`: one letter beside a number of up to three digits.
pub fn mixed(rest: &[Unit]) -> Option<(Vec<Unit>, usize)> {
    let [first, second, ..] = rest else { return None };
    let short = |unit: &Unit| is_digits(&unit.norm) && unit.norm.len() <= 3;
    let made = if short(first)
        && let Some(letter) = letter(&second.norm).filter(|letter| !matches!(letter, 'a' | 'i' | 'o'))
    {
        format!("{}{letter}", first.norm)
    } else if first.norm.len() == 1
        && short(second)
        && let Some(letter) = letter(&first.norm).filter(|letter| *letter != 'a' && *letter != 'i')
    {
        format!("{letter}{}", second.norm)
    } else {
        return None;
    };
    Some((vec![Unit::of(made, rest.get(..2)?)], 2))
}

#[cfg(test)]
mod tests {
    use super::super::normalise;

    #[test]
    fn letters_join_to_what_they_spell() {
        let norm = |text: &str| normalise(text).into_iter().map(|unit| unit.norm).collect::<Vec<_>>().join(" ");
        for (said, written) in [
            ("n d a", "nda"),
            ("en d a", "nda"),
            ("r f p from acme", "rfp from acme"),
            ("ten k", "10k"),
            ("eight kay", "8k"),
            ("10 a day", "10 a day"),
            ("bee gee", "bee gee"),
            ("a lease", "a lease"),
            ("i need", "i need"),
        ] {
            assert_eq!(norm(said), written, "{said}");
        }
    }
}
