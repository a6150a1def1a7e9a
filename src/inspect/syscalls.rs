//! The system calls that a worker may make, as a seccomp filter.
//!
//! A list of what is allowed, and refusal instead of death: a parser that looks for a locale or
//! a time zone file is told no and goes on without it, and a C library that learns a new call
//! falls back to the old one. What harm needs (files, sockets, programs, processes, other
//! processes' memory, executable memory) is not on the list, so that nothing is won by trying on.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// Why the filter is not in force.
#[derive(Debug, thiserror::Error)]
pub(super) enum FilterError {
    /// There is no filter for this processor.
    #[error("no system call filter can be made for this machine")]
    Build(#[from] BackendError),
    /// The kernel refused it.
    #[error("the system call filter was refused")]
    Refused(#[from] seccompiler::Error),
}

/// Puts this thread, and every thread that it starts, under the filter, for good.
pub(super) fn restrict() -> Result<(), FilterError> {
    // First in is the one that knows `clone3`: its flags lie in memory, where no filter sees
    // them. Told that the call does not exist, the C library uses `clone`, whose flags it sees.
    seccompiler::apply_filter(&without_clone3()?)?;
    seccompiler::apply_filter(&allowed()?)?;
    Ok(())
}

fn arch() -> Result<TargetArch, BackendError> {
    TargetArch::try_from(std::env::consts::ARCH)
}

fn without_clone3() -> Result<BpfProgram, BackendError> {
    let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(errno(libc::ENOSYS)), arch()?)?.try_into()
}

fn allowed() -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = FREE.iter().map(|call| (*call, Vec::new())).collect();
    rules.extend(conditional()?);
    SeccompFilter::new(rules, SeccompAction::Errno(errno(libc::EPERM)), SeccompAction::Allow, arch()?)?.try_into()
}

/// Memory, time, chance and waiting, whatever their arguments.
const FREE: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    // The first filter says that it does not exist.
    libc::SYS_clone3,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
];

/// Calls that are harmless with some arguments only.
fn conditional() -> Result<Vec<(i64, Vec<SeccompRule>)>, BackendError> {
    let thread = bits(libc::CLONE_THREAD | libc::CLONE_VM);
    let executable = bits(libc::PROT_EXEC);
    let anonymous = bits(libc::MAP_ANONYMOUS);
    let own_process = u64::from(std::process::id());
    let reading = || Ok::<_, BackendError>(vec![all(vec![is(0, 0)?])?]);
    let writing = || Ok::<_, BackendError>(vec![all(vec![is(0, 1)?])?, all(vec![is(0, 2)?])?]);
    Ok(vec![
        // Threads, never processes.
        (libc::SYS_clone, vec![all(vec![masked(0, thread, thread)?])?]),
        // Memory that holds data, and no file behind it.
        (libc::SYS_mmap, vec![all(vec![masked(2, executable, 0)?, masked(3, anonymous, anonymous)?])?]),
        (libc::SYS_mprotect, vec![all(vec![masked(2, executable, 0)?])?]),
        // The file comes in by 0, the answer leaves by 1 and last words by 2; a descriptor that
        // was inherited by accident is of no use.
        (libc::SYS_read, reading()?),
        (libc::SYS_readv, reading()?),
        (libc::SYS_write, writing()?),
        (libc::SYS_writev, writing()?),
        // Limits may be looked at and not changed: root could raise them again.
        (libc::SYS_prlimit64, vec![all(vec![is(0, 0)?, masked(2, u64::MAX, 0)?])?]),
        // To end itself, as `abort` does.
        (libc::SYS_tgkill, vec![all(vec![is(0, own_process)?])?]),
        // The name of a thread.
        (libc::SYS_prctl, vec![all(vec![is(0, bits(libc::PR_SET_NAME))?])?]),
    ])
}

fn all(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions)
}

/// An argument of 32 bits that has this value.
fn is(argument: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

/// An argument whose bits under `mask` are those of `value`.
fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(mask), value)
}

/// A C flag as the kernel's register holds it; flags are small and never negative.
fn bits(flags: i32) -> u64 {
    u64::from(flags.unsigned_abs())
}

fn errno(number: i32) -> u32 {
    number.unsigned_abs()
}
