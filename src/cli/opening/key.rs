//! The owner's key, from wherever it is: its file or command, whoever holds it since `unlock`, or a passphrase.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use zeroize::Zeroizing;

use super::{lock, rewrap, unavailable};
use crate::{
    broker::BrokerError,
    cli::failure::Failure,
    config::Config,
    keys::{
        ApprovalVerifier, Kek, KeyError, KeyFile, KeySource, LockedKey, Moved, OpenedKey,
        Passphrase,
    },
    private_file,
    unlocked::{Place, Watch},
};
use rustix::fs::FlockOperation;

/// Bytes that are read of a passphrase: one more than it may have, with its line end.
const READ: usize = 1027;

/// The key that opens everything, and what came with it.
#[derive(Debug)]
pub(in crate::cli) struct OwnerKey {
    /// The key itself.
    pub(in crate::cli) kek: Kek,
    /// What tells a person's approvals, where there is a passphrase.
    pub(in crate::cli) approvals: Option<ApprovalVerifier>,
    /// Whether the store is unlocked still, if somebody else holds the key.
    pub(in crate::cli) watch: Option<Watch>,
}

impl OwnerKey {
    pub(in crate::cli) fn open(kek: Kek) -> Self {
        Self {
            kek,
            approvals: None,
            watch: None,
        }
    }
}

impl From<OpenedKey> for OwnerKey {
    fn from(opened: OpenedKey) -> Self {
        Self {
            kek: opened.kek,
            approvals: Some(opened.approvals),
            watch: None,
        }
    }
}

/// The owner's key. Never waits for a person: a locked store says at once that it is locked.
pub(in crate::cli) fn owner_key(config: &Config) -> Result<OwnerKey, BrokerError> {
    match config.key.load() {
        Ok(kek) => Ok(OwnerKey::open(kek)),
        Err(KeyError::Locked) => unlocked_key(config),
        Err(error) => Err(unavailable(error)),
    }
}

fn unlocked_key(config: &Config) -> Result<OwnerKey, BrokerError> {
    if let Some(path) = &config.passphrase_file {
        let passphrase = passphrase_in(path).map_err(unavailable)?;
        return Ok(open_locked(config, &passphrase)?.into());
    }
    let place = place(config);
    let lent = place.key().map_err(unavailable)?;
    let lent = lent.ok_or_else(|| unavailable(KeyError::Locked))?;
    Ok(OwnerKey {
        kek: lent.kek.clone(),
        approvals: Some(lent.approvals),
        watch: Some(Watch::over(place, lent)),
    })
}

/// Where the key is held between `unlock` and `lock`.
pub(in crate::cli) fn place(config: &Config) -> Place {
    Place::of(&config.places.key, config.runtime_dir.as_deref())
}

/// The key file, if a passphrase locks it.
pub(in crate::cli) fn locked(config: &Config) -> Result<Option<LockedKey>, KeyError> {
    match &config.key {
        KeySource::Command(_) => Ok(None),
        KeySource::File(path) => match KeyFile::read(path)? {
            KeyFile::Locked(locked) => Ok(Some(locked)),
            KeyFile::Open(_) => Ok(None),
        },
    }
}

/// Opens a locked key file, and ends a change of the passphrase that was interrupted.
pub(in crate::cli) fn open_locked(
    config: &Config,
    passphrase: &Passphrase,
) -> Result<OpenedKey, BrokerError> {
    let locked = locked(config).map_err(unavailable)?;
    let locked = locked.ok_or_else(|| unavailable(KeyError::NotLocked))?;
    let opened = locked.open(passphrase).map_err(unavailable)?;
    match Moved::interrupted(&opened) {
        None => Ok(opened),
        Some(moved) => {
            let _alone = lock(config, FlockOperation::NonBlockingLockExclusive);
            finish(config, moved, passphrase)
        }
    }
}

/// Wraps everything that is wrapped with the key before with the new one, and forgets the old. May be repeated.
pub(in crate::cli) fn finish(
    config: &Config,
    moved: Moved,
    passphrase: &Passphrase,
) -> Result<OpenedKey, BrokerError> {
    let OpenedKey { kek, previous, .. } = &moved.opened;
    if let Some(previous) = previous {
        rewrap(config, previous, kek)?;
    }
    moved
        .finish(&config.places.key, passphrase)
        .map_err(unavailable)
}

/// Reads a passphrase from a private file, or from a descriptor that somebody left open (`/dev/fd/N`).
pub(in crate::cli) fn passphrase_in(path: &Path) -> Result<Passphrase, KeyError> {
    let is_descriptor = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    if !is_descriptor {
        return Passphrase::new(private_file::read_private(path, READ)?);
    }
    let opened = File::open(path).and_then(|file| read_to_the_end(&mut &file));
    Passphrase::new(opened.map_err(|_| KeyError::NoPassphrase)?)
}

/// Reads a passphrase from standard input.
pub(in crate::cli) fn passphrase_on_stdin() -> Result<Passphrase, Failure> {
    let read = read_to_the_end(&mut io::stdin().lock());
    let read = read
        .map_err(|_| KeyError::NoPassphrase)
        .and_then(Passphrase::new);
    read.map_err(|error| Failure::Usage(error.to_string()))
}

fn read_to_the_end(from: &mut dyn Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new(Vec::with_capacity(READ));
    from.take(READ as u64).read_to_end(&mut content)?;
    Ok(content)
}
