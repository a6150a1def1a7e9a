//! The counting of tries as `src/catalog/codes.rs` does it, in every order that a model checker thinks of. A
//! row is changed by one transaction at a time; what is read outside of it may be old.

use std::sync::Arc;

use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

const TRIES: u32 = 5;
const GUESSES: usize = 24;

struct Row {
    left: Mutex<u32>,
    compared: AtomicUsize,
}

impl Row {
    fn new() -> Arc<Self> {
        Arc::new(Self { left: Mutex::new(TRIES), compared: AtomicUsize::new(0) })
    }

    fn compare(&self, guess: usize) -> bool {
        self.compared.fetch_add(1, Ordering::SeqCst);
        guess == usize::MAX
    }

    /// As it is done: one conditional update takes the try, and the comparison follows.
    fn take_then_compare(&self, guess: usize) -> bool {
        let mut left = self.left.lock().unwrap();
        if *left == 0 {
            return false;
        }
        *left -= 1;
        let right = self.compare(guess);
        if right {
            *left += 1;
        }
        right
    }

    /// As it must not be done: a look first, the try taken after the comparison.
    fn compare_then_take(&self, guess: usize) -> bool {
        if *self.left.lock().unwrap() == 0 {
            return false;
        }
        let right = self.compare(guess);
        if !right {
            let mut left = self.left.lock().unwrap();
            *left = left.saturating_sub(1);
        }
        right
    }
}

fn compared(guess: fn(&Row, usize) -> bool) -> usize {
    let row = Row::new();
    let guesses: Vec<_> = (0..GUESSES)
        .map(|number| {
            let row = Arc::clone(&row);
            thread::spawn(move || guess(&row, number))
        })
        .collect();
    for guess in guesses {
        assert!(!guess.join().unwrap());
    }
    row.compared.load(Ordering::SeqCst)
}

#[test]
fn in_whatever_order_guesses_come_five_are_compared() {
    shuttle::check_random(|| assert_eq!(compared(Row::take_then_compare), TRIES as usize), 500);
    shuttle::check_pct(|| assert_eq!(compared(Row::take_then_compare), TRIES as usize), 500, 3);
}

#[test]
#[should_panic(expected = "more than five")]
fn the_model_finds_what_a_look_before_the_try_would_let_through() {
    shuttle::check_random(|| assert!(compared(Row::compare_then_take) <= TRIES as usize, "more than five"), 500);
}
