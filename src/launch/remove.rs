//! Removing a directory with all that a program may have put there.
//!
//! `std::fs::remove_dir_all` recurses with a descriptor a level and stops at a directory without
//! permissions: a program could use either to leave something behind. Here, directories found inside
//! another are moved up and emptied in turn, so that depth costs nothing.

use std::{
    ffi::{CStr, CString},
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, chmodat, openat, renameat, statat, unlinkat},
    io::Errno,
};

/// Removes a directory of ours and everything in it, without following a link. It is no error if
/// it is gone already.
pub(super) fn remove(directory: &Path) -> io::Result<()> {
    let top = match take_back(CWD, directory).and_then(|()| open(CWD, directory)) {
        Ok(top) => top,
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut moved = 0_u64;
    loop {
        let names = names(&top)?;
        if names.is_empty() {
            break;
        }
        for name in names {
            if !unlinked(&top, &name)? {
                flatten(&top, &name, &mut moved)?;
            }
        }
    }
    match unlinkat(CWD, directory, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Empties one directory by moving the directories in it to `top`, and removes it.
fn flatten(top: &OwnedFd, name: &CStr, moved: &mut u64) -> io::Result<()> {
    take_back(top, name)?;
    let inner = open(top, name)?;
    for entry in names(&inner)? {
        if unlinked(&inner, &entry)? {
            continue;
        }
        // Moving a directory changes its `..`, for which it has to be writable.
        take_back(&inner, &*entry)?;
        loop {
            *moved += 1;
            let free = CString::new(format!("moved-{moved}")).map_err(io::Error::other)?;
            if let Err(Errno::NOENT) = statat(top, &*free, AtFlags::SYMLINK_NOFOLLOW) {
                renameat(&inner, &*entry, top, &*free)?;
                break;
            }
        }
    }
    Ok(unlinkat(top, name, AtFlags::REMOVEDIR)?)
}

/// Unlinks what is not a directory; tells whether it was none.
fn unlinked(directory: &OwnedFd, name: &CStr) -> io::Result<bool> {
    let stat = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(true),
        Err(error) => return Err(error.into()),
    };
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return Ok(false);
    }
    unlinkat(directory, name, AtFlags::empty())?;
    Ok(true)
}

/// Takes back the permissions that a directory may have been stripped of: emptying it needs all.
fn take_back<P: rustix::path::Arg + Copy>(at: impl AsFd, name: P) -> Result<(), Errno> {
    let stat = statat(&at, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        chmodat(&at, name, Mode::RWXU, AtFlags::empty())?;
    }
    Ok(())
}

fn open<P: rustix::path::Arg + Copy>(at: impl AsFd, name: P) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

fn names(directory: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if entry.file_name() != c"." && entry.file_name() != c".." {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_directory_is_removed_however_deep_it_is() {
        // In memory, where private directories are; on a disk this takes many seconds.
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let top = home.as_ref().unwrap().path().join("top");
        fs::create_dir(&top).unwrap();
        let mut inner = open(CWD, &*top).unwrap();
        for _ in 0..2000 {
            rustix::fs::mkdirat(&inner, "d", Mode::RWXU).unwrap();
            rustix::fs::mkdirat(&inner, "moved-1", Mode::RWXU).unwrap();
            inner = open(&inner, "d").unwrap();
        }

        remove(&top).unwrap();

        assert!(!top.exists());
    }

    #[test]
    fn a_directory_is_removed_whatever_its_permissions() {
        let home = tempfile::tempdir().unwrap();
        let top = home.path().join("top");
        fs::create_dir_all(top.join("a/b/c")).unwrap();
        fs::write(top.join("a/b/file"), "x").unwrap();
        for path in ["a/b/c", "a/b", "a"] {
            fs::set_permissions(top.join(path), fs::Permissions::from_mode(0o000)).unwrap();
        }

        remove(&top).unwrap();

        assert!(!top.exists());
    }

    #[test]
    fn what_a_link_leads_to_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let (top, kept) = (home.path().join("top"), home.path().join("kept"));
        fs::create_dir(&top).unwrap();
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "x").unwrap();
        std::os::unix::fs::symlink(&kept, top.join("link")).unwrap();

        remove(&top).unwrap();

        assert!(!top.exists());
        assert!(kept.join("file").exists());
    }

    #[test]
    fn what_is_gone_already_is_no_error() {
        let home = tempfile::tempdir().unwrap();

        remove(&home.path().join("nothing")).unwrap();
    }
}
