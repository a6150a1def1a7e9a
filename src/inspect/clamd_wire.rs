//! What clamd says, read strictly: what is not one of its known answers is no answer.
//! Formats: clamd(8), <https://docs.clamav.net/manual/Usage/Scanning.html#clamd>.

use jiff::civil::DateTime;
use jiff::fmt::strtime;

/// Longest answer, in bytes; a longer one is not clamd's.
pub(super) const MAX_REPLY: usize = 4 << 10;
/// Longest name of a signature that is told on, in characters.
const MAX_NAME: usize = 120;
/// Names under which clamd tells that it did not look at everything.
const LIMITS: &str = "Heuristics.Limits.Exceeded";
/// Names that tell of a sign, not of something known to be harmful.
const SIGNS: [&str; 2] = ["Heuristics.", "PUA."];

/// The end of an `INSTREAM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing matched.
    Clean,
    /// A signature matched.
    Found(String),
    /// A sign that a person should look at.
    Sign(String),
    /// Parts were not looked at.
    Limits(String),
    /// More bytes than it takes.
    TooLarge,
    /// It could not judge.
    Error,
}

/// Reads the answer to `zINSTREAM`, up to and with its zero byte; `None` for anything else.
pub(super) fn reply(bytes: &[u8]) -> Option<Reply> {
    let text = line(bytes)?;
    if text == "INSTREAM size limit exceeded. ERROR" {
        return Some(Reply::TooLarge);
    }
    if text.ends_with(" ERROR") {
        return Some(Reply::Error);
    }
    let said = text.strip_prefix("stream: ")?;
    if said == "OK" {
        return Some(Reply::Clean);
    }
    let name = said.strip_suffix(" FOUND").filter(|name| !name.is_empty())?;
    let name: String = name.chars().take(MAX_NAME).map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect();
    Some(if name.starts_with(LIMITS) {
        Reply::Limits(name)
    } else if SIGNS.iter().any(|sign| name.starts_with(sign)) {
        Reply::Sign(name)
    } else {
        Reply::Found(name)
    })
}

/// What `zVERSION` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// `ClamAV 1.4.3`.
    pub engine: String,
    /// Number of the daily database, and when that was made, in the daemon's own time; a daemon with none but databases of
    /// its own tells neither.
    pub database: Option<(u64, DateTime)>,
}

/// Reads the answer to `zVERSION`; `None` for anything else.
pub(super) fn version(bytes: &[u8]) -> Option<Version> {
    let mut parts = line(bytes)?.splitn(3, '/');
    let engine = parts.next()?;
    let is_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | ' ');
    if !engine.starts_with("ClamAV ") || engine.len() > 64 || !engine.chars().all(is_version) {
        return None;
    }
    let database = match (parts.next(), parts.next()) {
        (None, _) => None,
        (Some(number), Some(date)) => {
            // As ctime(3) writes it: `Thu Nov 26 08:21:00 2026`.
            Some((number.parse().ok()?, strtime::parse("%a %b %e %H:%M:%S %Y", date.trim()).ok()?.to_datetime().ok()?))
        }
        (Some(_), None) => return None,
    };
    Some(Version { engine: engine.to_owned(), database })
}

/// The text before the one zero byte, which is the last.
fn line(bytes: &[u8]) -> Option<&str> {
    let (zero, text) = bytes.split_last()?;
    if *zero != 0 || text.contains(&0) || text.len() >= MAX_REPLY {
        return None;
    }
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_answers_are_answers() {
        let found = |name: &str| Some(Reply::Found(name.to_owned()));
        for (said, expected) in [
            ("stream: OK\0", Some(Reply::Clean)),
            ("stream: Win.Test.EICAR_HDB-1 FOUND\0", found("Win.Test.EICAR_HDB-1")),
            ("stream: Local.A.UNOFFICIAL FOUND\0", found("Local.A.UNOFFICIAL")),
            ("stream: a\u{1b}[2Jb FOUND\0", found("a_[2Jb")),
            ("stream: PUA.Win.Tool FOUND\0", Some(Reply::Sign("PUA.Win.Tool".to_owned()))),
            ("stream: Heuristics.Encrypted.Zip FOUND\0", Some(Reply::Sign("Heuristics.Encrypted.Zip".to_owned()))),
            (
                "stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0",
                Some(Reply::Limits("Heuristics.Limits.Exceeded.MaxScanSize".to_owned())),
            ),
            ("INSTREAM size limit exceeded. ERROR\0", Some(Reply::TooLarge)),
            ("stream: Can't allocate memory ERROR\0", Some(Reply::Error)),
            ("stream: OK", None),
            ("stream: OK\n", None),
            ("stream: OK\0stream: OK\0", None),
            ("stream: OK \0", None),
            ("OK\0", None),
            ("stream:  FOUND\0", None),
            ("stream: FOUND\0", None),
            ("fd[10]: OK\0", None),
            ("HTTP/1.1 200 OK\0", None),
            ("\0", None),
            ("", None),
        ] {
            assert_eq!(reply(said.as_bytes()), expected, "{said:?}");
        }
        assert_eq!(reply(b"stream: \xff OK\0"), None);
        assert_eq!(reply(&[vec![b'a'; MAX_REPLY], b" ERROR\0".to_vec()].concat()), None);
    }

    #[test]
    fn the_version_tells_engine_and_database() {
        let told = version(b"ClamAV 1.0.7/27470/Thu Nov 26 08:21:00 2026\0").unwrap();
        assert_eq!(told.engine, "ClamAV 1.0.7");
        assert_eq!(told.database, Some((27470, "2026-11-26T08:21:00".parse().unwrap())));
        let early = version(b"ClamAV 1.4.3/27470/Sun Nov  1 08:21:00 2026\0").unwrap();
        assert_eq!(early.database.unwrap().1, "2026-11-01T08:21:00".parse().unwrap());
        assert_eq!(version(b"ClamAV 1.4.6\0"), Some(Version { engine: "ClamAV 1.4.6".to_owned(), database: None }));
        for other in [
            &b"ClamAV 1.4.3/27470\0"[..],
            b"ClamAV 1.4.3/x/Thu Nov 26 08:21:00 2026\0",
            b"ClamAV 1.4.3/1/today\0",
            b"ClamAV 1.4.3\n",
            b"ClamAV \x1b[2J\0",
            b"PONG\0",
            b"",
        ] {
            assert_eq!(version(other), None, "{}", String::from_utf8_lossy(other));
        }
    }
}
