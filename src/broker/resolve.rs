//! From names to ids: what a caller wrote becomes the vault, item or field that it means.
//!
//! Only vaults in which the caller has some right are looked at, so that "not allowed" and "not there" read
//! alike. Nothing here decrypts a value.

use futures_util::future::join_all;

use crate::{
    access::Caller,
    audit::Verb,
    broker::{Ask, Broker, BrokerError, guard::Deed},
    policy::{Action, Governed, Policy, Right, Rights},
    vault::{
        FieldId, FieldMetadata, FieldType, FileMetadata, ItemId, ItemMetadata, ItemState, Noun,
        SecretReference, Section, VaultError, VaultId, VaultOverview,
        name::same_name,
        reference::{Attribute, Named, ResolvedReference},
    },
};

/// A vault that the caller may see.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub overview: VaultOverview,
    pub rights: Rights,
}

impl Seen {
    pub(super) fn named(&self) -> Named<VaultId> {
        Named {
            id: self.overview.id.clone(),
            name: self.overview.name.clone(),
        }
    }
}

/// An item and the vault that holds it.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub vault: Named<VaultId>,
    pub metadata: ItemMetadata,
}

impl Located {
    pub(super) fn named(&self) -> Named<ItemId> {
        Named {
            id: self.metadata.overview.id.clone(),
            name: self.metadata.overview.title.clone(),
        }
    }

    /// The reference that stands for one of the item's fields.
    pub(super) fn reference(&self, field: &FieldMetadata) -> ResolvedReference {
        ResolvedReference {
            vault: self.vault.clone(),
            item: self.named(),
            section: field.section.as_ref().map(|id| Named {
                id: id.clone(),
                name: self
                    .metadata
                    .sections
                    .iter()
                    .find(|section| section.id == *id)
                    .map_or_else(|| id.to_string(), |section| section.label.clone()),
            }),
            field: Named {
                id: field.id.clone(),
                name: field.label.clone(),
            },
        }
    }

    /// Finds a file by name or id.
    pub(super) fn file(&self, name: &str) -> Result<&FileMetadata, VaultError> {
        let files = &self.metadata.files;
        if let Some(file) = files.iter().find(|file| file.id.as_str() == name) {
            return Ok(file);
        }
        let named: Vec<_> = files
            .iter()
            .filter(|file| same_name(&file.name, name))
            .collect();
        match named.as_slice() {
            [] => Err(VaultError::NotFound {
                noun: Noun::File,
                name: name.to_owned(),
            }),
            [file] => Ok(file),
            several => Err(VaultError::Ambiguous {
                noun: Noun::File,
                name: name.to_owned(),
                candidates: several.iter().map(|file| file.id.to_string()).collect(),
            }),
        }
    }

    /// Finds a field by label or id; a section narrows it down.
    pub(super) fn field(
        &self,
        section: Option<&str>,
        name: &str,
    ) -> Result<&FieldMetadata, VaultError> {
        let sections: Vec<&Section> = match section {
            None => Vec::new(),
            Some(section) => {
                let found: Vec<_> = self
                    .metadata
                    .sections
                    .iter()
                    .filter(|s| s.id.as_str() == section || same_name(&s.label, section))
                    .collect();
                if found.is_empty() {
                    return Err(VaultError::NotFound {
                        noun: Noun::Section,
                        name: section.to_owned(),
                    });
                }
                found
            }
        };
        let within: Vec<&FieldMetadata> = self
            .metadata
            .fields
            .iter()
            .filter(|field| {
                section.is_none()
                    || field
                        .section
                        .as_ref()
                        .is_some_and(|id| sections.iter().any(|section| section.id == *id))
            })
            .collect();
        if let Some(field) = within.iter().find(|field| field.id.as_str() == name) {
            return Ok(field);
        }
        let labelled: Vec<_> = within
            .into_iter()
            .filter(|field| same_name(&field.label, name))
            .collect();
        match labelled.as_slice() {
            [] => Err(VaultError::NotFound {
                noun: Noun::Field,
                name: name.to_owned(),
            }),
            [field] => Ok(field),
            // As `op` does: without a section, a field that stands in none comes first.
            several => match several
                .iter()
                .filter(|f| f.section.is_none())
                .collect::<Vec<_>>()[..]
            {
                [field] if section.is_none() => Ok(field),
                _ => Err(VaultError::Ambiguous {
                    noun: Noun::Field,
                    name: name.to_owned(),
                    candidates: several.iter().map(|field| field.id.to_string()).collect(),
                }),
            },
        }
    }
}

