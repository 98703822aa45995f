//! How much is taken from whom.

use std::time::Duration;

/// How much a server takes before it says "later" or "too much".
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// How long a request's body may take to come in.
    pub body_time: Duration,
    /// Connections at the same time; more wait to be let in.
    pub connections: usize,
    /// How long requests in flight may go on when the server is to end.
    pub drain_time: Duration,
    /// Requests without a valid token from one address in a minute, before it is told to wait.
    pub failures_a_minute: u32,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// How long a request's head may take to come in; and how long a connection may stand idle.
    pub head_time: Duration,
    /// Requests in flight, open streams included, of all agents.
    pub in_flight: usize,
    /// Requests in flight, open streams included, of one agent.
    pub in_flight_each: usize,
    /// Bytes of an item's file that comes along with its description.
    pub inline_bytes: u64,
    /// Sessions of the older protocol versions of one agent.
    pub sessions_each: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body_time: Duration::from_secs(20),
            connections: 1024,
            drain_time: Duration::from_secs(10),
            failures_a_minute: 30,
            head_bytes: 32 * 1024,
            head_time: Duration::from_secs(20),
            in_flight: 1024,
            in_flight_each: 256,
            inline_bytes: 100 * 1024,
            sessions_each: 256,
        }
    }
}
