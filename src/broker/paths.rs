//! Which files and directories an agent may name.
//!
//! A path must lie beneath one of the agent's roots, is opened without following a link out of it
//! (`openat2` with `RESOLVE_BENEATH`), and is never one of hushkey's own files, whatever it is called. What is
//! outside reads the same whether it exists or not. The owner is not bound by any of this.

use std::{
    fs::{File, Metadata},
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use crate::broker::BrokerError;

/// The most that is read from a file as one field's value, or as one file of variables, in bytes.
pub(super) const MAX_FILE: u64 = 1024 * 1024;

/// Hushkey's own files and directories, which no agent may name.
#[derive(Clone, Debug, Default)]
pub struct OwnPaths {
    paths: Vec<PathBuf>,
}

/// How a Connect server's credentials are called: they open vaults in a copy of the store.
const CREDENTIALS: &str = "1password-credentials.json";

impl OwnPaths {
    /// Takes the absolute paths of hushkey's directories, and of files of its own that lie elsewhere.
    #[must_use]
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        Self {
            paths: paths.into_iter().map(Path::to_owned).collect(),
        }
    }

    /// Tells whether a path is one of ours, or lies beneath one, by its name.
    pub(super) fn names(&self, real: &Path) -> bool {
        // Written where somebody stands, and so perhaps beneath an agent's roots.
        if real.file_name().is_some_and(|name| name == CREDENTIALS) {
            return true;
        }
        self.paths.iter().any(|own| {
            let real_own = own.canonicalize().unwrap_or_else(|_| own.clone());
            real.starts_with(&real_own) || real.starts_with(own)
        })
    }

    /// Tells whether an opened file is one of ours: it lies beneath one of our paths, or it is another name (a hard link)
    /// of a file that does.
    fn contains(&self, real: &Path, found: &Metadata) -> bool {
        self.paths.iter().any(|own| {
            let real_own = own.canonicalize().unwrap_or_else(|_| own.clone());
            real.starts_with(&real_own)
                || (found.nlink() > 1 && found.is_file() && linked(&real_own, found))
        })
    }
}

/// Looks for another name of a file: at `own`, or directly in it.
fn linked(own: &Path, found: &Metadata) -> bool {
    let same = |metadata: std::io::Result<Metadata>| {
        metadata.is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()))
    };
    same(std::fs::metadata(own))
        || std::fs::read_dir(own).is_ok_and(|entries| {
            entries
                .flatten()
                .any(|entry| same(std::fs::metadata(entry.path())))
        })
}

/// Where one caller's paths may lie.
#[derive(Clone, Debug)]
pub(super) enum Reach {
    /// Anywhere: the owner. Relative paths start at the current directory.
    Anywhere,
    /// Beneath one of these directories; relative paths start at the first.
    Beneath(Vec<PathBuf>),
}