/// A field or file that a reference means.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub reference: ResolvedReference,
    /// The field; a file in a field's clothes.
    pub field: FieldMetadata,
    /// The file, if it is one.
    pub file: Option<FileMetadata>,
    /// What of it is meant.
    pub attribute: Attribute,
    /// The item as the caller wrote it.
    pub asked: String,
    /// The item's version that was looked at: the decision holds for no other.
    pub version: u64,
}

impl Target {
    /// As the policy decides on it.
    pub(super) fn governed(&self) -> Governed<'_> {
        Governed {
            reference: &self.reference,
            origins: &self.field.origins,
        }
    }

    /// As a concealment mark names it.
    pub(super) fn mark(&self) -> String {
        match self.attribute {
            Attribute::Content => self.reference.to_string(),
            attribute => format!("{}{}", self.reference, attribute.query()),
        }
    }

    /// What is meant, where that is not made from a value but says what the field or file is.
    pub(super) fn description(&self) -> Option<String> {
        let field = &self.field;
        Some(match self.attribute {
            attribute if attribute.holds_value() => return None,
            Attribute::Name => field.label.clone(),
            Attribute::Purpose => {
                let purpose = field.purpose.map(|purpose| purpose.as_str().to_lowercase());
                purpose.unwrap_or_default()
            }
            Attribute::Size => self.file.as_ref()?.size.to_string(),
            Attribute::Type => field.kind.as_str().to_lowercase(),
            _ => field.id.to_string(),
        })
    }
}

impl Broker {
    /// The vaults that the caller has some right in, with the policy bound to their ids.
    pub(super) async fn seen(&self, caller: &Caller) -> Result<(Policy, Vec<Seen>), BrokerError> {
        if self.grounds.unlocked.as_ref().is_some_and(|holds| !holds()) {
            return Err(BrokerError::locked());
        }
        let vaults = self.vault.vaults().await?;
        let policy = self.policy(&vaults)?;
        self.record_trouble().await?;
        let seen = seen_under(&policy, caller, vaults);
        Ok((policy, seen))
    }

