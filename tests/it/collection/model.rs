//! One content, uploaded several times, deleted, held, moved and swept. Each step is one transaction of
//! the catalog or one request to the store, as in `src/files` and `src/catalog/collect.rs`; the explorer
//! takes every enabled step in every state that can be reached.

use std::collections::{BTreeSet, HashSet};

/// Where an object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    Upload(usize),
    /// Of a blob, in the category of a file.
    Document(usize, u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Blob {
    place: Key,
    is_marked: bool,
    is_collected: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct File {
    blob: usize,
    is_deleted: bool,
    is_held: bool,
    is_released: bool,
}

/// How far the sender of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sender {
    Begins,
    HasPut,
    HasSpare,
    Done,
}

/// How far the worker of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Worker {
    Waits,
    Knows { from: Key },
    Copied { from: Key },
    Leaves { from: Key },
    Forgets { from: Key },
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Removal {
    Noted,
    Claimed,
    Removed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    store: BTreeSet<Key>,
    garbage: BTreeSet<(Key, Removal)>,
    blobs: Vec<Blob>,
    files: Vec<Option<File>>,
    senders: Vec<Sender>,
    workers: Vec<Worker>,
    may_delete: bool,
    may_hold: bool,
}

/// What is done wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// A blob that was marked once is given up without another look at who stands for it.
    NoSecondLook,
    /// An upload finds the bytes of a blob that was given up.
    FindsCollected,
    /// Bytes move to the category of each file, and back.
    MovesBack,
    /// A worker removes the old place before it has written down the new one.
    RemovesFirst,
}

struct Model {
    flaw: Flaw,
    /// The category of each sender's file.
    categories: Vec<u8>,
}

impl Model {
    fn start(&self) -> State {
        let count = self.categories.len();
        State {
            store: BTreeSet::new(),
            garbage: BTreeSet::new(),
            blobs: Vec::new(),
            files: vec![None; count],
            senders: vec![Sender::Begins; count],
            workers: vec![Worker::Waits; count],
            may_delete: true,
            may_hold: true,
        }
    }

    fn is_referred_to(state: &State, blob: usize) -> bool {
        state.files.iter().flatten().any(|file| file.blob == blob && !file.is_released)
    }

    /// What must hold at every moment: who stands for bytes, has them.
    fn is_sound(state: &State) -> bool {
        state.files.iter().flatten().filter(|file| !file.is_released).all(|file| {
            let blob = state.blobs[file.blob];
            !blob.is_collected && state.store.contains(&blob.place)
        })
    }

    /// What must hold when nothing is left to do: every object is somebody's. A copy that a worker was cut
    /// off from stays as long as its blob, whose places are all cleared when it is given up.
    fn is_tidy(state: &State) -> bool {
        let lives = |blob: usize| !state.blobs[blob].is_collected;
        let is_kept = |key: &Key| match key {
            Key::Upload(_) => state.blobs.iter().any(|blob| !blob.is_collected && blob.place == *key),
            Key::Document(blob, _) => lives(*blob),
        };
        state.store.iter().all(is_kept) && state.garbage.is_empty()
    }

    fn next(&self, state: &State) -> Vec<State> {
        let mut next = Vec::new();
        for number in 0..self.categories.len() {
            next.extend(self.sender(state, number));
            next.extend(self.worker(state, number));
            next.extend(Self::cut_off(state, number));
        }
        next.extend(Self::people(state));
        next.extend(self.sweep(state));
        next
    }

    fn sender(&self, state: &State, number: usize) -> Option<State> {
        let mut next = state.clone();
        next.senders[number] = match state.senders[number] {
            Sender::Begins => {
                next.store.insert(Key::Upload(number));
                Sender::HasPut
            }
            Sender::HasPut => {
                let found = state.blobs.iter().rposition(|blob| !blob.is_collected || self.flaw == Flaw::FindsCollected);
                let blob = found.unwrap_or_else(|| {
                    next.blobs.push(Blob { place: Key::Upload(number), is_marked: false, is_collected: false });
                    next.blobs.len() - 1
                });
                next.blobs[blob].is_marked &= self.flaw == Flaw::NoSecondLook;
                next.files[number] = Some(File { blob, is_deleted: false, is_held: false, is_released: false });
                if found.is_some() { Sender::HasSpare } else { Sender::Done }
            }
            Sender::HasSpare => {
                next.store.remove(&Key::Upload(number));
                Sender::Done
            }
            Sender::Done => return None,
        };
        Some(next)
    }

    fn worker(&self, state: &State, number: usize) -> Option<State> {
        let file = state.files[number]?;
        let mut next = state.clone();
        let to = Key::Document(file.blob, self.categories[number]);
        next.workers[number] = match state.workers[number] {
            // A deleted file has no work.
            Worker::Waits | Worker::Copied { .. } if file.is_deleted => Worker::Done,
            Worker::Waits => match state.blobs[file.blob].place {
                Key::Document(..) if self.flaw != Flaw::MovesBack || state.blobs[file.blob].place == to => Worker::Done,
                from => Worker::Knows { from },
            },
            // The bytes have moved: the job starts again.
            Worker::Knows { from } if !state.store.contains(&from) => Worker::Waits,
            Worker::Knows { from } => {
                next.store.insert(to);
                if self.flaw == Flaw::RemovesFirst {
                    next.store.remove(&from);
                }
                Worker::Copied { from }
            }
            Worker::Copied { from } if state.blobs[file.blob].place != from => Worker::Waits,
            Worker::Copied { from } => {
                next.blobs[file.blob].place = to;
                next.garbage.insert((from, Removal::Noted));
                Worker::Leaves { from }
            }
            Worker::Leaves { from } => {
                next.store.remove(&from);
                Worker::Forgets { from }
            }
            Worker::Forgets { from } => {
                next.garbage.retain(|(key, _)| *key != from);
                Worker::Done
            }
            Worker::Done => return None,
        };
        Some(next)
    }

