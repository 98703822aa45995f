//! A run's private directory: secret files and temporary files, in memory where the system has a
//! place for that, wiped at the end.
//!
//! ```text
//! BASE/hushkey-run-<26 characters>/    0700, locked (flock) while its run lives
//!     files/NAME                       0600, one a secret file, named after its variable
//!     tmp/                             the program's TMPDIR
//! ```
//! BASE is `$XDG_RUNTIME_DIR` if that is ours alone, else `/dev/shm`, else the directory for temporary
//! files. A directory whose lock is free belongs to a run that died with all its keepers: the next
//! run removes it.

use std::{
    fs::{self, File},
    io::{self, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::remove::remove;
use crate::directory_lock::{self, DirectoryLock, is_ours_alone};

const PREFIX: &str = "hushkey-run-";

/// A private directory that exists; wiped when dropped.
pub(super) struct PrivateDir {
    path: PathBuf,
    /// Kept open, so that the bytes themselves can be overwritten whatever became of the names.
    files: Vec<File>,
    _lock: DirectoryLock,
}

/// Chooses a path for a new private directory: nobody can guess it.
pub(super) fn fresh_path() -> PathBuf {
    let name = data_encoding::BASE32_NOPAD.encode(&crate::seal::random_bytes::<16>());
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    base(runtime).join(format!("{PREFIX}{}", name.to_ascii_lowercase()))
}

impl PrivateDir {
    /// Makes the directory at a fresh path, and removes those that dead runs have left beside it.
    pub(super) fn make(path: &Path) -> io::Result<Self> {
        let lock = loop {
            fs::DirBuilder::new().mode(0o700).create(path)?;
            if let Some(lock) = DirectoryLock::hold(path)? {
                break lock;
            }
        };
        fs::DirBuilder::new()
            .mode(0o700)
            .create(path.join("files"))?;
        let made = Self {
            path: path.to_owned(),
            files: Vec::new(),
            _lock: lock,
        };
        if let Some(base) = path.parent() {
            directory_lock::remove_abandoned(base, PREFIX, remove);
        }
        Ok(made)
    }

    /// Makes the directory for temporary files.
    pub(super) fn temporary(&self) -> io::Result<PathBuf> {
        let path = self.path.join("tmp");
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(path)
    }

    /// Writes a secret file named after its variable.
    pub(super) fn add_file(&mut self, name: &str, value: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join("files").join(name);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(value)?;
        self.files.push(file);
        Ok(path)
    }

    /// Overwrites the secret files, and removes everything.
    pub(super) fn wipe(mut self) -> io::Result<()> {
        self.wipe_now()
    }

    fn wipe_now(&mut self) -> io::Result<()> {
        for mut file in self.files.drain(..) {
            // Best effort: on a file system in memory this is the last copy.
            let _ = overwrite(&mut file);
        }
        remove(&self.path)
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        let _ = self.wipe_now();
    }
}

fn overwrite(file: &mut File) -> io::Result<()> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut left = file.metadata()?.len();
    file.rewind()?;
    while left > 0 {
        let some = left.min(ZEROS.len() as u64);
        file.write_all(&ZEROS[..usize::try_from(some).unwrap_or(ZEROS.len())])?;
        left -= some;
    }
    Ok(())
}

/// Where private directories are made, given what calls itself the user's own place in memory.
fn base(runtime: Option<PathBuf>) -> PathBuf {
    runtime
        .filter(|path| path.is_absolute() && is_ours_alone(path))
        .or_else(|| Some(PathBuf::from("/dev/shm")).filter(|path| is_shared_and_sticky(path)))
        .unwrap_or_else(std::env::temp_dir)
}

/// Nobody but its owner can rename or remove a directory in such a place.
fn is_shared_and_sticky(path: &Path) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == 0 && meta.mode() & 0o7777 == 0o1777)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_directory_and_its_files_are_for_the_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("hushkey-run-a");

        let mut dir = PrivateDir::make(&path).unwrap();
        let file = dir.add_file("TOKEN", b"canary").unwrap();

        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&file).unwrap(), b"canary");
    }

    #[test]
    fn a_place_that_others_can_enter_is_not_taken() {
        let home = tempfile::tempdir().unwrap();
        let (open, closed) = (home.path().join("open"), home.path().join("closed"));
        fs::DirBuilder::new().mode(0o755).create(&open).unwrap();
        fs::DirBuilder::new().mode(0o700).create(&closed).unwrap();

        assert_eq!(base(Some(closed.clone())), closed);
        assert_ne!(base(Some(open.clone())), open);
        assert_ne!(base(Some("relative".into())), Path::new("relative"));
        assert!(base(None).is_absolute());
    }

    #[test]
    fn a_secret_file_is_overwritten_even_where_another_name_keeps_it() {
        let home = tempfile::tempdir().unwrap();
        let mut dir = PrivateDir::make(&home.path().join("hushkey-run-a")).unwrap();
        let file = dir.add_file("TOKEN", b"canary").unwrap();
        let kept = home.path().join("kept");
        fs::hard_link(&file, &kept).unwrap();

        dir.wipe().unwrap();

        assert_eq!(fs::read(&kept).unwrap(), [0; 6]);
        assert!(!file.exists());
    }

    #[test]
    fn the_next_run_removes_what_dead_runs_left_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let (stale, alive) = (
            home.path().join("hushkey-run-stale"),
            home.path().join("hushkey-run-alive"),
        );
        let other = home.path().join("other");
        let _alive = PrivateDir::make(&alive).unwrap();
        for path in [&stale, &other] {
            fs::DirBuilder::new().mode(0o700).create(path).unwrap();
        }

        let _next = PrivateDir::make(&home.path().join("hushkey-run-next")).unwrap();

        assert!(!stale.exists());
        assert!(alive.exists() && other.exists());
    }

    #[test]
    fn many_runs_at_once_do_not_remove_each_other() {
        let home = tempfile::tempdir().unwrap();

        std::thread::scope(|scope| {
            for thread in 0..4 {
                let home = home.path();
                scope.spawn(move || {
                    for turn in 0..50 {
                        let path = home.join(format!("hushkey-run-{thread}-{turn}"));
                        let mut dir = PrivateDir::make(&path).unwrap();
                        let file = dir.add_file("A", b"x").unwrap();
                        assert_eq!(fs::read(file).unwrap(), b"x");
                    }
                });
            }
        });

        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
