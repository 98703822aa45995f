//! The decision itself: a chain of questions, each of which may refuse.

use jiff::Timestamp;

use crate::{
    access::{AgentName, Caller},
    limits::Limits,
    policy::{
        Action, AgentPolicy, Approve, Asking, Cause, Caution, Decision, Governed, Grounds,
        OutputMode, Permit, Policy, Refusal, Right, Rights, Rule, Run, ShortValues, Surroundings,
        advice, caution, remedy,
    },
    vault::{EnvironmentId, VaultId, reference::Named},
};

type Answer<T> = Result<T, Box<Refusal>>;

/// Nothing depends on the time yet; grants that end will.
pub(super) fn decide(
    policy: &Policy,
    caller: &Caller,
    action: &Action<'_>,
    _now: Timestamp,
) -> Decision {
    let Caller::Agent(agent) = caller else {
        return Decision::Allowed(owner(action));
    };
    let nothing = AgentPolicy::default();
    let granted = policy.granted(agent);
    let question = Question {
        policy,
        name: &agent.name,
        granted: granted.unwrap_or(&nothing),
    };
    let answer = match granted {
        Some(_) if agent.standing.distant && matches!(action, Action::Run(_)) => {
            Err(refusal(Cause::Distant, advice::DISTANT).with_remedy(remedy::DISTANT.to_owned()))
        }
        Some(_) => question.ask(action),
        None if policy.agents.contains_key(&agent.name) => {
            Err(refusal(Cause::Unproven, advice::UNPROVEN)
                .with_remedy(remedy::unproven(&agent.name)))
        }
        None => Err(question.unknown_agent(action)),
    };
    answer.unwrap_or_else(|refusal| Decision::Denied(*refusal))
}

fn owner(action: &Action<'_>) -> Permit {
    let wanted = match action {
        Action::Run(run) => run.output,
        _ => None,
    };
    Permit {
        grounds: Grounds::Owner,
        output: wanted.unwrap_or(OutputMode::Full),
        short_values: ShortValues::default(),
        plain: Vec::new(),
        timeout: None,
        limits: Limits::default(),
        surroundings: Surroundings::default(),
    }
}

/// What one agent asks of its part of the policy.
pub(super) struct Question<'p> {
    pub(super) policy: &'p Policy,
    pub(super) name: &'p AgentName,
    pub(super) granted: &'p AgentPolicy,
}

