//! Copies of the store as a whole: sealed as it is, consistent while others write, and put back in one step.
//!
//! A copy is a SQLite file that opens with the same key-encryption key. Putting one back goes through SQLite, so that who
//! has the store open sees the old one or the new one and never a mixture, whenever the process is killed; that it is an
//! older one they notice by its head.

use std::path::Path;

use crate::{
    backend::local::{LocalVault, sqlite_file},
    keys::Kek,
    vault::{StoreHead, VaultError},
};

/// Writes a copy of the store at `path` into the file `to`, in place of what is there. Tells where the copy stands.
///
/// # Errors
/// As [`LocalVault::open`]; then `to` is as it was.
pub fn backup(path: &Path, kek: &Kek, to: &Path) -> Result<StoreHead, VaultError> {
    LocalVault::open(path, kek)?;
    let copy = sqlite_file::Copy::of(path, to)?;
    let head = sound(&copy.path(), kek)?;
    copy.publish(to)?;
    Ok(head)
}

/// Puts the copy `from` in the place of the store at `path`, or makes the store of it where there is none.
///
/// # Errors
/// [`VaultError::Unavailable`] when another key opens it, [`VaultError::Corrupted`] when any record of it does not match
/// its seal; then the store is as it was.
pub fn restore(path: &Path, kek: &Kek, from: &Path) -> Result<StoreHead, VaultError> {
    // Looked at and put back must be the same bytes.
    let copy = sqlite_file::Copy::taken(from, path)?;
    let head = sound(&copy.path(), kek)?;
    copy.put_in_place(path)?;
    Ok(head)
}

/// Checks every record of a copy.
fn sound(path: &Path, kek: &Kek) -> Result<StoreHead, VaultError> {
    let vault = LocalVault::open(path, kek)?;
    let report = vault.store.read(|session| session.check())?;
    if let Some(fault) = report.faults.into_iter().next() {
        return Err(VaultError::Corrupted {
            what: format!("the copy ({fault})"),
        });
    }
    vault.store.read(|session| Ok(session.anchor()))
}
