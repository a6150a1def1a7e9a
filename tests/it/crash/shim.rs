//! The library that is loaded into the server under test: counts what it does to its disk, kills it
//! at a chosen flush, or makes its disk fail until told otherwise.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

const SOURCE: &str = include_str!("shim.c");

/// What the library does; the numbers are those of `shim.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Counts only.
    None,
    /// Kills the process before its n-th flush.
    KillBefore(u64),
    /// Kills the process after its n-th flush.
    KillAfter(u64),
    /// The n-th write and all after it fail: the disk is full.
    Full(u64),
    /// The n-th write or flush and all after it fail: the disk is broken.
    Broken(u64),
    /// The n-th write alone fails: there was no room for it.
    FullOnce(u64),
    /// The n-th write or flush alone fails: the disk stumbled.
    BrokenOnce(u64),
    /// Kills the process before its n-th write.
    KillWrite(u64),
}

const ENOSPC: u64 = 28;
const EIO: u64 = 5;

/// The library in a folder, and the file by which it is steered.
pub struct Shim {
    dir: TempDir,
    control: File,
}

/// The compiled library: made once, since a sweep loads it into hundreds of servers.
static LIBRARY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let (source, library) = (dir.path().join("shim.c"), dir.path().join("shim.so"));
    std::fs::write(&source, SOURCE).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
    let output = compiler.output().expect("a C compiler is needed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(library).unwrap()
});

impl Shim {
    /// A copy of the library with a file of its own to steer it by.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("shim.so"), &*LIBRARY).unwrap();
        let control = OpenOptions::new().read(true).write(true).create_new(true).open(dir.path().join("control")).unwrap();
        control.write_all_at(&[0; 4096], 0).unwrap();
        Self { dir, control }
    }

    /// What a process needs in its environment to be steered, for its files below `root`.
    pub fn environment(&self, root: &Path) -> [(&'static str, PathBuf); 3] {
        let of = |name| self.dir.path().join(name);
        [("LD_PRELOAD", of("shim.so")), ("FAULT_CONTROL", of("control")), ("FAULT_ROOT", root.canonicalize().unwrap())]
    }

    fn set(&self, word: u64, value: u64) {
        self.control.write_all_at(&value.to_le_bytes(), word * 8).unwrap();
    }

    fn word(&self, word: u64) -> u64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, word * 8).unwrap();
        u64::from_le_bytes(bytes)
    }

    /// Counts from nothing, towards this fault.
    pub fn arm(&self, fault: Fault) {
        let (mode, at, errno) = match fault {
            Fault::None => (0, 0, 0),
            Fault::KillBefore(at) => (1, at, 0),
            Fault::KillAfter(at) => (2, at, 0),
            Fault::Full(at) => (3, at, ENOSPC),
            Fault::Broken(at) => (3, at, EIO),
            Fault::FullOnce(at) => (4, at, ENOSPC),
            Fault::BrokenOnce(at) => (4, at, EIO),
            Fault::KillWrite(at) => (5, at, 0),
        };
        self.set(0, 0);
        for (word, value) in [(1, at), (2, errno), (3, 0), (4, 0), (5, 0), (0, mode)] {
            self.set(word, value);
        }
    }

    /// Flushes to disk since it was armed.
    pub fn flushes(&self) -> u64 {
        self.word(3)
    }

    /// Writes since it was armed.
    pub fn writes(&self) -> u64 {
        self.word(4)
    }

    /// Calls that failed since it was armed.
    pub fn faults(&self) -> u64 {
        self.word(5)
    }
}
