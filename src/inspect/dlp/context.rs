//! Words near a number that say what it is. Found once for a whole text; whether any stand near a place is then a look
//! into a short list.

use std::ops::Range;

use aho_corasick::{AhoCorasick, BuildError, MatchKind};

use super::text::{Text, is_word};

/// How far before a number its words may begin, in characters.
const BEFORE: usize = 80;
/// How far after it.
const AFTER: usize = 40;
/// How much of the head of a paragraph is looked at, in characters.
const HEAD: usize = 400;

/// What words near a place say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Card,
    Phone,
    Birth,
    Health,
    Medical,
    UsSsn,
    UkNhs,
    DeTax,
    NlBsn,
    BeNational,
    PtNif,
    PlPesel,
    SePersonal,
    DkCpr,
    NoFnr,
    FiHetu,
    IePps,
    AtSocial,
    CaSin,
    AuTfn,
    AuMedicare,
    InAadhaar,
    InPan,
    BrCpf,
    ZaId,
    KrRrn,
    EsId,
    ItCode,
    FrNir,
    ClRut,
    SgNric,
    ChAhv,
}

impl Context {
    pub const fn bit(self) -> u64 {
        1 << (self as u64)
    }
}

/// The words of each, folded as the text is.
const WORDS: &[(Context, &[&str])] = &[
    (
        Context::Card,
        &[
            "card",
            "cards",
            "credit",
            "debit",
            "visa",
            "mastercard",
            "maestro",
            "amex",
            "american express",
            "diners",
            "cc",
            "pan",
            "cvv",
            "cvc",
            "karte",
            "kreditkarte",
            "carte",
            "tarjeta",
            "carta",
        ],
    ),
    (
        Context::Phone,
        &[
            "phone",
            "phones",
            "telephone",
            "tel",
            "mobile",
            "cell",
            "fax",
            "call",
            "contact",
            "number",
            "whatsapp",
            "telefon",
            "handy",
            "telefono",
            "mobil",
            "telephone no",
            "ph",
            "sms",
            "text me",
        ],
    ),
    (
        Context::Birth,
        &[
            "born",
            "birth",
            "birthday",
            "birthdate",
            "birth date",
            "date of birth",
            "dob",
            "d.o.b",
            "geboren",
            "geburtsdatum",
            "geb",
            "nee le",
            "ne le",
            "naissance",
            "date de naissance",
            "nacido",
            "nacida",
            "nacimiento",
            "nato il",
            "nata il",
            "data di nascita",
            "nascita",
            "geboortedatum",
            "geboren op",
            "nascimento",
            "urodzenia",
            "fodelsedatum",
            "fodselsdato",
        ],
    ),
    (
        Context::Health,
        &[
            "patient",
            "patients",
            "diagnosis",
            "diagnosed",
            "diagnoses",
            "diagnostic",
            "prognosis",
            "symptoms",
            "prescribed",
            "prescription",
            "treatment",
            "treated",
            "therapy",
            "clinic",
            "clinical",
            "hospital",
            "physician",
            "medication",
            "medical",
            "dosage",
            "icd",
            "icd-10",
            "dx",
            "hx",
            "anamnese",
            "diagnose",
            "patientin",
            "befund",
            "diagnostico",
            "paciente",
            "diagnostic",
            "ordonnance",
            "medical history",
            "discharge summary",
            "referral",
            "admitted",
            "sick note",
            "symptom",
        ],
    ),
    (
        Context::Medical,
        &[
            "icd",
            "icd-10",
            "icd10",
            "icd-10-cm",
            "diagnosis",
            "diagnoses",
            "diagnosis code",
            "dx",
            "diagnose",
            "diagnosen",
            "patient",
            "diagnostico",
            "diagnostic",
        ],
    ),
    (
        Context::UsSsn,
        &[
            "ssn",
            "ssns",
            "social security",
            "social security number",
            "soc sec",
            "social",
            "tin",
            "taxpayer",
            "itin",
            "ss#",
            "ssid",
            "ss number",
        ],
    ),
    (Context::UkNhs, &["nhs", "nhs number", "nhs no"]),
    (
        Context::DeTax,
        &[
            "steuer-id",
            "steuerid",
            "steueridentifikationsnummer",
            "identifikationsnummer",
            "steuerliche identifikationsnummer",
            "idnr",
            "steuernummer",
            "tin",
            "tax id",
            "steuer",
        ],
    ),
    (Context::NlBsn, &["bsn", "burgerservicenummer", "sofinummer", "sofi"]),
    (Context::BeNational, &["rijksregisternummer", "registre national", "national number", "nrn", "insz", "niss", "numero national"]),
    (Context::PtNif, &["nif", "contribuinte", "numero de contribuinte", "identificacao fiscal"]),
    (Context::PlPesel, &["pesel"]),
    (Context::SePersonal, &["personnummer", "samordningsnummer", "personal number", "personnr", "pnr"]),
    (Context::DkCpr, &["cpr", "cpr-nr", "personnummer", "cpr-nummer"]),
    (Context::NoFnr, &["fodselsnummer", "fnr", "personnummer", "d-nummer"]),
    (Context::FiHetu, &["hetu", "henkilotunnus"]),
    (Context::IePps, &["pps", "ppsn", "pps number", "personal public service"]),
    (Context::AtSocial, &["svnr", "sozialversicherungsnummer", "sv-nummer", "versicherungsnummer"]),
    (Context::CaSin, &["sin", "social insurance", "social insurance number", "nas"]),
    (Context::AuTfn, &["tfn", "tax file number", "tax file"]),
    (Context::AuMedicare, &["medicare", "medicare number", "medicare card"]),
    (Context::InAadhaar, &["aadhaar", "aadhar", "uidai", "uid"]),
    (Context::InPan, &["pan", "permanent account number", "income tax"]),
    (Context::BrCpf, &["cpf", "cadastro de pessoas fisicas"]),
    (Context::ZaId, &["id number", "identity number", "sa id", "rsa id", "south african id"]),
    (Context::KrRrn, &["rrn", "resident registration", "resident registration number"]),
    (Context::EsId, &["dni", "nif", "nie", "documento nacional", "identidad"]),
    (Context::ItCode, &["codice fiscale", "cf", "c.f"]),
    (Context::FrNir, &["nir", "securite sociale", "numero de securite sociale", "insee", "n ss"]),
    (Context::ClRut, &["rut", "run", "rol unico"]),
    (Context::SgNric, &["nric", "fin"]),
    (Context::ChAhv, &["ahv", "avs", "ahv-nr"]),
];

