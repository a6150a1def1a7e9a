//! Values as the pages write them.

use crate::files::CameState;

/// What became of a file, for whoever sent it.
pub(super) const fn state_text(state: CameState) -> &'static str {
    match state {
        CameState::Checking => "Arrived, being checked",
        CameState::Ready => "Checked and clean",
        CameState::Closed => "Checked and clean. It's locked with a password.",
        CameState::Trying => "Checked and clean. The password is being tried.",
        CameState::WrongPassword => "Checked and clean. That password doesn't open it.",
        CameState::Opened => "Checked and clean. The password fits.",
        CameState::Unread => "Checked and clean. Its text couldn't be read.",
        CameState::LockedAway => "Looked harmful, so it was locked away. Nobody can open it.",
        CameState::Unchecked => "Arrived, but it couldn't be checked yet",
    }
}

/// A number of bytes as people read it: "730 KB", "4.2 MB". Units of a thousand, as phones have them.
pub(super) fn bytes_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB")];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let (whole, tenth) = (bytes / unit, bytes % unit * 10 / unit);
            return if whole >= 100 || tenth == 0 { format!("{whole} {name}") } else { format!("{whole}.{tenth} {name}") };
        }
    }
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_a_phone_would_show_them() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1 KB"),
            (4_250_000, "4.2 MB"),
            (730_999, "730 KB"),
            (5_368_709_120, "5.3 GB"),
            (1_000_000_000_000, "1 TB"),
        ] {
            assert_eq!(bytes_text(bytes), text);
        }
    }
}
