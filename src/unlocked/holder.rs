//! The process that holds the key: one thread that answers and counts the time.
//!
//! It can't be looked into by other processes of its user, and dumps no core. Its memory may be swapped out: locking it
//! is nothing that safe code can do.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::{
        fs::MetadataExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::Mode,
    net::sockopt::socket_peercred,
    process::{setsid, umask},
    stdio,
    time::{ClockId, clock_gettime},
};
use zeroize::Zeroizing;

use crate::{
    launch,
    unlocked::{GET, GIVEN, KEYS, LOCK, Lease, STATUS, start::READY},
};

const REFUSED: u8 = 1;
/// How often it looks whether its socket is still its own: a login that ends removes the directory.
const GLANCE: Duration = Duration::from_secs(10);
/// How long one caller may take.
const HURRY: Duration = Duration::from_secs(1);
/// How many leases there are at most: each is a server or a command at work.
const LEASES: usize = 512;

/// Holds the key that stands on standard input, until `time` is over, the socket goes, or somebody locks.
///
/// # Errors
/// What hinders it to begin; once it has said that it is ready, it ends without one.
pub fn hold(socket: &Path, time: Duration) -> io::Result<()> {
    launch::protect_memory()?;
    let mut keys = Zeroizing::new([0; KEYS]);
    io::stdin().lock().read_exact(&mut *keys)?;
    let ends = now() + time;

    umask(Mode::from_raw_mode(0o177));
    // Nobody listens there any more: whoever starts us has locked.
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    let own = identity(socket).ok_or(io::ErrorKind::NotFound)?;
    // Not a leader of its group if a shell started us; then it has to be left first. It is one only if nobody did.
    let _ = setsid();
    detach()?;

    let mut holder = Holder {
        keys,
        ends,
        leases: Vec::new(),
    };
    while holder.has_time() && identity(socket) == Some(own) {
        let wait = GLANCE.min(holder.remaining());
        if !is_asked(&listener, wait) {
            continue;
        }
        match listener.accept() {
            Ok((stream, _)) => {
                if holder.answer(stream) == Next::Lock {
                    break;
                }
            }
            // Out of descriptors, say: not so fast.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    if identity(socket) == Some(own) {
        // The next one to unlock removes it otherwise.
        let _ = fs::remove_file(socket);
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    Lock,
}

struct Holder {
    keys: Zeroizing<[u8; KEYS]>,
    ends: Duration,
    leases: Vec<Lease>,
}

impl Holder {
    fn answer(&mut self, mut stream: UnixStream) -> Next {
        self.try_answer(&mut stream)
            .map_or(Next::GoOn, |(next, keeps)| {
                if keeps {
                    self.leases.retain(Lease::holds);
                    self.leases.push(Lease(stream));
                }
                next
            })
    }

    /// Answers, and tells whether the connection stays.
    fn try_answer(&mut self, stream: &mut UnixStream) -> io::Result<(Next, bool)> {
        stream.set_read_timeout(Some(HURRY))?;
        stream.set_write_timeout(Some(HURRY))?;
        let mut asked = [0];
        stream.read_exact(&mut asked)?;
        // Time may have passed since the last look, asleep.
        if !self.has_time() {
            return Ok((Next::Lock, false));
        }
        let trusted = is_trusted(stream);
        match asked[0] {
            GET if trusted && self.leases.len() < LEASES => {
                stream.write_all(&[GIVEN])?;
                stream.write_all(&self.keys[..])?;
                return Ok((Next::GoOn, true));
            }
            STATUS if trusted => {
                stream.write_all(&[GIVEN])?;
                stream.write_all(&self.remaining().as_secs().to_le_bytes())?;
            }
            LOCK if is_of_this_user(stream) => {
                // Wiped before it is told.
                self.keys.fill(0);
                self.leases.clear();
                stream.write_all(&[GIVEN])?;
                return Ok((Next::Lock, false));
            }
            _ => stream.write_all(&[REFUSED])?,
        }
        Ok((Next::GoOn, false))
    }

    fn has_time(&self) -> bool {
        now() < self.ends
    }

    fn remaining(&self) -> Duration {
        self.ends.saturating_sub(now())
    }
}

/// The key is for this user's processes, and for none that an agent's run has started.
fn is_trusted(stream: &UnixStream) -> bool {
    is_of_this_user(stream)
        && socket_peercred(stream).is_ok_and(|peer| !launch::is_beneath_a_run(peer.pid))
}

fn is_of_this_user(stream: &UnixStream) -> bool {
    socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

fn is_asked(listener: &UnixListener, wait: Duration) -> bool {
    let wait = Timespec {
        tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: wait.subsec_nanos().into(),
    };
    let mut listening = [PollFd::new(listener, PollFlags::IN)];
    poll(&mut listening, Some(&wait)).is_ok_and(|ready| ready > 0)
}

/// Says that all is well, and lets go of whoever started us.
fn detach() -> io::Result<()> {
    let null = fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    let mut starter = fs::File::from(rustix::io::dup(stdio::stdout())?);
    stdio::dup2_stdin(&null)?;
    stdio::dup2_stdout(&null)?;
    starter.write_all(READY)
}

/// Which file this is, whatever is called so later.
fn identity(socket: &Path) -> Option<(u64, u64)> {
    let metadata = fs::symlink_metadata(socket).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// The time since this machine was started, sleep included: what was unlocked for an hour is locked after a night.
fn now() -> Duration {
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}
