//! Scanning by several scanners, one of them a real clamd.

mod broken;
mod daemon;
mod found;

use std::path::PathBuf;
use std::time::Duration;

use satchel::inspect::{AboveLimit, ClamdAddress, ClamdSettings, InspectorSettings};

/// The standard harmless test file, in two halves so that no scanner takes this source for it.
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes()
}

/// This program's inspector, with the clamd at a place.
fn with_clamd(place: &str) -> InspectorSettings {
    let clamd = ClamdSettings {
        address: ClamdAddress::parse(place).unwrap(),
        timeout: Duration::from_secs(20),
        stream_max_bytes: 4 << 20,
        connections: 2,
        above_limit: AboveLimit::NotChecked,
    };
    InspectorSettings { clamd: Some(clamd), ..InspectorSettings::new(PathBuf::from(env!("CARGO_BIN_EXE_satchel"))) }
}
