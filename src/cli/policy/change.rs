//! Changes to the policy file: one after another, on record, and whole or not at all.

use std::{fs::File, os::unix::fs::PermissionsExt, path::Path};

use rustix::fs::{FlockOperation, flock};

use crate::{
    broker::Broker,
    cli::{failure::Failure, out_file, record},
    policy::edit::EditError,
    private_file,
};

/// Changes the policy file, on record: `what` says in a few words what is allowed. Tells whether the text changed.
///
/// Two changes at once wait for each other; a crash leaves the old file or the new one.
pub(in crate::cli) fn change(
    broker: &Broker,
    path: &Path,
    what: &str,
    edit: impl FnOnce(&str) -> Result<String, EditError>,
) -> anyhow::Result<bool> {
    let directory = File::open(private_file::directory_of(path))
        .map_err(|error| Failure::file("read", private_file::directory_of(path), &error))?;
    flock(&directory, FlockOperation::LockExclusive)
        .map_err(|error| Failure::file("lock", path, &error.into()))?;
    let (before, mode) = read(path)?;
    let after = edit(&before).map_err(|error| Failure::Usage(error.to_string()))?;
    if after == before {
        return Ok(false);
    }

    record::deed(broker, what, || {
        out_file::write(path, after.as_bytes(), mode)
    })?;
    Ok(true)
}

/// The file's text and mode; a file that is not there grants nothing and says nothing.
fn read(path: &Path) -> anyhow::Result<(String, u32)> {
    let file = match private_file::open_trusted(path) {
        Ok(file) => file,
        Err(error) if error.is_missing() => return Ok((String::new(), 0o600)),
        Err(error) => return Err(Failure::Unavailable(error.to_string()).into()),
    };
    let failed = |error: std::io::Error| Failure::file("read", path, &error);
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    Ok((std::io::read_to_string(file).map_err(failed)?, mode))
}
