//! What a worker takes from itself before it sees a byte of a file: resources beyond its limits,
//! then files and connections (landlock), then every system call that parsing does not need
//! (seccomp). Limits must hold; the other two are best effort, since some kernels and containers
//! refuse them, and what is in force is told to the parent.

use std::io;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope};
use rlimit::Resource;

use super::protocol::{Confinement, Enforcement, Limits};
use super::syscalls;

/// The rights that are given up: files, TCP, abstract sockets and signals to others. Older
/// kernels know fewer, which counts as partial.
const RIGHTS: ABI = ABI::V6;

/// Applies limits and confinement to this thread and all that it starts, for good.
///
/// # Errors
/// When the system refuses a limit; the caller must not go on without it.
pub(super) fn enter(limits: Limits) -> io::Result<Confinement> {
    lower(Resource::AS, limits.address_space)?;
    lower(Resource::CPU, limits.cpu_seconds)?;
    lower(Resource::FSIZE, 0)?;
    lower(Resource::CORE, 0)?;
    lower(Resource::NOFILE, limits.open_files)?;
    Ok(confine())
}

fn lower(resource: Resource, wanted: u64) -> io::Result<()> {
    let (_, hard) = resource.get()?;
    let soft = wanted.min(hard);
    // One second between soft and hard: SIGXCPU first, which the parent can tell from a kill.
    let grace = u64::from(resource == Resource::CPU);
    resource.set(soft, soft.saturating_add(grace).min(hard))
}

/// Landlock first: the filter does not allow the calls that it is made of.
fn confine() -> Confinement {
    let landlock = give_up_files_and_connections().unwrap_or(Enforcement::None);
    let seccomp = if syscalls::restrict().is_ok() { Enforcement::Full } else { Enforcement::None };
    Confinement { landlock, seccomp }
}

fn give_up_files_and_connections() -> Result<Enforcement, RulesetError> {
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(RIGHTS))?
        .handle_access(AccessNet::from_all(RIGHTS))?
        .scope(Scope::from_all(RIGHTS))?
        .create()?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Enforcement::Full,
        RulesetStatus::PartiallyEnforced => Enforcement::Partial,
        RulesetStatus::NotEnforced => Enforcement::None,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::thread;

    use super::*;

    /// What a parser that was taken over would try. A connection goes to a listener that is
    /// there, and files are the caller's own: only the sandbox refuses.
    fn attacks(dir: &Path, address: &str) -> Vec<(&'static str, io::Result<()>)> {
        let kept = dir.join("kept");
        vec![
            ("read a file", fs::read(&kept).map(drop)),
            ("read the system's accounts", fs::read("/etc/passwd").map(drop)),
            ("read its own memory map", fs::read("/proc/self/maps").map(drop)),
            ("list a folder", fs::read_dir(dir).map(drop)),
            ("make a file", File::create(dir.join("made")).map(drop)),
            ("remove a file", fs::remove_file(&kept)),
            ("rename a file", fs::rename(&kept, dir.join("renamed"))),
            ("make a folder", fs::create_dir(dir.join("folder"))),
            ("make a symlink", std::os::unix::fs::symlink("/etc", dir.join("link"))),
            ("connect", TcpStream::connect(address).map(drop)),
            ("listen", TcpListener::bind("127.0.0.1:0").map(drop)),
            ("send a datagram", UdpSocket::bind("127.0.0.1:0").map(drop)),
            ("listen on a path", UnixListener::bind(dir.join("socket")).map(drop)),
            ("run a program", Command::new("/bin/true").status().map(drop)),
            ("raise a limit", Resource::AS.set(u64::MAX, u64::MAX)),
        ]
    }

    /// What parsing needs. An unmet need panics.
    fn needs() {
        let block = vec![7_u8; 64 << 20];
        assert_eq!(block.iter().map(|byte| u64::from(*byte)).sum::<u64>(), 7 * (64 << 20));
        let threads: Vec<_> = (0..4).map(|number| thread::Builder::new().stack_size(8 << 20).spawn(move || number * 2).unwrap()).collect();
        assert_eq!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<i32>(), 12);
        let mut keys = std::collections::HashMap::new();
        keys.insert("chance", 1);
        assert!(thread::Builder::new().spawn(|| panic!("on purpose")).unwrap().join().is_err());
        assert_eq!(keys["chance"], 1);
    }

    fn say(line: &str) {
        writeln!(io::stdout(), "{line}").unwrap();
    }

    /// The inside of the test below, in a process of its own, since there is no way back out.
    /// Without its arguments in the environment it has nothing to do.
    #[test]
    fn inside() {
        let Some(dir) = std::env::var_os("INSIDE_DIR") else { return };
        let address = std::env::var_os("INSIDE_ADDRESS").unwrap().into_string().unwrap();
        let only_landlock = std::env::var_os("INSIDE_ONLY_LANDLOCK").is_some();
        let said = if only_landlock {
            format!("{:?}", give_up_files_and_connections().unwrap())
        } else {
            format!("{:?}", enter(Limits { address_space: 1 << 30, cpu_seconds: 20, open_files: 32 }).unwrap())
        };
        say(&format!("\nconfinement: {said}"));
        needs();
        for (attack, result) in attacks(Path::new(&dir), &address) {
            say(&format!("{attack}: {:?}", result.err().and_then(|error| error.raw_os_error())));
        }
        say("answers: yes");
    }

    /// Lines that `inside` printed, as (what, outcome).
    fn outcomes(only_landlock: bool) -> Vec<(String, String)> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("kept"), "a secret").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "inspect::sandbox::tests::inside", "--nocapture", "--test-threads=1"]);
        command.env("INSIDE_DIR", dir.path()).env("INSIDE_ADDRESS", listener.local_addr().unwrap().to_string());
        if only_landlock {
            command.env("INSIDE_ONLY_LANDLOCK", "1");
        }
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read_to_string(dir.path().join("kept")).unwrap(), "a secret", "{said}");
        // The test runner's own lines stand around them.
        let from = said.find("confinement: ").unwrap();
        let to = said.find("answers: yes").unwrap();
        said[from..to].lines().filter_map(|line| line.split_once(": ")).map(|(what, how)| (what.to_owned(), how.to_owned())).collect()
    }

    #[test]
    fn a_parser_that_was_taken_over_reaches_nothing_and_can_still_answer() {
        let lines = outcomes(false);
        let tried: Vec<_> = lines.iter().filter(|(what, _)| what != "confinement").collect();
        assert!(tried.len() >= 15, "{lines:?}");
        for (attack, outcome) in tried {
            // 1 is EPERM, the filter's word.
            assert_eq!(outcome, "Some(1)", "{attack}");
        }
    }

    #[test]
    fn landlock_alone_refuses_files_and_connections_where_the_kernel_has_it() {
        let lines = outcomes(true);
        let outcome = |what: &str| lines.iter().find(|(found, _)| found == what).map(|(_, how)| how.as_str()).unwrap();
        let refused = if outcome("confinement") == "None" { "None" } else { "Some(13)" };
        for attack in ["read a file", "list a folder", "make a file", "remove a file", "make a folder", "run a program"] {
            assert_eq!(outcome(attack), refused, "{attack}");
        }
        if outcome("confinement") == "Full" {
            assert_eq!(outcome("connect"), "Some(13)");
        }
    }
}
