//! The owner's key between `unlock` and `lock`.
//!
//! A small process of its own holds it, in memory that other processes can't read, and lends it over a socket that only its
//! user can reach, as ssh-agent does. It ends at a time-out, with the login, or when it is told to; its end is how
//! everybody learns that the store is locked. Whoever is part of an agent's run gets nothing from it. The module does not
//! know what the key opens, nor who types a passphrase.
//!
//! ```text
//! asked:     K the key | L lock | S how long yet                                   one byte
//! answered:  K: 0 | owner's key (32) | public half of the approval key (32)        the connection stays: a lease
//!            S: 0 | seconds (8, little endian)     L: 0     refused: 1
//! ```

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rustix::net::{RecvFlags, recv, sockopt::socket_peercred};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    keys::{ApprovalVerifier, Kek},
    private_file::{self, PrivateFileError},
};

mod holder;
mod start;

pub use holder::hold;
pub use start::start;

/// How long anybody waits for the other end: it answers in microseconds, or was stopped.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of what is handed over.
const KEYS: usize = 64;

const GET: u8 = b'K';
const LOCK: u8 = b'L';
const STATUS: u8 = b'S';
const GIVEN: u8 = 0;

/// Why the holder of the key was no help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockedError {
    /// The directory of the socket is not one's own.
    #[error(transparent)]
    Directory(#[from] PrivateFileError),

    /// The process that should hold the key did not begin.
    #[error("the process that holds the key could not begin: {0}")]
    NotStarted(String),

    /// It gives the key to nobody whom an agent's run has started, or whom it can't see.
    #[error("the key is given to no program that an agent runs")]
    Refused,

    /// It does not answer.
    #[error(
        "the process that holds the key does not answer; `hushkey lock`, and `hushkey unlock` again"
    )]
    Silent,
}

/// Where the key of one key file is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    socket: PathBuf,
}

/// The key, lent.
#[derive(Debug)]
pub struct Lent {
    /// The owner's key.
    pub kek: Kek,
    /// What tells a person's approvals.
    pub approvals: ApprovalVerifier,
    /// Holds for as long as the store is unlocked.
    pub lease: Lease,
}

/// A connection to the holder, whose end tells that the store was locked.
#[derive(Debug)]
pub struct Lease(UnixStream);

/// Whether the store that somebody opened is unlocked still, or again.
#[derive(Debug)]
pub struct Watch {
    place: Place,
    key: [u8; 8],
    lease: Mutex<Lease>,
}

impl Place {
    /// Beneath the login's own directory (`XDG_RUNTIME_DIR`), which goes with the login; where there is none, beside the key
    /// file.
    #[must_use]
    pub fn of(key_file: &Path, runtime: Option<&Path>) -> Self {
        let real = key_file
            .parent()
            .and_then(|directory| directory.canonicalize().ok())
            .map_or_else(|| key_file.to_owned(), |directory| directory.join("key"));
        let runtime = runtime.filter(|directory| directory.is_absolute() && directory.is_dir());
        let socket = match runtime {
            Some(directory) => {
                let digest = Sha256::digest(real.as_os_str().as_encoded_bytes());
                let name = data_encoding::HEXLOWER.encode(&digest[..8]);
                directory.join("hushkey").join(format!("{name}.sock"))
            }
            None => real.with_file_name("unlocked.sock"),
        };
        Self { socket }
    }

    /// The key, if it is held; `None` says that the store is locked.
    ///
    /// # Errors
    /// [`UnlockedError`] when somebody is there and gives nothing.
    pub fn key(&self) -> Result<Option<Lent>, UnlockedError> {
        let Some(mut stream) = self.connect()? else {
            return Ok(None);
        };
        ask(&mut stream, GET)?;
        let mut keys = Zeroizing::new([0; KEYS]);
        stream
            .read_exact(&mut *keys)
            .map_err(|_| UnlockedError::Silent)?;
        let (kek, approvals) = halves(&keys);
        Ok(Some(Lent {
            kek: Kek::from_bytes(kek),
            approvals: ApprovalVerifier::from_bytes(approvals),
            lease: Lease(stream),
        }))
    }

