//! Whose turn it is among many who wait for the same thing.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Lines of those who wait, one for each group, served in turn: one of each group after the other, so
/// that a long line does not make a short one wait.
#[derive(Debug)]
pub struct Turns<K, T> {
    lines: HashMap<K, VecDeque<T>>,
    /// Groups with somebody in line, in the order of their turns.
    order: VecDeque<K>,
    waiting: usize,
}

impl<K, T> Default for Turns<K, T> {
    fn default() -> Self {
        Self { lines: HashMap::new(), order: VecDeque::new(), waiting: 0 }
    }
}

impl<K: Copy + Eq + Hash, T> Turns<K, T> {
    /// Puts somebody at the end of his group's line.
    ///
    /// # Errors
    /// Gives him back when `most` of his group wait already.
    pub fn join(&mut self, group: K, one: T, most: usize) -> Result<(), T> {
        if self.lines.get(&group).map_or(0, VecDeque::len) >= most {
            return Err(one);
        }
        let line = self.lines.entry(group).or_default();
        if line.is_empty() {
            self.order.push_back(group);
        }
        line.push_back(one);
        self.waiting += 1;
        Ok(())
    }

    /// Takes the next one of those groups that may be served now.
    pub fn next(&mut self, mut may: impl FnMut(K) -> bool) -> Option<(K, T)> {
        for _ in 0..self.order.len() {
            let group = self.order.pop_front()?;
            if !may(group) {
                self.order.push_back(group);
                continue;
            }
            let Some(line) = self.lines.get_mut(&group) else { continue };
            let one = line.pop_front();
            if line.is_empty() {
                self.lines.remove(&group);
            } else {
                self.order.push_back(group);
            }
            if let Some(one) = one {
                self.waiting -= 1;
                return Some((group, one));
            }
        }
        None
    }

    /// How many wait.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(turns: &mut Turns<char, u32>, may: impl Fn(char) -> bool) -> Vec<(char, u32)> {
        std::iter::from_fn(|| turns.next(&may)).collect()
    }

    #[test]
    fn a_long_line_lets_the_short_ones_in_between() {
        let mut turns = Turns::default();
        for (group, one) in [('a', 1), ('a', 2), ('a', 3), ('b', 1), ('c', 1), ('b', 2)] {
            turns.join(group, one, 10).unwrap();
        }
        assert_eq!(served(&mut turns, |_| true), [('a', 1), ('b', 1), ('c', 1), ('a', 2), ('b', 2), ('a', 3)]);
        assert_eq!(turns.waiting(), 0);
    }

    #[test]
    fn a_group_that_may_not_be_served_keeps_its_line_and_holds_nobody_up() {
        let mut turns = Turns::default();
        for (group, one) in [('a', 1), ('b', 1), ('a', 2)] {
            turns.join(group, one, 10).unwrap();
        }
        assert_eq!(served(&mut turns, |group| group != 'a'), [('b', 1)]);
        assert_eq!(turns.waiting(), 2);
        assert_eq!(served(&mut turns, |_| true), [('a', 1), ('a', 2)]);
    }

    #[test]
    fn a_line_has_an_end() {
        let mut turns = Turns::default();
        assert_eq!((turns.join('a', 1, 2), turns.join('a', 2, 2), turns.join('a', 3, 2)), (Ok(()), Ok(()), Err(3)));
        assert_eq!((turns.join('b', 1, 2), turns.waiting()), (Ok(()), 3));
        assert_eq!(turns.join('c', 1, 0), Err(1));
        assert_eq!(turns.lines.len(), 2, "nothing is kept of whoever was sent away");
    }
}
