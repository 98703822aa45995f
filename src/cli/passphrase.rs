//! `hushkey passphrase …`: sets, changes and removes the passphrase; and how a passphrase is given.
//!
//! It is typed on the terminal, or comes from a private file, a descriptor or standard input. Never from an argument,
//! which every process of the machine can read, nor from a variable, which programs inherit.

use std::path::Path;

use rustix::fs::FlockOperation;

use crate::{
    cli::{
        PassphraseCommand,
        failure::Failure,
        guard,
        opening::{self, key},
        record,
        session::Session,
        terminal,
    },
    keys::{KeyFile, KeySource, LockedKey, Passphrase},
};

/// What a person is asked for when no file has it.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    /// One that is known already.
    Once(&'a str),
    /// A new one, which a slip must not spoil.
    Twice(&'a str),
}

/// The passphrase: from the file that was named (`-` for standard input), else from the terminal.
pub(super) fn given(file: Option<&Path>, asked: Asked<'_>) -> anyhow::Result<Passphrase> {
    if let Some(file) = file {
        if file == Path::new("-") {
            return Ok(key::passphrase_on_stdin()?);
        }
        return Ok(key::passphrase_in(file)?);
    }
    let (name, again) = match asked {
        Asked::Once(name) => (name, false),
        Asked::Twice(name) => (name, true),
    };
    let typed = Passphrase::new(terminal::ask_passphrase(name)?)?;
    if again {
        // Told before it is typed once more.
        typed.check_strength().map_err(usage)?;
        let second = Passphrase::new(terminal::ask_passphrase(&format!("{name}, once more"))?)?;
        if !typed.same(&second) {
            return Err(usage("the two passphrases differ; nothing was changed").into());
        }
    }
    Ok(typed)
}

/// Does what the command says.
pub(super) fn perform(command: &PassphraseCommand, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey passphrase`")?;
    guard::refuse_beneath_a_run()?;
    let config = &session.config;
    let KeySource::File(path) = &config.key else {
        return Err(usage("a key command gives the key here, so there is no key file that a passphrase could lock; take `key_command` away first").into());
    };
    let locked = key::locked(config)?;
    match (command, locked) {
        (PassphraseCommand::Set { passphrase_file }, None) => {
            set(path, passphrase_file.as_deref(), session)
        }
        (PassphraseCommand::Set { .. }, Some(_)) => Err(usage(
            "there is a passphrase already; `hushkey passphrase change` changes it",
        )
        .into()),
        (_, None) => Err(usage("there is no passphrase; `hushkey passphrase set` sets one").into()),
        (
            PassphraseCommand::Change {
                passphrase_file,
                new_passphrase_file,
            },
            Some(_),
        ) => change(
            path,
            passphrase_file.as_deref(),
            new_passphrase_file.as_deref(),
            session,
        ),
        (PassphraseCommand::Remove { passphrase_file }, Some(_)) => {
            remove(path, passphrase_file.as_deref(), session)
        }
    }
}

fn set(path: &Path, file: Option<&Path>, session: &Session) -> anyhow::Result<()> {
    let config = &session.config;
    let broker = opening::open(config)?;
    let passphrase = given(file, Asked::Twice("New passphrase"))?;
    let old = config.key.load()?;
    record::deed(&broker, "the passphrase, set", || {
        let _alone = opening::lock(config, FlockOperation::NonBlockingLockExclusive);
        let moved = KeyFile::set_passphrase(path, &old, &passphrase)?;
        key::finish(config, moved, &passphrase)?;
        Ok::<_, anyhow::Error>(())
    })?;
    tell(
        session,
        "set",
        "The key has a passphrase now, and is a new one: old copies of the key file open nothing from here on. \
         `hushkey unlock` opens the store for a while",
    )
}

fn change(
    path: &Path,
    file: Option<&Path>,
    new: Option<&Path>,
    session: &Session,
) -> anyhow::Result<()> {
    let config = &session.config;
    let from = given(file, Asked::Once("Passphrase"))?;
    // Wrong, or of a change that was interrupted: known before the new one is typed.
    let opened = key::open_locked(config, &from)?;
    let broker = opening::open_with(config, opened.into())?;
    let to = given(new, Asked::Twice("New passphrase"))?;
    record::deed(&broker, "the passphrase, changed", || {
        let _alone = opening::lock(config, FlockOperation::NonBlockingLockExclusive);
        let moved = KeyFile::change_passphrase(path, &reread(session)?, &from, &to)?;
        key::finish(config, moved, &to)?;
        // Whoever holds the old key holds nothing any more.
        key::place(config).lock()?;
        Ok::<_, anyhow::Error>(())
    })?;
    tell(
        session,
        "changed",
        "The passphrase is changed, and the key is a new one; the store is locked",
    )
}

fn remove(path: &Path, file: Option<&Path>, session: &Session) -> anyhow::Result<()> {
    let config = &session.config;
    let passphrase = given(file, Asked::Once("Passphrase"))?;
    let opened = key::open_locked(config, &passphrase)?;
    let broker = opening::open_with(config, opened.into())?;
    record::deed(&broker, "the passphrase, removed", || {
        let _alone = opening::lock(config, FlockOperation::NonBlockingLockExclusive);
        KeyFile::remove_passphrase(path, &reread(session)?, &passphrase)?;
        key::place(config).lock()?;
        Ok::<_, anyhow::Error>(())
    })?;
    tell(
        session,
        "removed",
        "The passphrase is gone: whoever can read the key file and the store has your secrets",
    )
}

fn reread(session: &Session) -> anyhow::Result<LockedKey> {
    let locked = key::locked(&session.config)?;
    locked.ok_or_else(|| usage("somebody has just removed the passphrase").into())
}

fn tell(session: &Session, done: &str, sentence: &str) -> anyhow::Result<()> {
    if session.output.is_json() {
        return session
            .output
            .json(&serde_json::json!({ "passphrase": done }));
    }
    session.output.line(sentence)
}

fn usage(text: impl ToString) -> Failure {
    Failure::Usage(text.to_string())
}