impl Reach {
    /// Reads a whole file of at most [`MAX_FILE`] bytes.
    ///
    /// # Errors
    /// [`BrokerError::Invalid`] names the path and says what is wrong; never what is in the file.
    pub(super) fn read(
        &self,
        path: &Path,
        own: &OwnPaths,
    ) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
        self.read_up_to(path, MAX_FILE, own)
    }

    /// Reads a whole file of at most so many bytes.
    ///
    /// # Errors
    /// As [`Reach::read`].
    pub(super) fn read_up_to(
        &self,
        path: &Path,
        most: u64,
        own: &OwnPaths,
    ) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
        let too_large =
            || BrokerError::Invalid(format!("`{}` is larger than {most} bytes", shown(path)));
        let (mut file, length) = self.open_file(path, own)?;
        if length > most {
            return Err(too_large());
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(length as usize + 1));
        file.by_ref()
            .take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(path, &error))?;
        if bytes.len() as u64 > most {
            return Err(too_large());
        }
        Ok(bytes)
    }

    /// Finds the directory that a program is to start in; `None` means where this caller starts.
    ///
    /// # Errors
    /// [`BrokerError::Invalid`] as for [`Reach::read`].
    pub(super) fn directory(
        &self,
        path: Option<&Path>,
        own: &OwnPaths,
    ) -> Result<PathBuf, BrokerError> {
        let path = path.unwrap_or_else(|| Path::new("."));
        let opened = self.open(path, OFlags::RDONLY | OFlags::DIRECTORY, own)?;
        real_path(&opened, &self.absolute(path)?).map_err(|error| unreadable(path, &error))
    }

    /// Tells whether the caller is bound to roots.
    pub(super) fn is_bounded(&self) -> bool {
        matches!(self, Self::Beneath(_))
    }

    /// Opens a regular file of any size; and tells how many bytes it has.
    ///
    /// # Errors
    /// [`BrokerError::Invalid`] as for [`Reach::read`].
    pub(super) fn open_file(
        &self,
        path: &Path,
        own: &OwnPaths,
    ) -> Result<(File, u64), BrokerError> {
        let file = self.open(path, OFlags::RDONLY | OFlags::NONBLOCK, own)?;
        let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
        if !metadata.is_file() {
            return Err(BrokerError::Invalid(format!(
                "`{}` is not a regular file",
                shown(path)
            )));
        }
        Ok((file, metadata.len()))
    }

    /// Opens what the caller may name.
    pub(super) fn open(
        &self,
        path: &Path,
        flags: OFlags,
        own: &OwnPaths,
    ) -> Result<File, BrokerError> {
        let absolute = self.absolute(path)?;
        let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
        let Self::Beneath(roots) = self else {
            return rustix::fs::open(&absolute, flags, Mode::empty())
                .map(File::from)
                .map_err(|error| unreadable(path, &error.into()));
        };
        // By name first, so that what is there and what is not read alike.
        if own.paths.iter().any(|own| absolute.starts_with(own)) {
            return Err(outside(path, roots));
        }
        for root in roots {
            let Ok(beneath) = absolute.strip_prefix(root) else {
                continue;
            };
            let failed = |error: std::io::Error| unreadable(path, &error);
            let found = match find_beneath(root, beneath) {
                Ok(found) => found,
                Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => continue,
                Err(error) => return Err(failed(error)),
            };
            let real = real_path(&found, &absolute).map_err(failed)?;
            let metadata = found.metadata().map_err(failed)?;
            if own.contains(&real, &metadata) {
                return Err(outside(path, roots));
            }
            return open_found(&found, &absolute, flags).map_err(failed);
        }
        Err(outside(path, roots))
    }

    fn absolute(&self, path: &Path) -> Result<PathBuf, BrokerError> {
        let start = match self {
            Self::Anywhere => std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            Self::Beneath(roots) => match roots.first() {
                Some(root) => root.clone(),
                None => return Err(outside(path, roots)),
            },
        };
        // Only `.` is taken away here: the kernel resolves `..`, where links are known.
        Ok(start
            .join(path)
            .components()
            .filter(|part| *part != Component::CurDir)
            .collect())
    }
}

