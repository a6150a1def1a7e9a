//! The `\info` group of an RTF file (RTF 1.9.1, "Information Group"), which the document library
//! does not read.

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

#[cfg(test)]
mod tests {
    use jiff::civil::date;

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
}
