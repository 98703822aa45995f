//! An environment's variables set and removed, all or none.
//!
//! An environment holds names: of items' fields, and text that is no secret. So what is to be kept secret goes into an item
//! first, by the same way and under the same rights as any other, and the environment gets the reference.

use std::{
    collections::HashSet,
    pin::{Pin, pin},
};

use futures_util::future::join_all;

use crate::{
    access::Caller,
    audit::Verb,
    broker::{
        Ask, Asker, Broker, BrokerError, CreateItem, EnvironmentView, ItemView, NewField,
        NewVariable, SetVariables, Source, UpdateItem, environments::view, guard::Deed,
        question::Consents, resolve::Located, shown,
    },
    import,
    policy::{Action, Caution, Decision, Right, caution},
    vault::{
        Category, Environment, EnvironmentEdit, FieldType, Noun, Secret, SecretReference,
        VariableContent, VariableName, VaultError, name::same_name,
    },
};

/// Bytes that a variable's plain text may have: the system takes no longer ones anyway.
const MAX_TEXT: usize = 32 * 1024;

impl Broker {
    /// Sets and removes variables, all or none. What is no reference and no plain text goes into an item first. `cancelled`
    /// ends a `command` source.
    ///
    /// # Errors
    /// [`BrokerError`]; the environment is as it was then.
    pub async fn set_variables(
        &self,
        asker: impl Into<Asker<'_>>,
        request: SetVariables,
        cancelled: impl Future<Output = ()>,
    ) -> Result<EnvironmentView, BrokerError> {
        let (asker, consents) = (asker.into(), Consents::at_most(1));
        let mut cancelled = pin!(cancelled);
        loop {
            let tried = self.try_to_set(asker, &consents, request.clone(), cancelled.as_mut());
            match tried.await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_set(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        request: SetVariables,
        cancelled: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<EnvironmentView, BrokerError> {
        let verb = Verb::SetVariables;
        let mut ask = self.ask_with(asker, consents).await?;
        let found = self
            .environment_for(&mut ask, verb, &request.environment)
            .await?;
        let own = found.named();
        let action = Action::Environment {
            environment: &own,
            right: Right::Update,
            reasoned: ask.reasoned(),
        };
        let deed = Deed::environment(verb, &own).because(ask.reason);
        let (vault, item) = (request.vault.clone(), request.item.clone());
        let decided = ask.policy.decide(ask.caller, &action, ask.now);
        if matches!(decided, Decision::Denied(_)) {
            self.permit(&ask, &action, deed.clone()).await.map(drop)?;
        }
        let meant = self.mean_variables(&ask, &found.environment, request).await;
        let (edit, sourced) = self.understood(&ask, deed.clone(), meant).await?;
        if matches!(decided, Decision::Asks(_)) && !sourced.is_empty() {
            let refused: Result<(), _> = Err(BrokerError::Invalid(
                "a person is asked about each change here, one at a time: make the item with create_item first, then set its \
                 reference"
                    .into(),
            ));
            self.understood(&ask, deed.clone(), refused).await?;
        }
        let ticket = self
            .permit_shown(&ask, &action, deed, |_| {
                let (changes, texts) = told(&edit);
                let environment = Some(&found.environment);
                shown::environment(&ask, verb, environment, &own.name, changes, &texts)
            })
            .await?;
        let made = async {
            let mut edit = edit;
            if let (false, Some(vault)) = (sourced.is_empty(), vault) {
                let title = item.unwrap_or_else(|| own.name.clone());
                let kept = self.keep(&ask, asker, &vault, &title, sourced, cancelled);
                edit.set.extend(kept.await?);
            }
            let id = &found.environment.id;
            Ok(self.environments.edit_environment(id, edit).await?)
        };
        let made = self.closing(ticket, made.await).await?;
        Ok(view(&made, found.rights))
    }

    /// What is to be set and removed, and what has to be kept in an item first. Nothing is made yet.
    async fn mean_variables(
        &self,
        ask: &Ask<'_>,
        environment: &Environment,
        request: SetVariables,
    ) -> Result<(EnvironmentEdit, Vec<(VariableName, Source)>), BrokerError> {
        let remove = request.remove.iter().map(|name| variable(name));
        let mut edit = EnvironmentEdit {
            remove: remove.collect::<Result<_, _>>()?,
            by: ask.caller.name().to_owned(),
            ..EnvironmentEdit::default()
        };
        refuse_absent(environment, &edit.remove)?;
        let mut sourced = Vec::new();
        let mut names = HashSet::new();
        for (name, new) in request.set {
            let name = variable(&name)?;
            refuse_loaders(ask, &name)?;
            if !names.insert(name.clone()) {
                return Err(BrokerError::Invalid(format!(
                    "the variable `{name}` is set twice; keep one"
                )));
            }
            match content(ask.caller, &name, new)? {
                Ok(content) => edit.set.push((name, content)),
                Err(source) => sourced.push((name, source)),
            }
        }
        self.refuse_unresolved(ask, &edit).await?;
        if request.vault.is_none() && !sourced.is_empty() {
            return Err(BrokerError::Invalid(
                "a value that is made, read or copied is kept in an item, so `vault` has to say in which vault".into(),
            ));
        }
        Ok((edit, sourced))
    }

    /// A reference that means nothing to whoever sets it is a slip: better told now than in every run.
    async fn refuse_unresolved(
        &self,
        ask: &Ask<'_>,
        edit: &EnvironmentEdit,
    ) -> Result<(), BrokerError> {
        let references = edit.set.iter().filter_map(|(_, content)| match content {
            VariableContent::Reference(reference) => Some(reference),
            VariableContent::Text(_) => None,
        });
        let looked = references.map(async |reference| {
            let target = self.target(&ask.seen, reference).await;
            target.err().map(|error| (reference.clone(), error))
        });
        let missing = join_all(looked).await.into_iter().flatten().collect();
        BrokerError::unresolved(missing).map_or(Ok(()), Err)
    }

    /// Puts values into an item, a new one or the one that has the title, and gives back the references to them.
    async fn keep(
        &self,
        ask: &Ask<'_>,
        asker: Asker<'_>,
        vault: &str,
        title: &str,
        sourced: Vec<(VariableName, Source)>,
        cancelled: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Vec<(VariableName, VariableContent)>, BrokerError> {
        let names: Vec<VariableName> = sourced.iter().map(|(name, _)| name.clone()).collect();
        let there = self.item_to_keep_in(ask, vault, title).await?;
        let field = |(name, source): (VariableName, Source)| NewField {
            label: name.to_string(),
            section: None,
            kind: Some(FieldType::Concealed),
            purpose: None,
            source: Some(source),
        };
        let view = match there {
            None => {
                let new = CreateItem {
                    vault: vault.to_owned(),
                    title: title.to_owned(),
                    category: Some(Category::ApiCredential),
                    fields: sourced.into_iter().map(field).collect(),
                    tags: Vec::new(),
                    urls: Vec::new(),
                    favorite: false,
                };
                self.create_item(asker, new, cancelled).await?
            }
            Some(item) => {
                let has = |name: &VariableName| {
                    let labels = item.metadata.fields.iter().map(|field| &field.label);
                    labels
                        .into_iter()
                        .any(|label| same_name(label, name.as_str()))
                };
                let (set, add): (Vec<_>, Vec<_>) =
                    sourced.into_iter().partition(|(name, _)| has(name));
                let update = UpdateItem {
                    item: item.metadata.overview.id.to_string(),
                    vault: Some(item.vault.id.to_string()),
                    set: set
                        .into_iter()
                        .map(|(name, source)| (name.to_string(), source))
                        .collect(),
                    add: add.into_iter().map(field).collect(),
                    ..UpdateItem::default()
                };
                self.update_item(asker, update, cancelled).await?
            }
        };
        names
            .into_iter()
            .map(|name| Ok((name.clone(), reference_to(&view, &name)?)))
            .collect()
    }

    /// The one item of that title, where the caller may see items; else a new one is made, as `create_item` would.
    async fn item_to_keep_in(
        &self,
        ask: &Ask<'_>,
        vault: &str,
        title: &str,
    ) -> Result<Option<Located>, BrokerError> {
        let sees = self
            .vault_named(&ask.seen, vault)?
            .rights
            .has(Right::Metadata);
        if !sees {
            return Ok(None);
        }
        match self.item_named(&ask.seen, Some(vault), title).await {
            Ok(located) => Ok(Some(located)),
            Err(VaultError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a variable is to hold, or where its value comes from if that has to be kept in an item.
fn content(
    caller: &Caller,
    name: &VariableName,
    new: NewVariable,
) -> Result<Result<VariableContent, Source>, BrokerError> {
    let text = match new {
        NewVariable::Reference(text) => {
            let reference = SecretReference::parse(&text)?;
            return Ok(Ok(VariableContent::Reference(reference)));
        }
        NewVariable::Source(Source::Ask) => {
            return Err(BrokerError::Invalid(
                "what a person types goes into an item: use `ask` in create_item or update_item, and set the reference when it is set"
                    .into(),
            ));
        }
        NewVariable::Source(Source::Text(text)) => text,
        NewVariable::Source(source) => return Ok(Err(source)),
        NewVariable::Typed(secret) => return Ok(Err(Source::Text(secret))),
    };
    let shown = text.expose_secret();
    let why = if SecretReference::looks_like(shown) {
        "is a reference; give it as one"
    } else if shown.len() > MAX_TEXT || shown.contains('\0') {
        "is longer than 32 KiB or holds a zero byte, which no program can be given"
    } else if caller.is_agent() && import::looks_secret(name.as_str(), shown) {
        "looks like a secret, and a secret is never written as text; let it come from generate, file, command or copy, with `vault`"
    } else {
        return Ok(Ok(VariableContent::Text(text)));
    };
    Err(BrokerError::Invalid(format!(
        "the text of the variable `{name}` {why}"
    )))
}

/// A change in lines for a person, and the texts that decide and are not shown.
fn told(edit: &EnvironmentEdit) -> (Vec<String>, Vec<Secret>) {
    let mut changes = Vec::new();
    let mut texts = Vec::new();
    for (name, content) in &edit.set {
        changes.push(match content {
            VariableContent::Reference(reference) => format!("{name}: {reference}"),
            VariableContent::Text(text) => {
                texts.push(text.clone());
                format!("{name}: a text")
            }
        });
    }
    changes.extend(edit.remove.iter().map(|name| format!("{name}: removed")));
    (changes, texts)
}

/// No agent lays down what makes a program of somebody else's load other code.
fn refuse_loaders(ask: &Ask<'_>, name: &VariableName) -> Result<(), BrokerError> {
    match caution(name.as_str()) {
        Some(Caution::Never(why)) if ask.caller.is_agent() => Err(BrokerError::Invalid(format!(
            "the variable `{name}` is never taken from an agent: it {why}; leave it out"
        ))),
        _ => Ok(()),
    }
}

/// Before anything is made for the others.
fn refuse_absent(environment: &Environment, names: &[VariableName]) -> Result<(), BrokerError> {
    let absent = |name: &&VariableName| environment.variable(name).is_none();
    match names.iter().find(absent) {
        None => Ok(()),
        Some(name) => Err(VaultError::NotFound {
            noun: Noun::Variable,
            name: name.to_string(),
        }
        .into()),
    }
}

fn reference_to(view: &ItemView, name: &VariableName) -> Result<VariableContent, BrokerError> {
    let mut fields = view.metadata.fields.iter().zip(&view.field_references);
    let found = fields.find(|(field, _)| same_name(&field.label, name.as_str()));
    let (_, text) = found.ok_or_else(|| VaultError::NotFound {
        noun: Noun::Field,
        name: name.to_string(),
    })?;
    Ok(VariableContent::Reference(SecretReference::parse(text)?))
}

fn variable(name: &str) -> Result<VariableName, BrokerError> {
    VariableName::parse(name).map_err(|error| BrokerError::Invalid(error.to_string()))
}
