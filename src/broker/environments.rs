//! Environments: listed, made, renamed, deleted, and looked up for a run.
//!
//! Using one never widens what an agent may use: each reference in it is decided as if the agent had written
//! it, and each plain variable needs its rule's leave.

use crate::{
    access::Caller,
    audit::{Outcome, Verb},
    broker::{
        Ask, Asker, Broker, BrokerError, EnvironmentView, VariableLine, guard::Deed,
        question::Consents, shown,
    },
    import,
    policy::{Action, Decision, Right, Rights},
    vault::{
        Environment, EnvironmentEdit, EnvironmentId, EnvironmentName, Noun, VariableContent,
        VaultError, reference::Named,
    },
};

/// An environment that the caller may know of.
pub(super) struct SeenEnvironment {
    pub(super) environment: Environment,
    pub(super) rights: Rights,
}

impl SeenEnvironment {
    pub(super) fn named(&self) -> Named<EnvironmentId> {
        named(&self.environment)
    }
}

impl Broker {
    /// Lists the environments that the caller may know of.
    ///
    /// # Errors
    /// [`BrokerError`] when store, policy or audit log do not answer.
    pub async fn environments(&self, caller: &Caller) -> Result<Vec<EnvironmentView>, BrokerError> {
        let mut ask = self.ask(caller).await?;
        let seen = self.seen_environments(&mut ask).await?;
        let deed = Deed::of(Verb::ListEnvironments);
        let ticket = self.permit(&ask, &Action::ListEnvironments, deed).await?;
        self.close(ticket, Outcome::Done).await?;
        Ok(seen
            .iter()
            .map(|it| view(&it.environment, it.rights))
            .collect())
    }

