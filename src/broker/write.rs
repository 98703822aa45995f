//! Writing: items are made, changed, put away and brought back; vaults by the owner alone.

use std::pin::{Pin, pin};

use crate::{
    access::Caller,
    audit::Verb,
    broker::{
        Ask, Asker, Broker, BrokerError, CreateItem, Deleted, ItemView, NewField,
        fields::{Shape, lay_beside, shapes},
        guard::Deed,
        question::Consents,
        resolve::Located,
        shown,
        value::Planned,
    },
    policy::{Action, Right},
    vault::{
        Category, Field, FieldId, FieldMetadata, ItemId, ItemState, NewItem, NewVault, Noun,
        VaultEdit, VaultError, VaultId, VaultOverview,
    },
};

/// Bounds that keep an item a thing that people can read.
const MAX_FIELDS: usize = 200;
const MAX_TITLE: usize = 500;
const MAX_LABEL: usize = 200;

impl Broker {
    /// Makes an item. `cancelled` ends a `command` source.
    ///
    /// # Errors
    /// [`BrokerError`]; nothing is stored then.
    pub async fn create_item(
        &self,
        asker: impl Into<Asker<'_>>,
        new: CreateItem,
        cancelled: impl Future<Output = ()>,
    ) -> Result<ItemView, BrokerError> {
        let asker = asker.into();
        let sources = new.fields.iter().filter_map(|field| field.source.as_ref());
        let consents = Consents::at_most(1 + sources.filter(|it| it.is_command()).count());
        let mut cancelled = pin!(cancelled);
        loop {
            let tried = self.try_to_create(asker, &consents, new.clone(), cancelled.as_mut());
            match tried.await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_create(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        new: CreateItem,
        cancelled: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<ItemView, BrokerError> {
        let caller = asker.caller;
        let ask = self.ask_with(asker, consents).await?;
        let found = self.vault_named(&ask.seen, &new.vault);
        let found = self
            .found(&ask, Verb::CreateItem, &new.vault, found)
            .await?;
        let vault = found.named();
        let action = Action::Vault {
            vault: &vault,
            right: Right::Create,
            reasoned: ask.reasoned(),
        };
        let deed = Deed::vault(Verb::CreateItem, &vault)
            .called(&new.title)
            .because(ask.reason);
        let ticket = self
            .permit_shown(&ask, &action, deed, |_| shown::create(&ask, &vault, &new))
            .await?;

        let made = async {
            check_title(&new.title)?;
            self.check_taken(&ask, &vault.id, &new.title, None).await?;
            let category = new.category.unwrap_or(Category::Login);
            self.vault.check_category(&category)?;
            let mut sections = Vec::new();
            let shapes = shapes(&category, &new.fields, &mut sections, &[])?;
            check_fields(shapes.iter().map(|shape| &shape.metadata))?;
            let planned = self.plan_all(&ask, shapes, new.fields).await?;
            let asked = asked_fields(&planned);
            let fields = self
                .obtain_all(&ask, Vec::new(), planned, cancelled)
                .await?;
            let item = NewItem {
                title: new.title.trim().to_owned(),
                category,
                urls: new.urls,
                tags: new.tags,
                favorite: new.favorite,
                sections,
                fields,
                created_by: Some(caller.name().to_owned()),
            };
            Ok((self.vault.create_item(&vault.id, item).await?, asked))
        };
        let (metadata, asked) = self.closing(ticket, made.await).await?;
        let located = Located { vault, metadata };
        let asked = self.open_asks(&ask, &located, asked, Right::Create).await?;
        let view = self.view(located).await?;
        Ok(ItemView { asked, ..view })
    }

    /// Archives an item where the backend can, else deletes it; `permanent` deletes (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn delete_item(
        &self,
        asker: impl Into<Asker<'_>>,
        item: &str,
        vault: Option<&str>,
        permanent: bool,
    ) -> Result<Deleted, BrokerError> {
        let asker = asker.into();
        let consents = Consents::at_most(1);
        loop {
            let tried = self.try_to_delete(asker, &consents, item, vault, permanent);
            match tried.await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_delete(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        item: &str,
        vault: Option<&str>,
        permanent: bool,
    ) -> Result<Deleted, BrokerError> {
        let ask = self.ask_with(asker, consents).await?;
        let located = if permanent {
            let found = self.item_in_any_state(&ask, vault, item).await;
            self.found(&ask, Verb::DeleteItem, item, found).await?
        } else {
            self.visible_item(&ask, Verb::DeleteItem, vault, item)
                .await?
        };
        let archives = self.vault.archives() && !permanent;
        let delete = Action::Vault {
            vault: &located.vault,
            right: Right::Delete,
            reasoned: ask.reasoned(),
        };
        let action = if permanent {
            Action::Administer
        } else {
            delete
        };
        let deed = Deed::item(Verb::DeleteItem, &located).because(ask.reason);
        let ticket = self
            .permit_shown(&ask, &action, deed, |_| {
                shown::delete(&ask, &located, archives)
            })
            .await?;
        let overview = located.metadata.overview;
        let done = async {
            if archives {
                self.vault
                    .set_item_state(&overview.vault, &overview.id, ItemState::Archived)
                    .await?;
            } else {
                self.vault
                    .delete_item(&overview.vault, &overview.id)
                    .await?;
            }
            Ok(())
        };
        self.closing(ticket, done.await).await?;
        Ok(Deleted {
            overview,
            archived: archives,
        })
    }

    /// Brings an archived item back (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn restore_item(
        &self,
        caller: &Caller,
        item: &str,
        vault: Option<&str>,
    ) -> Result<ItemView, BrokerError> {
        let ask = self.ask(caller).await?;
        let found = self.item_in_any_state(&ask, vault, item).await;
        let located = self.found(&ask, Verb::RestoreItem, item, found).await?;
        let ticket = self
            .permit(
                &ask,
                &Action::Administer,
                Deed::item(Verb::RestoreItem, &located),
            )
            .await?;
        let overview = &located.metadata.overview;
        let done = self
            .vault
            .set_item_state(&overview.vault, &overview.id, ItemState::Active)
            .await
            .map_err(BrokerError::from);
        let overview = self.closing(ticket, done).await?;
        let mut located = located;
        located.metadata.overview = overview;
        self.view(located).await
    }

    /// Stores an item that was put together elsewhere, values included (owner only): `import`.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn import_item(
        &self,
        caller: &Caller,
        vault: &str,
        mut item: NewItem,
    ) -> Result<ItemView, BrokerError> {
        let ask = self.ask(caller).await?;
        let found = self.vault_named(&ask.seen, vault);
        let vault = self.found(&ask, Verb::Import, vault, found).await?.named();
        let deed = Deed::vault(Verb::Import, &vault).called(&item.title);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let made = async {
            check_title(&item.title)?;
            check_fields(item.fields.iter().map(|field| &field.metadata))?;
            item.created_by = Some(caller.name().to_owned());
            Ok(self.vault.create_item(&vault.id, item).await?)
        };
        let metadata = self.closing(ticket, made.await).await?;
        self.view(Located { vault, metadata }).await
    }

    /// Makes a vault (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn create_vault(
        &self,
        caller: &Caller,
        name: &str,
        description: &str,
    ) -> Result<VaultOverview, BrokerError> {
        let ask = self.ask(caller).await?;
        let deed = Deed::of(Verb::CreateVault).called(name);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let made = async {
            check_title(name)?;
            let new = NewVault {
                name: name.trim().to_owned(),
                description: description.to_owned(),
            };
            Ok(self.vault.create_vault(new).await?)
        };
        self.closing(ticket, made.await).await
    }

    /// Changes a vault (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn edit_vault(
        &self,
        caller: &Caller,
        vault: &str,
        edit: VaultEdit,
    ) -> Result<VaultOverview, BrokerError> {
        let ask = self.ask(caller).await?;
        let found = self.vault_named(&ask.seen, vault);
        let found = self.found(&ask, Verb::EditVault, vault, found).await?;
        let vault = found.named();
        let deed = Deed::vault(Verb::EditVault, &vault);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let made = async {
            edit.name.as_deref().map_or(Ok(()), check_title)?;
            Ok(self.vault.edit_vault(&vault.id, edit).await?)
        };
        self.closing(ticket, made.await).await
    }

