//! Forced outcomes for developers: `Satchel-Simulate: working|refused|unavailable|choose; delay=3000`,
//! on customers marked as test only.

use std::time::Duration;

use serde_json::json;

use super::answer::{Answer, Outcome};
use super::kit::Kit;
use crate::speech::{NotAllowed, NothingListed, Part, Unavailable, Working};

/// What to pretend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Simulation {
    /// The outcome; the real one when `None`.
    pub outcome: Option<Outcome>,
    /// How long to wait first.
    pub delay: Duration,
}

const LONGEST: Duration = Duration::from_secs(10);

/// Reads the header's value; `None` when it means nothing.
pub(super) fn parse(text: &str) -> Option<Simulation> {
    let mut simulation = Simulation { outcome: None, delay: Duration::ZERO };
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("delay", millis)) => simulation.delay = Duration::from_millis(millis.trim().parse().ok()?).min(LONGEST),
            Some(_) => return None,
            None => {
                simulation.outcome = Some(match part {
                    "working" => Outcome::Working,
                    "refused" => Outcome::Refused,
                    "unavailable" => Outcome::Unavailable,
                    "choose" => Outcome::Choose,
                    _ => return None,
                });
            }
        }
    }
    Some(simulation)
}

/// The pretended answer.
pub(super) fn answer(kit: &Kit, outcome: Outcome) -> Answer {
    let say = match outcome {
        Outcome::Working => kit.say(&Working { about: None }),
        Outcome::Choose => kit.say(&NothingListed {}),
        Outcome::Refused => kit.say(&NotAllowed {}),
        Outcome::Done | Outcome::Confirm | Outcome::NotFound | Outcome::Invalid | Outcome::Unavailable => {
            kit.say(&Unavailable { part: Part::General })
        }
    };
    let answer = Answer::new(outcome, say);
    match outcome {
        Outcome::Refused | Outcome::Unavailable => {
            answer.with_data(&json!({ "error": { "code": outcome.as_str(), "reason": "simulated" } }))
        }
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_an_outcome_and_a_delay() {
        assert_eq!(parse("working"), Some(Simulation { outcome: Some(Outcome::Working), delay: Duration::ZERO }));
        assert_eq!(parse("refused; delay=3000"), Some(Simulation { outcome: Some(Outcome::Refused), delay: Duration::from_secs(3) }));
        assert_eq!(parse("delay=99999999"), Some(Simulation { outcome: None, delay: LONGEST }));
        assert_eq!(parse("done"), None);
        assert_eq!(parse("delay=soon"), None);
    }
}
