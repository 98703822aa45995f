//! A file that a caller wants written: made beside its place, and put there when all of it is on the disk.
//!
//! It is readable by its owner alone from the first byte on. Its directory was opened beneath the caller's roots, so
//! that no link that is exchanged meanwhile leads elsewhere.

use std::{
    fs::{File, Permissions},
    io::{self, Write},
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};

use crate::broker::{
    BrokerError,
    paths::{OwnPaths, Reach},
};

/// A file on its way. Dropping it removes what was written.
pub(super) struct OutFile {
    directory: File,
    file: File,
    /// Its name until it is finished.
    temporary: String,
    name: std::ffi::OsString,
    path: PathBuf,
    overwrite: bool,
    finished: bool,
}

impl Reach {
    /// Begins a file that the caller may write.
    ///
    /// # Errors
    /// [`BrokerError::Invalid`] names the path and says what is wrong.
    pub(super) fn create(
        &self,
        path: &Path,
        overwrite: bool,
        own: &OwnPaths,
    ) -> Result<OutFile, BrokerError> {
        let name = match path.file_name() {
            Some(name) if !path.as_os_str().as_bytes().ends_with(b"/") => name.to_owned(),
            _ => return Err(invalid(path, "is no file's name")),
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let directory = self.open(parent, OFlags::RDONLY | OFlags::DIRECTORY, own)?;
        let real = self.directory(Some(parent), own)?.join(&name);
        if self.is_bounded() && own.names(&real) {
            return Err(invalid(path, "is not open to you"));
        }
        match rustix::fs::statat(&directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) if !overwrite => {
                return Err(invalid(path, "is there already; choose another name"));
            }
            Ok(there) if !rustix::fs::FileType::from_raw_mode(there.st_mode).is_file() => {
                return Err(invalid(path, "is no regular file"));
            }
            _ => {}
        }
        let temporary = format!(".hushkey-{}", crate::vault::FileId::random());
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&directory, &temporary, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|error| unwritable(path, &error.into()))?;
        Ok(OutFile {
            directory,
            file: file.into(),
            temporary,
            name,
            path: real,
            overwrite,
            finished: false,
        })
    }
}

impl OutFile {
    /// What the content is written to.
    pub(super) fn writer(&self) -> Result<Box<dyn Write + Send>, BrokerError> {
        let file = self.file.try_clone();
        let file = file.map_err(|error| unwritable(&self.path, &error))?;
        Ok(Box::new(file))
    }

    /// Writes all of a content that is at hand.
    pub(super) fn write(&self, content: &[u8]) -> Result<(), BrokerError> {
        (&self.file)
            .write_all(content)
            .map_err(|error| unwritable(&self.path, &error))
    }

    /// Puts the file in its place.
    pub(super) fn finish(mut self, mode: u32) -> Result<PathBuf, BrokerError> {
        let flags = if self.overwrite {
            RenameFlags::empty()
        } else {
            RenameFlags::NOREPLACE
        };
        let put = || -> io::Result<()> {
            self.file.set_permissions(Permissions::from_mode(mode))?;
            self.file.sync_all()?;
            rustix::fs::renameat_with(
                &self.directory,
                &self.temporary,
                &self.directory,
                &self.name,
                flags,
            )?;
            // The new name is in the directory, which has to reach the disk too.
            self.directory.sync_all()
        };
        put().map_err(|error| unwritable(&self.path, &error))?;
        self.finished = true;
        Ok(std::mem::take(&mut self.path))
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody can be told that it stays.
            let _ = rustix::fs::unlinkat(&self.directory, &self.temporary, AtFlags::empty());
        }
    }
}

fn invalid(path: &Path, what: &str) -> BrokerError {
    BrokerError::Invalid(format!("`{}` {what}", shown(path)))
}

fn unwritable(path: &Path, error: &io::Error) -> BrokerError {
    let why = match error.kind() {
        io::ErrorKind::AlreadyExists => "is there already; choose another name".to_owned(),
        io::ErrorKind::PermissionDenied => "can't be written: permission denied".to_owned(),
        kind => format!("can't be written: {kind}"),
    };
    invalid(path, &why)
}

fn shown(path: &Path) -> String {
    crate::display_text::escaped(&path.display().to_string())
}
