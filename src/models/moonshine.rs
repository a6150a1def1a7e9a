//! Moonshine base, an English speech recogniser of 61 million weights, through ONNX Runtime on one processor.
//!
//! The encoder takes sound of one channel at 16 kHz and gives its features; the decoder gives one token after the
//! other, with what it knows of those before as its cache (Jeffries and others, "Moonshine: Speech Recognition for Live
//! Transcription and Voice Commands", 2024). The files are those that its makers publish for its C++ library.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, Tensor};

/// Begin of a text, and its end.
const START: i64 = 1;
const END: i64 = 2;
/// The most tokens that a second of speech has; a model that goes on is repeating itself.
const TOKENS_A_SECOND: f64 = 6.5;
const RATE: f64 = 16_000.0;
/// Heads of each layer, and the size of each, for the empty cache of the first step.
const HEADS: usize = 8;
const HEAD: usize = 52;
/// How the vocabulary writes the beginning of a word.
const WORD: char = '\u{2581}';

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// A file of it is missing or cannot be read.
    #[error("`{file}` of the speech model cannot be read")]
    File {
        /// Which.
        file: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The runtime's library does not load.
    #[error("the library of ONNX Runtime does not load: {0}")]
    Library(String),
    /// The runtime refuses the model, or a step of it.
    #[error("the speech model cannot be run")]
    Runtime(#[from] ort::Error),
    /// Its vocabulary ends in the middle, or its output is not what this model has.
    #[error("the files of the speech model do not belong together")]
    Foreign,
}

/// A model that is ready.
pub struct Moonshine {
    encoder: Session,
    decoder: Session,
    /// Names of the decoder's cache, as it takes them.
    cache: Vec<String>,
    vocabulary: Vec<Vec<u8>>,
}

impl Moonshine {
    /// Names of the files in a model's folder.
    pub const FILES: [&'static str; 4] = ["encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin", "libonnxruntime.so"];

    /// Loads a model, without a thread of its own.
    ///
    /// # Errors
    /// When files are missing or are not those of this model.
    pub fn load(folder: &Path) -> Result<Self, SpeechError> {
        let [encoder, decoder, vocabulary, library] = Self::FILES;
        let environment = ort::init_from(folder.join(library))
            .map_err(|error| SpeechError::Library(error.to_string()))?
            .with_name("satchel")
            .with_telemetry(false)
            .build()?;
        let session = |file: &'static str| -> Result<Session, SpeechError> {
            let bytes = std::fs::read(folder.join(file)).map_err(|source| SpeechError::File { file, source })?;
            let mut builder = Session::builder(&environment)?;
            builder = builder.with_intra_threads(1).map_err(ort::Error::from)?;
            builder = builder.with_inter_threads(1).map_err(ort::Error::from)?;
            builder = builder.with_optimization_level(GraphOptimizationLevel::Level3).map_err(ort::Error::from)?;
            Ok(builder.commit_from_memory(&bytes)?)
        };
        let text = std::fs::read(folder.join(vocabulary)).map_err(|source| SpeechError::File { file: vocabulary, source })?;
        let (encoder, decoder) = (session(encoder)?, session(decoder)?);
        let cache =
            decoder.inputs().iter().map(|input| input.name().to_owned()).filter(|name| name.starts_with("past_key_values.")).collect();
        Ok(Self { encoder, decoder, cache, vocabulary: tokens(&text).ok_or(SpeechError::Foreign)? })
    }

    /// What is said in samples of one channel at 16 kHz, thirty seconds at most.
    ///
    /// # Errors
    /// When the runtime fails.
    pub fn transcribe(&mut self, samples: &[f32]) -> Result<String, SpeechError> {
        let features = self.encode(samples)?;
        let mut cache = self.empty_cache()?;
        let (mut token, mut said) = (START, Vec::new());
        for step in 0..most_tokens(samples.len()) {
            let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = vec![
                (Cow::Borrowed("input_ids"), Tensor::from_array(([1_usize, 1], vec![token]))?.into()),
                (Cow::Borrowed("encoder_hidden_states"), (&features).into()),
                (Cow::Borrowed("use_cache_branch"), Tensor::from_array(([1_usize], vec![step > 0]))?.into()),
            ];
            inputs.extend(cache.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.into())));
            let mut outputs = self.decoder.run(inputs)?;
            let next = best(&outputs.remove("logits").ok_or(SpeechError::Foreign)?)?;
            let mut grown = Vec::new();
            for name in &self.cache {
                // What the decoder knows of the sound is made in the first step and stays.
                if step > 0 && name.contains(".encoder.") {
                    continue;
                }
                let present = name.replacen("past_key_values", "present", 1);
                grown.push((name.clone(), outputs.remove(present).ok_or(SpeechError::Foreign)?));
            }
            drop(outputs);
            cache.extend(grown);
            if next == END {
                break;
            }
            token = next;
            said.push(next);
        }
        Ok(self.text(&said))
    }

    fn encode(&mut self, samples: &[f32]) -> Result<DynValue, SpeechError> {
        let sound = Tensor::from_array(([1_usize, samples.len()], samples.to_vec()))?;
        let mut outputs = self.encoder.run(ort::inputs!["input_values" => sound])?;
        outputs.remove("last_hidden_state").ok_or(SpeechError::Foreign)
    }

    /// The first step takes a cache of one place and does not look at it.
    fn empty_cache(&self) -> Result<HashMap<String, DynValue>, SpeechError> {
        let empty = || Ok::<_, SpeechError>(Tensor::from_array(([1_usize, HEADS, 1, HEAD], vec![0.0_f32; HEADS * HEAD]))?.into_dyn());
        self.cache.iter().map(|name| Ok((name.clone(), empty()?))).collect()
    }

    fn text(&self, said: &[i64]) -> String {
        let pieces = said.iter().filter_map(|token| self.vocabulary.get(usize::try_from(*token).ok()?));
        let bytes: Vec<u8> = pieces.flatten().copied().collect();
        String::from_utf8_lossy(&bytes).replace(WORD, " ").trim().to_owned()
    }
}

