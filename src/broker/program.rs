//! From a program's name to the file that will be executed.
//!
//! The search path is the policy's, never the caller's. The file's directory is canonical; its last component is not
//! followed, because a link named `sh` and one named `ls` may lead to the same file and still be two programs.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Finds a program: on `path` when it is a bare name, from `cwd` when it has a slash.
#[must_use]
pub(super) fn find(name: &str, cwd: &Path, path: &[PathBuf]) -> Option<PathBuf> {
    if name.contains('/') {
        return executable(&cwd.join(name));
    }
    if name.is_empty() || name == "." || name == ".." {
        return None;
    }
    path.iter()
        .filter(|directory| directory.is_absolute())
        .find_map(|directory| executable(&directory.join(name)))
}

fn executable(path: &Path) -> Option<PathBuf> {
    if !path.is_file() || access(path, Access::EXEC_OK).is_err() {
        return None;
    }
    Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_program_is_found_on_the_given_path_only() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        for (name, mode) in [("tool", 0o755), ("data", 0o644)] {
            std::fs::write(base.join(name), "").unwrap();
            std::fs::set_permissions(base.join(name), PermissionsExt::from_mode(mode)).unwrap();
        }
        let path = [PathBuf::from("relative"), base.clone()];

        assert_eq!(find("tool", Path::new("/"), &path), Some(base.join("tool")));
        assert_eq!(find("./tool", &base, &[]), Some(base.join("tool")));
        assert_eq!(find("data", Path::new("/"), &path), None);
        assert_eq!(find("sh", Path::new("/"), &path), None);
        assert_eq!(find("..", &base, &path), None);
    }
}