    /// Deletes a vault with all that it holds (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn delete_vault(
        &self,
        caller: &Caller,
        vault: &str,
    ) -> Result<VaultOverview, BrokerError> {
        let ask = self.ask(caller).await?;
        let found = self.vault_named(&ask.seen, vault);
        let seen = self.found(&ask, Verb::DeleteVault, vault, found).await?;
        let named = seen.named();
        let deed = Deed::vault(Verb::DeleteVault, &named);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let done = self
            .vault
            .delete_vault(&named.id)
            .await
            .map_err(BrokerError::from);
        self.closing(ticket, done).await?;
        Ok(seen.overview.clone())
    }

    /// Finds an item by id or title, archived ones included; archived ones only the owner may name.
    async fn item_in_any_state(
        &self,
        ask: &Ask<'_>,
        vault: Option<&str>,
        name: &str,
    ) -> Result<Located, BrokerError> {
        match self.item_named(&ask.seen, vault, name).await {
            Err(VaultError::NotFound { .. }) if !ask.caller.is_agent() => {}
            other => return Ok(other?),
        }
        let mut found = Vec::new();
        for seen in &ask.seen {
            if let Some(vault) = vault
                && self.vault_named(&ask.seen, vault)?.overview.id != seen.overview.id
            {
                continue;
            }
            let archived = self
                .vault
                .items(&seen.overview.id, ItemState::Archived)
                .await?;
            found.extend(
                archived
                    .into_iter()
                    .filter(|item| {
                        item.id.as_str() == name || crate::vault::name::same_name(&item.title, name)
                    })
                    .map(|item| (seen.named(), item)),
            );
        }
        match found.as_slice() {
            [] => Err(VaultError::NotFound {
                noun: crate::vault::Noun::Item,
                name: name.to_owned(),
            }
            .into()),
            [(vault, overview)] => Ok(Located {
                vault: vault.clone(),
                metadata: self.vault.metadata(&vault.id, &overview.id).await?,
            }),
            several => Err(VaultError::Ambiguous {
                noun: crate::vault::Noun::Item,
                name: name.to_owned(),
                candidates: several
                    .iter()
                    .map(|(_, item)| item.id.to_string())
                    .collect(),
            }
            .into()),
        }
    }

    /// An agent may not give a title that is taken: every reference by that name would be ambiguous from then on. Where
    /// it may not see items, it isn't told either.
    pub(super) async fn check_taken(
        &self,
        ask: &Ask<'_>,
        vault: &VaultId,
        title: &str,
        own: Option<&ItemId>,
    ) -> Result<(), BrokerError> {
        let sees = ask.policy.rights(ask.caller, vault).has(Right::Metadata);
        if !ask.caller.is_agent() || !sees {
            return Ok(());
        }
        let named = self.vault.items_called(vault, title).await?;
        if named.iter().any(|item| Some(&item.id) != own) {
            return Err(VaultError::Exists {
                noun: Noun::Item,
                name: title.trim().to_owned(),
            }
            .into());
        }
        Ok(())
    }

    pub(super) async fn plan_all(
        &self,
        ask: &Ask<'_>,
        shapes: Vec<Shape>,
        wanted: Vec<NewField>,
    ) -> Result<Vec<(Shape, Option<Planned>)>, BrokerError> {
        let mut planned = Vec::with_capacity(shapes.len());
        for (shape, wanted) in shapes.into_iter().zip(wanted) {
            let source = match wanted.source {
                None => None,
                Some(source) => {
                    let field = &shape.metadata;
                    Some(
                        self.plan(ask, &field.label, field.concealed(), source)
                            .await?,
                    )
                }
            };
            planned.push((shape, source));
        }
        Ok(planned)
    }

    /// Gets all values, and adds the new fields to those that there are.
    pub(super) async fn obtain_all(
        &self,
        ask: &Ask<'_>,
        mut fields: Vec<Field>,
        planned: Vec<(Shape, Option<Planned>)>,
        mut cancelled: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Vec<Field>, BrokerError> {
        let mut keys = Vec::new();
        for (shape, planned) in planned {
            let mut sourced = match planned {
                None => Default::default(),
                Some(planned) => {
                    let field = &shape.metadata;
                    let (label, concealed) = (field.label.clone(), field.concealed());
                    self.obtain(ask, &label, concealed, planned, cancelled.as_mut())
                        .await?
                }
            };
            if let Some(public) = sourced.public.take() {
                keys.push((shape.metadata.clone(), public));
            }
            fields.push(shape.fill(sourced));
        }
        // Last: what is true of a key goes before what the request says of it.
        for (private_key, public) in keys {
            lay_beside(&mut fields, &private_key, public);
        }
        Ok(fields)
    }
}

