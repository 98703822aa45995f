//! Items' files: from the vault to disk, and from disk into the vault. Their content never passes through an answer.

use std::path::{Path, PathBuf};

use crate::{
    access::Caller,
    audit::Verb,
    broker::{
        Asker, Broker, BrokerError, ItemView,
        guard::Deed,
        question::Consents,
        resolve::{Located, in_clothes},
        shown,
    },
    policy::{Action, Governed, Right},
    vault::{NewFile, Noun, VaultError},
};

/// Which file, and where it goes.
#[derive(Clone, Debug)]
pub struct SaveFile {
    /// The item's title or id.
    pub item: String,
    /// The vault's name or id; needed where several vaults have an item of that title.
    pub vault: Option<String>,
    /// The file's name or id.
    pub file: String,
    /// Where it is written.
    pub out_file: PathBuf,
    /// The mode that it gets.
    pub mode: u32,
    /// Whether a file that is there is replaced.
    pub overwrite: bool,
}

/// A file that was written.
#[derive(Clone, Debug)]
pub struct SavedFile {
    /// Where it is.
    pub path: PathBuf,
    /// How many bytes it has.
    pub size: u64,
}

/// Which file, and what it becomes.
#[derive(Clone, Debug)]
pub struct AttachFile {
    /// The item's title or id.
    pub item: String,
    /// The vault's name or id; needed where several vaults have an item of that title.
    pub vault: Option<String>,
    /// The file on disk.
    pub path: PathBuf,
    /// Its name in the item; that on disk when absent.
    pub name: Option<String>,
}

impl Broker {
    /// Writes an item's file to disk: whole or not at all, readable by its owner from the first byte on.
    ///
    /// # Errors
    /// [`BrokerError`]; nothing is left on disk then.
    pub async fn save_file(
        &self,
        asker: impl Into<Asker<'_>>,
        wanted: &SaveFile,
    ) -> Result<SavedFile, BrokerError> {
        let asker = asker.into();
        let consents = Consents::at_most(1);
        loop {
            match self.try_to_save(asker, &consents, wanted).await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_save(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        wanted: &SaveFile,
    ) -> Result<SavedFile, BrokerError> {
        let ask = self.ask_with(asker, consents).await?;
        let vault = wanted.vault.as_deref();
        let located = self
            .visible_item(&ask, Verb::SaveFile, vault, &wanted.item)
            .await?;
        let found = located.file(&wanted.file).cloned();
        let deed = Deed::item(Verb::SaveFile, &located);
        let file = self.understood(&ask, deed, found).await?;
        let reference = located.reference(&in_clothes(&file));
        let secrets = [Governed {
            reference: &reference,
            origins: &[],
        }];
        let action = Action::Take {
            right: Right::Files,
            reasoned: ask.reasoned(),
            secrets: &secrets,
        };
        let deed = Deed::item(Verb::SaveFile, &located)
            .called(&file.name)
            .because(ask.reason);
        let ticket = self
            .permit_shown(&ask, &action, deed, |_| {
                shown::file(&ask, Verb::SaveFile, &located, &file.name, &wanted.out_file)
            })
            .await?;
        let saved = async {
            let reach = self.reach(&ask);
            let out = reach.create(&wanted.out_file, wanted.overwrite, &self.grounds.own_paths)?;
            let overview = &located.metadata.overview;
            let size = self
                .vault
                .save_file(&overview.vault, &overview.id, &file.id, out.writer()?)
                .await?;
            let path = out.finish(wanted.mode)?;
            Ok(SavedFile { path, size })
        };
        self.closing(ticket, saved.await).await
    }

    /// Puts a file from disk into an item.
    ///
    /// # Errors
    /// [`BrokerError`]; the item is as it was then.
    pub async fn attach_file(
        &self,
        asker: impl Into<Asker<'_>>,
        wanted: &AttachFile,
    ) -> Result<ItemView, BrokerError> {
        let asker = asker.into();
        let consents = Consents::at_most(1);
        loop {
            match self.try_to_attach(asker, &consents, wanted).await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_attach(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        wanted: &AttachFile,
    ) -> Result<ItemView, BrokerError> {
        let ask = self.ask_with(asker, consents).await?;
        let vault = wanted.vault.as_deref();
        let located = self
            .visible_item(&ask, Verb::AttachFile, vault, &wanted.item)
            .await?;
        let action = Action::Vault {
            vault: &located.vault,
            right: Right::Files,
            reasoned: ask.reasoned(),
        };
        let deed = Deed::item(Verb::AttachFile, &located).because(ask.reason);
        let ticket = self
            .permit_shown(&ask, &action, deed, |_| {
                let name = file_name(wanted).unwrap_or_default();
                shown::file(&ask, Verb::AttachFile, &located, &name, &wanted.path)
            })
            .await?;
        let attached = async {
            let (content, size) = self
                .reach(&ask)
                .open_file(&wanted.path, &self.grounds.own_paths)?;
            let name = file_name(wanted)?;
            if !matches!(located.file(&name), Err(VaultError::NotFound { .. })) {
                let noun = Noun::File;
                return Err(VaultError::Exists { noun, name }.into());
            }
            let file = NewFile {
                name,
                section: None,
                size,
                content: Box::new(content),
            };
            let overview = &located.metadata.overview;
            let attached = self.vault.attach_file(&overview.vault, &overview.id, file);
            Ok(attached.await?)
        };
        let metadata = self.closing(ticket, attached.await).await?;
        self.view(Located {
            vault: located.vault,
            metadata,
        })
        .await
    }

    /// Removes a file from an item, for good (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn detach_file(
        &self,
        caller: &Caller,
        item: &str,
        vault: Option<&str>,
        file: &str,
    ) -> Result<ItemView, BrokerError> {
        let ask = self.ask(caller).await?;
        let located = self
            .visible_item(&ask, Verb::UpdateItem, vault, item)
            .await?;
        let deed = Deed::item(Verb::UpdateItem, &located);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let removed = async {
            let file = located.file(file)?.id.clone();
            let overview = &located.metadata.overview;
            let removed = self.vault.detach_file(&overview.vault, &overview.id, &file);
            Ok(removed.await?)
        };
        let metadata = self.closing(ticket, removed.await).await?;
        self.view(Located {
            vault: located.vault,
            metadata,
        })
        .await
    }
}

fn file_name(wanted: &AttachFile) -> Result<String, BrokerError> {
    let of_path = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
    let name = wanted.name.clone().or_else(|| of_path(&wanted.path));
    name.filter(|name| !name.trim().is_empty() && name.chars().count() <= 200)
        .ok_or_else(|| {
            BrokerError::Invalid("the file needs a name of at most 200 characters".into())
        })
}
