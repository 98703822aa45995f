//! The policy file on disk: read again whenever it changed, refused when others can write it.
//!
//! A file that was changed into no policy changes nothing: what it said before stays in force, and that is told once. A
//! process that has read no policy before has none to keep, and allows nothing. What the text means is [`crate::policy`]'s business. A file that is not there grants nothing to any agent.

use std::{
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{broker::PolicySource, policy::Policy, private_file};

/// More than any policy that a person could read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Reads the policy file, and keeps what it read until the file changes.
#[derive(Debug)]
pub struct PolicyFile {
    path: PathBuf,
    home: Option<PathBuf>,
    read: Mutex<LastRead>,
}

/// What was read last.
#[derive(Debug, Default)]
struct LastRead {
    /// The policy in force, and the file that it was read from.
    good: Option<(Stamp, Policy)>,
    /// The file that is no policy, and why not.
    broken: Option<(Stamp, String)>,
    /// What has not been told yet.
    untold: Option<String>,
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
            read: Mutex::default(),
        }
    }

    fn last(&self) -> MutexGuard<'_, LastRead> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells cheaply whether a word stands anywhere in the file, comments included; of a file that can't be read, yes.
    #[must_use]
    pub fn may_say(&self, word: &str) -> bool {
        let mut text = Vec::new();
        match private_file::open_trusted(&self.path) {
            Ok(file) => match file.take(LONGEST).read_to_end(&mut text) {
                Ok(_) => memchr::memmem::find(&text, word.as_bytes()).is_some(),
                Err(_) => true,
            },
            Err(error) => !error.is_missing(),
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
            Err(error) if error.is_missing() => {
                *self.last() = LastRead::default();
                return self.parse("");
            }
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
        let mut read = self.last();
        if let Some((known, policy)) = &read.good
            && (*known == stamp || read.broken.as_ref().is_some_and(|(it, _)| *it == stamp))
        {
            return Ok(policy.clone());
        }
        let mut text = String::new();
        file.by_ref()
            .take(LONGEST)
            .read_to_string(&mut text)
            .map_err(|error| unreadable(&self.path, &error))?;
        match (self.parse(&text), &read.good) {
            (Ok(policy), _) => {
                *read = LastRead {
                    good: Some((stamp, policy.clone())),
                    ..LastRead::default()
                };
                Ok(policy)
            }
            (Err(error), Some((_, before))) => {
                let before = before.clone();
                read.untold = Some(format!("{error}; what the file said before stays in force"));
                read.broken = Some((stamp, error));
                Ok(before)
            }
            (Err(error), None) => Err(error),
        }
    }

    fn trouble(&self) -> Option<String> {
        self.last().untold.take()
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
        std::fs::remove_file(&path).unwrap();
        assert_eq!(roots(&file), Ok(vec![]));
    }

    #[test]
    fn a_file_that_became_no_policy_leaves_the_old_one_in_force_and_that_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy.toml");
        let file = PolicyFile::new(path.clone(), None);
        std::fs::write(&path, "[agents.codex]\nroots = [\"/a\"]\n").unwrap();
        assert_eq!(roots(&file), Ok(vec!["/a".into()]));

        std::fs::write(&path, "[agents.codex]\nroots = 1\n").unwrap();

        assert_eq!(roots(&file), Ok(vec!["/a".into()]));
        let told = file.trouble().unwrap();
        assert!(told.contains("policy.toml: line 2"), "{told}");
        assert!(told.contains("stays in force"), "{told}");
        assert_eq!(roots(&file), Ok(vec!["/a".into()]));
        assert_eq!(file.trouble(), None);
        let fresh = PolicyFile::new(path.clone(), None);
        assert!(roots(&fresh).unwrap_err().contains("policy.toml: line 2"));
        std::fs::write(&path, "[agents.codex]\nroots = [\"/c\"]\n").unwrap();
        assert_eq!(roots(&file), Ok(vec!["/c".into()]));
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
