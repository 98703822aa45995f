//! Directories that live as long as a process is at work in them.
//!
//! Their maker keeps them locked (`flock`). One whose lock is free belongs to nobody any more: its maker was killed, and the
//! next one removes it. Age tells nothing and is not asked. The module knows nothing of what is in them.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

/// Keeps a directory from being taken for abandoned.
#[derive(Debug)]
pub struct DirectoryLock {
    _directory: File,
}

impl DirectoryLock {
    /// Locks a directory that was just made. `None` when another's clean-up came between making and locking: then it is gone, and
    /// the maker makes another.
    ///
    /// # Errors
    /// Why the directory can't be opened or locked.
    pub fn hold(path: &Path) -> io::Result<Option<Self>> {
        match locked(path, FlockOperation::LockShared) {
            Ok(directory) if leads_to(path, &directory) => Ok(Some(Self {
                _directory: directory,
            })),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(None),
        }
    }
}

/// Has every directory in `parent` removed whose name begins with `prefix`, that is this user's alone, and that nobody holds.
/// Best effort: what can't be looked at or removed is in nobody's way.
pub fn remove_abandoned(parent: &Path, prefix: &str, remove: impl Fn(&Path) -> io::Result<()>) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        if name.as_encoded_bytes().starts_with(prefix.as_bytes())
            && is_ours_alone(&path)
            && let Ok(_lock) = locked(&path, FlockOperation::NonBlockingLockExclusive)
        {
            let _ = remove(&path);
        }
    }
}

/// Whether `path` is a directory that only this user can enter, and no link to one.
#[must_use]
pub fn is_ours_alone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| {
        meta.is_dir()
            && meta.uid() == rustix::process::geteuid().as_raw()
            && meta.mode() & 0o077 == 0
    })
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
    use std::os::unix::fs::{DirBuilderExt, symlink};

    use super::*;

    fn made(path: &Path, mode: u32) {
        fs::DirBuilder::new().mode(mode).create(path).unwrap();
    }

    #[test]
    fn only_what_is_ours_and_nobody_holds_is_removed() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for name in ["run-held", "run-left", "other", "aside"] {
            made(&at(name), 0o700);
        }
        made(&at("run-open"), 0o755);
        symlink(at("aside"), at("run-link")).unwrap();
        let _held = DirectoryLock::hold(&at("run-held")).unwrap().unwrap();

        remove_abandoned(home.path(), "run-", |path| fs::remove_dir(path));

        assert!(!at("run-left").exists());
        for name in ["run-held", "other", "aside", "run-open", "run-link"] {
            assert!(at(name).exists(), "{name}");
        }
    }

    #[test]
    fn a_directory_that_is_gone_is_not_held() {
        let home = tempfile::tempdir().unwrap();

        let held = DirectoryLock::hold(&home.path().join("gone"));

        assert!(held.unwrap().is_none());
    }
}
