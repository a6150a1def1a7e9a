//! Sound as samples: whatever a recording is packed in, as one channel of [`RATE`] samples a second.

use std::io::Cursor;

use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Resampler as _};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

/// Samples a second that are given.
pub(super) const RATE: u32 = 16_000;

/// Samples that are brought to another rate at once.
const CHUNK: usize = 1024;
/// Rates that recordings have. What claims another one lies.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;
/// Packets in a row that may be damaged before the rest is given up.
const MOST_DAMAGED: u32 = 1_000;

/// Why there are no samples.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum SoundError {
    /// Packed in a way that is not known here, or damaged from its beginning.
    #[error("it holds no sound that can be read")]
    Unreadable,
    /// Whoever takes the samples had enough.
    #[error("it could not be listened to")]
    Refused,
}

/// Unpacks the first sound of a recording, and gives its samples as they come.
pub(super) fn decode(bytes: Vec<u8>, take: &mut dyn FnMut(&[f32]) -> bool) -> Result<(), SoundError> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), source, FormatOptions::default(), MetadataOptions::default())
        .map_err(|_| SoundError::Unreadable)?;
    let (track, mut decoder) = first_sound(&*format)?;
    let mut resampler = None;
    let (mut interleaved, mut mono) = (Vec::new(), Vec::new());
    let (mut damaged, mut heard) = (0, false);
    while damaged < MOST_DAMAGED {
        // The end, also where the rest was cut off.
        let Ok(Some(packet)) = format.next_packet() else { break };
        if packet.track_id != track {
            continue;
        }
        let sound = match decoder.decode(&packet) {
            Ok(sound) => sound,
            Err(Fault::DecodeError(_)) => {
                damaged += 1;
                continue;
            }
            Err(_) => break,
        };
        damaged = 0;
        let (rate, channels) = (sound.spec().rate(), sound.spec().channels().count());
        if channels == 0 || !RATES.contains(&rate) {
            return Err(SoundError::Unreadable);
        }
        interleaved.resize(sound.samples_interleaved(), 0.0_f32);
        sound.copy_to_slice_interleaved(&mut interleaved);
        mono.clear();
        mono.extend(interleaved.chunks_exact(channels).map(mean));
        heard = true;
        let at_rate = match &mut resampler {
            Some(resampler) => resampler,
            none => none.insert(AtRate::of(rate)?),
        };
        if !at_rate.add(rate, &mono, take)? {
            return Err(SoundError::Refused);
        }
    }
    match resampler {
        Some(at_rate) if heard => at_rate.end(take),
        _ => Err(SoundError::Unreadable),
    }
}

fn first_sound(format: &dyn FormatReader) -> Result<(u32, Box<dyn AudioDecoder>), SoundError> {
    let track = format.default_track(TrackType::Audio).ok_or(SoundError::Unreadable)?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio()).ok_or(SoundError::Unreadable)?;
    let decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|_| SoundError::Unreadable)?;
    Ok((track.id, decoder))
}

fn mean(frame: &[f32]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a frame has a few channels")]
    let count = frame.len() as f32;
    frame.iter().sum::<f32>() / count
}

/// Samples on their way to another rate.
struct AtRate {
    /// The rate they come in.
    rate: u32,
    /// `None` where they come as they are wanted.
    resampler: Option<Fft<f32>>,
    waiting: Vec<f32>,
}

impl AtRate {
    fn of(rate: u32) -> Result<Self, SoundError> {
        let resampler = (rate != RATE)
            .then(|| Fft::new(size(rate), size(RATE), CHUNK, 1, FixedSync::Input))
            .transpose()
            .map_err(|_| SoundError::Unreadable)?;
        Ok(Self { rate, resampler, waiting: Vec::new() })
    }

    /// Whether more is wanted. A recording that changes its rate on the way is damaged.
    fn add(&mut self, rate: u32, samples: &[f32], take: &mut dyn FnMut(&[f32]) -> bool) -> Result<bool, SoundError> {
        if rate != self.rate {
            return Err(SoundError::Unreadable);
        }
        let Some(resampler) = &mut self.resampler else { return Ok(take(samples)) };
        self.waiting.extend_from_slice(samples);
        loop {
            let wanted = resampler.input_frames_next();
            if self.waiting.len() < wanted {
                return Ok(true);
            }
            let chunk: Vec<f32> = self.waiting.drain(..wanted).collect();
            if !take(&at_rate(resampler, chunk)?) {
                return Ok(false);
            }
        }
    }

