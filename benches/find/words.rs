//! Made-up business files: what they are called, what is in them, and how people ask for them.
//! A file's number alone decides its names, so that nothing has to be remembered.

/// A small generator of numbers that are the same in every run (PCG, XSH-RR 64/32).
pub struct Words(u64);

const FIRST: [&str; 40] = [
    "Ada", "Amos", "Anita", "Arlo", "Bela", "Bruno", "Carla", "Cedric", "Dana", "Dario", "Edith", "Elio", "Fatima", "Felix", "Greta",
    "Hamid", "Hilda", "Igor", "Ines", "Jonas", "Judith", "Kamal", "Karin", "Leonor", "Lukas", "Mara", "Milan", "Nadia", "Nils", "Olga",
    "Otto", "Paula", "Quentin", "Rosa", "Samir", "Selma", "Tomas", "Ursula", "Viktor", "Zora",
];
const LAST: [&str; 40] = [
    "Abel",
    "Bauer",
    "Castillo",
    "Dorn",
    "Eriksen",
    "Fontana",
    "Gupta",
    "Haddad",
    "Ivanov",
    "Jansen",
    "Keller",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Quiroga",
    "Rossi",
    "Sato",
    "Tanaka",
    "Umar",
    "Vogel",
    "Weber",
    "Xu",
    "Yilmaz",
    "Zeman",
    "Adler",
    "Brandt",
    "Conti",
    "Duarte",
    "Engel",
    "Ferrari",
    "Grieg",
    "Horvat",
    "Ibsen",
    "Jovic",
    "Kowalski",
    "Larsen",
    "Meyer",
    "Nagy",
];
const KINDS: [&str; 24] = [
    "Financial Report",
    "Lease Agreement",
    "Invoice",
    "Purchase Order",
    "Supply Contract",
    "Board Minutes",
    "Audit Report",
    "Budget",
    "Forecast",
    "Insurance Policy",
    "Service Agreement",
    "Proposal",
    "Statement of Work",
    "Employment Contract",
    "Expense Report",
    "Price List",
    "Project Plan",
    "Safety Manual",
    "Site Survey",
    "Test Protocol",
    "Travel Policy",
    "Warranty",
    "Tax Return",
    "Credit Note",
];
const START: [&str; 32] = [
    "Nor", "Sol", "Bre", "Cal", "Dun", "Fal", "Gar", "Hel", "Iver", "Jun", "Kes", "Lor", "Mar", "Nev", "Oli", "Per", "Quin", "Ras", "Sten",
    "Tor", "Ul", "Var", "Wes", "Yar", "Zan", "Alder", "Birk", "Cedar", "Elm", "Holm", "Oaken", "Silver",
];
const MIDDLE: [&str; 24] = [
    "ga", "bri", "den", "mo", "ta", "ri", "lan", "ve", "so", "pel", "dor", "fin", "ker", "lin", "mer", "nis", "por", "ren", "sel", "tur",
    "vin", "wen", "bur", "cor",
];
const END: [&str; 16] =
    ["field", "stone", "bridge", "mont", "wick", "dale", "burg", "haven", "ford", "gate", "crest", "port", "well", "worth", "mark", "land"];

impl Words {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1))
    }

    fn next(&mut self) -> u32 {
        let old = self.0;
        self.0 = old.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = u32::try_from((((old >> 18) ^ old) >> 27) & u64::from(u32::MAX)).unwrap_or(0);
        mixed.rotate_right(u32::try_from(old >> 59).unwrap_or(0))
    }

    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from((u64::from(self.next()) * bound) >> 32).unwrap_or(0)
    }

    fn one<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// What a file is about.
pub struct About {
    pub company: String,
    pub kind: &'static str,
    pub author: String,
    pub year: i16,
    pub quarter: i8,
}

pub fn about(number: usize) -> About {
    let mut words = Words::new(number as u64);
    About {
        company: format!("{}{}{}", words.one(&START), words.one(&MIDDLE), words.one(&END)),
        kind: words.one(&KINDS),
        author: format!("{} {}", words.one(&FIRST), words.one(&LAST)),
        year: 2015 + i16::try_from(words.below(11)).unwrap_or(0),
        quarter: 1 + i8::try_from(words.below(4)).unwrap_or(0),
    }
}

impl About {
    pub fn title(&self) -> String {
        format!("{} {} Q{} {}", self.company, self.kind, self.quarter, self.year)
    }

    pub fn name(&self) -> String {
        format!("{}_{}_{}Q{}.pdf", self.company.to_lowercase(), self.kind.to_lowercase().replace(' ', "_"), self.year, self.quarter)
    }

    pub fn date(&self) -> jiff::civil::Date {
        jiff::civil::date(self.year, self.quarter * 3, 14)
    }
}

/// The title as an answer gives it: ready to be spoken.
pub fn spoken_title(number: usize) -> String {
    satchel::speech::speakable_title(&about(number).title()).to_string()
}

/// Sixty words of a vocabulary of fifty thousand in which few words are common and most are rare.
pub fn text(number: usize) -> String {
    let mut words = Words::new(number as u64 ^ 0x5EED);
    let mut text = about(number).title();
    for _ in 0..60 {
        // Each halving of the range is as likely as the next: roughly Zipf's law.
        let place = words.below(50_000) >> words.below(14);
        let (start, middle, end) = (START[place % 32], MIDDLE[place / 32 % 24], END[place / 768 % 16]);
        text.push(' ');
        text.push_str(&format!("{}{middle}{end}{}", start.to_lowercase(), ["", "s", "ing", "ed", "er"][place / 12_288 % 5]));
    }
    text
}

/// How somebody asks for a file: now all of it, now some, now with a name that was heard wrong.
pub fn request(number: usize, words: &mut Words) -> String {
    let About { company, kind, author, year, quarter } = about(number);
    let quarters = ["first", "second", "third", "fourth"];
    let quarter = quarters[usize::try_from(quarter - 1).unwrap_or(0)];
    let kind = kind.to_lowercase();
    match words.below(5) {
        0 => format!("the {company} {kind} from the {quarter} quarter of {year}"),
        1 => format!("{kind} of {company} {year}, the {quarter} quarter one please"),
        2 => format!("the {kind} for {company} by {author}, {quarter} quarter {year}"),
        3 => format!("{} {kind} {quarter} quarter {year}", misheard(&company)),
        _ => format!(
            "q {} twenty {} {kind} {company}",
            ["one", "two", "three", "four"][quarters.iter().position(|q| *q == quarter).unwrap_or(0)],
            year - 2000
        ),
    }
}

/// As a recogniser writes it: the last syllable apart, and vowels confused.
fn misheard(company: &str) -> String {
    let end = END.iter().find(|end| company.ends_with(**end)).copied().unwrap_or_default();
    let start = company.strip_suffix(end).unwrap_or(company).to_lowercase();
    format!("{} {end}", start.replace('e', "a").replace("ck", "k"))
}