    /// Finds a vault by id or name.
    pub(super) fn vault_named<'a>(
        &self,
        seen: &'a [Seen],
        name: &str,
    ) -> Result<&'a Seen, VaultError> {
        if let Some(vault) = seen.iter().find(|seen| seen.overview.id.as_str() == name) {
            return Ok(vault);
        }
        let named: Vec<_> = seen
            .iter()
            .filter(|seen| same_name(&seen.overview.name, name))
            .collect();
        match named.as_slice() {
            [] => Err(VaultError::NotFound {
                noun: Noun::Vault,
                name: name.to_owned(),
            }),
            [vault] => Ok(vault),
            several => Err(VaultError::Ambiguous {
                noun: Noun::Vault,
                name: name.to_owned(),
                candidates: several
                    .iter()
                    .map(|seen| seen.overview.id.to_string())
                    .collect(),
            }),
        }
    }

    /// Finds the item that a caller wants to see, change or delete, and records it if there is none. Only where the caller
    /// may see items: elsewhere a title that is there and one that is not have to read alike.
    pub(super) async fn visible_item(
        &self,
        ask: &Ask<'_>,
        verb: Verb,
        vault: Option<&str>,
        name: &str,
    ) -> Result<Located, BrokerError> {
        let sees = |seen: &&Seen| seen.rights.has(Right::Metadata);
        if let Some(vault) = vault
            && let Ok(vault) = self.vault_named(&ask.seen, vault)
            && !sees(&vault)
        {
            let named = vault.named();
            let action = Action::Vault {
                vault: &named,
                right: Right::Metadata,
                reasoned: false,
            };
            let deed = Deed::vault(verb, &named).called(name);
            self.permit(ask, &action, deed).await.map(drop)?;
        }
        let visible: Vec<Seen> = ask.seen.iter().filter(sees).cloned().collect();
        let found = self.item_named(&visible, vault, name).await;
        self.found(ask, verb, name, found).await
    }

    /// Finds an active item by id or title, in one vault or in all that are seen.
    pub(super) async fn item_named(
        &self,
        seen: &[Seen],
        vault: Option<&str>,
        name: &str,
    ) -> Result<Located, VaultError> {
        let vaults: Vec<&Seen> = match vault {
            Some(vault) => vec![self.vault_named(seen, vault)?],
            None => seen.iter().collect(),
        };
        if let Ok(id) = ItemId::parse(name) {
            for vault in &vaults {
                match self.vault.metadata(&vault.overview.id, &id).await {
                    // What was put away is not there, by its id as little as by its title.
                    Ok(metadata) if metadata.overview.state != ItemState::Active => {}
                    Ok(metadata) => {
                        return Ok(Located {
                            vault: vault.named(),
                            metadata,
                        });
                    }
                    // A title of 26 letters is possible: look for it below.
                    Err(VaultError::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let asked = vaults
            .iter()
            .map(|vault| self.vault.items_titled(&vault.overview.id, name));
        let mut found = Vec::new();
        for (vault, overviews) in vaults.iter().zip(join_all(asked).await) {
            found.extend(overviews?.into_iter().map(|it| (vault.named(), it)));
        }
        match found.len() {
            0 => Err(no_item(name)),
            1 => {
                let (vault, overview) = found.remove(0);
                let metadata = self.vault.metadata(&vault.id, &overview.id).await?;
                Ok(Located { vault, metadata })
            }
            _ => Err(VaultError::Ambiguous {
                noun: Noun::Item,
                name: name.to_owned(),
                candidates: found
                    .iter()
                    .map(|(_, overview)| overview.id.to_string())
                    .collect(),
            }),
        }
    }

    /// Finds the field that a reference means. Where the caller may use values but not see items, every miss reads
    /// like an item that is not there.
    pub(super) async fn target(
        &self,
        seen: &[Seen],
        reference: &SecretReference,
    ) -> Result<Target, VaultError> {
        let blind = !self
            .vault_named(seen, &reference.vault)?
            .rights
            .has(Right::Metadata);
        // What a field is, rather than its value, is metadata.
        if blind && !reference.attribute.holds_value() {
            return Err(no_item(&reference.item));
        }
        let found = self.field_named(seen, reference).await;
        match found {
            Err(
                VaultError::Ambiguous { .. } | VaultError::Invalid(_) | VaultError::NotFound { .. },
            ) if blind => Err(no_item(&reference.item)),
            found => found,
        }
    }

    async fn field_named(
        &self,
        seen: &[Seen],
        reference: &SecretReference,
    ) -> Result<Target, VaultError> {
        let located = self
            .item_named(seen, Some(&reference.vault), &reference.item)
            .await?;
        let section = reference.section.as_deref();
        let (field, file) = match located.field(section, &reference.field) {
            Ok(field) => (field.clone(), None),
            // A file is looked for where no field has the name, as `op` does.
            Err(error @ VaultError::NotFound { .. }) => match located.file(&reference.field) {
                Ok(file) => (in_clothes(file), Some(file.clone())),
                Err(VaultError::NotFound { .. }) => return Err(error),
                Err(several) => return Err(several),
            },
            Err(error) => return Err(error),
        };
        check_attribute(reference.attribute, &field, file.is_some())?;
        Ok(Target {
            reference: located.reference(&field),
            field,
            file,
            attribute: reference.attribute,
            asked: reference.item.clone(),
            version: located.metadata.overview.version,
        })
    }
}

/// The vaults in which a policy gives the caller some right.
pub(super) fn seen_under(
    policy: &Policy,
    caller: &Caller,
    vaults: Vec<VaultOverview>,
) -> Vec<Seen> {
    vaults
        .into_iter()
        .map(|overview| {
            let rights = policy.rights(caller, &overview.id);
            Seen { overview, rights }
        })
        .filter(|seen| !seen.rights.is_empty())
        .collect()
}

/// Refuses an attribute that a field, or a file, does not have.
fn check_attribute(
    attribute: Attribute,
    field: &FieldMetadata,
    is_file: bool,
) -> Result<(), VaultError> {
    let wrong = match attribute {
        Attribute::Content | Attribute::Name | Attribute::Size if !is_file => {
            "attribute=content is for files, as name and size are, and that is a field; leave it out to mean the value"
        }
        Attribute::Purpose if is_file => {
            "a file has no purpose; it has attribute=name, size, type and id"
        }
        Attribute::Otp if field.kind != FieldType::Otp => {
            "attribute=otp is for fields of type OTP, which hold a secret for one-time passwords, and that field has another type"
        }
        Attribute::OpenSsh if field.kind != FieldType::SshKey => {
            "ssh-format is for private keys, which are fields of type SSHKEY, and that field has another type"
        }
        _ => return Ok(()),
    };
    Err(VaultError::Invalid(wrong.to_owned()))
}

/// A file as the field that a policy's patterns and the log know it by.
pub(super) fn in_clothes(file: &FileMetadata) -> FieldMetadata {
    FieldMetadata {
        id: FieldId::new(file.id.as_str()),
        section: file.section.clone(),
        label: file.name.clone(),
        kind: FieldType::File,
        purpose: None,
        set: true,
        origins: Vec::new(),
    }
}

/// The answer to an item that is not there, or that the caller may not know of.
pub(super) fn no_item(name: &str) -> VaultError {
    VaultError::NotFound {
        noun: Noun::Item,
        name: name.to_owned(),
    }
}
