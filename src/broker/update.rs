//! Changing an item: new values, new fields, new names, all or nothing.

use std::pin::{Pin, pin};

use crate::{
    audit::Verb,
    broker::{
        Ask, Asker, Broker, BrokerError, ItemView, Source, UpdateItem,
        fields::{Shape, lay_beside, makes_private_key, shapes},
        guard::Deed,
        question::Consents,
        resolve::Located,
        shown,
        value::Planned,
        write::{asked_fields, check_fields, check_title},
    },
    policy::{Action, Right},
    vault::{Field, FieldId, FieldMetadata, FieldType, ItemMetadata, Section, VaultError},
};

impl Broker {
    /// Changes an item.
    ///
    /// # Errors
    /// [`BrokerError`]; the item is as it was then.
    pub async fn update_item(
        &self,
        asker: impl Into<Asker<'_>>,
        update: UpdateItem,
        cancelled: impl Future<Output = ()>,
    ) -> Result<ItemView, BrokerError> {
        let asker = asker.into();
        let added = update.add.iter().filter_map(|field| field.source.as_ref());
        let sources = update.set.iter().map(|(_, source)| source).chain(added);
        let consents = Consents::at_most(1 + sources.filter(|it| it.is_command()).count());
        let mut cancelled = pin!(cancelled);
        loop {
            let tried = self.try_to_update(asker, &consents, update.clone(), cancelled.as_mut());
            match tried.await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_update(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        update: UpdateItem,
        cancelled: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<ItemView, BrokerError> {
        let ask = self.ask_with(asker, consents).await?;
        let vault = update.vault.as_deref();
        let located = self
            .visible_item(&ask, Verb::UpdateItem, vault, &update.item)
            .await?;
        let action = Action::Vault {
            vault: &located.vault,
            right: Right::Update,
            reasoned: ask.reasoned(),
        };
        let deed = Deed::item(Verb::UpdateItem, &located).because(ask.reason);
        let ticket = self
            .permit_shown(&ask, &action, deed, |_| {
                shown::update(&ask, &located, &update)
            })
            .await?;
        let made = self.apply(&ask, &located, update, cancelled).await;
        let (metadata, asked) = self.closing(ticket, made).await?;
        let vault = located.vault;
        let located = Located { vault, metadata };
        let asked = self.open_asks(&ask, &located, asked, Right::Update).await?;
        let view = self.view(located).await?;
        Ok(ItemView { asked, ..view })
    }

    async fn apply(
        &self,
        ask: &Ask<'_>,
        located: &Located,
        update: UpdateItem,
        mut cancelled: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(ItemMetadata, Vec<FieldId>), BrokerError> {
        let found = located.metadata.overview.version;
        if let Some(expected) = update.version
            && expected != found
        {
            return Err(VaultError::Conflict { expected, found }.into());
        }
        if let Some(title) = &update.title {
            check_title(title)?;
            self.check_rename(ask, located, title)?;
            let own = &located.metadata.overview.id;
            self.check_taken(ask, &located.vault.id, title, Some(own))
                .await?;
        }

        let only_asks = update.asks_and_nothing_else();
        let (mut set, mut asked) = (Vec::new(), Vec::new());
        for (name, source) in update.set {
            let (section, label) = split(located, &name);
            let field = located.field(section, label)?.clone();
            if makes_private_key(&source) && field.kind != FieldType::SshKey {
                return Err(BrokerError::Invalid(format!(
                    "field `{}` is none for private keys; add one of type SSHKEY",
                    field.label
                )));
            }
            let planned = self
                .plan(ask, &field.label, field.concealed(), source)
                .await?;
            match planned {
                Planned::Ask => asked.push(field.id),
                planned => set.push((field, planned)),
            }
        }
        if only_asks {
            return Ok((located.metadata.clone(), asked));
        }
        let mut removed = Vec::new();
        for name in &update.remove {
            let (section, label) = split(located, name);
            removed.push(located.field(section, label)?.id.clone());
        }
        if asked.iter().any(|asked| removed.contains(asked)) {
            return Err(BrokerError::Invalid(
                "a field can't be removed and typed by a person at once; leave one of them out"
                    .into(),
            ));
        }
        let mut sections = located.metadata.sections.clone();
        let present: Vec<FieldMetadata> = located
            .metadata
            .fields
            .iter()
            .filter(|field| !removed.contains(&field.id))
            .cloned()
            .collect();
        let added = shapes(
            &located.metadata.overview.category,
            &update.add,
            &mut sections,
            &present,
        )?;
        check_fields(
            present
                .iter()
                .chain(added.iter().map(|shape| &shape.metadata)),
        )?;
        let added = self.plan_all(ask, added, update.add).await?;
        asked.extend(asked_fields(&added));

        let mut item = self
            .vault
            .item(&located.vault.id, &located.metadata.overview.id)
            .await?;
        if item.overview.version != found {
            return Err(VaultError::Conflict {
                expected: found,
                found: item.overview.version,
            }
            .into());
        }
        for (field, planned) in set {
            let mut sourced = self
                .obtain(
                    ask,
                    &field.label,
                    field.concealed(),
                    planned,
                    cancelled.as_mut(),
                )
                .await?;
            let public = sourced.public.take();
            let filled = Shape { metadata: field }.fill(sourced);
            let metadata = filled.metadata.clone();
            if let Some(place) = item
                .fields
                .iter_mut()
                .find(|field| field.metadata.id == filled.metadata.id)
            {
                *place = filled;
            }
            if let Some(public) = public {
                lay_beside(&mut item.fields, &metadata, public);
            }
        }
        item.fields
            .retain(|field| !removed.contains(&field.metadata.id));
        item.fields = self.obtain_all(ask, item.fields, added, cancelled).await?;
        item.sections = used_sections(sections, &item.fields);
        let overview = &mut item.overview;
        if let Some(title) = update.title {
            overview.title = title.trim().to_owned();
        }
        if let Some(tags) = update.tags {
            overview.tags = tags;
        }
        if let Some(urls) = update.urls {
            overview.urls = urls;
        }
        if let Some(favorite) = update.favorite {
            overview.favorite = favorite;
        }
        overview.last_edited_by = Some(ask.caller.name().to_owned());
        Ok((self.vault.replace_item(item).await?, asked))
    }

    /// An agent may not rename an item so that other rules govern its fields.
    fn check_rename(
        &self,
        ask: &Ask<'_>,
        located: &Located,
        title: &str,
    ) -> Result<(), BrokerError> {
        if !ask.caller.is_agent() {
            return Ok(());
        }
        let moved = located.metadata.fields.iter().any(|field| {
            let before = located.reference(field);
            let mut after = before.clone();
            after.item.name = title.trim().to_owned();
            ask.policy.governing_rules(&before) != ask.policy.governing_rules(&after)
        });
        if moved {
            return Err(BrokerError::Invalid(
                "that title would change which rules hold for the item; keep the title, or ask the person to rename it".into(),
            ));
        }
        Ok(())
    }
}

impl UpdateItem {
    /// Tells whether nothing is to change but what a person types.
    fn asks_and_nothing_else(&self) -> bool {
        let asks = self
            .set
            .iter()
            .all(|(_, source)| matches!(source, Source::Ask));
        let changes = self.title.is_some()
            || self.tags.is_some()
            || self.urls.is_some()
            || self.favorite.is_some()
            || !self.add.is_empty()
            || !self.remove.is_empty();
        asks && !self.set.is_empty() && !changes
    }
}

/// Reads `section/field` where a section of that name is there, else all of it as the field.
fn split<'a>(located: &Located, name: &'a str) -> (Option<&'a str>, &'a str) {
    match name.split_once('/') {
        Some((section, field))
            if located.metadata.sections.iter().any(|known| {
                known.id.as_str() == section || crate::vault::name::same_name(&known.label, section)
            }) =>
        {
            (Some(section), field)
        }
        _ => (None, name),
    }
}

fn used_sections(sections: Vec<Section>, fields: &[Field]) -> Vec<Section> {
    sections
        .into_iter()
        .filter(|section| {
            !section.label.is_empty()
                || fields
                    .iter()
                    .any(|field| field.metadata.section.as_ref() == Some(&section.id))
        })
        .collect()
}
