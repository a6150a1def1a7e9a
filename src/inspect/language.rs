//! The language of a text, where it can be told with some certainty.

use whatlang::{Lang, detect};

/// Letters from which on a language is told.
const MIN_LETTERS: usize = 60;
/// Text looked at, in characters.
const MAX_CHARACTERS: usize = 20_000;

/// The language of a text as BCP 47 writes it: the shortest code of ISO 639 (RFC 5646, 2.2.1). `None` when unsure: the
/// text is short, or another language is about as likely.
pub(super) fn of(text: &str) -> Option<&'static str> {
    let text: String = text.chars().take(MAX_CHARACTERS).collect();
    if text.chars().filter(|sign| sign.is_alphabetic()).count() < MIN_LETTERS {
        return None;
    }
    detect(&text).filter(whatlang::Info::is_reliable).map(|found| tag(found.lang()))
}

const fn tag(language: Lang) -> &'static str {
    match language {
        Lang::Epo => "eo",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Lat => "la",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        Lang::Cym => "cy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language_tag;

    const GERMAN: &str = "Der Mietvertrag zwischen dem Vermieter und dem Mieter der Lagerhalle endet am letzten Tag des Monats Juni im kommenden \
        Jahr. Wenn der Mieter die Halle weiter nutzen möchte, teilt er das dem Vermieter drei Monate vorher schriftlich mit. Die Miete wird \
        dann nach dem Preisindex angepasst, und alle übrigen Bedingungen bleiben so, wie sie heute vereinbart sind.";

    #[test]
    fn the_language_of_a_letter_is_told_and_that_of_a_line_is_not() {
        for (text, language) in [
            ("The lease between the landlord and the tenant of the warehouse ends on the last day of June next year.", Some("en")),
            (GERMAN, Some("de")),
            ("Le contrat de bail entre le propriétaire et le locataire de l'entrepôt prend fin le dernier jour de juin.", Some("fr")),
            ("El contrato de arrendamiento entre el propietario y el inquilino del almacén termina el último día de junio.", Some("es")),
            (
                "倉庫の賃貸借契約は来年六月の最終日に終了します。更新を希望する場合は三か月前までに書面でお知らせください。契約の条件は変わりません。",
                Some("ja"),
            ),
            ("Договор аренды склада между владельцем и арендатором заканчивается в последний день июня следующего года.", Some("ru")),
            ("Lease of the warehouse", None),
            ("12 34 56 78 90 12 34 56 78 90 12 34 56 78 90 12 34 56 78 90 12 34 56 78 90 12 34 56 78 90", None),
            ("", None),
        ] {
            assert_eq!(of(text), language, "{text}");
        }
    }

    #[test]
    fn every_language_has_a_tag() {
        for language in Lang::all() {
            assert!(language_tag(tag(*language)).is_some(), "{language:?}");
        }
    }
}