/// Finds a file without opening it: SQLite's locks on a file of ours would end with whatever opened it as well.
#[cfg(target_os = "linux")]
fn find_beneath(root: &Path, path: &Path) -> std::io::Result<File> {
    use rustix::fs::ResolveFlags;

    let directory = rustix::fs::open(
        root,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    Ok(rustix::fs::openat2(
        &directory,
        path,
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
    )
    .map(File::from)?)
}

/// Opens the very file that was found and looked at, whatever its name leads to by now.
#[cfg(target_os = "linux")]
fn open_found(found: &File, _named: &Path, flags: OFlags) -> std::io::Result<File> {
    use std::os::fd::AsRawFd;

    let itself = format!("/proc/self/fd/{}", found.as_raw_fd());
    Ok(rustix::fs::open(itself, flags, Mode::empty()).map(File::from)?)
}

#[cfg(not(target_os = "linux"))]
fn find_beneath(root: &Path, path: &Path) -> std::io::Result<File> {
    let root = root.canonicalize()?;
    let real = root.join(path).canonicalize()?;
    if !real.starts_with(&root) {
        return Err(std::io::ErrorKind::CrossesDevices.into());
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(&real, flags, Mode::empty()).map(File::from)?)
}

#[cfg(not(target_os = "linux"))]
fn open_found(found: &File, _named: &Path, flags: OFlags) -> std::io::Result<File> {
    if flags.contains(OFlags::DIRECTORY) && !found.metadata()?.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    found.try_clone()
}

#[cfg(target_os = "linux")]
fn real_path(file: &File, _named: &Path) -> std::io::Result<PathBuf> {
    use std::os::fd::AsRawFd;

    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(not(target_os = "linux"))]
fn real_path(_file: &File, named: &Path) -> std::io::Result<PathBuf> {
    named.canonicalize()
}

fn outside(path: &Path, roots: &[PathBuf]) -> BrokerError {
    let roots: Vec<_> = roots
        .iter()
        .map(|root| format!("`{}`", shown(root)))
        .collect();
    BrokerError::Invalid(if roots.is_empty() {
        "no path can be named here: this agent has no directory of its own".into()
    } else {
        format!(
            "`{}` is not open to you; name a path beneath {}",
            shown(path),
            roots.join(" or ")
        )
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> BrokerError {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied};

    let why = match error.kind() {
        IsADirectory => "is a directory",
        NotADirectory => "is not a directory",
        NotFound => "does not exist",
        PermissionDenied => "can't be read: permission denied",
        _ => "can't be opened",
    };
    BrokerError::Invalid(format!("`{}` {why}", shown(path)))
}

fn shown(path: &Path) -> String {
    crate::display_text::escaped(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_connect_servers_credentials_are_our_own_wherever_they_lie() {
        let ground = ground();

        assert!(
            ground
                .own
                .names(Path::new("/anywhere/1password-credentials.json"))
        );
        assert!(!ground.own.names(Path::new("/anywhere/credentials.json")));
    }

    struct Ground {
        dir: tempfile::TempDir,
        reach: Reach,
        own: OwnPaths,
    }

    fn ground() -> Ground {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        for sub in ["work/sub", "work/vault", "home"] {
            std::fs::create_dir_all(base.join(sub)).unwrap();
        }
        std::fs::write(base.join("work/token"), "t").unwrap();
        std::fs::write(base.join("outside"), "o").unwrap();
        std::fs::write(base.join("home/key"), "k").unwrap();
        Ground {
            reach: Reach::Beneath(vec![base.join("work")]),
            own: OwnPaths::new([&*base.join("home"), &*base.join("work/vault")]),
            dir,
        }
    }

    fn read(ground: &Ground, path: impl AsRef<Path>) -> Result<Vec<u8>, String> {
        ground
            .reach
            .read(path.as_ref(), &ground.own)
            .map(|bytes| bytes.to_vec())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_beneath_the_root_is_read_by_relative_and_absolute_path() {
        let ground = ground();

        assert_eq!(read(&ground, "token").unwrap(), b"t");
        assert_eq!(read(&ground, "./sub/../token").unwrap(), b"t");
        let absolute = ground.dir.path().canonicalize().unwrap().join("work/token");
        assert_eq!(read(&ground, absolute).unwrap(), b"t");
    }

    #[test]
    fn nothing_outside_the_roots_is_opened_and_it_reads_alike_there_or_not() {
        let ground = ground();
        let base = ground.dir.path().canonicalize().unwrap();
        symlink(base.join("outside"), base.join("work/absolute")).unwrap();
        symlink("../outside", base.join("work/relative")).unwrap();
        symlink("/proc/self/environ", base.join("work/magic")).unwrap();

        for path in [
            "absolute",
            "relative",
            "magic",
            "../outside",
            "../not-there",
            "/etc/passwd",
        ] {
            let error = read(&ground, path).unwrap_err();
            assert!(error.contains("is not open to you"), "{path}: {error}");
        }
    }

    #[test]
    fn hushkeys_own_files_are_refused_by_any_name() {
        let ground = ground();
        let base = ground.dir.path().canonicalize().unwrap();
        std::fs::write(base.join("work/vault/store.db-wal"), "w").unwrap();
        std::fs::hard_link(base.join("home/key"), base.join("work/innocent")).unwrap();

        for path in ["vault/store.db-wal", "vault/not-there", "innocent"] {
            let error = read(&ground, path).unwrap_err();
            assert!(error.contains("is not open to you"), "{path}: {error}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn looking_at_a_file_of_ours_does_not_end_the_locks_on_it() {
        use rustix::fs::{FlockOperation, fcntl_lock};

        let ground = ground();
        let base = ground.dir.path().canonicalize().unwrap();
        let store = base.join("work/vault/store.db");
        let held = std::fs::File::create(&store).unwrap();
        fcntl_lock(&held, FlockOperation::NonBlockingLockExclusive).unwrap();

        read(&ground, "sub/../vault/store.db").unwrap_err();

        let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
        let inode = format!(":{} ", held.metadata().unwrap().ino());
        let is_held = |line: &str| line.contains("POSIX") && line.contains(&inode);
        assert!(locks.lines().any(is_held), "{locks}");
    }

    #[test]
    fn a_pipe_or_a_directory_is_no_file_and_does_not_hang() {
        let ground = ground();
        let base = ground.dir.path().canonicalize().unwrap();
        let fifo = std::process::Command::new("mkfifo")
            .arg(base.join("work/fifo"))
            .status();
        if fifo.is_ok_and(|status| status.success()) {
            assert!(
                read(&ground, "fifo")
                    .unwrap_err()
                    .contains("not a regular file")
            );
        }

        assert!(
            read(&ground, "sub")
                .unwrap_err()
                .contains("not a regular file")
        );
    }

    #[test]
    fn an_agent_without_roots_can_name_nothing() {
        let own = OwnPaths::default();

        let error = Reach::Beneath(vec![])
            .read(Path::new("x"), &own)
            .unwrap_err();

        assert!(error.to_string().contains("no directory of its own"));
    }
}
