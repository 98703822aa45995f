//! `hushkey backup` and `hushkey restore`: the sealed store, copied and put back as it is.

use std::path::Path;

use crate::{
    cli::{Backup, Restore, failure::Failure, guard, opening, out_file, record, session::Session},
    display_text::escaped,
};

/// Copies the store.
pub(super) fn perform(arguments: &Backup, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey backup`")?;
    refuse_connect(session)?;
    let broker = session.broker()?;
    out_file::may_write(&arguments.file, arguments.force)?;
    let head = record::deed(&broker, "a backup of the store, made", || {
        opening::backup(&session.config, &arguments.file)
    })?;
    let path = shown(&arguments.file);
    if session.output.is_json() {
        return session.output.json(&serde_json::json!({
            "out_file": path, "store": head.store, "revision": head.revision,
        }));
    }
    session.output.line(&format!(
        "The store at revision {} is in {}; it opens with the same key, which is not in it",
        head.revision,
        escaped(&path)
    ))
}

/// Puts a backup in the store's place.
pub(super) fn restore(arguments: &Restore, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey restore`")?;
    guard::refuse_beneath_a_run()?;
    refuse_connect(session)?;
    let store = &session.config.places.store;
    if store.exists() && !arguments.force {
        return Err(Failure::Failed(format!(
            "there is a store in {} already; `hushkey backup` keeps it, and --force puts the backup in its place",
            store.display()
        ))
        .into());
    }
    let restored = || opening::restore(&session.config, &arguments.file);
    let head = if store.exists() {
        let broker = session.broker()?;
        record::deed(&broker, "a backup of the store, put in its place", restored)?
    } else if session.config.places.audit.exists() {
        let audit = opening::open_audit(&session.config)?;
        record::deed_without_store(
            &audit,
            "a backup of the store, put where none was",
            restored,
        )?
    } else {
        // A new machine: its log begins with the first command that finds the store.
        restored()?
    };
    if session.output.is_json() {
        return session
            .output
            .json(&serde_json::json!({ "store": head.store, "revision": head.revision }));
    }
    session.output.line(&format!(
        "The store stands at revision {} now, as in {}. If the log knows a later one, every command says so until \
         `hushkey doctor --accept-store`; start servers that run again",
        head.revision,
        escaped(&shown(&arguments.file))
    ))
}

fn refuse_connect(session: &Session) -> Result<(), Failure> {
    if opening::is_connect(&session.config) {
        return Err(Failure::Usage(
            "the secrets are on a Connect server, which 1Password keeps; --backend local means the store on this machine"
                .to_owned(),
        ));
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}
