//! Files that get a value: whole or not at all, and readable by their owner from the first byte on.

use std::{
    fs::{File, Metadata, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use crate::{
    cli::{failure::Failure, terminal},
    private_file,
};

/// Tells whether a file may be made or replaced: asks a person where it is there already.
pub(super) fn may_write(path: &Path, force: bool) -> Result<(), Failure> {
    let taken = match std::fs::symlink_metadata(path) {
        // A new file takes the old one's name: for root, `/dev/null` itself would become a file with a value.
        Ok(_) if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) => {
            return Err(Failure::Usage(format!(
                "`{}` is a directory or a device; name a file",
                path.display()
            )));
        }
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(Failure::file("write", path, &error)),
    };
    if !taken || force {
        return Ok(());
    }
    if !terminal::is_there() {
        return Err(Failure::Failed(format!(
            "`{}` is there already; say --force to replace it",
            path.display()
        )));
    }
    if terminal::confirm(&format!("Replace {}?", path.display()))? {
        Ok(())
    } else {
        Err(Failure::Denied(format!(
            "`{}` was left as it is",
            path.display()
        )))
    }
}

/// Makes a file of mode 0600, whole or not at all; one that is there by now is left as it is.
pub(super) fn create(path: &Path, content: &[u8]) -> Result<(), Failure> {
    private_file::create_private(path, content).map_err(|error| Failure::Failed(error.to_string()))
}

/// Writes a file with the given mode, in place of what is there.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), Failure> {
    put(path, content, |file| {
        file.set_permissions(Permissions::from_mode(mode))
    })
}

/// Replaces a file's content; the new file belongs to whom the old one belonged, with its mode.
pub(super) fn replace(path: &Path, content: &[u8], old: &Metadata) -> Result<(), Failure> {
    put(path, content, |file| {
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()))?;
        }
        file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))
    })
}

/// A new file beside the old one takes its name when all of it is on the disk.
fn put(
    path: &Path,
    content: &[u8],
    dress: impl Fn(&File) -> io::Result<()>,
) -> Result<(), Failure> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let put = || {
        let mut file = tempfile::Builder::new()
            .prefix(".hushkey-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(directory)?;
        file.write_all(content)?;
        dress(file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The new name is in the directory, which has to reach the disk too.
        File::open(directory)?.sync_all()
    };
    put().map_err(|error| Failure::file("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_or_device_is_never_replaced_not_even_by_force() {
        let directory = tempfile::tempdir().unwrap();
        let device = directory.path().join("device");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();

        for path in [directory.path(), &device] {
            let refused = may_write(path, true).unwrap_err();
            assert!(refused.to_string().contains("name a file"), "{refused}");
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_with_the_mode_that_was_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        std::fs::write(&path, "before, and longer").unwrap();

        write(&path, b"after", 0o640).unwrap();

        assert_eq!(std::fs::read(&path).unwrap(), b"after");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
