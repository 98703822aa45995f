//! `hushkey policy` shows and checks the policy; [`change`] is how a command changes it.

use std::{fs::File, os::unix::fs::PermissionsExt, path::Path};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};

use crate::{
    audit::{NewEntry, Outcome, Target, Verb},
    broker::{Broker, BrokerError},
    cli::{
        PolicyCommand,
        failure::Failure,
        out_file,
        output::Ink,
        session::{OWNER, Session, wait},
    },
    policy::{Action, edit::EditError},
    private_file,
};

/// Does what the command says.
pub(super) fn perform(command: &PolicyCommand, session: &Session) -> anyhow::Result<()> {
    let broker = session.broker()?;
    match command {
        PolicyCommand::Check => check(&broker, session),
        PolicyCommand::Show => show(&broker, session),
    }
}

fn check(broker: &Broker, session: &Session) -> anyhow::Result<()> {
    let path = &session.config.places.policy;
    let policy = match wait(broker.bound_policy()) {
        Ok(policy) => policy,
        // A policy with a mistake is what this command is for; the vault is well.
        Err(error) => {
            return Err(match error.downcast::<BrokerError>() {
                Ok(BrokerError::Unavailable { message, .. }) => Failure::Failed(message).into(),
                Ok(other) => other.into(),
                Err(error) => error,
            });
        }
    };
    let warnings = policy.warnings();
    let output = session.output;
    if output.is_json() {
        let warnings: Vec<_> = warnings
            .iter()
            .map(|warning| serde_json::json!({ "line": warning.line, "message": warning.message }))
            .collect();
        return output.json(&serde_json::json!({ "policy": path, "warnings": warnings }));
    }
    for warning in &warnings {
        output.line(&format!("{} {warning}", output.ink(Ink::Yellow, "look:")))?;
    }
    output.line(&match warnings.len() {
        0 => format!(
            "{} is well-formed, and nothing in it needs a look",
            path.display()
        ),
        1 => format!(
            "{} is well-formed; one thing in it deserves a look",
            path.display()
        ),
        count => format!(
            "{} is well-formed; {count} things in it deserve a look",
            path.display()
        ),
    })
}

fn show(broker: &Broker, session: &Session) -> anyhow::Result<()> {
    let policy = wait(broker.bound_policy())?;
    let output = session.output;
    let description = policy.describe();
    output.line(description.to_string().trim_end())
}

/// Changes the policy file, on record: `what` says in a few words what is allowed. Tells whether the text changed.
///
/// Two changes at once wait for each other; a crash leaves the old file or the new one.
pub(super) fn change(
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

    let now = Timestamp::now();
    let decision = wait(broker.bound_policy())?.decide(&OWNER, &Action::Administer, now);
    let target = Target {
        unresolved: Some(what.to_owned()),
        ..Target::default()
    };
    let entry = NewEntry::decided(now, &OWNER, Verb::ManageAccess, target.clone(), &decision);
    let recorded = broker.audit().append(&entry)?;

    let written = out_file::write(path, after.as_bytes(), mode);
    let outcome = match &written {
        Ok(()) => Outcome::Done,
        Err(failure) => Outcome::Failed(failure.to_string()),
    };
    let entry = NewEntry::ended(
        Timestamp::now(),
        &OWNER,
        Verb::ManageAccess,
        target,
        recorded.seq,
        outcome,
    );
    broker.audit().append(&entry)?;
    written.map(|()| true).map_err(Into::into)
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
