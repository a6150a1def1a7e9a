//! Numbers by which states know people. Where the form says what it is, the check alone decides; where it looks like many other
//! numbers, words must stand near.

use super::checks;
use super::context::Context;
use super::hits::{Page, mask};
use super::text::is_word;
use crate::domain::FindingKind;

/// A state's number.
struct Id {
    rule: &'static str,
    /// Forms that say what it is: `d` a digit, `a` a letter, `x` either, anything else itself; a blank is a blank or a hyphen.
    sure: &'static [&'static str],
    /// Forms that need words.
    hinted: &'static [&'static str],
    words: Context,
    check: fn(&[u8]) -> bool,
    kind: FindingKind,
}

const fn id(
    rule: &'static str,
    sure: &'static [&'static str],
    hinted: &'static [&'static str],
    words: Context,
    check: fn(&[u8]) -> bool,
) -> Id {
    Id { rule, sure, hinted, words, check, kind: FindingKind::NationalId }
}

/// Every number that is known, with where its rule is published. Longer forms stand before those they begin with.
const IDS: &[Id] = &[
    // GB 11643-1999, with ISO/IEC 7064 MOD 11-2.
    id("cn_resident", &["dddddddddddddddddx"], &[], Context::KrRrn, checks::cn_resident),
    // INSEE and CNAV, "Le numéro d'inscription au répertoire": the key is 97 less the number modulo 97.
    id(
        "fr_nir",
        &["d dd dd dd ddd ddd dd", "d dd dd dx ddd ddd dd", "dddddxxdddddddd", "dddddxxdddddd dd"],
        &[],
        Context::FrNir,
        checks::fr_nir,
    ),
    // Decreto ministeriale 23/12/1976: the control character of the codice fiscale.
    id("it_codice_fiscale", &["aaaaaaxxaxxaxxxa"], &["aaa aaa xxaxx axxxa"], Context::ItCode, checks::it_codice),
    // Verhoeff's check digit, by UIDAI's "Aadhaar number" notes.
    id("in_aadhaar", &[], &["dddd dddd dddd", "dddddddddddd"], Context::InAadhaar, checks::in_aadhaar),
    // Bundeszentralamt für Steuern, "Identifikationsnummer"; ISO/IEC 7064 MOD 11,10 over digits of which one is repeated.
    id("de_tax_id", &[], &["dd ddd ddd ddd", "ddddddddddd"], Context::DeTax, checks::de_tax_id),
    // Arrêté royal of 3 April 1984: 97 less the number modulo 97.
    id("be_national", &["dd.dd.dd-ddd.dd"], &["ddddddddddd", "dddddd ddd dd"], Context::BeNational, checks::be_national),
    // Receita Federal, "Cadastro de Pessoas Físicas": two check digits modulo 11.
    id("br_cpf", &["ddd.ddd.ddd-dd"], &["ddddddddddd"], Context::BrCpf, checks::br_cpf),
    // Ustawa o ewidencji ludności, with the weights 1 3 7 9.
    id("pl_pesel", &[], &["ddddddddddd"], Context::PlPesel, checks::pl_pesel),
    // Skatteetaten, "Fødselsnummer": two check digits modulo 11.
    id("no_fnr", &["dddddd ddddd"], &["ddddddddddd"], Context::NoFnr, checks::no_fnr),
    // Bundesamt für Sozialversicherungen, AHVN13: an EAN-13 that begins with 756.
    id("ch_ahv", &["756.dddd.dddd.dd"], &["756dddddddddd"], Context::ChAhv, checks::ch_ahv),
    // South African Identification Act, 1986: a date and Luhn's check digit.
    id("za_id", &[], &["ddddddddddddd", "dddddd dddd ddd"], Context::ZaId, checks::za_id),
    // Resident registration number: a date and a sum modulo 11; those given since October 2020 have none.
    id("kr_rrn", &["dddddd-ddddddd"], &["ddddddddddddd"], Context::KrRrn, checks::kr_rrn),
    // Skatteverket, SKV 704: a date and Luhn's check digit.
    id(
        "se_personal",
        &["dddddddd-dddd"],
        &["dddddd-dddd", "dddddd+dddd", "dddddddddddd", "dddddddddd"],
        Context::SePersonal,
        checks::se_personal,
    ),
    // Digital and Population Data Services Agency: the number modulo 31 gives the last character; signs of the century as of 2023.
    id("fi_hetu", &["dddddd-dddx", "dddddd+dddx", "ddddddadddx"], &[], Context::FiHetu, checks::fi_hetu),
    // CPR-kontoret, "Personnummeret i CPR".
    id("dk_cpr", &[], &["dddddd-dddd", "dddddddddd"], Context::DkCpr, checks::dk_cpr),
    // Dachverband der Sozialversicherungsträger: weights 3 7 9 5 8 4 2 1 6 modulo 11.
    id("at_social", &[], &["dddd dddddd", "dddddddddd"], Context::AtSocial, checks::at_social),
    // NHS Data Dictionary, "NHS Number": a sum modulo 11. Whose patient somebody is.
    Id { kind: FindingKind::Health, ..id("uk_nhs", &[], &["ddd ddd dddd", "dddddddddd"], Context::UkNhs, checks::uk_nhs) },
    // Services Australia: weights 1 3 7 9 modulo 10.
    Id { kind: FindingKind::Health, ..id("au_medicare", &[], &["dddd ddddd d", "dddddddddd"], Context::AuMedicare, checks::au_medicare) },
    // Social Security Administration, "Social Security Number Randomization": no area 000, 666 or above 899.
    id(
        "us_ssn",
        &["ddd-dd-dddd", "ddd dd dddd", "ddd.dd.dddd"],
        &["ddddddddd", "ddd-dddddd", "ddddd-dddd"],
        Context::UsSsn,
        checks::us_ssn,
    ),
    // IRS, Publication 1915: begins with 9, with a middle of 50 to 65, 70 to 88, 90 to 92, 94 to 99.
    id("us_itin", &["ddd-dd-dddd", "ddd dd dddd"], &["ddddddddd"], Context::UsSsn, checks::us_itin),
    // HM Revenue and Customs, NIM39110: letters that are never used.
    id("uk_nino", &["aa dd dd dd a", "aadddddda", "aa dddddd a", "aa dddddda", "aadddddd a"], &[], Context::UsSsn, checks::uk_nino),
    // Real Decreto 1553/2005 and Orden INT/2058/2008: the letter is the number modulo 23.
    id(
        "es_dni",
        &["dddddddd-a", "dddddddda"],
        &["dd.ddd.ddd-a", "dd.ddd.ddda", "dddddddd a", "ddddddd-a", "ddddddda"],
        Context::EsId,
        checks::es_dni,
    ),
    id("es_nie", &["addddddda", "addddddd-a", "a-ddddddd-a"], &[], Context::EsId, checks::es_nie),
    // Department of Social Protection: a letter by the sum modulo 23.
    id("ie_pps", &[], &["ddddddda", "dddddddaa"], Context::IePps, checks::ie_pps),
    // National Registration Act: the letter by the sum modulo 11.
    id("sg_nric", &["addddddda"], &[], Context::SgNric, checks::sg_nric),
    // Income Tax Department, "Permanent Account Number": the fourth letter says what kind of holder.
    id("in_pan", &[], &["aaaaadddda"], Context::InPan, checks::in_pan),
    // Servicio de Impuestos Internos: the last character modulo 11.
    id("cl_rut", &["dd.ddd.ddd-x", "d.ddd.ddd-x"], &["dddddddd-x", "ddddddd-x"], Context::ClRut, checks::cl_rut),
    // Wet algemene bepalingen burgerservicenummer: the sum by 11 of weights 9 to 2, less the last digit.
    id("nl_bsn", &[], &["ddddddddd", "dddd.dd.ddd"], Context::NlBsn, checks::nl_bsn),
    // Autoridade Tributária, "NIF": modulo 11.
    id("pt_nif", &[], &["ddddddddd", "ddd ddd ddd"], Context::PtNif, checks::pt_nif),
    // Employment and Social Development Canada, "Social Insurance Number": Luhn's check digit.
    id("ca_sin", &[], &["ddd ddd ddd", "ddddddddd"], Context::CaSin, checks::ca_sin),
    // Australian Taxation Office, "Tax file number": weights 1 4 3 7 5 8 6 9 10 modulo 11.
    id("au_tfn", &[], &["ddd ddd ddd", "ddddddddd"], Context::AuTfn, checks::au_tfn),
];