    /// How long the store stays unlocked, if it is.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub fn remaining(&self) -> Result<Option<Duration>, UnlockedError> {
        let Some(mut stream) = self.connect()? else {
            return Ok(None);
        };
        ask(&mut stream, STATUS)?;
        let mut seconds = [0; 8];
        stream
            .read_exact(&mut seconds)
            .map_err(|_| UnlockedError::Silent)?;
        Ok(Some(Duration::from_secs(u64::from_le_bytes(seconds))))
    }

    /// Ends the holder, and tells whether there was one. When this returns, nobody gets the key any more.
    ///
    /// # Errors
    /// [`UnlockedError::Silent`] when it is there and can't be ended.
    pub fn lock(&self) -> Result<bool, UnlockedError> {
        let Some(mut stream) = self.connect()? else {
            return Ok(false);
        };
        // One that was stopped hears nothing, and would lend the key when it goes on.
        if ask(&mut stream, LOCK).is_err() && !end_by_force(&stream) {
            return Err(UnlockedError::Silent);
        }
        Ok(true)
    }

    fn connect(&self) -> Result<Option<UnixStream>, UnlockedError> {
        let directory = private_file::directory_of(&self.socket);
        match private_file::check_private_dir(directory) {
            Err(error) if error.is_missing() => return Ok(None),
            checked => checked?,
        }
        let stream = match UnixStream::connect(&self.socket) {
            Ok(stream) => stream,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                return Ok(None);
            }
            Err(_) => return Err(UnlockedError::Silent),
        };
        let patient = stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        match (patient, is_ours(&stream)) {
            (Ok(()), true) => Ok(Some(stream)),
            _ => Err(UnlockedError::Silent),
        }
    }
}

impl Lease {
    /// Tells whether the store is unlocked still.
    #[must_use]
    pub fn holds(&self) -> bool {
        let mut byte = [0];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        matches!(
            recv(&self.0, &mut byte[..], flags),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR)
        )
    }
}

impl Watch {
    /// Watches over a key that was lent.
    #[must_use]
    pub fn over(place: Place, lent: Lent) -> Self {
        Self {
            place,
            key: lent.kek.check_value(),
            lease: Mutex::new(lent.lease),
        }
    }

    /// Tells whether the store is unlocked: still, or again with the same key.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        if lease.holds() {
            return true;
        }
        match self.place.key() {
            Ok(Some(lent)) if lent.kek.check_value() == self.key => {
                *lease = lent.lease;
                true
            }
            _ => false,
        }
    }
}

fn ask(stream: &mut UnixStream, what: u8) -> Result<(), UnlockedError> {
    let mut answer = [0];
    stream
        .write_all(&[what])
        .and_then(|()| stream.read_exact(&mut answer))
        .map_err(|_| UnlockedError::Silent)?;
    if answer[0] == GIVEN {
        Ok(())
    } else {
        Err(UnlockedError::Refused)
    }
}

/// Tells whether the process at the other end belongs to this user.
fn is_ours(stream: &UnixStream) -> bool {
    socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

fn end_by_force(stream: &UnixStream) -> bool {
    socket_peercred(stream).is_ok_and(|peer| {
        rustix::process::kill_process(peer.pid, rustix::process::Signal::KILL).is_ok()
    })
}

fn halves(keys: &[u8; KEYS]) -> (Zeroizing<[u8; 32]>, [u8; 32]) {
    let (mut kek, mut approvals) = (Zeroizing::new([0; 32]), [0; 32]);
    kek.copy_from_slice(&keys[..32]);
    approvals.copy_from_slice(&keys[32..]);
    (kek, approvals)
}
