//! What the worker takes from itself before it reads a byte of the file. Landlock and seccomp
//! belong here too, after the limits and as best effort: some containers refuse them.

use std::io;

use rlimit::Resource;

use super::protocol::Limits;

/// Applies the limits to this process, for good.
///
/// # Errors
/// When the system refuses a limit; the caller must not go on without it.
pub(super) fn enter(limits: Limits) -> io::Result<()> {
    lower(Resource::AS, limits.address_space)?;
    // One second between soft and hard: SIGXCPU first, which the parent can tell from a kill.
    lower(Resource::CPU, limits.cpu_seconds)?;
    lower(Resource::FSIZE, 0)?;
    lower(Resource::CORE, 0)?;
    lower(Resource::NOFILE, limits.open_files)
}

fn lower(resource: Resource, wanted: u64) -> io::Result<()> {
    let (_, hard) = resource.get()?;
    let soft = wanted.min(hard);
    let grace = u64::from(resource == Resource::CPU);
    resource.set(soft, soft.saturating_add(grace).min(hard))
}