/// What looks for the words.
#[derive(Debug)]
pub(super) struct Finder {
    search: AhoCorasick,
    bits: Vec<u64>,
}

impl Finder {
    pub fn new() -> Result<Self, Box<BuildError>> {
        let words: Vec<(&str, u64)> = WORDS.iter().flat_map(|(context, words)| words.iter().map(|word| (*word, context.bit()))).collect();
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(words.iter().map(|(word, _)| word))
            .map_err(Box::new)?;
        Ok(Self { search, bits: words.into_iter().map(|(_, bit)| bit).collect() })
    }

    /// Where which words stand in a text.
    pub fn find(&self, text: &Text) -> Words {
        let mut places: Vec<(usize, u64)> = Vec::new();
        for found in self.search.find_overlapping_iter(text.bytes()) {
            if is_word(text.before(found.start())) || is_word(text.at(found.end())) {
                continue;
            }
            let bit = self.bits.get(found.pattern().as_usize()).copied().unwrap_or(0);
            match places.last_mut() {
                Some((at, bits)) if *at == found.start() => *bits |= bit,
                _ => places.push((found.start(), bit)),
            }
        }
        places.sort_unstable_by_key(|(at, _)| *at);
        let all = places.iter().fold(0, |all, (_, bits)| all | bits);
        Words { places, all }
    }
}

/// Where words stand, in their order.
#[derive(Debug, Default)]
pub(super) struct Words {
    places: Vec<(usize, u64)>,
    all: u64,
}

impl Words {
    /// What all of them say.
    pub const fn all(&self) -> u64 {
        self.all
    }

    /// What the words near a span say.
    pub fn near(&self, text: &Text, span: &Range<usize>) -> u64 {
        let around = self.within(span.start.saturating_sub(BEFORE)..span.end.saturating_add(AFTER));
        let head = text.head(span.start);
        around | self.within(head.start..head.end.min(head.start + HEAD))
    }

    fn within(&self, span: Range<usize>) -> u64 {
        let first = self.places.partition_point(|(at, _)| *at < span.start);
        self.places.iter().skip(first).take_while(|(at, _)| *at < span.end).fold(0, |bits, (_, bit)| bits | bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_near_within_a_line_and_at_the_head_of_their_table() {
        let far = "x ".repeat(200);
        let raw = format!("ssn, name\n{far}, 1\n\n{far}\nclassnumber 2");
        let text = Text::new(&raw);
        let words = Finder::new().unwrap().find(&text);
        let at = raw.find(", 1").unwrap() + 2;
        assert_ne!(words.near(&text, &(at..at + 1)) & Context::UsSsn.bit(), 0);
        let other = raw.len() - 1;
        assert_eq!(words.near(&text, &(other..other + 1)), 0, "a piece of a word is no word");
    }

    #[test]
    fn every_kind_of_words_has_its_own_bit() {
        let all = WORDS.iter().fold(0_u64, |bits, (context, _)| bits | context.bit());
        assert_eq!(all.count_ones() as usize, WORDS.len());
        for (_, words) in WORDS {
            for word in *words {
                assert_eq!(word.to_lowercase(), *word);
                assert!(word.is_ascii(), "{word}: a text is folded before it is looked through");
            }
        }
    }
}
