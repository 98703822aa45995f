//! Reading: lists, metadata, checks, activity; and, for the owner alone, values.

use std::{path::Path, sync::Arc};

use futures_util::future::join_all;

use crate::{
    access::Caller,
    audit::{Outcome, Query, Verb, Viewer},
    broker::{
        Activity, ActivityWanted, Ask, Broker, BrokerError, Checked, ItemLine, ItemPage, ItemView,
        ItemsWanted, VaultView,
        guard::{self, Deed},
        resolve::Located,
    },
    display_text::safe_url,
    dotenv,
    policy::{Action, Decision, Right, Rights},
    vault::{
        BackendAccess, Item, ItemOverview, ItemState, Secret, SecretReference, VariableContent,
        VaultError, is_id,
        name::{folded_name, same_name},
        reference::Ambiguity,
    },
};

impl Broker {
    /// Lists the vaults that the caller may see.
    ///
    /// # Errors
    /// [`BrokerError`] when store, policy or audit log do not answer.
    pub async fn vaults(&self, caller: &Caller) -> Result<Vec<VaultView>, BrokerError> {
        let ask = self.ask(caller).await?;
        let ticket = self
            .permit(&ask, &Action::ListVaults, Deed::of(Verb::ListVaults))
            .await?;
        self.close(ticket, Outcome::Done).await?;
        Ok(ask
            .seen
            .into_iter()
            .map(|seen| {
                let access = self.vault.access(&seen.overview.id);
                VaultView {
                    rights: usable(seen.rights, access),
                    overview: seen.overview,
                    access,
                }
            })
            .collect())
    }

