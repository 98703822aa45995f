//! The policy file on disk: read again whenever it changed, refused when others can write it.
//!
//! What the text means is [`crate::policy`]'s business. A file that is not there grants nothing to any agent.

use std::{
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{broker::PolicySource, policy::Policy, private_file};

/// More than any policy that a person could read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Reads the policy file, and keeps what it read until the file changes.
#[derive(Debug)]
pub struct PolicyFile {
    path: PathBuf,
    home: Option<PathBuf>,
    read: Mutex<Option<(Stamp, Policy)>>,
}

/// What changes when a file is written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl PolicyFile {
    /// Names the file; `home` stands for `~` in it.
    #[must_use]
    pub fn new(path: PathBuf, home: Option<PathBuf>) -> Self {
        Self {
            path,
            home,
            read: Mutex::new(None),
        }
    }

    fn parse(&self, text: &str) -> Result<Policy, String> {
        Policy::parse(text, self.home.as_deref())
            .map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

impl PolicySource for PolicyFile {
    fn current(&self) -> Result<Policy, String> {
        let mut file = match private_file::open_trusted(&self.path) {
            Ok(file) => file,
            Err(error) if error.is_missing() => return self.parse(""),
            Err(error) => return Err(format!("the policy can't be used: {error}")),
        };
        let metadata = file
            .metadata()
            .map_err(|error| unreadable(&self.path, &error))?;
        let stamp = Stamp {
            inode: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, policy)) = &*read
            && *known == stamp
        {
            return Ok(policy.clone());
        }
        let mut text = String::new();
        file.by_ref()
            .take(LONGEST)
            .read_to_string(&mut text)
            .map_err(|error| unreadable(&self.path, &error))?;
        let policy = self.parse(&text)?;
        *read = Some((stamp, policy.clone()));
        Ok(policy)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!(
        "the policy {} can't be read: {}",
        path.display(),
        error.kind()
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::access::{Agent, AgentName};

    fn roots(file: &PolicyFile) -> Result<Vec<PathBuf>, String> {
        let agent = Agent {
            name: AgentName::parse("codex").unwrap(),
            default_roots: vec![],
            client: None,
            standing: crate::access::Standing::default(),
        };
        file.current().map(|policy| policy.roots(&agent).to_vec())
    }

    #[test]
    fn a_changed_file_is_in_force_at_the_next_request() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy.toml");
        let file = PolicyFile::new(path.clone(), None);

        assert_eq!(roots(&file), Ok(vec![]));
        std::fs::write(&path, "[agents.codex]\nroots = [\"/a\"]\n").unwrap();
        assert_eq!(roots(&file), Ok(vec!["/a".into()]));
        std::fs::write(&path, "[agents.codex]\nroots = [\"/bb\"]\n").unwrap();
        assert_eq!(roots(&file), Ok(vec!["/bb".into()]));
        std::fs::write(&path, "[agents.codex]\nroots = 1\n").unwrap();
        assert!(roots(&file).unwrap_err().contains("policy.toml"));
    }

    #[test]
    fn a_policy_that_others_can_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy.toml");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();

        let refused = roots(&PolicyFile::new(path, None)).unwrap_err();

        assert!(refused.contains("chmod go-w"), "{refused}");
    }
}
