//! `satchel bench`: what this machine's own files would give.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ring::digest::{Context, SHA256};
use serde::Serialize;

use crate::app::arguments::BenchCommand;
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};

/// Bytes read at once.
const PIECE: usize = 256 * 1024;
/// Folders within folders that are walked.
const MAX_DEPTH: usize = 64;

/// What whole-file deduplication saves of one corpus, uploaded whole by one customer.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Corpus {
    name: String,
    files: u64,
    bytes: u64,
    /// Files whose bytes were there already.
    duplicate_files: u64,
    /// Bytes that need no place.
    saved_bytes: u64,
}

impl Corpus {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn add(&mut self, size: u64, is_new: bool) {
        self.files += 1;
        self.bytes += size;
        if !is_new {
            self.duplicate_files += 1;
            self.saved_bytes += size;
        }
    }

    fn row(&self) -> Vec<String> {
        // Rounded to a tenth of a hundredth.
        let share = |part: u64, whole: u64| {
            let tenths = (part.saturating_mul(1000) + whole / 2) / whole.max(1);
            format!("{}.{} %", tenths / 10, tenths % 10)
        };
        vec![
            self.name.clone(),
            self.files.to_string(),
            self.bytes.to_string(),
            share(self.duplicate_files, self.files),
            share(self.saved_bytes, self.bytes),
        ]
    }
}

/// Columns of the table.
const HEAD: [&str; 5] = ["corpus", "files", "bytes", "files that were there", "bytes saved"];

/// Runs a bench.
pub fn bench(command: &BenchCommand, terminal: Terminal) -> Result<(), Failure> {
    let BenchCommand::Dedup(arguments) = command;
    let mut corpora = Vec::with_capacity(arguments.corpora.len());
    for wanted in &arguments.corpora {
        // `NAME=DIR`; a folder alone is its own name.
        let (name, dir) = wanted.split_once('=').unwrap_or((wanted, wanted));
        let (mut corpus, mut seen) = (Corpus::named(name), HashSet::new());
        walk(Path::new(dir), 0, &mut corpus, &mut seen)?;
        corpora.push(corpus);
    }
    if arguments.json {
        return Ok(terminal.json(&corpora)?);
    }
    let rows: Vec<Vec<String>> = corpora.iter().map(Corpus::row).collect();
    for line in table(&HEAD, &rows) {
        terminal.line(line)?;
    }
    Ok(())
}

/// Takes every file below a folder in, in a fixed order, hidden ones too. Links are not followed.
fn walk(dir: &Path, depth: usize, corpus: &mut Corpus, seen: &mut HashSet<[u8; 32]>) -> Result<(), Failure> {
    let failed = |source| Failure::File { path: dir.display().to_string(), source };
    let mut entries = std::fs::read_dir(dir).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        if kind.is_dir() && depth < MAX_DEPTH {
            walk(&path, depth + 1, corpus, seen)?;
        } else if kind.is_file() {
            let (digest, size) = digest_of(&path).map_err(|source| Failure::File { path: path.display().to_string(), source })?;
            corpus.add(size, seen.insert(digest));
        }
    }
    Ok(())
}

fn digest_of(path: &Path) -> std::io::Result<([u8; 32], u64)> {
    let (mut file, mut hash, mut piece, mut size) = (File::open(path)?, Context::new(&SHA256), vec![0; PIECE], 0_u64);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hash.update(piece.get(..read).unwrap_or_default());
        size += read as u64;
    }
    let mut digest = [0; 32];
    for (target, byte) in digest.iter_mut().zip(hash.finish().as_ref()) {
        *target = *byte;
    }
    Ok((digest, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_count_once_and_what_differs_by_a_byte_does_not() {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in [("1.0/licence", "the same text"), ("1.0/code", "one"), ("1.1/licence", "the same text"), ("1.1/code", "two")] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::os::unix::fs::symlink("1.0/licence", dir.path().join("link")).unwrap();
        let (mut corpus, mut seen) = (Corpus::named("releases"), HashSet::new());
        walk(dir.path(), 0, &mut corpus, &mut seen).unwrap();
        let expected = Corpus { name: "releases".to_owned(), files: 4, bytes: 32, duplicate_files: 1, saved_bytes: 13 };
        assert_eq!(corpus, expected);
        assert_eq!(corpus.row(), ["releases", "4", "32", "25.0 %", "40.6 %"]);
        assert_eq!(Corpus::named("empty").row()[3..], ["0.0 %", "0.0 %"]);
    }
}
