//! How sure the first hit is.

use serde::{Deserialize, Serialize};

/// What may be done with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The first hit is meant.
    One,
    /// Two or more may be meant: ask what differs.
    Several,
    /// Nothing explains the request; the first hit is only the nearest.
    Weak,
}

/// How a hit stands to the request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Its score; higher is better.
    pub score: f32,
    /// Share of the request's content words that it explains, weighted by rarity, 0 to 1.
    pub explained: f32,
    /// Whether the request names a number, quarter, span or kind that the file has not.
    pub contradicts: bool,
}

/// Share of the request that must be explained before one file is meant.
const SURE: f32 = 0.74;
/// Below this share the request is not explained at all.
const UNEXPLAINED: f32 = 0.45;
/// How far ahead the first must be.
const AHEAD: f32 = 0.09;

/// Decides over hits, best first.
///
/// - `Weak`: there is no hit, the best explains under 45 % of the request, or it stands alone
///   without explaining 74 %.
/// - `One`: the best explains at least 74 %, contradicts no number or kind, and is alone or ahead
///   by a margin of 0.09.
/// - `Several`: everything else.
pub fn decide(hits: &[Standing]) -> Certainty {
    let Some((best, others)) = hits.split_first() else { return Certainty::Weak };
    if best.explained < UNEXPLAINED {
        return Certainty::Weak;
    }
    let sure = best.explained >= SURE && !best.contradicts;
    match others.first() {
        None if sure => Certainty::One,
        None => Certainty::Weak,
        Some(second) if sure && best.score - second.score >= AHEAD => Certainty::One,
        Some(_) => Certainty::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn hit(score: f32, explained: f32) -> Standing {
        Standing { score, explained, contradicts: false }
    }

    #[test]
    fn one_is_ahead_and_explains_the_request() {
        for (hits, certainty) in [
            (vec![], Certainty::Weak),
            (vec![hit(1.5, 1.0)], Certainty::One),
            (vec![hit(1.5, 1.0), hit(1.2, 0.7)], Certainty::One),
            (vec![hit(1.5, 1.0), hit(1.48, 1.0)], Certainty::Several),
            (vec![hit(0.9, 0.6), hit(0.5, 0.3)], Certainty::Several),
            (vec![hit(0.9, 0.6)], Certainty::Weak),
            (vec![hit(0.4, 0.2), hit(0.4, 0.2)], Certainty::Weak),
            (vec![Standing { contradicts: true, ..hit(1.5, 0.9) }, hit(1.0, 0.5)], Certainty::Several),
            (vec![Standing { contradicts: true, ..hit(1.5, 0.9) }], Certainty::Weak),
        ] {
            assert_eq!(decide(&hits), certainty, "{hits:?}");
        }
    }
}
