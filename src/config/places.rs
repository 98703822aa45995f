//! Where hushkey's own files lie: all in one directory, or where the XDG Base Directory Specification says.
//!
//! The module makes nothing and checks no mode; who opens a file does.

use std::path::{Path, PathBuf};

use super::{ConfigError, Variables};

/// Paths of hushkey's own files; absolute, and not necessarily there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// `config.toml`.
    pub config: PathBuf,
    /// `policy.toml`.
    pub policy: PathBuf,
    /// `store.db`, with SQLite's companions beside it.
    pub store: PathBuf,
    /// `key`: the key file.
    pub key: PathBuf,
    /// `audit.db`, with SQLite's companions beside it.
    pub audit: PathBuf,
    /// `environments.db`, where the vaults lie on a Connect server; with SQLite's companions beside it.
    pub environments: PathBuf,
    /// `approvals.db`, with SQLite's companions beside it.
    pub approvals: PathBuf,
    /// `agents.db`: digests of agents' tokens, with SQLite's companions beside it.
    pub agents: PathBuf,
    /// `connect.db`: Connect servers of ours and digests of their tokens, with SQLite's companions beside it.
    pub connect: PathBuf,
}

impl Places {
    /// All files in one directory.
    #[must_use]
    pub fn in_directory(home: &Path) -> Self {
        Self::in_directories(home, home, home)
    }

    /// The directories that hold the files, each once. Nothing else should lie in them.
    #[must_use]
    pub fn directories(&self) -> Vec<&Path> {
        let mut directories: Vec<&Path> = [&self.config, &self.store, &self.audit]
            .into_iter()
            .filter_map(|file| file.parent())
            .collect();
        directories.dedup();
        directories
    }

    pub(super) fn find(
        home: Option<&Path>,
        variables: &Variables<'_>,
    ) -> Result<Self, ConfigError> {
        let home = home
            .map(Path::to_owned)
            .or_else(|| variables.os("HUSHKEY_HOME").map(Into::into));
        match home {
            Some(home) => std::path::absolute(&home)
                .map(|home| Self::in_directory(&home))
                .map_err(|source| ConfigError::Unreadable { path: home, source }),
            None => Ok(Self::in_directories(
                &xdg(variables, "XDG_CONFIG_HOME", ".config")?,
                &xdg(variables, "XDG_DATA_HOME", ".local/share")?,
                &xdg(variables, "XDG_STATE_HOME", ".local/state")?,
            )),
        }
    }

    /// A path that `config.toml` names: absolute, beneath the home directory (`~/`), or beside the file.
    pub(super) fn beside_config(&self, path: &str, variables: &Variables<'_>) -> PathBuf {
        let home = variables.os("HOME").map(PathBuf::from);
        match (path.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.config.with_file_name("").join(path),
        }
    }

    fn in_directories(config: &Path, data: &Path, state: &Path) -> Self {
        Self {
            config: config.join("config.toml"),
            policy: config.join("policy.toml"),
            store: data.join("store.db"),
            key: data.join("key"),
            audit: state.join("audit.db"),
            environments: state.join("environments.db"),
            approvals: state.join("approvals.db"),
            agents: data.join("agents.db"),
            connect: data.join("connect.db"),
        }
    }
}

/// `$variable/hushkey`, or `~/fallback/hushkey`; a relative path is ignored, as the specification demands.
fn xdg(variables: &Variables<'_>, variable: &str, fallback: &str) -> Result<PathBuf, ConfigError> {
    let base = variables
        .os(variable)
        .map(PathBuf::from)
        .filter(|base| base.is_absolute());
    let base = match base {
        Some(base) => base,
        None => variables
            .os("HOME")
            .map(PathBuf::from)
            .filter(|home| home.is_absolute())
            .ok_or(ConfigError::NoHome)?
            .join(fallback),
    };
    Ok(base.join("hushkey"))
}
