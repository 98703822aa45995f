//! `hushkey unlock` and `hushkey lock`: who holds the key of a store with a passphrase, and for how long.

use std::{path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::{
    cli::{
        Unlock,
        failure::Failure,
        guard,
        opening::{self, key},
        passphrase::{self, Asked},
        record,
        session::Session,
    },
    unlocked,
};

/// The hidden command that becomes the process which holds the key.
pub(super) const HOLDER: &str = "hold-key";

/// The longest time that a key is held: a week.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Asks for the passphrase, and starts the process that holds the key.
pub(super) fn unlock(arguments: &Unlock, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey unlock`")?;
    guard::refuse_beneath_a_run()?;
    let config = &session.config;
    if arguments.time > LONGEST || arguments.time.as_secs() == 0 {
        return Err(Failure::Usage(
            "a store is unlocked for a second at least and a week at most".to_owned(),
        )
        .into());
    }
    if key::locked(config)?.is_none() {
        return session.output.line("the store has no passphrase, so it is never locked; `hushkey passphrase set` gives it one");
    }
    let given = passphrase::given(
        arguments.passphrase_file.as_deref(),
        Asked::Once("Passphrase"),
    )?;
    let opened = key::open_locked(config, &given)?;
    drop(given);

    let broker = opening::open_with(config, opened.clone().into())?;
    let until = end(arguments.time);
    record::deed(&broker, &format!("the key, unlocked until {until}"), || {
        unlocked::start(&key::place(config), &opened, &[HOLDER], arguments.time)
    })?;
    if session.output.is_json() {
        return session
            .output
            .json(&serde_json::json!({ "unlocked": true, "until": until }));
    }
    session.output.line(&format!(
        "Unlocked until {until}, or until `hushkey lock`, or until this login ends"
    ))
}

/// Ends the process that holds the key.
pub(super) fn lock(session: &Session) -> anyhow::Result<()> {
    let place = key::place(&session.config);
    // Recorded while the key is there; that nothing can be recorded is no reason to leave the store open.
    let was_held = match opening::open(&session.config) {
        Ok(broker) if place.remaining().ok().flatten().is_some() => {
            record::deed(&broker, "the key, locked", || place.lock())?
        }
        _ => place.lock()?,
    };
    if session.output.is_json() {
        return session
            .output
            .json(&serde_json::json!({ "locked": true, "was_unlocked": was_held }));
    }
    session.output.line(match was_held {
        true => "Locked; servers that are running refuse from now on",
        false => "It was not unlocked",
    })
}

/// Becomes the process that holds the key.
pub(super) fn hold(socket: &Path, seconds: u64) -> anyhow::Result<()> {
    guard::refuse_beneath_a_run()?;
    Ok(unlocked::hold(socket, Duration::from_secs(seconds))?)
}

fn end(time: Duration) -> String {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    let end = Timestamp::now().checked_add(time).unwrap_or(Timestamp::MAX);
    end.strftime("%Y-%m-%d %H:%MZ").to_string()
}
