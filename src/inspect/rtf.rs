//! The `\info` group of an RTF file (RTF 1.9.1, "Information Group"), which the document library
//! does not read, and the words of files that it gives no text for.

use jiff::civil::Date;

/// The group stands in the header; nobody writes it later.
const HEADER: usize = 64 << 10;

/// What the writer said about the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Info {
    pub title: Option<String>,
    pub author: Option<String>,
    pub created: Option<Date>,
    pub pages: Option<u32>,
}

/// Reads the group; empty when there is none.
pub(super) fn info(bytes: &[u8]) -> Info {
    let head = bytes.get(..bytes.len().min(HEADER)).unwrap_or_default();
    let head: String = head.iter().map(|byte| char::from(*byte)).collect();
    let Some(info) = head.split_once("{\\info").map(|(_, info)| info) else { return Info::default() };
    // Only the Western code page is decoded here; another one would turn a title into noise.
    let is_western = !head.contains("\\ansicpg") || head.contains("\\ansicpg1252");
    let text = |name| group(info, name).and_then(plain).filter(|text| is_western || text.is_ascii());
    let created = group(info, "creatim").and_then(|time| Date::new(number(time, "yr")?, number(time, "mo")?, number(time, "dy")?).ok());
    Info {
        title: text("title"),
        author: text("author"),
        created: created.filter(|day| (1970..2200).contains(&day.year())),
        pages: number(info, "nofpages").filter(|pages| *pages > 0),
    }
}

/// The inside of `{\name …}`.
fn group<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let (_, inside) = info.split_once(&format!("{{\\{name}"))?;
    let is_whole_word = !inside.starts_with(|character: char| character.is_ascii_alphabetic());
    inside.split('}').next().filter(|_| is_whole_word)
}

fn number<T: std::str::FromStr>(text: &str, word: &str) -> Option<T> {
    let (_, rest) = text.split_once(&format!("\\{word}"))?;
    let digits = rest.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Text without escapes: Western characters are decoded, others end the attempt.
fn plain(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text.trim();
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after.strip_prefix('\'').and_then(|code| code.get(..2))?;
        out.push(char::from(u8::from_str_radix(code, 16).ok()?));
        rest = after.get(3..)?;
    }
    out.push_str(rest);
    (!out.is_empty()).then_some(out)
}

/// Groups within groups; deeper ones end the reading.
const MAX_DEPTH: usize = 10_000;

/// Groups that hold no words of the document.
const WORDLESS: [&str; 16] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "objdata",
    "fldinst",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "xmlnstbl",
    "themedata",
    "colorschememapping",
    "datastore",
    "latentstyles",
];

/// The words of a document in the order they are written, headers and footers among them; text
/// in a code page other than the Western one is read only where it is ASCII or Unicode.
pub(super) fn look_again(bytes: &[u8]) -> String {
    let mut out: Vec<u16> = Vec::new();
    // For each open group: whether its words count, and how many characters stand in for a Unicode one.
    let mut groups: Vec<(bool, usize)> = vec![(true, 1)];
    let mut rest = bytes;
    let mut to_skip = 0_usize;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let (counts, stands_in) = groups.last().copied().unwrap_or((false, 1));
        let mut literal = None;
        match first {
            b'{' if groups.len() < MAX_DEPTH => {
                let is_ignorable = after.starts_with(b"\\*");
                groups.push((counts && !is_ignorable, stands_in));
            }
            b'}' => {
                groups.pop();
            }
            b'\\' => {
                let (word, parameter, after) = control(after);
                rest = after;
                match (word, parameter) {
                    ("'", Some(code)) => literal = u16::try_from(code).ok(),
                    ("u", Some(unit)) => {
                        // Written as a signed number: the upper half of the units is negative.
                        if let (true, Ok(unit)) = (counts, u16::try_from(unit & 0xFFFF)) {
                            out.push(unit);
                        }
                        to_skip = stands_in;
                    }
                    ("uc", Some(count)) => {
                        if let Some((_, stands_in)) = groups.last_mut() {
                            *stands_in = usize::try_from(count).unwrap_or(1).min(8);
                        }
                    }
                    ("bin", Some(count)) => rest = rest.get(usize::try_from(count).unwrap_or(0)..).unwrap_or_default(),
                    ("par" | "line" | "row" | "sect" | "page", _) => literal = Some(u16::from(b'\n')),
                    ("tab" | "cell" | "~", _) => literal = Some(u16::from(b' ')),
                    ("{", _) => literal = Some(u16::from(b'{')),
                    ("}", _) => literal = Some(u16::from(b'}')),
                    ("\\", _) => literal = Some(u16::from(b'\\')),
                    (word, _) if WORDLESS.contains(&word) => {
                        if let Some((counts, _)) = groups.last_mut() {
                            *counts = false;
                        }
                    }
                    _ => {}
                }
            }
            b'\r' | b'\n' => {}
            byte if byte.is_ascii() => literal = Some(u16::from(*byte)),
            _ => {}
        }
        match literal {
            Some(_) if to_skip > 0 => to_skip -= 1,
            Some(unit) if counts => out.push(unit),
            _ => {}
        }
    }
    String::from_utf16_lossy(&out)
}

