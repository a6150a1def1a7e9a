//! A long recording in pieces that a model can listen to, cut where it is quiet.

/// The shortest piece before the last one, in samples: ten seconds.
const LEAST: usize = 160_000;
/// The longest, in samples: twenty seconds.
const MOST: usize = 320_000;
/// How much is looked at for quiet at once, in samples: a tenth of a second.
const WINDOW: usize = 1_600;
/// What is shorter is no word, in samples: a fifth of a second.
const SHORTEST: usize = 3_200;
/// A piece whose loudest window is below this holds no speech: a model would make words up. As the root of the mean
/// square, of 1: 60 decibels below full scale.
const SILENCE: f32 = 0.001;

/// A piece of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Where it begins, in samples from the beginning.
    pub from: u64,
    /// Its samples.
    pub samples: Vec<f32>,
}

/// Takes samples as they come, and gives pieces.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    waiting: Vec<f32>,
    /// Samples that went out already.
    gone: u64,
}

impl Pieces {
    /// Takes samples, and gives a piece when there is one.
    pub fn add(&mut self, samples: &[f32]) -> Option<Piece> {
        self.waiting.extend_from_slice(samples);
        (self.waiting.len() >= MOST).then(|| self.cut(quietest(&self.waiting)))
    }

    /// What is left at the end.
    pub fn end(&mut self) -> Option<Piece> {
        (self.waiting.len() >= SHORTEST).then(|| self.cut(self.waiting.len()))
    }

    /// Samples so far.
    pub fn len(&self) -> u64 {
        self.gone + self.waiting.len() as u64
    }

    fn cut(&mut self, at: usize) -> Piece {
        let rest = self.waiting.split_off(at.min(self.waiting.len()));
        let samples = std::mem::replace(&mut self.waiting, rest);
        let from = self.gone;
        self.gone += samples.len() as u64;
        Piece { from, samples }
    }
}

impl Piece {
    /// Whether somebody may be speaking in it.
    pub fn is_audible(&self) -> bool {
        self.samples.chunks(WINDOW).any(|window| loudness(window) > SILENCE)
    }
}

/// The middle of the quietest window between the shortest and the longest piece.
fn quietest(samples: &[f32]) -> usize {
    let windows = samples.get(LEAST..MOST).unwrap_or_default().chunks_exact(WINDOW).map(loudness).enumerate();
    let (at, _) = windows.min_by(|(_, one), (_, other)| one.total_cmp(other)).unwrap_or_default();
    LEAST + at * WINDOW + WINDOW / 2
}

fn loudness(window: &[f32]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a window has some thousand samples")]
    let count = window.len().max(1) as f32;
    (window.iter().map(|sample| sample * sample).sum::<f32>() / count).sqrt()
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "seconds of short sounds")]
mod tests {
    use super::*;

    /// Noise with a pause of half a second at each of these seconds.
    fn speech(seconds: usize, pauses: &[usize]) -> Vec<f32> {
        let mut samples: Vec<f32> = (0..seconds * 16_000).map(|at| if at % 2 == 0 { 0.3 } else { -0.3 }).collect();
        for pause in pauses {
            samples[pause * 16_000..pause * 16_000 + 8_000].fill(0.0);
        }
        samples
    }

    fn pieces(samples: &[f32]) -> Vec<(f32, f32)> {
        let mut pieces = Pieces::default();
        let mut all: Vec<Piece> = samples.chunks(777).filter_map(|chunk| pieces.add(chunk)).collect();
        all.extend(pieces.end());
        assert_eq!(pieces.len() as usize, samples.len());
        assert_eq!(all.concat_samples(), samples, "nothing is lost or said twice");
        all.iter().map(|piece| (piece.from as f32 / 16_000.0, piece.samples.len() as f32 / 16_000.0)).collect()
    }

    trait Concat {
        fn concat_samples(&self) -> Vec<f32>;
    }

    impl Concat for Vec<Piece> {
        fn concat_samples(&self) -> Vec<f32> {
            self.iter().flat_map(|piece| piece.samples.clone()).collect()
        }
    }

    #[test]
    fn a_long_recording_is_cut_in_its_pauses() {
        let cut = pieces(&speech(50, &[5, 14, 31, 33]));
        assert_eq!(cut.len(), 3, "{cut:?}");
        for (piece, pause) in cut[1..].iter().zip([14.0, 31.0]) {
            assert!((pause..pause + 2.6).contains(&piece.0), "{cut:?}");
        }
        assert!(cut.iter().all(|(_, length)| *length <= 20.1), "{cut:?}");
    }

    #[test]
    fn a_recording_without_a_pause_is_cut_all_the_same() {
        assert!(pieces(&speech(45, &[])).iter().all(|(_, length)| (1.0..=20.1).contains(length)));
        assert_eq!(pieces(&speech(3, &[])).len(), 1);
    }

    #[test]
    fn silence_is_not_listened_to() {
        let audible = |samples: Vec<f32>| Piece { from: 0, samples }.is_audible();
        assert!(!audible(vec![0.0; 16_000]));
        assert!(!audible(vec![0.0005; 16_000]));
        assert!(audible(speech(1, &[0])));
        assert_eq!(Pieces::default().end(), None);
    }
}
