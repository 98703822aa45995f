//! Files and directories that are the owner's alone.
//!
//! Hushkey refuses a key, store, log or policy that somebody else could read or change, and says which
//! `chmod` to run. What is checked is what was opened: rules look at the descriptor, never at the path
//! again, and no symbolic link is followed in the last place. The module does not know what the files hold.

use std::{
    ffi::OsString,
    fs::{DirBuilder, File},
    io::{self, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use zeroize::Zeroizing;

/// Bits of group and others that a private file or directory must not have.
const PRIVATE: u32 = 0o077;
/// Bits of group and others that a trusted file or directory must not have: others may read, not write.
const TRUSTED: u32 = 0o022;

/// Why a file or directory is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateFileError {
    /// Something is already there.
    #[error("`{}` is already there", path.display())]
    Exists {
        /// What was to be made.
        path: PathBuf,
    },

    /// Other users can read or change it.
    #[error("`{}` is open to other users; run `{remedy}`", path.display())]
    Exposed {
        /// What is open.
        path: PathBuf,
        /// The command that closes it, quoted for a shell.
        remedy: String,
    },

    /// The system refused.
    #[error("`{}` can't be {action}: {source}", path.display())]
    Io {
        /// What was tried, as a participle: "opened".
        action: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the system said; it repeats no content.
        source: io::Error,
    },

    /// It is longer than anything that belongs there.
    #[error("`{}` is longer than {limit} bytes, so it is not what belongs there", path.display())]
    Long {
        /// The file.
        path: PathBuf,
        /// What was allowed, in bytes.
        limit: usize,
    },

    /// Nothing is there.
    #[error("`{}` is not there", path.display())]
    Missing {
        /// What was looked for.
        path: PathBuf,
    },

    /// It belongs to somebody who is neither this user nor root.
    #[error("`{}` belongs to another user; use a copy of your own", path.display())]
    Owner {
        /// Whose owner is wrong.
        path: PathBuf,
    },

    /// It is a symbolic link, a device, or a directory where a file should be.
    #[error("`{}` is not a {wanted}, or is a symbolic link; name the real one", path.display())]
    Type {
        /// What was found wanting.
        path: PathBuf,
        /// "file" or "directory".
        wanted: &'static str,
    },
}

impl PrivateFileError {
    /// Tells whether nothing is there, as opposed to something that is refused.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        let (path, source) = (path.to_owned(), source.into());
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }
}

/// Opens a file for reading that group and others can't touch at all (`mode & 077 == 0`).
///
/// # Errors
/// [`PrivateFileError`] when it is missing, a link, exposed, or somebody else's.
pub fn open_private(path: &Path) -> Result<File, PrivateFileError> {
    open_guarded(path, PRIVATE)
}

/// Opens a file for reading that group and others can't write (`mode & 022 == 0`).
///
/// # Errors
/// [`PrivateFileError`] when it is missing, a link, writable by others, or somebody else's.
pub fn open_trusted(path: &Path) -> Result<File, PrivateFileError> {
    open_guarded(path, TRUSTED)
}

