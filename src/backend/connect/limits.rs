//! How long and how much is enough, in talking to a Connect server.

use std::time::Duration;

use rand::Rng;

/// Limits of time, size and tries.
#[derive(Clone, Debug)]
pub struct Limits {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For an answer's headers; a fresh server may sync for ten seconds first. And between two pieces of a file.
    pub header: Duration,
    /// For a whole answer other than a file.
    pub whole: Duration,
    /// Bytes of an answer other than a file.
    pub body_bytes: u64,
    /// Bytes of a file.
    pub file_bytes: u64,
    /// What a file's transfer may not fall below on the whole, after its first minute.
    pub least_bytes_per_second: u64,
    /// How often a request that changes nothing is sent at most.
    pub tries: u32,
    /// The first pause between two tries; each later one is twice as long.
    pub pause: Duration,
    /// The longest pause, also where the server asks for a longer one.
    pub longest_pause: Duration,
    /// How often a write is looked for afterwards, until the server shows it.
    pub looks: u32,
    /// How long lists and items' metadata are kept; never values.
    pub kept: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            header: Duration::from_secs(15),
            whole: Duration::from_secs(30),
            body_bytes: 64 << 20,
            file_bytes: 2 << 30,
            least_bytes_per_second: 32 << 10,
            tries: 4,
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
            looks: 5,
            kept: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// The pause after so many failures, with jitter so that many clients do not come back at once; `None` when it is
    /// enough, or when the server asks for more patience than we have.
    #[must_use]
    pub fn pause(&self, failed: u32, asked: Option<Duration>) -> Option<Duration> {
        if failed >= self.tries || asked.is_some_and(|asked| asked > self.longest_pause) {
            return None;
        }
        let own = self.backoff(failed.saturating_sub(1), self.longest_pause);
        Some(asked.unwrap_or_default().max(own))
    }

    /// The pause before a write is looked for again.
    #[must_use]
    pub fn look(&self, looked: u32) -> Duration {
        self.backoff(looked, self.pause * 5)
    }

    fn backoff(&self, doublings: u32, most: Duration) -> Duration {
        let full = (self.pause * 2_u32.saturating_pow(doublings.min(10))).min(most);
        let half = full / 2;
        let spread = u64::try_from(half.as_millis()).unwrap_or(0);
        half + Duration::from_millis(crate::seal::system_rng().next_u64() % (spread + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_asks_for_a_moment_gets_it_and_for_an_hour_does_not() {
        let limits = Limits::default();

        let moment = limits.pause(1, Some(Duration::from_secs(2))).unwrap();

        assert!(moment >= Duration::from_secs(2));
        assert_eq!(limits.pause(1, Some(Duration::from_secs(3600))), None);
        assert_eq!(limits.pause(limits.tries, None), None);
    }
}
