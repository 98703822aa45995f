//! Waiting for descriptors until an instant, in one thread.

use std::{
    io,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, Timespec},
    io::Errno,
};

/// Waits until one of the descriptors is ready, or the instant has come. A signal ends the wait too.
pub(super) fn poll(descriptors: &mut [PollFd<'_>], until: Option<Instant>) -> io::Result<()> {
    let patience = until.map(|until| timespec(until.saturating_duration_since(Instant::now())));
    match rustix::event::poll(descriptors, patience.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
