//! Durations, counted by how long they were.

/// Upper ends of the buckets: in microseconds, and as Prometheus writes them, in seconds.
const BOUNDS: [(u64, &str); 13] = [
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
    (60_000_000, "60"),
];

/// Durations, counted by how long they were: from milliseconds to the minute after which calls end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many fell into each bucket and no earlier one.
    counts: [u64; BOUNDS.len()],
    /// How many there were, those beyond the last bucket included.
    count: u64,
    sum_us: u64,
}

impl Histogram {
    /// Counts a duration, in microseconds.
    pub fn observe(&mut self, micros: u64) {
        let bucket = BOUNDS.iter().position(|(end, _)| micros <= *end);
        if let Some(count) = bucket.and_then(|at| self.counts.get_mut(at)) {
            *count = count.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.sum_us = self.sum_us.saturating_add(micros);
    }

    /// How many durations were counted.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// All of them together, in microseconds.
    pub const fn sum_us(&self) -> u64 {
        self.sum_us
    }

    /// How many were at most so long, for each bound in seconds, the last being without one.
    pub fn buckets(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let (counts, all) = (self.counts, self.count);
        let bounded = BOUNDS.iter().zip(counts).scan(0_u64, |below, ((_, end), count)| {
            *below = below.saturating_add(count);
            Some((*end, *below))
        });
        bounded.chain(std::iter::once(("+Inf", all)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_counts_all_that_were_at_most_so_long() {
        let mut histogram = Histogram::default();
        for micros in [0, 5_000, 5_001, 99_000, 60_000_000, 60_000_001] {
            histogram.observe(micros);
        }
        let told: Vec<_> = histogram.buckets().collect();
        assert_eq!(told.first(), Some(&("0.005", 2)));
        assert_eq!(told.iter().find(|(end, _)| *end == "0.01"), Some(&("0.01", 3)));
        assert_eq!(told.iter().find(|(end, _)| *end == "0.1"), Some(&("0.1", 4)));
        assert_eq!(&told[told.len() - 2..], [("60", 5), ("+Inf", 6)]);
        assert!(told.is_sorted_by_key(|(_, count)| *count));
        assert_eq!((histogram.count(), histogram.sum_us()), (6, 120_109_002));
    }

    #[test]
    fn a_bound_is_written_as_the_number_that_it_is() {
        for (micros, seconds) in BOUNDS {
            let read: f64 = seconds.parse().unwrap();
            assert!((read * 1e6 - f64::from(u32::try_from(micros).unwrap())).abs() < 1e-6, "{seconds}");
        }
    }
}
