//! Listening to a recording, inside the worker: unpack it, cut it into pieces, and have a model write down what is said.

use std::io;
use std::path::Path;

use super::pieces::{Piece, Pieces};
use super::protocol::{HeardReport, Passage, Reply};
use super::sound::{self, RATE};
use crate::domain::clean_text;

/// Longest words of one piece, in characters: nobody says more in twenty seconds.
const MAX_WORDS: usize = 2_000;

/// Writes down what is said. What does so is a model, and models are another room's: whoever composes the program
/// gives one.
pub trait Listener: Send {
    /// What is said in samples of one channel, 16,000 a second, twenty seconds at most.
    ///
    /// # Errors
    /// When the model cannot be run, in words for the log.
    fn hear(&mut self, samples: &[f32]) -> Result<String, String>;
}

/// Makes ready what listens, from the folder of a model, before there is a recording. It must leave no thread behind:
/// a thread that was there before the worker gave up its rights would keep them.
pub type LoadListener = fn(&Path) -> Result<Box<dyn Listener>, String>;

fn milliseconds(samples: u64) -> u64 {
    samples.saturating_mul(1000) / u64::from(RATE)
}

/// Tells what is said, piece by piece, and at the end how long it was.
pub(super) fn listen(listener: &mut dyn Listener, bytes: Vec<u8>, tell: &mut dyn FnMut(Reply) -> io::Result<()>) -> io::Result<()> {
    let mut pieces = Pieces::default();
    let mut fault = None;
    let mut hear = |piece: &Piece| match passage(listener, piece)
        .and_then(|passage| passage.map_or(Ok(()), |passage| tell(Reply::Passage(passage))))
    {
        Ok(()) => true,
        Err(error) => {
            fault = Some(error);
            false
        }
    };
    let unpacked = sound::decode(bytes, &mut |samples| pieces.add(samples).is_none_or(|piece| hear(&piece)));
    if unpacked.is_ok()
        && let Some(last) = pieces.end()
    {
        hear(&last);
    }
    if let Some(error) = fault {
        return Err(error);
    }
    tell(Reply::Heard(HeardReport { duration_ms: milliseconds(pieces.len()), reason: unpacked.err().map(|error| error.to_string()) }))
}

fn passage(listener: &mut dyn Listener, piece: &Piece) -> io::Result<Option<Passage>> {
    if !piece.is_audible() {
        return Ok(None);
    }
    let text = clean_text(&listener.hear(&piece.samples).map_err(io::Error::other)?, MAX_WORDS);
    let until = piece.from + piece.samples.len() as u64;
    Ok((!text.is_empty()).then(|| Passage { from_ms: milliseconds(piece.from), until_ms: milliseconds(until), text }))
}

#[cfg(test)]
mod tests {
    use super::super::sound::tests::{tone, wav};
    use super::*;

    /// Says how many samples it was given.
    struct Counting;

    impl Listener for Counting {
        fn hear(&mut self, samples: &[f32]) -> Result<String, String> {
            Ok(format!("{}\u{202e} samples", samples.len()))
        }
    }

    struct Deaf;

    impl Listener for Deaf {
        fn hear(&mut self, _: &[f32]) -> Result<String, String> {
            Err("no model".to_owned())
        }
    }

    fn told(listener: &mut dyn Listener, bytes: Vec<u8>) -> io::Result<Vec<Reply>> {
        let mut replies = Vec::new();
        listen(listener, bytes, &mut |reply| {
            replies.push(reply);
            Ok(())
        })?;
        Ok(replies)
    }

    #[test]
    fn passages_have_their_times_and_cleaned_words() {
        let replies = told(&mut Counting, tone(16_000, 1, 300.0, 25.0)).unwrap();
        let [Reply::Passage(first), Reply::Passage(second), Reply::Heard(report)] = &replies[..] else { panic!("{replies:?}") };
        assert_eq!((first.from_ms, second.until_ms, report.duration_ms), (0, 25_000, 25_000));
        assert_eq!((first.until_ms, &report.reason), (second.from_ms, &None));
        assert!(first.text.ends_with(" samples") && !first.text.contains('\u{202e}'), "{first:?}");
    }

    #[test]
    fn silence_has_no_words_and_what_is_no_sound_says_so() {
        let silence = HeardReport { duration_ms: 2_000, reason: None };
        assert_eq!(told(&mut Counting, wav(16_000, 1, &vec![0; 64_000])).unwrap(), [Reply::Heard(silence)]);
        let nothing = HeardReport { duration_ms: 0, reason: Some("it holds no sound that can be read".to_owned()) };
        assert_eq!(told(&mut Counting, b"%PDF-1.7".to_vec()).unwrap(), [Reply::Heard(nothing)]);
    }

    #[test]
    fn a_model_that_fails_is_not_a_recording_without_words() {
        assert!(told(&mut Deaf, tone(16_000, 1, 300.0, 25.0)).is_err());
        assert!(told(&mut Deaf, tone(16_000, 1, 300.0, 1.0)).is_err());
    }
}
