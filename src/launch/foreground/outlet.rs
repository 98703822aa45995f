//! One stream of a foreground program: from its pipe, through redaction, to ours.
//!
//! It never blocks: a reader that is slow must not keep us from passing on signals. What could still
//! begin a match is held back, and let go when the program has been quiet for a moment, so that a
//! prompt or a protocol message does not wait for the next one.

use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags},
    fs::{FileType, Mode, OFlags, fstat, open},
    io::Errno,
};
use zeroize::Zeroizing;

use crate::redact::{Redactor, Stream};

/// After this, a program counts as quiet.
const QUIET: Duration = Duration::from_millis(10);

/// Bytes read at once from a program that prints much: what a pipe holds.
const CHUNK: usize = 64 << 10;

/// Bytes read at once until then. Most programs print little, and a room that was never needed would still be wiped.
const LITTLE: usize = 4 << 10;

/// Bytes that go in a pipe or terminal without blocking once it says that there is room.
const ROOM: usize = 4096;

/// Bytes that the pipe of a program that prints much holds, where the system lets it.
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;

/// Where output goes.
enum To {
    /// Our own stream, which others may share: it blocks if it is given too much.
    Ours(BorrowedFd<'static>),
    /// Another way to the same pipe, which never blocks.
    Own(OwnedFd),
}

impl AsFd for To {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Ours(fd) => *fd,
            Self::Own(fd) => fd.as_fd(),
        }
    }
}

/// The best way to one of our streams, and how many bytes may be written to it at once.
fn way(to: BorrowedFd<'static>) -> (To, usize) {
    let kind = fstat(to).map(|stat| FileType::from_raw_mode(stat.st_mode));
    let own = || {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        open(
            format!("/proc/self/fd/{}", to.as_raw_fd()),
            flags,
            Mode::empty(),
        )
    };
    match kind {
        Ok(FileType::RegularFile) => (To::Ours(to), CHUNK),
        Ok(FileType::Fifo) if cfg!(target_os = "linux") => match own() {
            Ok(own) => (To::Own(own), CHUNK),
            Err(_) => (To::Ours(to), ROOM),
        },
        // `/dev/null` and its like take everything.
        Ok(FileType::CharacterDevice) if !rustix::termios::isatty(to) => (To::Ours(to), CHUNK),
        _ => (To::Ours(to), ROOM),
    }
}

/// One stream.
pub(super) struct Outlet {
    /// Where the output comes from; `None` at its end.
    pipe: Option<OwnedFd>,
    to: To,
    /// Bytes that may be written at once.
    room: usize,
    /// `None` once it has given back what it held.
    redacting: Option<Stream>,
    raw: Zeroizing<Vec<u8>>,
    redacted: Vec<u8>,
    written: usize,
    idle_at: Option<Instant>,
    /// Bytes that were in the pipe at the program's end and are not read yet.
    owed: u64,
}

impl Outlet {
    pub(super) fn new(pipe: OwnedFd, to: BorrowedFd<'static>, redactor: &Redactor) -> Self {
        let (to, room) = way(to);
        Self {
            pipe: Some(pipe),
            to,
            room,
            redacting: Some(redactor.stream()),
            raw: Zeroizing::new(vec![0; LITTLE]),
            redacted: Vec::new(),
            written: 0,
            idle_at: None,
            owed: 0,
        }
    }

    /// Notes what the program has left in the pipe: that much is passed on in any case.
    pub(super) fn program_ended(&mut self) {
        self.owed = self
            .pipe
            .as_ref()
            .and_then(|pipe| rustix::io::ioctl_fionread(pipe).ok())
            .unwrap_or_default();
    }

    /// Tells whether all was read and passed on.
    pub(super) fn is_done(&self) -> bool {
        self.pipe.is_none() && self.redacted.is_empty()
    }

    /// What this stream waits for: room where there is something to write, else something to read.
    pub(super) fn awaited(&self) -> PollFd<'_> {
        match &self.pipe {
            Some(pipe) if self.redacted.is_empty() => PollFd::new(pipe, PollFlags::IN),
            _ => PollFd::new(&self.to, PollFlags::OUT),
        }
    }

    /// When held-back bytes are to be let go.
    pub(super) fn idle_at(&self) -> Option<Instant> {
        self.idle_at.filter(|_| self.redacted.is_empty())
    }

    /// Does what was waited for.
    pub(super) fn go_on(&mut self) {
        if self.redacted.is_empty() {
            self.read();
        } else {
            self.write();
        }
    }

    /// Lets go of what is held back, if the program has been quiet.
    pub(super) fn pass_on_if_idle(&mut self) {
        if self.idle_at().is_some_and(|at| Instant::now() >= at) {
            self.idle_at = None;
            if let Some(redacting) = &mut self.redacting {
                redacting.idle(&mut self.redacted);
            }
        }
    }

    /// Ends the stream when it is too late for more than the program itself has left.
    pub(super) fn end_if(&mut self, late: bool) {
        if late && self.owed == 0 && self.pipe.is_some() {
            self.end();
        }
    }

    fn read(&mut self) {
        let Some(pipe) = &self.pipe else {
            return;
        };
        match rustix::io::read(pipe, &mut self.raw[..]) {
            Ok(0) => self.end(),
            Ok(n) => {
                self.owed = self.owed.saturating_sub(n as u64);
                if let Some(redacting) = &mut self.redacting {
                    redacting.push(&self.raw[..n], &mut self.redacted);
                }
                self.idle_at = Some(Instant::now() + QUIET);
                if n == LITTLE && n == self.raw.len() {
                    // It prints much: it shall wait less often.
                    #[cfg(target_os = "linux")]
                    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE);
                    self.raw = Zeroizing::new(vec![0; CHUNK]);
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.end(),
        }
    }

    fn write(&mut self) {
        let rest = &self.redacted[self.written..];
        match rustix::io::write(&self.to, &rest[..rest.len().min(self.room)]) {
            Ok(n) => self.written += n,
            Err(Errno::INTR | Errno::AGAIN) => return,
            Err(_) => {
                // Nobody reads any more: the program learns it as it would without us.
                self.pipe = None;
                self.redacting = None;
                self.written = self.redacted.len();
            }
        }
        if self.written == self.redacted.len() {
            self.redacted.clear();
            self.written = 0;
        }
    }

    fn end(&mut self) {
        self.pipe = None;
        self.idle_at = None;
        if let Some(redacting) = self.redacting.take() {
            redacting.finish(&mut self.redacted);
        }
    }
}