    /// Lists items of one vault, or of all in which the caller may read metadata.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn items(
        &self,
        caller: &Caller,
        wanted: &ItemsWanted,
    ) -> Result<ItemPage, BrokerError> {
        let ask = self.ask(caller).await?;
        let vaults: Vec<_> = match &wanted.vault {
            Some(name) => {
                let found = self.vault_named(&ask.seen, name);
                vec![self.found(&ask, Verb::ListItems, name, found).await?]
            }
            None => ask
                .seen
                .iter()
                .filter(|seen| seen.rights.has(Right::Metadata))
                .collect(),
        };
        let state = if wanted.archived {
            ItemState::Archived
        } else {
            ItemState::Active
        };
        let mut lines = Vec::new();
        for vault in vaults {
            let named = vault.named();
            let action = Action::Vault {
                vault: &named,
                right: Right::Metadata,
                reasoned: false,
            };
            let deed = Deed::vault(Verb::ListItems, &named);
            let ticket = self.permit(&ask, &action, deed).await?;
            let found = self.vault.items(&named.id, state).await;
            let found = found.map_err(BrokerError::from);
            let found = self.closing(ticket, found).await?;
            let named = Arc::new(named);
            lines.reserve(found.len());
            lines.extend(
                found
                    .into_iter()
                    .filter(|overview| fits(overview, wanted))
                    .map(|overview| ItemLine {
                        overview,
                        vault: Arc::clone(&named),
                    }),
            );
        }
        page(lines, wanted)
    }

    /// Reads one item's metadata.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn item(
        &self,
        caller: &Caller,
        item: &str,
        vault: Option<&str>,
    ) -> Result<ItemView, BrokerError> {
        let ask = self.ask(caller).await?;
        let located = self.visible_item(&ask, Verb::ReadItem, vault, item).await?;
        let action = Action::Vault {
            vault: &located.vault,
            right: Right::Metadata,
            reasoned: false,
        };
        let deed = Deed::item(Verb::ReadItem, &located);
        let ticket = self.permit(&ask, &action, deed).await?;
        let view = self.view(located).await;
        self.closing(ticket, view).await
    }

    /// Tells which references would resolve for the caller in a run, and why not. Lines of a file that are no
    /// references are not shown.
    ///
    /// # Errors
    /// [`BrokerError`] when the file can't be read, or store, policy or audit log do not answer.
    pub async fn check_references(
        &self,
        caller: &Caller,
        references: &[String],
        env_file: Option<&Path>,
        environment: Option<&str>,
    ) -> Result<Vec<Checked>, BrokerError> {
        let mut ask = self.ask(caller).await?;
        let variables = match environment {
            Some(name) => self.variables_to_check(&mut ask, name).await?,
            None => Vec::new(),
        };
        let ticket = self
            .permit(&ask, &Action::ListVaults, Deed::of(Verb::CheckReferences))
            .await?;
        let checked = self.checked(&ask, references, env_file, variables).await;
        self.closing(ticket, checked).await
    }

    /// The variables of an environment that are references, for who may see what it holds.
    async fn variables_to_check(
        &self,
        ask: &mut Ask<'_>,
        name: &str,
    ) -> Result<Vec<(Option<String>, String)>, BrokerError> {
        let verb = Verb::CheckReferences;
        let seen = self.environment_for(ask, verb, name).await?;
        if !seen.rights.has(Right::Metadata) {
            let own = seen.named();
            let action = Action::Environment {
                environment: &own,
                right: Right::Metadata,
                reasoned: false,
            };
            let deed = Deed::environment(verb, &own);
            self.permit(ask, &action, deed).await.map(drop)?;
        }
        let variables = seen.environment.variables.into_iter();
        let references = variables.filter_map(|variable| match variable.content {
            VariableContent::Reference(reference) => {
                Some((Some(variable.name.to_string()), reference.to_string()))
            }
            VariableContent::Text(_) => None,
        });
        Ok(references.collect())
    }

    async fn checked(
        &self,
        ask: &Ask<'_>,
        references: &[String],
        env_file: Option<&Path>,
        variables: Vec<(Option<String>, String)>,
    ) -> Result<Vec<Checked>, BrokerError> {
        let named = references.iter().map(|reference| (None, reference.clone()));
        let mut lines: Vec<(Option<String>, String)> = named.collect();
        if let Some(path) = env_file {
            let file = self.env_file(ask, path)?;
            // An agent's file is expanded from itself alone.
            let assignments = file
                .expand(|_| None)
                .map_err(|error| BrokerError::Invalid(error.to_string()))?;
            for assignment in assignments {
                let references = match assignment.value {
                    dotenv::Value::Composed(parts) => parts
                        .into_iter()
                        .filter_map(|part| match part {
                            dotenv::Part::Reference(reference) => Some(reference),
                            dotenv::Part::Text(_) => None,
                        })
                        .collect(),
                    dotenv::Value::Reference(reference) => vec![reference],
                    dotenv::Value::Text(_) => Vec::new(),
                };
                lines.extend(
                    references
                        .into_iter()
                        .map(|reference| (Some(assignment.name.clone()), reference.to_string())),
                );
            }
        }
        lines.extend(variables);
        let reasons = lines
            .iter()
            .map(|(_, reference)| self.why_not(ask, reference));
        let reasons = join_all(reasons).await;
        let mut checked = Vec::new();
        for ((name, reference), reason) in lines.into_iter().zip(reasons) {
            checked.push(Checked {
                // What is no reference could be a value that somebody pasted: it is not repeated.
                reference: if SecretReference::looks_like(&reference) {
                    reference
                } else {
                    "(not a reference)".into()
                },
                name,
                reason,
            });
        }
        Ok(checked)
    }

    async fn why_not(&self, ask: &Ask<'_>, text: &str) -> Option<String> {
        let reference = match SecretReference::parse(text) {
            Ok(reference) => reference,
            Err(error) => return Some(error.to_string()),
        };
        let target = match self.target(&ask.seen, &reference).await {
            Ok(target) => target,
            Err(error) => return Some(error.to_string()),
        };
        let secrets = [target.governed()];
        let action = Action::Take {
            right: Right::Use,
            reasoned: false,
            secrets: &secrets,
        };
        if let Decision::Denied(refusal) = ask.policy.decide(ask.caller, &action, ask.now) {
            return Some(if refusal.is_hidden() {
                let asked = [(target.reference.vault.id, target.asked)];
                guard::hidden(ask, &asked).to_string()
            } else {
                refusal.advice
            });
        }
        if !target.field.set && reference.attribute.holds_value() {
            return Some("the field is empty; set it first".into());
        }
        None
    }

    /// Lists what was done, oldest first. An agent sees its own activity only.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn activity(
        &self,
        caller: &Caller,
        wanted: &ActivityWanted,
    ) -> Result<Vec<Activity>, BrokerError> {
        let ask = self.ask(caller).await?;
        let ticket = self
            .permit(&ask, &Action::ReadActivity, Deed::of(Verb::ReadActivity))
            .await?;
        let query = Query {
            who: match caller {
                Caller::Agent(agent) => Some(agent.name.to_string()),
                Caller::Owner => wanted.agent.clone(),
            },
            since: wanted.since,
            limit: wanted.limit,
            after: wanted.after,
            ..Query::default()
        };
        let viewer = match caller {
            Caller::Agent(_) => Viewer::Agent,
            Caller::Owner => Viewer::Owner,
        };
        let entries = self.read_log(query).await;
        let entries = self.closing(ticket, entries).await?;
        Ok(entries
            .into_iter()
            .map(|entry| Activity::of(&entry, viewer))
            .collect())
    }

    /// Reveals what a reference means (owner only): a value, or one of the field's attributes.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn reveal(
        &self,
        caller: &Caller,
        reference: &SecretReference,
    ) -> Result<Secret, BrokerError> {
        let ask = self.ask(caller).await?;
        let found = self.target(&ask.seen, reference).await;
        let target = self
            .found(&ask, Verb::Reveal, &reference.to_string(), found)
            .await?;
        let governed = target.governed();
        let deed = Deed::fields(Verb::Reveal, [&target]);
        let ticket = self.permit(&ask, &Action::Reveal(&governed), deed).await?;
        let value = match target.description() {
            Some(text) => Ok(Secret::new(text)),
            None => self.value(&target).await,
        };
        self.closing(ticket, value).await
    }

    /// Reveals an item with its values (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn reveal_item(
        &self,
        caller: &Caller,
        item: &str,
        vault: Option<&str>,
    ) -> Result<Item, BrokerError> {
        let ask = self.ask(caller).await?;
        let found = self.item_named(&ask.seen, vault, item).await;
        let located = self.found(&ask, Verb::Reveal, item, found).await?;
        let deed = Deed::item(Verb::Reveal, &located);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let found = self
            .vault
            .item(&located.vault.id, &located.metadata.overview.id)
            .await
            .map_err(BrokerError::from);
        self.closing(ticket, found).await
    }

    /// Adds the references that resolve to an item's fields and files.
    pub(super) async fn view(&self, located: Located) -> Result<ItemView, BrokerError> {
        let overview = &located.metadata.overview;
        let vaults = self.vault.vaults().await?;
        let vault = vaults
            .iter()
            .filter(|vault| same_name(&vault.name, &located.vault.name))
            .count()
            > 1;
        let item = self
            .vault
            .items_titled(&overview.vault, &overview.title)
            .await?
            .len()
            > 1
            // A title that looks like an id would be looked up as one first.
            || is_id(&overview.title);
        let metadata = &located.metadata;
        let field_references = metadata
            .fields
            .iter()
            .map(|field| {
                let reference = located.reference(field);
                let section = reference.section.as_ref().is_some_and(|own| {
                    metadata
                        .sections
                        .iter()
                        .filter(|section| same_name(&section.label, &own.name))
                        .count()
                        > 1
                });
                let label = metadata.fields.iter().any(|other| {
                    other.id != field.id
                        && (other.id.as_str() == field.label
                            || (other.section == field.section
                                && same_name(&other.label, &field.label)))
                });
                reference.reference_text(Ambiguity {
                    vault,
                    item,
                    section,
                    field: label,
                })
            })
            .collect();
        let file_references = metadata
            .files
            .iter()
            .map(|file| format!("op://{}/{}/{}", located.vault.id, overview.id, file.id))
            .collect();
        Ok(ItemView {
            asked: Vec::new(),
            field_references,
            file_references,
            vault: located.vault,
            metadata: located.metadata,
        })
    }
}

