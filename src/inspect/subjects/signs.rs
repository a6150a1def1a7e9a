//! How a text is built: signs that speak for a category without any word of it.

use std::collections::BTreeSet;

use super::super::dlp::Text;

/// Lines that are looked at: how a text is built shows early.
const LINES: usize = 4000;
/// Lines in which a letter says to whom it is.
const OPENING: usize = 30;
/// Lines in which an invoice says its number.
const NUMBERED: usize = 40;
/// Pages of something long.
const LONG: u32 = 10;

/// Every sign there is.
#[cfg(test)]
pub(super) const ALL: [&str; 13] = [
    "account",
    "amounts",
    "clauses",
    "closing",
    "headings",
    "invoice_number",
    "long",
    "mail_head",
    "mostly_numbers",
    "salutation",
    "signatures",
    "total_line",
    "turns",
];

const SALUTATIONS: [&str; 18] = [
    "dear ",
    "hi ",
    "hello ",
    "hello,",
    "hi,",
    "good morning",
    "good afternoon",
    "sehr geehrte",
    "liebe ",
    "lieber ",
    "hallo ",
    "bonjour",
    "madame",
    "monsieur",
    "estimad",
    "querid",
    "gentile ",
    "to whom it may concern",
];
const CLOSINGS: [&str; 22] = [
    "kind regards",
    "best regards",
    "regards,",
    "regards",
    "sincerely",
    "yours sincerely",
    "yours faithfully",
    "yours truly",
    "best wishes",
    "best,",
    "cheers,",
    "many thanks,",
    "thanks,",
    "mit freundlichen gru",
    "viele gru",
    "herzliche gru",
    "cordialement",
    "salutations",
    "bien a vous",
    "saludos",
    "atentamente",
    "distinti saluti",
];
const TOTALS: [&str; 14] = [
    "total",
    "grand total",
    "amount due",
    "balance due",
    "subtotal",
    "gesamt",
    "summe",
    "endbetrag",
    "total a payer",
    "importe total",
    "totale",
    "montant total",
    "net a payer",
    "rechnungsbetrag",
];
const INVOICES: [&str; 7] = ["invoice", "rechnung", "facture", "factura", "fattura", "receipt", "credit note"];
const NUMBERS: [&str; 10] = ["no", "no.", "nr", "nr.", "number", "num", "#", "n", "numero", "id"];
const HEADERS: [&str; 9] = ["from:", "to:", "subject:", "date:", "cc:", "von:", "an:", "betreff:", "de:"];

/// What was seen in a line.
#[derive(Debug, Default)]
struct Seen {
    numbers: usize,
    words: usize,
    amounts: usize,
    clauses: usize,
    headings: usize,
    headers: usize,
    turns: usize,
    has_underline: bool,
    has_signed: bool,
}

/// The signs of a text of so many pages, with an account number in it or not.
pub(super) fn of(text: &Text, pages: Option<u32>, has_account: bool) -> BTreeSet<&'static str> {
    let mut signs = BTreeSet::new();
    let mut seen = Seen::default();
    let mut filled = 0;
    let folded = text.bytes().to_ascii_lowercase();
    for line in folded.split(|byte| *byte == b'\n').take(LINES) {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        filled += 1;
        let begins = |with: &[&str]| with.iter().any(|start| line.starts_with(start));
        if filled <= OPENING && line.len() < 120 && begins(&SALUTATIONS) {
            signs.insert("salutation");
        }
        if filled > 1 && line.len() < 60 && begins(&CLOSINGS) {
            signs.insert("closing");
        }
        if filled <= NUMBERED && has_number(line) {
            signs.insert("invoice_number");
        }
        if begins(&TOTALS) && line.bytes().any(|byte| byte.is_ascii_digit()) {
            signs.insert("total_line");
        }
        if filled <= 12 && begins(&HEADERS) {
            seen.headers += 1;
        }
        seen.look(line);
    }
    let told = [
        ("account", has_account),
        ("amounts", seen.amounts >= 4),
        ("mostly_numbers", seen.words >= 20 && seen.numbers * 5 >= seen.words * 2),
        ("clauses", seen.clauses >= 3),
        ("headings", seen.headings >= 3),
        ("mail_head", seen.headers >= 2),
        ("turns", seen.turns >= 3 && seen.turns * 3 >= filled),
        ("signatures", seen.has_signed && seen.has_underline),
        ("long", pages.is_some_and(|pages| pages >= LONG)),
    ];
    signs.extend(told.into_iter().filter(|(_, is_there)| *is_there).map(|(sign, _)| sign));
    signs
}

/// "Invoice no. 2024-118", "Rechnung Nr. 7": the word, then a number beside or after a word for one.
fn has_number(line: &str) -> bool {
    INVOICES.iter().filter_map(|word| line.find(word).map(|at| line.get(at + word.len()..).unwrap_or_default())).any(|rest| {
        let mut parts =
            rest.trim_start_matches(|letter: char| letter.is_alphabetic()).split([' ', ':', '\t']).filter(|part| !part.is_empty());
        let first = parts.next().unwrap_or_default();
        let is_number = |part: &str| part.len() <= 24 && part.bytes().filter(u8::is_ascii_digit).count() >= 2;
        is_number(first) || (NUMBERS.contains(&first) && parts.next().is_some_and(is_number)) || rest.starts_with("snummer")
    })
}

