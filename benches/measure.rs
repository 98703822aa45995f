//! Times, sorted and told: median and high percentiles of what was measured.

use std::time::{Duration, Instant};

/// What a number of equal operations took, shortest first.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Takes measured times.
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    /// Measures `count` calls.
    pub(crate) fn measure(count: usize, mut work: impl FnMut(usize)) -> Self {
        let timed = |i| {
            let begun = Instant::now();
            work(i);
            begun.elapsed()
        };
        Self::of((0..count).map(timed).collect())
    }

    /// The time that `percent` of the operations did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }

    /// Prints one row of the table.
    pub(crate) fn row(&self, what: &str, target: &str) {
        let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
        let (median, p99) = (ms(self.percentile(50)), ms(self.percentile(99)));
        println!(
            "| {what} | {target} | {median} | {p99} | {} |",
            self.0.len()
        );
    }
}

/// Prints the table's head.
pub(crate) fn head() {
    println!("| what | target | median | p99 | n |\n|---|---|---|---|---|");
}