/// The rights that are worth something: policy's, without those that the backend is known to refuse. What is not known
/// counts until it is tried.
fn usable(rights: Rights, access: Option<BackendAccess>) -> Rights {
    let Some(access) = access else { return rights };
    rights
        .iter()
        .filter(|right| match right {
            Right::Metadata | Right::Use | Right::Files => access.read != Some(false),
            Right::Create | Right::Update | Right::Delete => access.write != Some(false),
        })
        .fold(Rights::NONE, Rights::with)
}

fn fits(overview: &ItemOverview, wanted: &ItemsWanted) -> bool {
    let category = wanted
        .category
        .as_ref()
        .is_none_or(|category| overview.category == *category);
    let tag = wanted
        .tag
        .as_ref()
        .is_none_or(|tag| overview.tags.iter().any(|own| same_name(own, tag)));
    let query = wanted.query.as_ref().is_none_or(|query| {
        let query = folded_name(query);
        // As they are shown: else what is hidden of them could be guessed letter by letter.
        let urls = overview.urls.iter().map(|url| safe_url(&url.href));
        let named = std::iter::once(&overview.title).chain(&overview.tags);
        named
            .map(|text| folded_name(text))
            .chain(urls.map(|url| folded_name(&url)))
            .any(|text| text.contains(&query))
    });
    category && tag && query
}

/// Cuts one page out of all lines. The cursor is the place of the next line: vault id, folded title and item id in
/// their sorted order, so that a change between two pages shifts nothing.
fn page(mut lines: Vec<ItemLine>, wanted: &ItemsWanted) -> Result<ItemPage, BrokerError> {
    let key = |line: &ItemLine| {
        let ItemOverview { title, id, .. } = &line.overview;
        format!("{}\0{id}", folded_name(title))
    };
    lines.sort_by_cached_key(key);
    if let Some(cursor) = &wanted.cursor {
        let after = data_encoding::BASE64URL_NOPAD
            .decode(cursor.as_bytes())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| {
                BrokerError::Vault(VaultError::Invalid(
                    "the cursor is not one that `list_items` gave; begin again without it".into(),
                ))
            })?;
        lines.drain(..lines.partition_point(|line| key(line) <= after));
    }
    let limit = wanted.limit.unwrap_or(usize::MAX).max(1);
    let more = lines.len() > limit;
    lines.truncate(limit);
    let next_cursor = lines
        .last()
        .filter(|_| more)
        .map(|line| data_encoding::BASE64URL_NOPAD.encode(key(line).as_bytes()));
    Ok(ItemPage {
        items: lines,
        next_cursor,
    })
}
