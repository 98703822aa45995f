//! A private directory beside a database, for one that is in the making.
//!
//! It goes with its maker. What a maker that was killed has left behind, sealed as it is, the next one removes: the directory
//! is locked while its maker lives, so that age tells nothing and is not asked.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use tempfile::TempDir;

/// What the names begin with.
const PREFIX: &str = ".hushkey-new-";

/// The directory; removed when dropped.
pub(super) struct Aside {
    directory: TempDir,
    _lock: File,
}

impl Aside {
    /// Makes one beside `path`, and removes those that nobody is at work in any more.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        // SQLite refuses links anywhere in the path; those above the directory are the owner's affair.
        let parent = crate::private_file::directory_of(path).canonicalize()?;
        let made = loop {
            let directory = tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(&parent)?;
            let lock = locked(directory.path(), FlockOperation::LockShared);
            // Another's clean-up may come between making and locking: then we begin again.
            match lock {
                Ok(lock) if leads_to(directory.path(), &lock) => {
                    break Self {
                        directory,
                        _lock: lock,
                    };
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        };
        remove_abandoned(&parent);
        Ok(made)
    }

    /// Where the file called `name` is in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Best effort: what can't be removed is in nobody's way.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes())
            && locked(&entry.path(), FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn locked(path: &Path, how: FlockOperation) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    flock(&directory, how)?;
    Ok(directory)
}

fn leads_to(path: &Path, directory: &File) -> bool {
    let (Ok(at_path), Ok(opened)) = (fs::symlink_metadata(path), directory.metadata()) else {
        return false;
    };
    (at_path.dev(), at_path.ino()) == (opened.dev(), opened.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_maker_left_is_removed_and_what_is_in_use_is_not() {
        let home = tempfile::tempdir().unwrap();
        let database = home.path().join("store.db");
        let left = home.path().join(".hushkey-new-abandoned");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("draft.db"), "sealed").unwrap();
        fs::create_dir(home.path().join("of-the-owner")).unwrap();
        let in_use = Aside::beside(&database).unwrap();
        fs::write(in_use.file("draft.db"), "sealed").unwrap();

        let next = Aside::beside(&database).unwrap();

        assert!(!left.exists());
        assert!(in_use.file("draft.db").exists());
        assert!(home.path().join("of-the-owner").exists());
        drop((in_use, next));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
