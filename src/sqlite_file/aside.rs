//! A private directory beside a database, for one that is in the making.
//!
//! It goes with its maker. What a maker that was killed has left behind, sealed as it is, the next one removes.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    directory_lock::{self, DirectoryLock},
    private_file,
};

/// What the names begin with.
const PREFIX: &str = ".hushkey-new-";

/// The directory; removed when dropped.
pub(super) struct Aside {
    directory: TempDir,
    _lock: Option<DirectoryLock>,
}

impl Aside {
    /// Makes one beside `path`, and removes those that nobody is at work in any more.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        // SQLite refuses links anywhere in the path; those above the directory are the owner's affair.
        let parent = private_file::directory_of(path).canonicalize()?;
        let made = loop {
            let directory = tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(&parent)?;
            // A file system without locks, as for a backup on a share: nobody can take it for abandoned there either.
            let lock = match DirectoryLock::hold(directory.path()) {
                Ok(Some(lock)) => Some(lock),
                Ok(None) => continue,
                Err(_) => None,
            };
            break Self {
                directory,
                _lock: lock,
            };
        };
        directory_lock::remove_abandoned(&parent, PREFIX, |left| fs::remove_dir_all(left));
        Ok(made)
    }

    /// Where the file called `name` is in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::DirBuilderExt;

    use super::*;

    #[test]
    fn what_a_killed_maker_left_is_removed_and_what_is_in_use_is_not() {
        let home = tempfile::tempdir().unwrap();
        let database = home.path().join("store.db");
        let left = home.path().join(".hushkey-new-abandoned");
        fs::DirBuilder::new().mode(0o700).create(&left).unwrap();
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
