//! Kinds of sensitive things, as they are said after "it contains".

use super::list::{Join, spoken_list};
use crate::domain::FindingKind;
use crate::speech::Spoken;

/// More than this many are not listened to.
const MOST: usize = 2;

/// "card numbers", "passwords or keys and health details"; `None` for none that is told.
pub fn spoken_findings(kinds: &[FindingKind]) -> Option<Spoken> {
    let word = |kind: &FindingKind| {
        Spoken::line(match kind {
            FindingKind::Card => "card numbers",
            FindingKind::Credential => "passwords or keys",
            FindingKind::NationalId => "identity numbers",
            FindingKind::Health => "health details",
            FindingKind::Iban => "bank account numbers",
            FindingKind::BirthDate => "dates of birth",
            FindingKind::Location => "the place where it was taken",
            FindingKind::Email => "mail addresses",
            FindingKind::Phone => "phone numbers",
            FindingKind::Custom => "words that your company protects",
        })
    };
    let words: Vec<Spoken> = kinds.iter().take(MOST).map(word).collect();
    (!words.is_empty()).then(|| spoken_list(&words, Join::And))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weightiest_two_are_said() {
        let said = |kinds: &[FindingKind]| spoken_findings(kinds).map(String::from);
        assert_eq!(said(&[]), None);
        assert_eq!(said(&[FindingKind::Card]).as_deref(), Some("card numbers"));
        assert_eq!(said(&FindingKind::ALL).as_deref(), Some("card numbers and passwords or keys"));
    }
}
