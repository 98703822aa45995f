//! Where hushkey's own files lie, and who can reach them.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use super::{Finding, Verdict};
use crate::{
    cli::opening,
    config::{Backend, Config},
    keys::KeySource,
    private_file::{self, PrivateFileError},
};

/// Looks at each directory and file.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let places = &config.places;
    let mut findings: Vec<Finding> = places
        .directories()
        .into_iter()
        .map(|path| finding("place", path, private_file::check_trusted_dir))
        .collect();
    findings.push(match &config.key {
        KeySource::File(path) => key(path, config),
        KeySource::Command(words) => Finding::good(
            "key",
            format!("printed by `{}`", words.first().map_or("", String::as_str)),
        ),
    });
    if matches!(config.backend, Backend::Local) || places.store.exists() {
        findings.push(finding("store", &places.store, is_private));
    }
    if places.environments.exists() {
        findings.push(finding("environments", &places.environments, is_private));
    }
    findings.push(finding("audit", &places.audit, is_private));
    if places.approvals.exists() {
        findings.push(finding("approvals", &places.approvals, is_private));
    }
    findings.push(finding("policy", &places.policy, |path| {
        private_file::open_trusted(path).map(drop)
    }));
    findings.push(match File::open(&places.config) {
        Ok(_) => finding("config", &places.config, |path| {
            private_file::open_trusted(path).map(drop)
        }),
        Err(_) => Finding::good(
            "config",
            format!("{} is not there, and need not be", places.config.display()),
        ),
    });
    findings
}

/// The key file; and whether a passphrase locks it.
fn key(path: &Path, config: &Config) -> Finding {
    let file = finding("key", path, opens_private);
    if file.verdict != Verdict::Good {
        return file;
    }
    match opening::key::locked(config) {
        Err(error) => Finding::bad("key", error.to_string()),
        Ok(None) => file,
        Ok(Some(_)) => {
            let state = match opening::key::place(config).remaining() {
                Ok(None) => "locked now; `hushkey unlock` opens the store for a while".to_owned(),
                Ok(Some(time)) => format!("unlocked for {} minutes yet", time.as_secs() / 60),
                Err(error) => error.to_string(),
            };
            Finding::good("key", format!("{}, with a passphrase; {state}", file.text))
        }
    }
}

/// Without opening it: SQLite's locks on a file end when anybody in the process closes it.
fn is_private(path: &Path) -> Result<(), PrivateFileError> {
    let name = path.file_name().unwrap_or_default().to_owned();
    if !path.exists() {
        return Err(PrivateFileError::Missing {
            path: path.to_owned(),
        });
    }
    private_file::check_private_files(private_file::directory_of(path), &[name])
}

fn opens_private(path: &Path) -> Result<(), PrivateFileError> {
    private_file::open_private(path).map(drop)
}

fn finding(
    subject: &'static str,
    path: &Path,
    check: impl Fn(&Path) -> Result<(), PrivateFileError>,
) -> Finding {
    match check(path) {
        Ok(()) => {
            let mode =
                fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode() & 0o7777);
            Finding::good(subject, format!("{} ({mode:04o})", path.display()))
        }
        Err(error) if error.is_missing() => Finding::look(
            subject,
            format!(
                "{} is not there yet; `hushkey init` makes it",
                path.display()
            ),
        ),
        Err(error) => Finding::bad(subject, error.to_string()),
    }
}