/// How long what stands at a place is in this form; `None` where it is not in it.
fn fits(text: &[u8], form: &str) -> Option<usize> {
    let mut separator = None;
    for (at, wanted) in form.bytes().enumerate() {
        let byte = text.get(at).copied()?;
        let is_so = match wanted {
            b'd' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            b'x' => byte.is_ascii_alphanumeric(),
            b' ' => matches!(byte, b' ' | b'-') && *separator.get_or_insert(byte) == byte,
            _ => byte.eq_ignore_ascii_case(&wanted),
        };
        if !is_so {
            return None;
        }
    }
    Some(form.len())
}

pub(super) fn find(page: &mut Page<'_>) {
    let mut at = 0;
    while at < page.text.len() {
        if !page.text.at(at).is_ascii_alphanumeric() || is_word(page.text.before(at)) || page.is_claimed(&(at..at + 1)) {
            at += 1;
            continue;
        }
        at = one(page, at).unwrap_or(at + 1);
    }
}

/// Takes down a number that begins there; gives where it ends.
fn one(page: &mut Page<'_>, at: usize) -> Option<usize> {
    let rest = page.text.slice(at..page.text.len().min(at + 32));
    for id in IDS {
        let forms = id.sure.iter().map(|form| (form, true)).chain(id.hinted.iter().map(|form| (form, false)));
        for (form, is_sure) in forms {
            let Some(length) = fits(rest, form) else { continue };
            let span = at..at + length;
            let compact: Vec<u8> =
                rest.iter().take(length).filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect();
            let is_one = page.text.stands_alone(&span) && (id.check)(&compact) && (is_sure || page.is_near(id.words, &span));
            if is_one && !page.is_claimed(&span) {
                let sample = mask(page.text.slice(span.clone()), 2);
                page.found(id.kind, id.rule, span.clone(), &compact, sample);
                return Some(span.end);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_matched_whole_and_with_one_kind_of_separator() {
        assert_eq!(fits(b"078-05-1123 x", "ddd-dd-dddd"), Some(11));
        assert_eq!(fits(b"AB 12-34 56 C", "aa dd dd dd a"), None);
        assert_eq!(fits(b"AB-12-34-56-C", "aa dd dd dd a"), Some(13));
        assert_eq!(fits(b"078", "ddd-dd-dddd"), None);
    }

    #[test]
    fn no_two_rules_have_one_name_and_every_form_begins_with_a_letter_or_a_digit() {
        let mut names: Vec<&str> = IDS.iter().map(|id| id.rule).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        for form in IDS.iter().flat_map(|id| id.sure.iter().chain(id.hinted)) {
            assert!(form.len() <= 32 && form.starts_with(|first: char| first.is_ascii_alphanumeric()), "{form}");
        }
    }
}
