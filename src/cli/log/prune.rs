//! `hushkey log prune`: removes the oldest entries, on record.

use jiff::Timestamp;

use crate::{
    audit::Keeping,
    cli::{failure::Failure, guard, log_arguments::LogPrune, record, session::Session},
};

/// Does what the command says. The record of it is the newest entry, so that it stays.
pub(super) fn perform(arguments: &LogPrune, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey log prune`")?;
    let keeping = match (
        arguments.keep,
        super::moment("--before", arguments.before.as_deref())?,
    ) {
        (Some(count), _) => Keeping::Newest(count),
        (None, Some(time)) => Keeping::Since(time),
        (None, None) => return Err(Failure::Usage("say --before or --keep".to_owned()).into()),
    };
    let broker = session.broker()?;
    let removed = record::deed(&broker, "the audit log, pruned", || {
        broker.audit().prune(keeping, "owner", Timestamp::now())
    })?;
    if session.output.is_json() {
        return session
            .output
            .json(&serde_json::json!({ "removed": removed }));
    }
    session.output.line(&match removed {
        0 => "nothing is that old".to_owned(),
        1 => "removed 1 entry".to_owned(),
        count => format!("removed {count} entries"),
    })
}
