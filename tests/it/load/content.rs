//! Files of any size that are never in memory: what lies where is a function of the position.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use ring::digest::{Context, SHA256};

/// Bytes made at once.
pub const PIECE: u64 = 256 * 1024;
const MAGIC: &[u8] = b"%PDF-1.7\n";

/// A file of `size` bytes; one with another `seed` shares no piece with it.
#[derive(Debug, Clone)]
pub struct Content {
    pub size: u64,
    noise: Bytes,
    seed: u64,
}

impl Content {
    pub fn new(size: u64, seed: u64) -> Self {
        let mut noise = BytesMut::zeroed(usize::try_from(PIECE).unwrap());
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for part in noise.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            part.copy_from_slice(&state.to_le_bytes());
        }
        Self { size, noise: noise.freeze(), seed }
    }

    /// The piece with this number: noise, under its own number.
    fn piece(&self, number: u64) -> Bytes {
        let length = (self.size - number * PIECE).min(PIECE);
        let mut piece = BytesMut::from(&self.noise[..]);
        piece[16..24].copy_from_slice(&self.seed.to_le_bytes());
        piece[24..32].copy_from_slice(&number.to_le_bytes());
        if number == 0 {
            // A kind of file that has text, so that reading it is tried.
            piece[..MAGIC.len()].copy_from_slice(MAGIC);
        }
        piece.truncate(usize::try_from(length).unwrap());
        piece.freeze()
    }

    /// All of it, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = Bytes> + Send + 'static {
        let content = self.clone();
        (0..self.size.div_ceil(PIECE)).map(move |number| content.piece(number))
    }

    /// The same as a body.
    pub fn body(&self) -> reqwest::Body {
        reqwest::Body::wrap_stream(self.stream())
    }

    fn stream(&self) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
        futures::stream::iter(self.pieces().map(Ok))
    }

    /// A stretch of it.
    pub fn range(&self, range: Range<u64>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in range.start / PIECE..range.end.div_ceil(PIECE) {
            let (piece, start) = (self.piece(number), number * PIECE);
            let within = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap().min(piece.len());
            bytes.extend_from_slice(&piece[within(range.start)..within(range.end)]);
        }
        bytes
    }

    /// Its SHA-256, in hexadecimal digits.
    pub fn sha256(&self) -> String {
        let mut hash = Context::new(&SHA256);
        self.pieces().for_each(|piece| hash.update(&piece));
        hex::encode(hash.finish())
    }
}

#[test]
fn a_stretch_is_the_same_wherever_it_is_cut() {
    let content = Content::new(2 * PIECE + 100, 1);
    let whole: Vec<u8> = content.pieces().flatten().collect();
    assert_eq!(whole.len() as u64, content.size);
    for range in [0..10, PIECE - 5..PIECE + 5, 0..content.size, content.size - 1..content.size] {
        let expected = &whole[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
        assert_eq!(content.range(range.clone()), expected, "{range:?}");
    }
}