    /// The process of a worker dies: what it had not written down is begun anew, what it had is not.
    fn cut_off(state: &State, number: usize) -> Option<State> {
        let mut next = state.clone();
        next.workers[number] = match state.workers[number] {
            Worker::Knows { .. } | Worker::Copied { .. } => Worker::Waits,
            Worker::Leaves { .. } | Worker::Forgets { .. } => Worker::Done,
            Worker::Waits | Worker::Done => return None,
        };
        Some(next)
    }

    /// Somebody deletes the first file; somebody holds it.
    fn people(state: &State) -> Vec<State> {
        let mut next = Vec::new();
        let Some(file) = state.files[0] else { return next };
        let with = |may_delete, may_hold, file| State {
            may_delete,
            may_hold,
            files: [&[Some(file)], &state.files[1..]].concat(),
            ..state.clone()
        };
        if state.may_delete && !file.is_held {
            next.push(with(false, state.may_hold, File { is_deleted: true, ..file }));
        }
        if state.may_hold && !file.is_released {
            next.push(with(state.may_delete, false, File { is_held: true, ..file }));
        }
        next
    }

    fn sweep(&self, state: &State) -> Vec<State> {
        let mut next = Vec::new();
        for (number, file) in state.files.iter().enumerate() {
            let Some(file) = file.filter(|file| file.is_deleted && !file.is_held && !file.is_released) else { continue };
            let mut then = state.clone();
            then.files[number] = Some(File { is_released: true, ..file });
            then.blobs[file.blob].is_marked |= !Self::is_referred_to(&then, file.blob);
            next.push(then);
        }
        for (number, blob) in state.blobs.iter().enumerate() {
            // The grace period: whoever was at work for a file that was let go has ended.
            let works = |file: usize| !matches!(state.workers[file], Worker::Done | Worker::Waits);
            let is_fresh =
                (0..state.files.len()).any(|file| state.files[file].is_some_and(|it| it.is_released && it.blob == number) && works(file));
            if !blob.is_marked || blob.is_collected || is_fresh {
                continue;
            }
            let mut then = state.clone();
            if Self::is_referred_to(state, number) && self.flaw != Flaw::NoSecondLook {
                then.blobs[number].is_marked = false;
            } else {
                then.blobs[number].is_collected = true;
                let categories: BTreeSet<u8> = self.categories.iter().copied().collect();
                let places = categories.into_iter().map(|category| Key::Document(number, category)).chain([blob.place]);
                then.garbage.extend(places.map(|place| (place, Removal::Noted)));
            }
            next.push(then);
        }
        for item in &state.garbage {
            let mut then = state.clone();
            then.garbage.remove(item);
            match item {
                (key, Removal::Noted) => {
                    then.garbage.insert((*key, Removal::Claimed));
                }
                (key, Removal::Claimed) => {
                    then.store.remove(key);
                    then.garbage.insert((*key, Removal::Removed));
                }
                (_, Removal::Removed) => {}
            }
            next.push(then);
        }
        next
    }

    /// Every state that can be reached; or the first one in which bytes are lost or left.
    fn explore(&self) -> Result<usize, Box<State>> {
        let start = self.start();
        let (mut seen, mut open) = (HashSet::from([start.clone()]), vec![start]);
        while let Some(state) = open.pop() {
            let next = self.next(&state);
            if !Self::is_sound(&state) || (next.is_empty() && !Self::is_tidy(&state)) {
                return Err(Box::new(state));
            }
            for state in next {
                if seen.insert(state.clone()) {
                    open.push(state);
                }
            }
            assert!(seen.len() < 5_000_000, "more states than this model should have");
        }
        Ok(seen.len())
    }
}

fn explored(categories: &[u8]) {
    let states = Model { flaw: Flaw::None, categories: categories.to_vec() }.explore();
    let states = states.unwrap_or_else(|state| panic!("{categories:?}: {state:#?}"));
    eprintln!("{} uploads: {states} states", categories.len());
    assert!(states > 10);
}

#[test]
fn in_no_order_of_their_steps_do_uploads_deletion_holds_and_sweeps_lose_or_leave_bytes() {
    for categories in [&[0][..], &[0, 0], &[0, 1]] {
        explored(categories);
    }
}

mod long {
    use super::explored;

    #[test]
    fn long_three_uploads_of_the_same_bytes_lose_nothing_in_any_order() {
        for categories in [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 2]] {
            explored(&categories);
        }
    }
}

#[test]
fn every_flaw_that_the_rules_guard_against_is_found() {
    for (flaw, categories) in [
        (Flaw::NoSecondLook, vec![0, 0]),
        (Flaw::FindsCollected, vec![0, 0]),
        (Flaw::RemovesFirst, vec![0, 0]),
        (Flaw::MovesBack, vec![0, 1, 0]),
    ] {
        assert!(Model { flaw, categories }.explore().is_err(), "{flaw:?} goes unseen");
    }
}