impl Question<'_> {
    fn ask(&self, action: &Action<'_>) -> Answer<Decision> {
        match action {
            Action::Administer => Err(refusal(Cause::OwnerOnly, advice::OWNER_ONLY)),
            Action::Environment {
                environment,
                right,
                reasoned,
            } => {
                self.environment(environment, *right)?;
                self.confirmed(*right, *reasoned)
            }
            Action::ListEnvironments | Action::ListVaults | Action::ReadActivity => {
                Ok(Decision::Allowed(by_rights()))
            }
            Action::NameEnvironment { name, reasoned } => {
                self.name_environment(name)?;
                self.confirmed(Right::Create, *reasoned)
            }
            Action::Reveal(_) => Err(refusal(Cause::OwnerOnly, advice::NEVER_SHOWN)),
            Action::Run(run) => self.run(run),
            Action::Take {
                right,
                secrets,
                reasoned,
            } => {
                self.take(*right, secrets)?;
                self.confirmed(*right, *reasoned)
            }
            Action::Vault {
                vault,
                right,
                reasoned,
            } => {
                self.vault(vault, *right)?;
                self.confirmed(*right, *reasoned)
            }
        }
    }

    /// What a write that the rights allow still needs.
    fn confirmed(&self, right: Right, reasoned: bool) -> Answer<Decision> {
        if right.writes() && self.granted.require_reason && !reasoned {
            return Err(refusal(Cause::Reason, advice::REASON));
        }
        let permit = by_rights();
        Ok(if right.writes() && self.granted.confirm.has(right) {
            Decision::Asks(Asking {
                permit,
                by: self.granted.approve_by,
                once: false,
            })
        } else {
            Decision::Allowed(permit)
        })
    }

    fn vault(&self, vault: &Named<VaultId>, right: Right) -> Answer<()> {
        let rights = self.granted.rights(&vault.id);
        if rights.has(right) {
            return Ok(());
        }
        let remedy = remedy::rights(self, [(vault, right)]);
        if rights.is_empty() {
            return Err(refusal(Cause::Hidden, advice::NOTHING_THERE).with_remedy(remedy));
        }
        let advice = advice::right(right, rights, &vault.name);
        Err(refusal(Cause::Right(right), advice).with_remedy(remedy))
    }

    fn environment(&self, environment: &Named<EnvironmentId>, right: Right) -> Answer<()> {
        let rights = self.granted.environment_rights(&environment.id);
        if rights.has(right) {
            return Ok(());
        }
        let remedy = remedy::environment(self, &environment.name, rights.with(right));
        if rights.is_empty() {
            return Err(refusal(Cause::Hidden, advice::NOTHING_THERE).with_remedy(remedy));
        }
        let advice = advice::environment(right, rights, &environment.name);
        Err(refusal(Cause::Right(right), advice).with_remedy(remedy))
    }

    fn name_environment(&self, name: &str) -> Answer<()> {
        if self.granted.may_name_environment(name) {
            return Ok(());
        }
        let rights = Rights::level("write").unwrap_or_default();
        Err(
            refusal(Cause::Right(Right::Create), advice::NAME_ENVIRONMENT)
                .with_remedy(remedy::environment(self, name, rights)),
        )
    }

    fn take(&self, right: Right, secrets: &[Governed<'_>]) -> Answer<()> {
        self.values(right, secrets).map_err(|refusal| {
            let vaults = vaults(secrets).map(|vault| (vault, right));
            refusal.with_remedy(remedy::rights(self, vaults))
        })
    }

    /// Asks for a right in the vaults of all fields and of their origins. Where the agent may not see a vault's items, a
    /// refusal must not tell that the field is there; where a value was copied from, it learns from no refusal.
    fn values(&self, right: Right, secrets: &[Governed<'_>]) -> Answer<()> {
        for secret in secrets {
            let vault = &secret.reference.vault;
            let rights = self.granted.rights(&vault.id);
            if !rights.has(right) {
                let advice = advice::right(right, rights, &vault.name);
                return Err(self.if_seen(&[*secret], Cause::Right(right), advice));
            }
            let origins_allow = secret
                .origins
                .iter()
                .all(|origin| self.granted.rights(&origin.vault.id).has(right));
            if !origins_allow {
                return Err(self.if_seen(&[*secret], Cause::References, advice::NOT_YOURS.into()));
            }
        }
        Ok(())
    }

    fn run(&self, run: &Run<'_>) -> Answer<Decision> {
        never_taken(run)?;
        self.values(Right::Use, run.secrets)
            .and_then(|()| self.first_match(run))
            .map_err(|refusal| refusal.with_remedy(remedy::run(self, run)))
            .and_then(|rule| {
                self.demands(rule, run)
                    .map_err(|refusal| refusal.by_rule(rule))?;
                Ok(self.by_rule(rule, run))
            })
    }

    /// What a rule that matched allows, at once or after a person's yes.
    fn by_rule(&self, rule: &Rule, run: &Run<'_>) -> Decision {
        let permit = Permit {
            grounds: Grounds::Rule(rule.name()),
            output: rule.output.min(run.output.unwrap_or_default()),
            short_values: rule.short_values,
            plain: rule.plain.clone(),
            timeout: rule.timeout,
            limits: rule.limits,
            surroundings: rule.surroundings.clone(),
        };
        if rule.approve == Approve::Never {
            return Decision::Allowed(permit);
        }
        Decision::Asks(Asking {
            permit,
            by: rule.approve_by.or(self.granted.approve_by),
            once: rule.approve == Approve::Once,
        })
    }

    /// The first rule with this command that covers all references decides, even if it then refuses: what it demands could
    /// else be dodged by falling through to a laxer one.
    fn first_match(&self, run: &Run<'_>) -> Answer<&Rule> {
        let covering = || {
            self.granted
                .rules
                .iter()
                .filter(|rule| rule.covers_all(run.secrets))
        };
        if let Some(rule) = covering().find(|rule| rule.run.covers(run.program, run.arguments)) {
            return Ok(rule);
        }
        if covering().next().is_none() && !run.secrets.is_empty() {
            let advice = advice::references(run.secrets.len());
            return Err(self.if_seen(run.secrets, Cause::References, advice));
        }
        let advice = advice::command(covering(), run.secrets.is_empty());
        Err(refusal(Cause::Command, advice))
    }

    /// A refusal about fields, which must not even tell that they are there if the agent may not see their vault's items.
    fn if_seen(&self, secrets: &[Governed<'_>], cause: Cause, advice: String) -> Box<Refusal> {
        let seen = secrets.iter().all(|secret| {
            let rights = self.granted.rights(&secret.reference.vault.id);
            rights.has(Right::Metadata)
        });
        if seen {
            refusal(cause, advice)
        } else {
            refusal(Cause::Hidden, advice::NOTHING_THERE)
        }
    }

    /// What the rule that matched asks for besides.
    fn demands(&self, rule: &Rule, run: &Run<'_>) -> Answer<()> {
        for name in run.secret_variables {
            if matches!(caution(name), Some(Caution::ByName(_))) && !rule.names(name) {
                return Err(self.variable(rule, name));
            }
        }
        for name in run.variables {
            let taken = match caution(name) {
                Some(_) => rule.names(name),
                None => rule.env.iter().any(|pattern| pattern.covers(name)),
            };
            if !taken {
                return Err(self.variable(rule, name));
            }
        }
        if !rule.cwd.is_empty() && !rule.cwd.iter().any(|cwd| run.cwd.starts_with(cwd)) {
            return Err(refusal(Cause::Directory, advice::directory(&rule.cwd))
                .with_remedy(remedy::change(rule, "cwd")));
        }
        if (rule.require_reason || self.granted.require_reason) && !run.reasoned {
            return Err(refusal(Cause::Reason, advice::REASON));
        }
        Ok(())
    }

    fn variable(&self, rule: &Rule, name: &str) -> Box<Refusal> {
        refusal(Cause::Variable(name.to_owned()), advice::variable(name))
            .with_remedy(remedy::variable(self, rule, name))
    }

    /// Refuses everything, but tells the owner what would allow it.
    fn unknown_agent(&self, action: &Action<'_>) -> Box<Refusal> {
        let remedy = match action {
            Action::Administer | Action::Reveal(_) => {
                return refusal(Cause::OwnerOnly, advice::OWNER_ONLY);
            }
            Action::Environment {
                environment, right, ..
            } => remedy::environment(self, &environment.name, Rights::NONE.with(*right)),
            Action::NameEnvironment { name, .. } => {
                remedy::environment(self, name, Rights::level("write").unwrap_or_default())
            }
            Action::ListEnvironments | Action::ListVaults | Action::ReadActivity => {
                remedy::any_vault(self)
            }
            Action::Run(run) => remedy::run(self, run),
            Action::Take { right, secrets, .. } => {
                remedy::rights(self, vaults(secrets).map(|vault| (vault, *right)))
            }
            Action::Vault { vault, right, .. } => remedy::rights(self, [(*vault, *right)]),
        };
        refusal(Cause::UnknownAgent, advice::unknown_agent(self.name)).with_remedy(remedy)
    }
}

impl Rule {
    /// One rule has to cover all fields of a run, and all that their values were copied from.
    fn covers_all(&self, secrets: &[Governed<'_>]) -> bool {
        secrets
            .iter()
            .flat_map(|secret| secret.all())
            .all(|reference| self.secrets.iter().any(|pattern| pattern.covers(reference)))
    }

    /// Tells whether `env` has this very name.
    fn names(&self, variable: &str) -> bool {
        self.env.iter().any(|pattern| pattern.as_str() == variable)
    }
}

impl Refusal {
    fn with_remedy(mut self: Box<Self>, remedy: String) -> Box<Self> {
        self.remedy = Some(remedy);
        self
    }

    fn by_rule(mut self: Box<Self>, rule: &Rule) -> Box<Self> {
        self.rule = Some(rule.name());
        self
    }
}

/// Variables that no rule can allow.
fn never_taken(run: &Run<'_>) -> Answer<()> {
    let mut names = run.variables.iter().chain(run.secret_variables);
    match names.find(|name| matches!(caution(name), Some(Caution::Never(_)))) {
        Some(name) => Err(refusal(
            Cause::Variable((*name).to_owned()),
            advice::variable(name),
        )),
        None => Ok(()),
    }
}

fn by_rights() -> Permit {
    Permit {
        grounds: Grounds::Rights,
        output: OutputMode::Full,
        short_values: ShortValues::default(),
        plain: Vec::new(),
        timeout: None,
        limits: Limits::default(),
        surroundings: Surroundings::default(),
    }
}

fn refusal(cause: Cause, advice: impl Into<String>) -> Box<Refusal> {
    Box::new(Refusal {
        cause,
        rule: None,
        advice: advice.into(),
        remedy: None,
    })
}

/// The vaults of all fields and of their origins.
pub(super) fn vaults<'a>(secrets: &'a [Governed<'a>]) -> impl Iterator<Item = &'a Named<VaultId>> {
    secrets
        .iter()
        .flat_map(|secret| secret.all())
        .map(|reference| &reference.vault)
}

#[cfg(test)]
mod tests;
