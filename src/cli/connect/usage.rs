//! `hushkey connect usage`: which items were handed to the programs of Connect servers of one's own, how often, when last.
//!
//! It reads the audit log and leaves no entry in it, as `hushkey log` does; but for names that the log does not have the
//! store is asked.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    audit::Usage,
    broker::{Broker, BrokerError, Class, ItemsWanted},
    cli::{
        connect_arguments::ConnectUsage,
        failure::Failure,
        guard,
        session::{OWNER, Session, wait},
        variables,
    },
    display_text::escaped,
    vault::{VaultId, name::same_name},
};

/// Does what the command says. A server that is deleted is found by what it was called last.
pub(super) fn perform(arguments: &ConnectUsage, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey connect usage`")?;
    let since = arguments.since.as_deref();
    let since = since.map(|text| variables::moment(text, Timestamp::now()));
    let since = since
        .transpose()
        .map_err(|rule| Failure::Usage(format!("--since is not understood: {rule}")))?;
    let broker = session.broker()?;
    let mut uses = broker.audit().usage(None, since)?;
    if let Some(wanted) = &arguments.server {
        uses.retain(|it| it.server.id.as_str() == wanted || same_name(&it.server.name, wanted));
    }
    let names = wait(names(&broker, &uses))?;
    let views: Vec<_> = uses.iter().map(|it| UsageJson::of(it, &names)).collect();
    if session.output.is_json() {
        return session.output.json(&views);
    }
    if views.is_empty() {
        session.output.note("no item was handed out");
        return Ok(());
    }
    let row = |it: &UsageJson| {
        [
            escaped(&it.item),
            escaped(&it.vault),
            escaped(&it.used_by),
            it.action.to_owned(),
            it.count.to_string(),
            it.last_used.clone(),
        ]
    };
    let rows: Vec<_> = views.iter().map(row).collect();
    let heading = ["ITEM", "VAULT", "USED BY", "ACTION", "TIMES", "LAST USED"];
    session.output.table(heading, &rows)
}

/// What vaults and items are called now, by their ids. What is gone has no name.
async fn names(broker: &Broker, uses: &[Usage]) -> Result<HashMap<String, String>, BrokerError> {
    let mut names = HashMap::new();
    let mut vaults: Vec<&VaultId> = uses.iter().map(|it| &it.vault.id).collect();
    vaults.sort();
    vaults.dedup();
    if vaults.is_empty() {
        return Ok(names);
    }
    for vault in broker.vaults(&OWNER).await? {
        names.insert(vault.overview.id.to_string(), vault.overview.name);
    }
    for vault in vaults {
        for archived in [false, true] {
            let wanted = ItemsWanted {
                vault: Some(vault.to_string()),
                archived,
                ..ItemsWanted::default()
            };
            match broker.items(&OWNER, &wanted).await {
                Ok(page) => names.extend(
                    page.items
                        .into_iter()
                        .map(|line| (line.overview.id.to_string(), line.overview.title)),
                ),
                Err(error) if error.class() == Class::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(names)
}

/// A row, as `--json` shows it.
#[derive(Serialize)]
struct UsageJson {
    item: String,
    item_id: String,
    vault: String,
    vault_id: String,
    /// The server: reports of use have its name, not the token's.
    used_by: String,
    server_id: String,
    action: &'static str,
    count: u64,
    last_used: String,
}

impl UsageJson {
    fn of(usage: &Usage, names: &HashMap<String, String>) -> Self {
        let name = |id: &str, known: &str| names.get(id).cloned().unwrap_or_else(|| known.into());
        let (item, vault) = (&usage.item, &usage.vault);
        Self {
            item: name(item.id.as_str(), &item.name),
            item_id: item.id.to_string(),
            vault: name(vault.id.as_str(), &vault.name),
            vault_id: vault.id.to_string(),
            used_by: usage.server.name.clone(),
            server_id: usage.server.id.to_string(),
            action: "Display",
            count: usage.count,
            last_used: usage.last.to_string(),
        }
    }
}