impl Seen {
    fn look(&mut self, line: &str) {
        for word in line.split([' ', '\t', ',', ';', '|']).filter(|word| !word.is_empty()) {
            self.words += 1;
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            if digits > 0 && digits * 2 >= word.len() {
                self.numbers += 1;
            }
        }
        self.amounts += usize::from(has_amount(line));
        self.clauses += usize::from(is_clause(line));
        self.headings += usize::from(is_heading(line));
        self.turns += usize::from(is_turn(line));
        self.has_underline |= line.contains("____") || line.contains("/s/") || line.contains("....");
        self.has_signed |= ["signature", "signed", "by:", "/s/", "unterschrift", "firma", "fait a", "lu et approuve", "executed"]
            .iter()
            .any(|word| line.contains(word));
    }
}

/// A sum with two decimals, or one beside the sign of a currency.
fn has_amount(line: &str) -> bool {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let decimals = bytes.iter().enumerate().any(|(at, byte)| {
        matches!(byte, b'.' | b',')
            && at > 0
            && digit(at - 1)
            && digit(at + 1)
            && digit(at + 2)
            && !digit(at + 3)
            && !matches!(bytes.get(at + 3), Some(b'.' | b','))
    });
    decimals || ["$", "usd", "eur", "gbp", "chf"].iter().any(|sign| line.contains(sign) && bytes.iter().any(u8::is_ascii_digit))
}

/// "3. Termination", "2.1 the tenant shall", "section 4".
fn is_clause(line: &str) -> bool {
    let rest = line.trim_start_matches(|letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ')'));
    let mark = line.get(..line.len() - rest.len()).unwrap_or_default();
    let is_mark = mark.len() <= 6 && mark.starts_with(|letter: char| letter.is_ascii_digit()) && mark.contains(['.', ')']);
    // A sum is no mark: "12.50 eur".
    let is_numbered = is_mark && rest.starts_with(' ') && rest.trim_start().starts_with(|letter: char| letter.is_ascii_lowercase());
    let named = ["section ", "article ", "clause ", "artikel ", "clausula ", "articolo "];
    (is_numbered && !has_amount(mark))
        || named.iter().any(|word| line.strip_prefix(word).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit())))
}

/// A short line without a stop at its end, of a few words.
fn is_heading(line: &str) -> bool {
    let words = line.split(' ').count();
    (1..=6).contains(&words) && line.len() >= 4 && line.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'-' | b'&'))
}

/// "Speaker 1: ...", "[00:12] ...", "agent: ...".
fn is_turn(line: &str) -> bool {
    let timed = line.trim_start_matches(['[', '(']).as_bytes();
    let is_time = matches!(timed, [a, b, b':', c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_digit));
    let speaker = line.split_once(':').is_some_and(|(who, what)| {
        let is_name = who.len() <= 24 && who.split(' ').count() <= 3 && who.starts_with(|letter: char| letter.is_ascii_alphabetic());
        let named = ["speaker", "agent", "caller", "customer", "interviewer", "interviewee", "operator", "host", "guest", "representative"];
        is_name && named.iter().any(|word| who.starts_with(word)) && !what.trim().is_empty()
    });
    is_time || speaker
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(text: &str) -> Vec<&'static str> {
        of(&Text::new(text), None, false).into_iter().collect()
    }

    #[test]
    fn each_way_to_build_a_text_is_seen_and_its_like_is_not() {
        for (text, sign, is_there) in [
            ("Invoice no. 2024-118", "invoice_number", true),
            ("Rechnungsnummer: RE-2231", "invoice_number", true),
            ("FACTURE N 1182", "invoice_number", true),
            ("Please send the invoice by Friday", "invoice_number", false),
            ("Total due: 120.00 EUR", "total_line", true),
            ("Totally fine", "total_line", false),
            ("Dear Ann,\nthe plan is fine.\nKind regards\nBob", "salutation", true),
            ("The dear old house", "salutation", false),
            ("Hello Ann\nIt is done.\nBest regards,\nBob", "closing", true),
            ("Best regards", "closing", false),
            ("From: Ann\nTo: Bob\nSubject: plan\n\nDone.", "mail_head", true),
            ("From: the beginning", "mail_head", false),
            ("1. Rent\n2. Term\n3.1 The tenant shall pay\n", "clauses", true),
            ("1. January\nbought 12 pears\n", "clauses", false),
            ("Section 1\nSection 2\nSection 3", "clauses", true),
            ("Signed: ________", "signatures", true),
            ("It was signed yesterday.", "signatures", false),
            ("Agent: good morning\nCaller: hello\nAgent: how can I help", "turns", true),
            ("[00:01] hello\n[00:05] yes\n[00:09] bye", "turns", true),
            ("Note: this\nPlan: that\nGoal: more", "turns", false),
        ] {
            assert_eq!(signs(text).contains(&sign), is_there, "{text}: {:?}", signs(text));
        }
        let rows = "item, 7, 12.50, 3.00, 40.25\n".repeat(10);
        assert_eq!(signs(&rows), ["amounts", "mostly_numbers"]);
        assert!(of(&Text::new("x"), Some(12), true).is_superset(&BTreeSet::from(["long", "account"])));
    }
}
