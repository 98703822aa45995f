//! Whole vaults in and out, for the owner alone: what other programs exported is taken in, and everything is given out to
//! be sealed into a file.

use std::{
    collections::HashSet,
    io::{Cursor, Write},
    sync::{Arc, Mutex, PoisonError},
};

use zeroize::Zeroizing;

use crate::{
    access::Caller,
    audit::{Outcome, Verb},
    broker::{
        Ask, Broker, BrokerError,
        guard::Deed,
        resolve::Seen,
        write::{check_fields, check_title},
    },
    policy::Action,
    portable::{MAX_FILES_BYTES, Portable, PortableFile, PortableItem, PortableVault},
    vault::{
        Batch, BatchVault, FileMetadata, Item, ItemState, NewFile, NewItem, NewVault, Progress,
        VaultError, VaultId, WholeItem, name::folded_name,
    },
};

/// How what was read is taken in.
#[derive(Clone, Debug, Default)]
pub struct ImportTerms {
    /// The vault that gets everything; else each vault goes into that of its name, which is made if there is none.
    pub into: Option<String>,
    /// Leaves out items whose title is in the vault already, instead of refusing.
    pub skip_existing: bool,
}

/// What became of the items for one vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedVault {
    /// The vault's name.
    pub name: String,
    /// Whether the vault was made.
    pub made: bool,
    /// How many items it got.
    pub items: usize,
    /// How many were left out, because their titles were there.
    pub skipped: usize,
}

/// What goes into one vault, before it is stored.
struct Plan {
    told: ImportedVault,
    there: Option<Seen>,
    items: Vec<PortableItem>,
}