/// A control word or symbol with its number, and what follows it.
fn control(bytes: &[u8]) -> (&str, Option<i64>, &[u8]) {
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).take(32).count();
    if letters == 0 {
        let (symbol, after) = bytes.split_at_checked(1).unwrap_or((b"", b""));
        let code = (symbol == b"'").then(|| after.get(..2)).flatten();
        let number = code.and_then(|code| i64::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        let after = if number.is_some() { after.get(2..).unwrap_or_default() } else { after };
        return (std::str::from_utf8(symbol).unwrap_or_default(), number, after);
    }
    let (word, after) = bytes.split_at(letters);
    let sign = usize::from(after.starts_with(b"-"));
    let digits = after.iter().skip(sign).take_while(|byte| byte.is_ascii_digit()).take(10).count();
    let (number, after) = after.split_at(if digits == 0 { 0 } else { sign + digits });
    let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
    (std::str::from_utf8(word).unwrap_or_default(), number, after.strip_prefix(b" ").unwrap_or(after))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_information_group_is_read() {
        let rtf = br"{\rtf1\ansi{\info{\title Caf\'e9 lease}{\author Ann Lee}{\creatim\yr2024\mo2\dy29\hr9}{\nofpages3}}Text}";
        let expected = Info {
            title: Some("Café lease".to_owned()),
            author: Some("Ann Lee".to_owned()),
            created: Some(date(2024, 2, 29)),
            pages: Some(3),
        };
        assert_eq!(info(rtf), expected);
    }

    #[test]
    fn a_broken_group_gives_what_is_whole() {
        assert_eq!(info(br"{\rtf1 no group}"), Info::default());
        assert_eq!(info(br"{\rtf1{\info{\title \u1234?}{\creatim\yr2024\mo13\dy1}"), Info::default());
        assert_eq!(info(br"{\rtf1{\info{\title a\'"), Info::default());
        assert_eq!(info(br"{\rtf1\ansicpg1251{\info{\title \'cc\'e5}}}"), Info::default());
    }

    #[test]
    fn words_are_found_where_the_library_finds_none() {
        let rtf =
            br"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\*\generator Word;}{\header Acme \b Legal\b0\par}\pard{\f2\*\cs7 The caf\'e9 \{1\}}\par
\uc1\u-10240?\u-8398?{\pict\bin3 }}}abc}tail}";
        assert_eq!(look_again(rtf), "Acme Legal\nThe caf\u{e9} {1}\n\u{10332}tail");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(text in "(\\\\[a-z'*]{0,4}-?[0-9]{0,3} ?|[{}]|\\PC|\n){0,60}") {
            prop_assert!(look_again(text.as_bytes()).len() <= 3 * text.len());
            let titled = [r"{\rtf1{\info{\title ", &text, "}"].concat();
            prop_assert!(info(titled.as_bytes()).title.is_none_or(|title| title.len() <= 2 * text.len()));
        }
    }
}
