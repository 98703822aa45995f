//! Whether a program is hushkey itself, and which executable is re-executed for runs.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use sha2::{Digest, Sha256};

/// The executable with the hidden subcommands, where that is not this process's own.
static REEXECUTED: OnceLock<PathBuf> = OnceLock::new();

/// Names the hushkey executable to re-execute for runs, for a process that is not hushkey itself:
/// a test. Only the first call counts.
pub fn reexecute(executable: PathBuf) {
    let _ = REEXECUTED.set(executable);
}

/// The executable with the hidden subcommands.
pub(super) fn own_executable() -> PathBuf {
    if let Some(named) = REEXECUTED.get() {
        named.clone()
    } else if cfg!(target_os = "linux") {
        // Still ours when the file was replaced or removed meanwhile.
        "/proc/self/exe".into()
    } else {
        std::env::current_exe().unwrap_or_default()
    }
}

/// Tells whether a file is hushkey: this executable by any name, or a copy of it. What can't be read
/// is not told apart by its content.
#[must_use]
pub fn is_hushkey(program: &Path) -> bool {
    let own = own_executable();
    let (Ok(meta), Ok(ours)) = (fs::metadata(program), fs::metadata(&own)) else {
        return false;
    };
    (meta.dev(), meta.ino()) == (ours.dev(), ours.ino())
        || meta.is_file()
            && meta.len() == ours.len()
            && matches!((sha256(program), sha256(&own)), (Ok(its), Ok(our)) if its == our)
}

/// The digest of a program's file.
///
/// # Errors
/// What the system says when it can't be read.
pub fn sha256(path: &Path) -> io::Result<[u8; 32]> {
    digest(&mut File::open(path)?)
}

pub(super) fn digest(file: &mut File) -> io::Result<[u8; 32]> {
    let mut sha256 = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sha256.finalize().into()),
            n => sha256.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hushkey_is_known_by_link_and_by_copy() {
        let home = tempfile::tempdir().unwrap();
        let own = std::env::current_exe().unwrap();
        let (link, copy) = (home.path().join("link"), home.path().join("copy"));
        std::os::unix::fs::symlink(&own, &link).unwrap();
        fs::copy(&own, &copy).unwrap();

        let known = [&own, &link, &copy].map(|path| is_hushkey(path));

        assert_eq!(known, [true; 3]);
        assert!(!is_hushkey(Path::new("/bin/sh")));
        assert!(!is_hushkey(&home.path().join("nothing")));
    }
}