impl Broker {
    /// Takes in what another program exported (owner only): all of it or nothing, as far as the backend can.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn import_all(
        &self,
        caller: &Caller,
        portable: Portable,
        terms: &ImportTerms,
        progress: Progress,
    ) -> Result<Vec<ImportedVault>, BrokerError> {
        let ask = self.ask(caller).await?;
        let plans = self.plans(&ask, portable, terms).await;
        let deed = Deed::of(Verb::Import);
        let plans = self.understood(&ask, deed, plans).await?;
        let mut tickets = Vec::new();
        for plan in &plans {
            let deed = match &plan.there {
                Some(seen) => Deed::vault(Verb::Import, &seen.named()),
                None => Deed::of(Verb::Import).called(&plan.told.name),
            };
            tickets.push(self.permit(&ask, &Action::Administer, deed).await?);
        }
        let told: Vec<_> = plans.iter().map(|plan| plan.told.clone()).collect();
        let batches = plans.into_iter().map(|plan| plan.batch(caller)).collect();
        let stored = self.vault.create_all(batches, progress).await;
        for ticket in tickets {
            let outcome = match &stored {
                Ok(_) => Outcome::Done,
                Err(error) => Outcome::Failed(error.to_string()),
            };
            self.closing_as(ticket, outcome, Ok(())).await?;
        }
        stored?;
        Ok(told)
    }

    async fn plans(
        &self,
        ask: &Ask<'_>,
        portable: Portable,
        terms: &ImportTerms,
    ) -> Result<Vec<Plan>, BrokerError> {
        let mut plans: Vec<Plan> = Vec::new();
        for vault in portable.vaults {
            let name = terms.into.as_deref().unwrap_or(&vault.name);
            let there = match self.vault_named(&ask.seen, name) {
                Ok(seen) => Some(seen.clone()),
                Err(VaultError::NotFound { .. }) if terms.into.is_none() => None,
                Err(error) => return Err(error.into()),
            };
            let name = there
                .as_ref()
                .map_or_else(|| name.to_owned(), |seen| seen.overview.name.clone());
            for item in &vault.items {
                self.check_whole(item)?;
            }
            match plans.iter_mut().find(|plan| plan.told.name == name) {
                Some(plan) => plan.items.extend(vault.items),
                None => plans.push(Plan {
                    told: ImportedVault {
                        made: there.is_none(),
                        name,
                        items: 0,
                        skipped: 0,
                    },
                    there,
                    items: vault.items,
                }),
            }
        }
        for plan in &mut plans {
            check_title(&plan.told.name)?;
            let before = plan.items.len();
            if let Some(seen) = &plan.there {
                let titles = self.titles(&seen.overview.id).await?;
                plan.items
                    .retain(|item| !titles.contains(&folded_name(&item.item.title)));
            }
            plan.told.items = plan.items.len();
            plan.told.skipped = before - plan.items.len();
            if plan.told.skipped > 0 && !terms.skip_existing {
                return Err(BrokerError::Invalid(format!(
                    "{} of the titles are in vault `{}` already; --skip-existing leaves these out, --vault puts all into another vault",
                    plan.told.skipped, plan.told.name
                )));
            }
        }
        Ok(plans)
    }

    fn check_whole(&self, item: &PortableItem) -> Result<(), BrokerError> {
        let new = &item.item;
        check_title(&new.title)?;
        check_fields(new.fields.iter().map(|field| &field.metadata))
            .and_then(|()| Ok(self.vault.check_category(&new.category)?))
            .map_err(|error| BrokerError::Invalid(format!("item `{}`: {error}", new.title)))?;
        let cannot = |what: &str, flag: &str| {
            BrokerError::Invalid(format!(
                "item `{}` {what}, which a Connect server can't keep; {flag} leaves such out",
                new.title
            ))
        };
        match self.vault.archives() {
            true => Ok(()),
            false if item.archived => Err(cannot("was put away", "--skip-archived")),
            false if !item.files.is_empty() => Err(cannot("has files", "--skip-files")),
            false => Ok(()),
        }
    }

    async fn titles(&self, vault: &VaultId) -> Result<HashSet<String>, BrokerError> {
        let items = self.vault.items(vault, ItemState::Active).await?;
        Ok(items.iter().map(|item| folded_name(&item.title)).collect())
    }

    /// Gives out vaults with all that they hold (owner only); all of them when none is named.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn export(
        &self,
        caller: &Caller,
        vaults: &[String],
    ) -> Result<Portable, BrokerError> {
        let ask = self.ask(caller).await?;
        let mut wanted: Vec<Seen> = Vec::new();
        for name in vaults {
            let found = self.vault_named(&ask.seen, name);
            wanted.push(self.found(&ask, Verb::Export, name, found).await?.clone());
        }
        if vaults.is_empty() {
            wanted.clone_from(&ask.seen);
        }
        let mut portable = Portable::default();
        let mut room = MAX_FILES_BYTES;
        for seen in wanted {
            let named = seen.named();
            let deed = Deed::vault(Verb::Export, &named);
            let ticket = self.permit(&ask, &Action::Administer, deed).await?;
            let given = self
                .given_out(&named.id, named.name.clone(), &mut room)
                .await;
            portable.vaults.push(self.closing(ticket, given).await?);
        }
        Ok(portable)
    }

    async fn given_out(
        &self,
        vault: &VaultId,
        name: String,
        room: &mut u64,
    ) -> Result<PortableVault, BrokerError> {
        let mut items = Vec::new();
        for state in [ItemState::Active, ItemState::Archived] {
            if state == ItemState::Archived && !self.vault.archives() {
                continue;
            }
            for overview in self.vault.items(vault, state).await? {
                let item = self.vault.item(vault, &overview.id).await?;
                let mut files = Vec::new();
                for file in &item.files {
                    *room = room.checked_sub(file.size).ok_or_else(|| {
                        BrokerError::Invalid(format!(
                            "the files of items have more than {} MiB together; export fewer vaults at a time, or use `hushkey backup`",
                            MAX_FILES_BYTES >> 20
                        ))
                    })?;
                    files.push(self.content(&item, file).await?);
                }
                items.push(PortableItem {
                    archived: state == ItemState::Archived,
                    item: NewItem {
                        title: item.overview.title,
                        category: item.overview.category,
                        urls: item.overview.urls,
                        tags: item.overview.tags,
                        favorite: item.overview.favorite,
                        sections: item.sections,
                        fields: item.fields,
                        created_by: None,
                    },
                    files,
                });
            }
        }
        Ok(PortableVault { name, items })
    }

    async fn content(&self, item: &Item, file: &FileMetadata) -> Result<PortableFile, BrokerError> {
        let kept = Kept::default();
        let into = Box::new(kept.clone());
        let overview = &item.overview;
        self.vault
            .save_file(&overview.vault, &overview.id, &file.id, into)
            .await?;
        let content = std::mem::take(&mut *kept.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(PortableFile {
            name: file.name.clone(),
            section: file.section.clone(),
            content,
        })
    }
}

/// Bytes that are written by another thread.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Zeroizing<Vec<u8>>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Plan {
    fn batch(self, caller: &Caller) -> Batch {
        let vault = match self.there {
            Some(seen) => BatchVault::There(seen.overview.id),
            None => BatchVault::New(NewVault {
                name: self.told.name,
                description: String::new(),
            }),
        };
        let items = self.items.into_iter().map(|whole| WholeItem {
            item: NewItem {
                created_by: Some(caller.name().to_owned()),
                ..whole.item
            },
            files: whole.files.into_iter().map(new_file).collect(),
            archived: whole.archived,
        });
        Batch {
            vault,
            items: items.collect(),
        }
    }
}

fn new_file(file: PortableFile) -> NewFile {
    /// Bytes that are wiped when they were read.
    struct Bytes(Zeroizing<Vec<u8>>);

    impl AsRef<[u8]> for Bytes {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    NewFile {
        name: file.name,
        section: file.section,
        size: file.content.len() as u64,
        content: Box::new(Cursor::new(Bytes(file.content))),
    }
}
