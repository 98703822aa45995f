//! Signals as something that can be waited for, beside descriptors.
//!
//! A signal that is watched no longer ends this process. Programs that are started get the default
//! back: `exec` resets what has a handler.

use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
};

use signal_hook::{
    consts::SIGCHLD,
    iterator::{backend::SignalDelivery, exfiltrator::SignalOnly},
};

/// The signals that have come in; readable when there are some.
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// Begins to watch these signals.
    pub(super) fn watch(signals: &[i32]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        SignalDelivery::with_pipe(read, write, SignalOnly, signals).map(Self)
    }

    /// Begins to watch those of the signals that this process does not ignore: what `nohup` or a
    /// shell's background had ignored stays so, for the program too. CHLD is watched in any case: where
    /// it is ignored, nobody learns how a child ended.
    pub(super) fn watch_unless_ignored(signals: &[i32]) -> io::Result<Self> {
        let ignored = ignored().unwrap_or_default();
        let watched: Vec<i32> = signals
            .iter()
            .copied()
            .filter(|&signal| signal == SIGCHLD || ignored & (1 << (signal - 1)) == 0)
            .collect();
        Self::watch(&watched)
    }

    /// Takes the signals that have come in since the last call, each once.
    pub(super) fn pending(&mut self) -> impl Iterator<Item = i32> {
        self.0.pending()
    }
}

/// The signals that this process ignores, one bit each, where the system tells.
fn ignored() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}
