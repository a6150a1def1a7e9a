//! Sound and moving pictures: length and tags, no decoding.

use std::borrow::Cow;
use std::io::Cursor;
use std::time::Duration;

use lofty::file::{AudioFile, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::Accessor;

/// What a recording says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recording {
    pub title: Option<String>,
    pub artist: Option<String>,
    /// In milliseconds.
    pub duration_ms: Option<u64>,
}

/// Reads tags and length; `None` when the bytes are no recording that is known here.
pub(super) fn read(bytes: &[u8]) -> Option<Recording> {
    let file = Probe::new(Cursor::new(bytes)).guess_file_type().ok()?.read().ok()?;
    let length = file.properties().duration();
    let tag = file.primary_tag().or_else(|| file.first_tag());
    Some(Recording {
        title: tag.and_then(|tag| tag.title().map(Cow::into_owned)),
        artist: tag.and_then(|tag| tag.artist().map(Cow::into_owned)),
        duration_ms: (length > Duration::ZERO).then(|| u64::try_from(length.as_millis()).unwrap_or(u64::MAX)),
    })
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
        assert_eq!(read(&wav()).and_then(|recording| recording.duration_ms), Some(500));
        assert_eq!(read(b"not a recording"), None);
    }
}
