//! The file that holds the owner's key, and its changes: locked, locked anew, opened.
//!
//! A passphrase that is set or changed comes with a new key: whoever has an old copy of the file has nothing that
//! opens the store as it is now. Until every file is wrapped with the new key, the key file holds both, so that a sudden end
//! at any point leaves a key file that opens everything. The module does not know which files are wrapped.

use std::path::Path;

use crate::{
    keys::{Kek, KeyError, LONGEST, LockedKey, OpenedKey, Passphrase, passphrase::Cost},
    private_file,
};

use super::locked;

/// What a key file holds.
#[derive(Debug)]
pub enum KeyFile {
    /// The key, locked by a passphrase.
    Locked(LockedKey),
    /// The key itself.
    Open(Kek),
}

/// A new key in the file; what was wrapped with the old one is to be wrapped anew, and then [`Moved::finish`] called.
#[derive(Debug)]
pub struct Moved {
    /// What the file opens now.
    pub opened: OpenedKey,
}

impl KeyFile {
    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyError`] when it is missing, malformed, or not kept privately.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        private_file::check_trusted_dir(private_file::directory_of(path))?;
        let content = private_file::read_private(path, LONGEST)?;
        if content.starts_with(locked::BEGINNING) {
            return LockedKey::read(&content).map(Self::Locked);
        }
        Kek::read(&content)
            .map(Self::Open)
            .ok_or_else(|| KeyError::Malformed {
                holder: format!("`{}`", path.display()),
            })
    }

    /// Makes a key file with a new key, locked by a passphrase; mode 0600, durable before this returns.
    ///
    /// # Errors
    /// [`KeyError::File`] when there is one already, [`KeyError::WeakPassphrase`].
    pub fn create_locked(path: &Path, passphrase: &Passphrase) -> Result<OpenedKey, KeyError> {
        passphrase.check_strength()?;
        private_file::ensure_private_dir(private_file::directory_of(path))?;
        let locked = LockedKey::lock(passphrase, &Kek::random(), None, None, Cost::DEFAULT)?;
        let opened = locked.open(passphrase)?;
        private_file::create_private(path, locked.text().as_bytes())?;
        Ok(opened)
    }

    /// Puts a new key into a file whose key lay in the clear, and locks it. Nothing changes on an error.
    ///
    /// # Errors
    /// [`KeyError::WeakPassphrase`], or what the file system says.
    pub fn set_passphrase(
        path: &Path,
        old: &Kek,
        passphrase: &Passphrase,
    ) -> Result<Moved, KeyError> {
        passphrase.check_strength()?;
        let locked = LockedKey::lock(passphrase, &Kek::random(), Some(old), None, Cost::DEFAULT)?;
        replace(path, &locked, passphrase)
    }

    /// Puts a new key into a locked file, under a new passphrase. Approvals go on being signed with the same key. Nothing
    /// changes on an error.
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`], [`KeyError::WeakPassphrase`], or what the file system says.
    pub fn change_passphrase(
        path: &Path,
        locked: &LockedKey,
        from: &Passphrase,
        to: &Passphrase,
    ) -> Result<Moved, KeyError> {
        to.check_strength()?;
        let (opened, seed) = (settled(locked, from)?, locked.seed(from)?);
        let locked = LockedKey::lock(
            to,
            &Kek::random(),
            Some(&opened.kek),
            Some(&seed),
            Cost::DEFAULT,
        )?;
        replace(path, &locked, to)
    }

    /// Puts the key of a locked file into it in the clear.
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`], or what the file system says.
    pub fn remove_passphrase(
        path: &Path,
        locked: &LockedKey,
        passphrase: &Passphrase,
    ) -> Result<(), KeyError> {
        let opened = settled(locked, passphrase)?;
        Ok(private_file::replace_private(path, &opened.kek.line())?)
    }
}

impl Moved {
    /// A move that was interrupted: what a locked file opened still has an old key.
    #[must_use]
    pub fn interrupted(opened: &OpenedKey) -> Option<Self> {
        opened.previous.is_some().then(|| Self {
            opened: opened.clone(),
        })
    }

    /// Forgets the old key, when nothing is wrapped with it any more.
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`], or what the file system says.
    pub fn finish(self, path: &Path, passphrase: &Passphrase) -> Result<OpenedKey, KeyError> {
        let KeyFile::Locked(locked) = KeyFile::read(path)? else {
            return Ok(self.opened);
        };
        let seed = locked.seed(passphrase)?;
        let kek = &self.opened.kek;
        let locked = LockedKey::lock(passphrase, kek, None, Some(&seed), Cost::DEFAULT)?;
        Ok(replace(path, &locked, passphrase)?.opened)
    }
}

