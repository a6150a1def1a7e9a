//! How many files and connections this process may have open.

/// Open files kept for everything but the doors' connections: the bytes of an upload or download
/// take three (file, and both ends of the connection to the embedded store), and catalog, index and
/// inspection workers have theirs.
const RESERVED: u64 = 4096;

/// Raises this process's limit of open files as far as the system lets it; the limit it has then.
pub fn raise() -> u64 {
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(error = %error, "the limit of open files could not be raised");
        rlimit::Resource::NOFILE.get_soft().unwrap_or(RESERVED)
    })
}

/// Connections the doors may hold of those `wanted`, with so many open files.
pub fn connections(wanted: usize, open_files: u64) -> usize {
    let left = open_files - RESERVED.min(open_files / 2);
    usize::try_from(left).unwrap_or(usize::MAX).min(wanted).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        for (wanted, open_files, expected) in
            [(16_384, u64::MAX, 16_384), (16_384, 20_000, 15_904), (16_384, 1024, 512), (100, 1024, 100), (16_384, 0, 1)]
        {
            assert_eq!(connections(wanted, open_files), expected, "{wanted} of {open_files}");
        }
    }
}