/// Reads a whole private file of at most `limit` bytes; see [`open_private`].
///
/// # Errors
/// As [`open_private`], and [`PrivateFileError::Long`].
pub fn read_private(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    let file = open_private(path)?;
    // Room for all of it at once: growing would leave pieces behind.
    let mut content = Zeroizing::new(Vec::with_capacity(limit + 1));
    file.take(limit as u64 + 1)
        .read_to_end(&mut content)
        .map_err(|e| PrivateFileError::io("read", path, e))?;
    if content.len() > limit {
        return Err(PrivateFileError::Long {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(content)
}

/// Makes a new file of mode 0600 with this content, durably and all at once: whoever looks sees either
/// no file or the whole of it.
///
/// # Errors
/// [`PrivateFileError::Exists`] when something is already there, which is then left as it is.
pub fn create_private(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    let file = draft(path, content)?;
    let made = file.persist_noclobber(path);
    made.map_err(|e| PrivateFileError::io("made", path, e.error))?;
    sync_directory(directory_of(path))
}

/// Puts a new file of mode 0600 with this content in the place of another, durably and all at once: whoever looks sees
/// the old content or the whole of the new.
///
/// # Errors
/// [`PrivateFileError::Io`] when the system refuses; then the old file is as it was.
pub fn replace_private(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    let file = draft(path, content)?;
    let replaced = file.persist(path);
    replaced.map_err(|e| PrivateFileError::io("replaced", path, e.error))?;
    sync_directory(directory_of(path))
}

/// A file of mode 0600 beside `path`, with its content on the disk; gone when dropped.
fn draft(path: &Path, content: &[u8]) -> Result<tempfile::NamedTempFile, PrivateFileError> {
    let failed = |e| PrivateFileError::io("made", path, e);
    let mut file = tempfile::Builder::new()
        .prefix(".hushkey-")
        .tempfile_in(directory_of(path))
        .map_err(failed)?;
    rustix::fs::fchmod(file.as_file(), Mode::RUSR | Mode::WUSR).map_err(|e| failed(e.into()))?;
    file.write_all(content).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    Ok(file)
}

/// Makes sure that a directory is there and private: made with mode 0700 if missing, otherwise checked.
///
/// # Errors
/// [`PrivateFileError`] when it is a link, exposed, or somebody else's, or can't be made.
pub fn ensure_private_dir(path: &Path) -> Result<(), PrivateFileError> {
    match check_private_dir(path) {
        Err(PrivateFileError::Missing { .. }) => {}
        checked => return checked,
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|e| PrivateFileError::io("made", path, e))?;
    check_private_dir(path)?;
    sync_directory(directory_of(path))
}

/// Checks that group and others can't reach into a directory (`mode & 077 == 0`).
///
/// # Errors
/// [`PrivateFileError`] when it is missing, a link, exposed, or somebody else's.
pub fn check_private_dir(path: &Path) -> Result<(), PrivateFileError> {
    open_directory(path, PRIVATE).map(drop)
}

/// Checks that group and others can't put files into a directory or take them out (`mode & 022 == 0`).
///
/// # Errors
/// [`PrivateFileError`] when it is missing, a link, writable by others, or somebody else's.
pub fn check_trusted_dir(path: &Path) -> Result<(), PrivateFileError> {
    open_directory(path, TRUSTED).map(drop)
}

/// Checks files by name within a private directory without opening them; those that are missing pass.
///
/// For SQLite's files: a process that opens one by itself and closes it again loses SQLite's locks on it.
/// Nobody else can change names in a directory that was found private, so the name is as good as a descriptor.
///
/// # Errors
/// [`PrivateFileError`] when the directory or one of the files is a link, exposed, or somebody else's.
pub fn check_private_files(directory: &Path, names: &[OsString]) -> Result<(), PrivateFileError> {
    let opened = open_directory(directory, PRIVATE)?;
    for name in names {
        let path = directory.join(name);
        match rustix::fs::statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => check(&stat, &path, PRIVATE, FileType::RegularFile)?,
            Err(rustix::io::Errno::NOENT) => {}
            Err(e) => return Err(PrivateFileError::io("looked at", &path, e)),
        }
    }
    Ok(())
}

/// Writes a directory's names to the disk, so that a file made or renamed in it stays after a power cut.
///
/// # Errors
/// [`PrivateFileError::Io`] when the system refuses.
pub fn sync_directory(path: &Path) -> Result<(), PrivateFileError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|e| PrivateFileError::io("written to disk", path, e))
}

/// The directory that a path's last part stands in; `.` for a bare name.
#[must_use]
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn open_guarded(path: &Path, forbidden: u32) -> Result<File, PrivateFileError> {
    // Non-blocking, so that a pipe in the file's place can't hold us up before it is refused.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    open(path, flags, forbidden, FileType::RegularFile)
}

fn open_directory(path: &Path, forbidden: u32) -> Result<File, PrivateFileError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::DIRECTORY;
    open(path, flags, forbidden, FileType::Directory)
}

fn open(
    path: &Path,
    flags: OFlags,
    forbidden: u32,
    wanted: FileType,
) -> Result<File, PrivateFileError> {
    let opened = rustix::fs::openat(CWD, path, flags | OFlags::CLOEXEC, Mode::empty());
    let opened = opened.map_err(|e| match e {
        rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR | rustix::io::Errno::NXIO => {
            wrong_type(path, wanted)
        }
        other => PrivateFileError::io("opened", path, other),
    })?;
    let stat = rustix::fs::fstat(&opened).map_err(|e| PrivateFileError::io("opened", path, e))?;
    check(&stat, path, forbidden, wanted)?;
    Ok(File::from(opened))
}

