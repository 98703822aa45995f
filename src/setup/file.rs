//! A client's settings on disk: read whole, replaced whole, and never lost.
//!
//! A new file beside the old one takes its name, with the old one's mode. Where the name is a symbolic link, as people
//! have it who keep their settings elsewhere, the file that it leads to is replaced and the link stays. The module does
//! not know what the settings say.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::error::SetupError;

/// Bytes that settings may have: those of busy clients have a few millions.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// What stands between a file's name and its backup's date.
const INFIX: &str = ".hushkey-";

/// Settings as they were read.
#[derive(Debug)]
pub(super) struct Settings {
    /// The file itself, where the name is a link.
    path: PathBuf,
    /// Whether the name is a link.
    linked: bool,
    /// Nothing, if there is no file.
    pub(super) text: Option<String>,
    mode: u32,
}

impl Settings {
    /// Reads them; a file that is not there yet would get this mode.
    pub(super) fn read(path: &Path, new_mode: u32) -> Result<Self, SetupError> {
        let link = match fs::symlink_metadata(path) {
            Ok(link) => link,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    path: path.to_owned(),
                    linked: false,
                    text: None,
                    mode: new_mode,
                });
            }
            Err(error) => return Err(failed("read", path)(error)),
        };
        let real = fs::canonicalize(path).map_err(failed("read", path))?;
        let not = |problem| SetupError::NotSettings {
            path: real.clone(),
            problem,
        };
        let there = fs::metadata(&real).map_err(failed("read", &real))?;
        if !there.is_file() {
            return Err(not("is no file"));
        }
        if there.uid() != rustix::process::geteuid().as_raw() {
            return Err(not("belongs to another user"));
        }
        if there.len() > MAX_BYTES {
            return Err(not("is longer than settings are"));
        }
        let mut bytes = Vec::new();
        File::open(&real)
            .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
            .map_err(failed("read", &real))?;
        let text = String::from_utf8(bytes).map_err(|_| not("is not in UTF-8"))?;
        Ok(Self {
            linked: link.is_symlink(),
            text: Some(text),
            mode: there.mode() & 0o7777,
            path: real,
        })
    }

    /// Refuses what a link leads to outside a directory.
    pub(super) fn refuse_outside(&self, directory: &Path) -> Result<(), SetupError> {
        let real = |path: &Path| fs::canonicalize(path).map_err(failed("read", path));
        let directory = real(directory)?;
        let there = self.path.ancestors().find(|path| path.exists());
        if real(there.unwrap_or(&self.path))?.starts_with(&directory) {
            return Ok(());
        }
        Err(SetupError::NotSettings {
            path: self.path.clone(),
            problem: "lies outside the project, which links to it",
        })
    }

    /// Puts a text in their place, unless another program wrote them meanwhile.
    pub(super) fn replace(&self, text: &str) -> Result<(), SetupError> {
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        let failed = failed("written", &self.path);
        let shared = self.mode & 0o040 != 0;
        DirBuilder::new()
            .recursive(true)
            .mode(if shared { 0o755 } else { 0o700 })
            .create(directory)
            .map_err(&failed)?;
        let mut draft = tempfile::Builder::new()
            .prefix(INFIX)
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(directory)
            .map_err(&failed)?;
        draft
            .write_all(text.as_bytes())
            .and_then(|()| {
                draft
                    .as_file()
                    .set_permissions(Permissions::from_mode(self.mode))
            })
            .and_then(|()| draft.as_file().sync_all())
            .map_err(&failed)?;
        self.refuse_change()?;
        match self.text {
            Some(_) => draft.persist(&self.path).map(drop),
            None => draft.persist_noclobber(&self.path).map(drop),
        }
        .map_err(|error| failed(error.error))?;
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(&failed)
    }

    /// Takes the file away, unless another program wrote it meanwhile.
    pub(super) fn delete(&self) -> Result<(), SetupError> {
        self.refuse_change()?;
        fs::remove_file(&self.path).map_err(failed("removed", &self.path))
    }

    /// Copies them beside themselves, readable by their owner alone, since settings may hold keys.
    pub(super) fn back_up(&self, now: Timestamp) -> Result<Option<PathBuf>, SetupError> {
        let Some(text) = &self.text else {
            return Ok(None);
        };
        let date = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        for number in 0..100 {
            let number = if number == 0 {
                String::new()
            } else {
                format!("-{number}")
            };
            let backup = self.beside(&format!("{INFIX}{date}{number}.bak"));
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&backup);
            let mut file = match file {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file.map_err(failed("backed up", &self.path))?,
            };
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(failed("backed up", &self.path))?;
            return Ok(Some(backup));
        }
        Err(SetupError::NotSettings {
            path: self.path.clone(),
            problem: "has a hundred backups of this second",
        })
    }

    /// Backups that setup made, newest first, with what they hold.
    pub(super) fn backups(&self) -> Vec<(PathBuf, String)> {
        let Some(name) = self.path.file_name().and_then(|name| name.to_str()) else {
            return Vec::new();
        };
        let prefix = format!("{name}{INFIX}");
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let backups = entries.map(|entry| entry.path()).filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".bak"))
        });
        let mut backups: Vec<_> = backups
            .filter_map(|path| {
                let Ok(Self {
                    text: Some(text), ..
                }) = Self::read(&path, 0)
                else {
                    return None;
                };
                Some((path, text))
            })
            .collect();
        backups.sort_by(|a, b| b.0.cmp(&a.0));
        backups
    }

    /// The file that is written: what a link leads to.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file could go without leaving a link to nothing.
    pub(super) fn can_go(&self) -> bool {
        !self.linked
    }

    fn refuse_change(&self) -> Result<(), SetupError> {
        let now = match fs::read(&self.path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed("read", &self.path)(error)),
        };
        if now.as_deref() == self.text.as_deref().map(str::as_bytes) {
            return Ok(());
        }
        Err(SetupError::Changed {
            path: self.path.clone(),
        })
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(suffix);
        self.path.with_file_name(name)
    }
}

fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> SetupError {
    let path = path.to_owned();
    move |source| SetupError::Io {
        action,
        path: path.clone(),
        source,
    }
}