/// Opens a key that has no predecessor: a second move before the first is finished would forget a key that is needed.
fn settled(locked: &LockedKey, passphrase: &Passphrase) -> Result<OpenedKey, KeyError> {
    let opened = locked.open(passphrase)?;
    if opened.previous.is_some() {
        return Err(KeyError::Interrupted);
    }
    Ok(opened)
}

fn replace(path: &Path, locked: &LockedKey, passphrase: &Passphrase) -> Result<Moved, KeyError> {
    // Opened before it is put in place: a file that can't be opened would be the end of the store.
    let opened = LockedKey::read(locked.text().as_bytes())?.open(passphrase)?;
    private_file::replace_private(path, locked.text().as_bytes())?;
    Ok(Moved { opened })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use zeroize::Zeroizing;

    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
    }

    fn place() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let path = dir.path().join("key");
        (dir, path)
    }

    fn locked(path: &Path) -> LockedKey {
        match KeyFile::read(path).unwrap() {
            KeyFile::Locked(locked) => locked,
            KeyFile::Open(_) => panic!("the key lies in the clear"),
        }
    }

    #[test]
    fn a_passphrase_that_is_set_comes_with_a_new_key_and_keeps_the_old_until_the_move_is_finished()
    {
        let (_dir, path) = place();
        let old = Kek::random();
        private_file::create_private(&path, &old.line()).unwrap();
        let words = passphrase("correct horse battery");

        let moved = KeyFile::set_passphrase(&path, &old, &words).unwrap();

        assert_ne!(moved.opened.kek.check_value(), old.check_value());
        let between = locked(&path).open(&words).unwrap();
        assert_eq!(
            between.previous.as_ref().unwrap().check_value(),
            old.check_value()
        );
        let refused = KeyFile::remove_passphrase(&path, &locked(&path), &words).unwrap_err();
        assert!(matches!(refused, KeyError::Interrupted));

        let kek = Moved::interrupted(&between)
            .unwrap()
            .finish(&path, &words)
            .unwrap()
            .kek;

        let after = locked(&path).open(&words).unwrap();
        assert!(after.previous.is_none());
        assert_eq!(after.kek.check_value(), kek.check_value());
        assert_eq!(after.kek.check_value(), moved.opened.kek.check_value());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_changed_passphrase_opens_a_new_key_and_goes_on_approving_with_the_same() {
        let (_dir, path) = place();
        let (first, second) = (
            passphrase("correct horse battery"),
            passphrase("staple of many words"),
        );
        let made = KeyFile::create_locked(&path, &first).unwrap();

        let moved = KeyFile::change_passphrase(&path, &locked(&path), &first, &second).unwrap();

        assert!(matches!(
            locked(&path).open(&first),
            Err(KeyError::WrongPassphrase)
        ));
        assert_eq!(moved.opened.approvals, made.approvals);
        assert_ne!(moved.opened.kek.check_value(), made.kek.check_value());
        let approval = locked(&path).approval_key(&second).unwrap().sign(b"yes");
        assert_eq!(made.approvals.verify(b"yes", &approval), Ok(()));
    }

    #[test]
    fn a_refused_change_leaves_the_file_as_it_was() {
        let (_dir, path) = place();
        let words = passphrase("correct horse battery");
        KeyFile::create_locked(&path, &words).unwrap();
        let before = fs::read(&path).unwrap();
        let file = locked(&path);

        let wrong = passphrase("incorrect horse battery");
        let refusals = [
            KeyFile::change_passphrase(&path, &file, &words, &passphrase("short")).unwrap_err(),
            KeyFile::change_passphrase(&path, &file, &wrong, &words).unwrap_err(),
            KeyFile::remove_passphrase(&path, &file, &wrong).unwrap_err(),
            KeyFile::create_locked(&path, &words).unwrap_err(),
        ];

        assert!(matches!(
            refusals,
            [
                KeyError::WeakPassphrase { .. },
                KeyError::WrongPassphrase,
                KeyError::WrongPassphrase,
                KeyError::File(_)
            ]
        ));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_removed_passphrase_leaves_the_key_in_the_clear() {
        let (_dir, path) = place();
        let words = passphrase("correct horse battery");
        let made = KeyFile::create_locked(&path, &words).unwrap();

        KeyFile::remove_passphrase(&path, &locked(&path), &words).unwrap();

        let KeyFile::Open(kek) = KeyFile::read(&path).unwrap() else {
            panic!("it is locked still");
        };
        assert_eq!(kek.check_value(), made.kek.check_value());
    }
}