fn check(
    stat: &Stat,
    path: &Path,
    forbidden: u32,
    wanted: FileType,
) -> Result<(), PrivateFileError> {
    if FileType::from_raw_mode(stat.st_mode) != wanted {
        return Err(wrong_type(path, wanted));
    }
    if stat.st_uid != 0 && stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(PrivateFileError::Owner {
            path: path.to_owned(),
        });
    }
    if stat.st_mode & forbidden != 0 {
        let mode = match (forbidden, wanted) {
            (TRUSTED, _) => "go-w",
            (_, FileType::Directory) => "700",
            _ => "600",
        };
        return Err(PrivateFileError::Exposed {
            path: path.to_owned(),
            remedy: format!("chmod {mode} {}", quoted(path)),
        });
    }
    Ok(())
}

fn wrong_type(path: &Path, wanted: FileType) -> PrivateFileError {
    PrivateFileError::Type {
        path: path.to_owned(),
        wanted: match wanted {
            FileType::Directory => "directory",
            _ => "file",
        },
    }
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%:,=~".contains(c);
    if text.chars().all(plain) && !text.starts_with(['-', '~']) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn private_dir() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        dir
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_chmod_to_run() {
        let dir = private_dir();
        let path = dir.path().join("a key");
        create_private(&path, b"content").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(&*read_private(&path, 100).unwrap(), b"content");

        for exposed in [0o640, 0o604, 0o620, 0o610, 0o644] {
            set_mode(&path, exposed);
            let refused = open_private(&path).unwrap_err().to_string();

            let remedy = format!("run `chmod 600 '{}'`", path.display());
            assert!(refused.contains(&remedy), "{refused}");
        }
    }

    #[test]
    fn a_trusted_file_may_be_read_and_not_written_by_others() {
        let dir = private_dir();
        let path = dir.path().join("policy.toml");
        create_private(&path, b"").unwrap();

        set_mode(&path, 0o644);
        assert!(open_trusted(&path).is_ok());
        set_mode(&path, 0o664);
        let refused = open_trusted(&path).unwrap_err().to_string();

        assert!(refused.contains("chmod go-w "), "{refused}");
    }

    #[test]
    fn a_directory_is_made_private_and_an_open_one_refused() {
        let dir = private_dir();
        let path = dir.path().join("a/b");

        ensure_private_dir(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        set_mode(&path, 0o755);
        let refused = ensure_private_dir(&path).unwrap_err().to_string();

        assert!(
            refused.contains(&format!("chmod 700 {}", path.display())),
            "{refused}"
        );
        assert!(check_trusted_dir(&path).is_ok());
    }

    #[test]
    fn links_pipes_and_directories_are_no_private_files() {
        let dir = private_dir();
        let real = dir.path().join("real");
        create_private(&real, b"").unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();

        for path in [&link, &pipe, &dir.path().to_owned()] {
            let refused = open_private(path).unwrap_err();
            assert!(
                matches!(refused, PrivateFileError::Type { .. }),
                "{refused}"
            );
        }
        let linked = dir.path().join("linked");
        std::os::unix::fs::symlink(dir.path(), &linked).unwrap();
        assert!(matches!(
            check_private_dir(&linked).unwrap_err(),
            PrivateFileError::Type { .. }
        ));
        assert!(matches!(
            check_private_files(dir.path(), &["real", "absent", "link"].map(OsString::from)).unwrap_err(),
            PrivateFileError::Type { path, .. } if path == link
        ));
    }

    #[test]
    fn what_is_there_is_never_overwritten() {
        let dir = private_dir();
        let path = dir.path().join("key");
        create_private(&path, b"first").unwrap();

        let refused = create_private(&path, b"second").unwrap_err();

        assert!(matches!(refused, PrivateFileError::Exists { .. }));
        assert_eq!(&*read_private(&path, 10).unwrap(), b"first");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_longer_than_expected_is_refused() {
        let dir = private_dir();
        let path = dir.path().join("key");
        create_private(&path, &[b'x'; 11]).unwrap();

        let refused = read_private(&path, 10).unwrap_err();

        assert!(matches!(refused, PrivateFileError::Long { limit: 10, .. }));
    }
}
