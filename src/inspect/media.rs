//! Sound and moving pictures: length and tags, no decoding.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Cursor;
use std::time::Duration;

use jiff::civil::Date;
use lofty::file::{AudioFile, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::{Accessor, ItemKey};

use super::film;
use super::metadata::date_of;
use crate::domain::clean_text;

/// Longest comment kept, in characters.
const MAX_WORDS: usize = 2000;

/// What a recording says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recording {
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album: Option<String>,
    /// The day it was recorded, where the whole day is told.
    pub date: Option<Date>,
    /// In milliseconds.
    pub duration_ms: Option<u64>,
    /// Album, kind and comment; empty when nothing is known.
    pub words: String,
}

/// Reads tags and length; empty when the bytes are no recording that is known here.
pub(super) fn read(bytes: &[u8]) -> Recording {
    let mut recording = tagged(bytes).unwrap_or_default();
    if recording.title.is_none() || recording.duration_ms.is_none() {
        let film = film::read(bytes);
        recording.title = recording.title.or(film.title);
        recording.duration_ms = recording.duration_ms.or(film.duration_ms);
    }
    recording
}

fn tagged(bytes: &[u8]) -> Option<Recording> {
    let file = Probe::new(Cursor::new(bytes)).guess_file_type().ok()?.read().ok()?;
    let length = file.properties().duration();
    let mut recording = Recording {
        duration_ms: (length > Duration::ZERO).then(|| u64::try_from(length.as_millis()).unwrap_or(u64::MAX)),
        ..Recording::default()
    };
    let Some(tag) = file.primary_tag().or_else(|| file.first_tag()) else { return Some(recording) };
    recording.title = tag.title().map(Cow::into_owned);
    recording.artist = tag.artist().map(Cow::into_owned);
    recording.album = tag.album().map(Cow::into_owned);
    recording.date = tag.get_string(ItemKey::RecordingDate).and_then(date_of);
    for (label, value) in [("Album: ", tag.album()), ("Genre: ", tag.genre()), ("", tag.comment())] {
        let value = value.map(|value| clean_text(&value, MAX_WORDS)).filter(|value| value.chars().any(char::is_alphabetic));
        if let Some(value) = value {
            let _ = writeln!(recording.words, "{label}{value}");
        }
    }
    Some(recording)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a second of silence: 8 kHz, 16 bit, one channel.
    fn wav() -> Vec<u8> {
        let samples = vec![0_u8; 8000];
        let mut bytes = Vec::new();
        bytes.extend_from_slice(b"RIFF");
        bytes.extend_from_slice(&(36 + 8000_u32).to_le_bytes());
        bytes.extend_from_slice(b"WAVEfmt ");
        bytes.extend_from_slice(&16_u32.to_le_bytes());
        for half in [1_u16, 1] {
            bytes.extend_from_slice(&half.to_le_bytes());
        }
        bytes.extend_from_slice(&8000_u32.to_le_bytes());
        bytes.extend_from_slice(&16000_u32.to_le_bytes());
        for half in [2_u16, 16] {
            bytes.extend_from_slice(&half.to_le_bytes());
        }
        bytes.extend_from_slice(b"data");
        bytes.extend_from_slice(&8000_u32.to_le_bytes());
        bytes.extend_from_slice(&samples);
        bytes
    }

    #[test]
    fn a_recording_has_its_length() {
        assert_eq!(read(&wav()).duration_ms, Some(500));
        assert_eq!(read(b"not a recording"), Recording::default());
    }
}