/// The likeliest token.
fn best(logits: &DynValue) -> Result<i64, SpeechError> {
    let (_, values) = logits.try_extract_tensor::<f32>()?;
    let likeliest = values.iter().enumerate().max_by(|(_, one), (_, other)| one.total_cmp(other));
    likeliest.and_then(|(at, _)| i64::try_from(at).ok()).ok_or(SpeechError::Foreign)
}

fn most_tokens(samples: usize) -> u32 {
    #[expect(clippy::cast_precision_loss, reason = "half a million samples at most")]
    let seconds = samples as f64 / RATE;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred at most, and never negative")]
    let most = (seconds * TOKENS_A_SECOND).ceil() as u32;
    most.max(1)
}

/// Reads a vocabulary: pieces of text in the order of their numbers, each after its length, which is one byte, or two
/// where the first is 128 or more: 128 times the second, and what the first has above 128.
fn tokens(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut all, mut rest) = (Vec::new(), bytes);
    while let Some((first, after)) = rest.split_first() {
        let (length, after) = match first.checked_sub(128) {
            None => (usize::from(*first), after),
            Some(low) => {
                let (high, after) = after.split_first()?;
                (usize::from(*high) * 128 + usize::from(low), after)
            }
        };
        let (piece, after) = after.split_at_checked(length)?;
        all.push(piece.to_vec());
        rest = after;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vocabulary_has_pieces_of_any_length_and_ends_where_it_should() {
        let long = vec![b'x'; 300];
        let mut bytes = b"\x03<s>\x00\x02ab".to_vec();
        bytes.extend_from_slice(&[128 + 44, 2]);
        bytes.extend_from_slice(&long);
        assert_eq!(tokens(&bytes), Some(vec![b"<s>".to_vec(), Vec::new(), b"ab".to_vec(), long]));
        assert_eq!(tokens(b"\x05abc"), None);
        assert_eq!(tokens(b"\x80"), None);
        assert_eq!(tokens(b""), Some(Vec::new()));
    }

    #[test]
    fn a_text_is_never_longer_than_anybody_speaks() {
        assert_eq!([0, 16_000, 320_000].map(most_tokens), [1, 7, 130]);
    }

    #[test]
    fn a_folder_without_a_model_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let error = Moonshine::load(folder.path()).err().unwrap();
        assert!(matches!(error, SpeechError::Library(_)), "{error}");
    }
}
