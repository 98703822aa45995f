//! Which items were handed to programs over the Connect API, how often, and when last.

use std::collections::{HashMap, HashSet, hash_map};

use jiff::Timestamp;

use crate::{
    audit::{
        AuditError, AuditLog, ConnectActor, Entry, Event, Outcome, Verb, read::is_long_before,
    },
    vault::{ItemId, ServerId, VaultId, reference::Named},
};

/// How an item was used by the programs of one server: the action `Display` of an item-usage report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The item, called as it was last.
    pub item: Named<ItemId>,
    /// Its vault.
    pub vault: Named<VaultId>,
    /// The server, called as it was last.
    pub server: Named<ServerId>,
    /// How often the item, or a file of it, was handed out.
    pub count: u64,
    /// When last.
    pub last: Timestamp,
}

impl AuditLog {
    /// Tells which items were handed out since then, and to one server's programs if one is named; the latest first. Reads all
    /// entries since then.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] when an entry does not match its seal; else what keeps the log from being read.
    pub fn usage(
        &self,
        server: Option<&ServerId>,
        since: Option<Timestamp>,
    ) -> Result<Vec<Usage>, AuditError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare("SELECT seq, sealed FROM entry ORDER BY seq DESC")?;
        let mut rows = statement.query(())?;
        let mut tally = Tally::default();
        while let Some(row) = rows.next()? {
            let entry = self.entry(row)?.1.ok_or(AuditError::Tampered)?;
            if since.is_some_and(|since| is_long_before(entry.time, since)) {
                break;
            }
            let Some(actor) = &entry.actor else { continue };
            if server.is_none_or(|server| *server == actor.server) {
                tally.take(&entry, actor, since);
            }
        }
        Ok(tally.sorted())
    }
}

/// What was counted so far, from the newest entry backwards.
#[derive(Default)]
struct Tally {
    uses: HashMap<(ServerId, ItemId), Usage>,
    /// Entries of which it is known that nothing came of them.
    failed: HashSet<u64>,
}

impl Tally {
    fn take(&mut self, entry: &Entry, actor: &ConnectActor, since: Option<Timestamp>) {
        match &entry.event {
            Event::Ended {
                of,
                outcome: Outcome::Cancelled | Outcome::Failed(_),
            } => {
                self.failed.insert(*of);
            }
            Event::Allowed { .. }
                if entry.verb == Verb::Reveal
                    && since.is_none_or(|since| entry.time >= since)
                    && !self.failed.remove(&entry.seq) =>
            {
                self.count(entry, actor);
            }
            _ => {}
        }
    }

    fn count(&mut self, entry: &Entry, actor: &ConnectActor) {
        let target = &entry.target;
        let (Some(vault), Some(item)) = (&target.vault, &target.item) else {
            return;
        };
        match self.uses.entry((actor.server.clone(), item.id.clone())) {
            hash_map::Entry::Occupied(mut known) => known.get_mut().count += 1,
            hash_map::Entry::Vacant(new) => {
                new.insert(Usage {
                    item: item.clone(),
                    vault: vault.clone(),
                    server: Named {
                        id: actor.server.clone(),
                        name: actor.server_name.clone(),
                    },
                    count: 1,
                    last: entry.time,
                });
            }
        }
    }

    fn sorted(self) -> Vec<Usage> {
        let mut uses: Vec<_> = self.uses.into_values().collect();
        uses.sort_by(|a, b| (b.last, &a.item.id).cmp(&(a.last, &b.item.id)));
        uses
    }
}
