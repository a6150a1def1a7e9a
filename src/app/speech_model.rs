//! The speech model of this machine, as what listens in a worker.

use std::path::Path;

use super::failure::with_causes;
use crate::inspect::Listener;
use crate::models::Moonshine;

struct Ear(Moonshine);

impl Listener for Ear {
    fn hear(&mut self, samples: &[f32]) -> Result<String, String> {
        self.0.transcribe(samples).map_err(|error| with_causes(&error))
    }
}

/// Loads the model of a folder.
pub(super) fn load(folder: &Path) -> Result<Box<dyn Listener>, String> {
    Moonshine::load(folder).map(|model| Box::new(Ear(model)) as Box<dyn Listener>).map_err(|error| with_causes(&error))
}