/// The fields that a person is to type.
pub(super) fn asked_fields(planned: &[(Shape, Option<Planned>)]) -> Vec<FieldId> {
    let asked = planned
        .iter()
        .filter(|(_, planned)| matches!(planned, Some(Planned::Ask)));
    asked.map(|(shape, _)| shape.metadata.id.clone()).collect()
}

pub(super) fn check_title(title: &str) -> Result<(), BrokerError> {
    if title.trim().is_empty() {
        return Err(BrokerError::Invalid(
            "a name or title can't be empty".into(),
        ));
    }
    if title.chars().count() > MAX_TITLE {
        return Err(BrokerError::Invalid(format!(
            "a name or title has at most {MAX_TITLE} characters"
        )));
    }
    Ok(())
}

pub(super) fn check_fields<'a>(
    fields: impl Iterator<Item = &'a FieldMetadata>,
) -> Result<(), BrokerError> {
    let mut count = 0;
    for field in fields {
        count += 1;
        if field.label.chars().count() > MAX_LABEL {
            return Err(BrokerError::Invalid(format!(
                "a field's label has at most {MAX_LABEL} characters"
            )));
        }
    }
    if count > MAX_FIELDS {
        return Err(BrokerError::Invalid(format!(
            "an item has at most {MAX_FIELDS} fields"
        )));
    }
    Ok(())
}