    /// Tells which variables an environment has: names and references, never what is behind them.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn environment(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<EnvironmentView, BrokerError> {
        let mut ask = self.ask(caller).await?;
        let found = self
            .environment_for(&mut ask, Verb::ListVariables, name)
            .await?;
        let action = Action::Environment {
            environment: &found.named(),
            right: Right::Metadata,
            reasoned: ask.reasoned(),
        };
        let deed = Deed::environment(Verb::ListVariables, &found.named());
        let ticket = self.permit(&ask, &action, deed).await?;
        self.close(ticket, Outcome::Done).await?;
        Ok(view(&found.environment, found.rights))
    }

    /// An environment with its plain texts (owner only). `aloud` says that those are wanted too that look like secrets.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn reveal_environment(
        &self,
        caller: &Caller,
        name: &str,
        aloud: bool,
    ) -> Result<Environment, BrokerError> {
        let verb = if aloud {
            Verb::Reveal
        } else {
            Verb::ListVariables
        };
        let mut ask = self.ask(caller).await?;
        let found = self.environment_for(&mut ask, verb, name).await?;
        let deed = Deed::environment(verb, &found.named());
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        self.close(ticket, Outcome::Done).await?;
        Ok(found.environment)
    }

    /// Makes an environment without variables.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn create_environment(
        &self,
        asker: impl Into<Asker<'_>>,
        name: &str,
    ) -> Result<EnvironmentView, BrokerError> {
        let (asker, consents) = (asker.into(), Consents::at_most(1));
        loop {
            match self.try_to_make(asker, &consents, name).await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_make(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        name: &str,
    ) -> Result<EnvironmentView, BrokerError> {
        let verb = Verb::CreateEnvironment;
        let mut ask = self.ask_with(asker, consents).await?;
        let deed = Deed::of(verb).called(name).because(ask.reason);
        let parsed = self.understood(&ask, deed.clone(), parsed(name)).await?;
        let action = Action::NameEnvironment {
            name: parsed.as_str(),
            reasoned: ask.reasoned(),
        };
        let ticket = self
            .permit_shown(&ask, &action, deed, |_| {
                shown::environment(&ask, verb, None, name, Vec::new(), &[])
            })
            .await?;
        let by = ask.caller.name();
        let made = self.environments.create_environment(parsed, by).await;
        let made = self
            .closing(ticket, made.map_err(BrokerError::from))
            .await?;
        self.seen_environments(&mut ask).await?;
        let rights = ask.policy.environment_rights(ask.caller, &made.id);
        Ok(view(&made, rights))
    }

    /// Gives an environment another name. An agent may give only a name that its policy lets it make, and only where nobody's
    /// rights change by it.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn rename_environment(
        &self,
        asker: impl Into<Asker<'_>>,
        environment: &str,
        name: &str,
    ) -> Result<EnvironmentView, BrokerError> {
        let (asker, consents) = (asker.into(), Consents::at_most(1));
        loop {
            let tried = self.try_to_rename(asker, &consents, environment, name);
            match tried.await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_rename(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        environment: &str,
        name: &str,
    ) -> Result<EnvironmentView, BrokerError> {
        let verb = Verb::RenameEnvironment;
        let mut ask = self.ask_with(asker, consents).await?;
        let found = self.environment_for(&mut ask, verb, environment).await?;
        let own = found.named();
        let deed = Deed::environment(verb, &own).because(ask.reason);
        let name = self.understood(&ask, deed.clone(), parsed(name)).await?;
        let naming = Action::NameEnvironment {
            name: name.as_str(),
            reasoned: ask.reasoned(),
        };
        let changing = Action::Environment {
            environment: &own,
            right: Right::Update,
            reasoned: ask.reasoned(),
        };
        // Both have to be allowed, and a person who is asked about one has seen all of it.
        let mut action = &changing;
        for needed in [&naming, &changing] {
            match ask.policy.decide(ask.caller, needed, ask.now) {
                Decision::Allowed(_) => {}
                Decision::Asks(_) => action = needed,
                Decision::Denied(_) => {
                    self.permit(&ask, needed, deed.clone()).await.map(drop)?;
                }
            }
        }
        let ticket = self
            .permit_shown(&ask, action, deed, |_| {
                let changes = vec![format!("new name: {name}")];
                shown::environment(
                    &ask,
                    verb,
                    Some(&found.environment),
                    &own.name,
                    changes,
                    &[],
                )
            })
            .await?;
        let id = &found.environment.id;
        let made = async {
            let moved = ask.policy.moved_by_renaming(id, name.as_str());
            if ask.caller.is_agent() && !moved.is_empty() {
                return Err(BrokerError::Invalid(
                    "that name would change who may do what with the environment; keep the name, or ask the person to rename it"
                        .into(),
                ));
            }
            let edit = EnvironmentEdit {
                name: Some(name.clone()),
                by: ask.caller.name().to_owned(),
                ..EnvironmentEdit::default()
            };
            Ok(self.environments.edit_environment(id, edit).await?)
        };
        let made = self.closing(ticket, made.await).await?;
        self.seen_environments(&mut ask).await?;
        let rights = ask.policy.environment_rights(ask.caller, &made.id);
        Ok(view(&made, rights))
    }

    /// Deletes an environment (owner only). What its references mean stays where it is.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn delete_environment(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<EnvironmentView, BrokerError> {
        let verb = Verb::DeleteEnvironment;
        let mut ask = self.ask(caller).await?;
        let found = self.environment_for(&mut ask, verb, name).await?;
        let deed = Deed::environment(verb, &found.named());
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let deleted = self.environments.delete_environment(&found.environment.id);
        let deleted = deleted.await.map_err(BrokerError::from);
        self.closing(ticket, deleted).await?;
        Ok(view(&found.environment, found.rights))
    }

    /// The environments that a run names, each of which the caller may use.
    pub(super) async fn environments_of_run(
        &self,
        ask: &mut Ask<'_>,
        names: &[String],
    ) -> Result<Vec<Environment>, BrokerError> {
        let mut found = Vec::new();
        for name in names {
            let seen = self.environment_for(ask, Verb::Run, name).await?;
            if !seen.rights.has(Right::Use) {
                let own = seen.named();
                let action = Action::Environment {
                    environment: &own,
                    right: Right::Use,
                    reasoned: ask.reasoned(),
                };
                let deed = Deed::environment(Verb::Run, &own);
                self.permit(ask, &action, deed).await.map(drop)?;
            }
            found.push(seen.environment);
        }
        Ok(found)
    }

    /// Binds the policy to the environments that there are, and tells which of them the caller may know of.
    async fn seen_environments(
        &self,
        ask: &mut Ask<'_>,
    ) -> Result<Vec<SeenEnvironment>, BrokerError> {
        let all = self.environments.environments().await?;
        ask.policy
            .bind_environments(all.iter().map(named).collect());
        let seen = all.into_iter().map(|environment| SeenEnvironment {
            rights: ask.policy.environment_rights(ask.caller, &environment.id),
            environment,
        });
        Ok(seen.filter(|seen| !seen.rights.is_empty()).collect())
    }

    /// Finds an environment by id or name among those that the caller may know of.
    pub(super) async fn environment_for(
        &self,
        ask: &mut Ask<'_>,
        verb: Verb,
        name: &str,
    ) -> Result<SeenEnvironment, BrokerError> {
        let seen = self.seen_environments(ask).await?;
        let means = |it: &SeenEnvironment| {
            it.environment.id.as_str() == name || it.environment.name.is(name)
        };
        let found = seen
            .into_iter()
            .find(means)
            .ok_or_else(|| VaultError::NotFound {
                noun: Noun::Environment,
                name: name.to_owned(),
            });
        self.found(ask, verb, name, found).await
    }
}

fn parsed(name: &str) -> Result<EnvironmentName, BrokerError> {
    EnvironmentName::parse(name).map_err(|error| BrokerError::Invalid(error.to_string()))
}

pub(super) fn named(environment: &Environment) -> Named<EnvironmentId> {
    Named {
        id: environment.id.clone(),
        name: environment.name.to_string(),
    }
}

/// What may be told of an environment to somebody with these rights.
pub(super) fn view(environment: &Environment, rights: Rights) -> EnvironmentView {
    let variables = environment.variables.iter().map(|variable| {
        let name = variable.name.as_str();
        let (reference, concealed, looks_secret) = match &variable.content {
            VariableContent::Reference(reference) => (Some(reference.to_string()), true, false),
            VariableContent::Text(text) => {
                let text = text.expose_secret();
                let concealed = import::conceals(name, text);
                (None, concealed, import::looks_secret(name, text))
            }
        };
        VariableLine {
            name: name.to_owned(),
            reference,
            concealed,
            looks_secret,
            set_by: variable.set_by.clone(),
        }
    });
    let sees = rights.has(Right::Metadata);
    EnvironmentView {
        id: environment.id.clone(),
        name: environment.name.to_string(),
        rights,
        updated_at: environment.updated_at,
        last_edited_by: environment.last_edited_by.clone(),
        variables: sees.then(|| variables.collect()),
    }
}