    /// What still waits, filled up with silence.
    fn end(self, take: &mut dyn FnMut(&[f32]) -> bool) -> Result<(), SoundError> {
        let Self { resampler: Some(mut resampler), mut waiting, .. } = self else { return Ok(()) };
        waiting.resize(resampler.input_frames_next(), 0.0);
        let taken = take(&at_rate(&mut resampler, waiting)?);
        if taken { Ok(()) } else { Err(SoundError::Refused) }
    }
}

fn at_rate(resampler: &mut Fft<f32>, chunk: Vec<f32>) -> Result<Vec<f32>, SoundError> {
    let frames = chunk.len();
    let input = InterleavedOwned::new_from(chunk, 1, frames).map_err(|_| SoundError::Unreadable)?;
    Ok(resampler.process(&input, None).map_err(|_| SoundError::Unreadable)?.take_data())
}

fn size(rate: u32) -> usize {
    usize::try_from(rate).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "seconds of short sounds")]
pub(super) mod tests {
    use super::*;

    /// A tone of so many hertz as a WAV file: 16 bit, so many channels, all alike.
    pub fn tone(rate: u32, channels: u16, hertz: f32, seconds: f32) -> Vec<u8> {
        let frames = (seconds * rate as f32) as u32;
        let mut data = Vec::new();
        for frame in 0..frames {
            let value = (f32::sin(frame as f32 / rate as f32 * hertz * std::f32::consts::TAU) * 16_000.0) as i16;
            for _ in 0..channels {
                data.extend_from_slice(&value.to_le_bytes());
            }
        }
        wav(rate, channels, &data)
    }

    pub fn wav(rate: u32, channels: u16, data: &[u8]) -> Vec<u8> {
        let size = u32::try_from(data.len()).unwrap();
        let mut bytes = b"RIFF".to_vec();
        bytes.extend_from_slice(&(36 + size).to_le_bytes());
        bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
        bytes.extend_from_slice(&channels.to_le_bytes());
        bytes.extend_from_slice(&rate.to_le_bytes());
        bytes.extend_from_slice(&(rate * u32::from(channels) * 2).to_le_bytes());
        bytes.extend_from_slice(&(channels * 2).to_le_bytes());
        bytes.extend_from_slice(b"\x10\0data");
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn samples(bytes: &[u8]) -> Result<Vec<f32>, SoundError> {
        let mut all = Vec::new();
        decode(bytes.to_vec(), &mut |samples| {
            all.extend_from_slice(samples);
            true
        })?;
        Ok(all)
    }

    /// Half turns of a tone in a second: twice its frequency.
    fn crossings(samples: &[f32]) -> usize {
        samples.windows(2).filter(|pair| (pair[0] < 0.0) != (pair[1] < 0.0)).count()
    }

    #[test]
    fn a_tone_keeps_its_height_and_length_at_whatever_rate_it_was_recorded() {
        for (rate, channels) in [(8_000, 1), (16_000, 1), (16_000, 2), (22_050, 1), (44_100, 2), (48_000, 1)] {
            let heard = samples(&tone(rate, channels, 440.0, 2.0)).unwrap();
            let length = heard.len() as f32 / RATE as f32;
            assert!((1.95..2.2).contains(&length), "{rate}: {length} s");
            let second = crossings(&heard[8_000..24_000]);
            assert!((876..=884).contains(&second), "{rate}: {second}");
        }
    }

    #[test]
    fn what_is_above_the_new_rate_is_gone_and_does_not_come_back_lower() {
        let loudness =
            |hertz| samples(&tone(44_100, 1, hertz, 1.0)).unwrap()[4_000..12_000].iter().map(|sample| sample.abs()).fold(0.0, f32::max);
        assert!(loudness(1_000.0) > 0.4);
        assert!(loudness(12_000.0) < 0.01, "{}", loudness(12_000.0));
    }

    #[test]
    fn what_is_no_sound_or_was_cut_off_is_told_apart() {
        assert_eq!(samples(b"no sound at all"), Err(SoundError::Unreadable));
        assert_eq!(samples(&[]), Err(SoundError::Unreadable));
        let whole = tone(16_000, 1, 440.0, 2.0);
        let half = samples(&whole[..whole.len() / 2]).unwrap();
        assert!((15_000..=16_100).contains(&half.len()), "{}", half.len());
        assert_eq!(decode(whole, &mut |_| false), Err(SoundError::Refused));
    }
}
