//! Leave for one run: the owner answers a request for a command with a yes that holds once.
//!
//! When it is given, names are looked up with the owner's eyes, and what was found is what the pass is good for: this
//! program, exactly these arguments, exactly these fields. When the agent then asks for that very run and the policy refuses
//! it, the run is resolved and decided anew under the pass; the pass is spent in one transaction, then the decision is
//! recorded, and only then is a value read. What a rule forbids that has the command is forbidden still.
//!
//! A level in a vault is no single act and can't be given once.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;

use crate::{
    access::{Agent, Caller},
    approvals::{
        AccessMatter, Approvals, Decision as Answer, GrantKey, Matter, Pass, PassTerms, Request,
    },
    broker::{
        Ask, Broker, BrokerError, Class, RunRequest,
        command::Command,
        consent::way_shown,
        program,
        resolve::{Target, seen_under},
        run::in_question,
        wire::Wiring,
    },
    display_text::escaped,
    launch::LaunchError,
    policy::{Action, Cause, Decision, Grounds, Permit, Refusal, Right},
    vault::{Environment, ItemId, SecretReference, VaultId},
};

/// What the model is told when its pass went to another run of its own.
const USED: &str = "the owner allowed this once, and it was used just now; ask again with `request_access` if it is needed again";

/// A run under a pass of its own, not yet decided.
pub(super) struct Passing<'a> {
    pub ask: Ask<'a>,
    pub command: Command,
    pub wiring: Wiring,
    pub pass: Pass,
}

impl Broker {
    /// What a yes would hold for that is given once, from now on (owner only): the names of a request, looked up.
    ///
    /// # Errors
    /// [`BrokerError`] when the program or a field is not there, or nothing of it happens once.
    pub async fn pass_terms(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<PassTerms, BrokerError> {
        let ask = self.ask(caller).await?;
        let Matter::Access(AccessMatter::Command {
            command,
            references,
        }) = &request.matter
        else {
            return Err(BrokerError::Invalid(
                "only a command can be allowed once; a level in a vault is given as a rule or not at all"
                    .into(),
            ));
        };
        let name = command.first().map_or("", String::as_str);
        if name.contains('/') && !Path::new(name).is_absolute() {
            return Err(BrokerError::Invalid(
                "the program is named from a directory that only the agent knows; have it ask with a plain name or an absolute path"
                    .into(),
            ));
        }
        let program = program::find(name, Path::new("/"), ask.policy.search_path());
        let program = program.ok_or_else(|| {
            BrokerError::Launch(LaunchError::NotFound {
                program: escaped(name).into(),
            })
        })?;
        let mut targets = Vec::new();
        for reference in references {
            let reference = SecretReference::parse(reference)
                .map_err(|error| BrokerError::Invalid(error.to_string()))?;
            targets.push(self.target(&ask.seen, &reference).await?);
        }
        if let Some(copy) = targets.iter().find(|it| !it.field.origins.is_empty()) {
            return Err(BrokerError::Invalid(format!(
                "{} is a copy, and stays under the rules of what it was copied from; grant it as a rule for both",
                copy.reference
            )));
        }
        let key = GrantKey {
            agent: request.agent.clone(),
            pattern: typed(command),
            program: program.display().to_string(),
            references: named(&targets),
        };
        Ok(PassTerms::new(key, Timestamp::now()))
    }

    /// The run that an agent asks for, under a pass for it, if its owner gave one. `None` also where none would help: what
    /// a token would have to prove, or an agent from beyond this machine.
    pub(super) async fn passing<'a>(
        &self,
        ask: &Ask<'a>,
        request: &RunRequest,
        environments: &[Environment],
    ) -> Result<Option<Passing<'a>>, BrokerError> {
        let Caller::Agent(agent) = ask.caller else {
            return Ok(None);
        };
        let unproven = ask.policy.requires_token(&agent.name) && !agent.standing.proven;
        if unproven || agent.standing.distant || self.reached.is_none() {
            return Ok(None);
        }
        let Ok(file) = self.approvals() else {
            tracing::warn!(target: "hushkey", "the file of approvals can't be opened: nothing counts as allowed once");
            return Ok(None);
        };
        let Some(lasting) = self.trusted_lasting(&file).await? else {
            return Ok(None);
        };
        let passes = lasting.passes_at(ask.now);
        for pass in passes.filter(|pass| self.may_fit(pass, agent, request, &file)) {
            if let Some(passing) = self.under(pass, ask, agent, request, environments).await? {
                return Ok(Some(passing));
            }
        }
        Ok(None)
    }

    /// Whether a pass is this agent's, for this command, and proven.
    fn may_fit(&self, pass: &Pass, agent: &Agent, request: &RunRequest, file: &Approvals) -> bool {
        let message = file.pass_message(&pass.request, &pass.digest, &pass.terms);
        pass.terms.key.agent == agent.name
            && pass.terms.key.pattern == typed(&request.command)
            && pass.way.is_local()
            && self.is_proven(pass.way, &message, pass.proof.as_ref())
    }

    /// The run as it is under the policy that a pass makes, if it is exactly what the pass is good for.
    async fn under<'a>(
        &self,
        pass: &Pass,
        ask: &Ask<'a>,
        agent: &Agent,
        request: &RunRequest,
        environments: &[Environment],
    ) -> Result<Option<Passing<'a>>, BrokerError> {
        let policy = ask.policy.clone();
        let policy = policy.with_pass(&agent.name, &items(&pass.terms.key));
        let seen = seen_under(&policy, ask.caller, self.vault.vaults().await?);
        let ask = Ask {
            caller: ask.caller,
            reason: ask.reason,
            consents: ask.consents,
            policy,
            seen,
            now: ask.now,
        };
        let Ok((command, wiring)) = self.mean(&ask, request, environments.to_vec()).await else {
            return Ok(None);
        };
        let key = GrantKey {
            agent: agent.name.clone(),
            pattern: typed(&command.argv),
            program: command.program.display().to_string(),
            references: named(&wiring.targets()),
        };
        Ok((key == pass.terms.key).then(|| Passing {
            ask,
            command,
            wiring,
            pass: pass.clone(),
        }))
    }

    /// Uses a pass up: the permit with its grounds, or that somebody else was quicker.
    pub(super) async fn spend(&self, pass: &Pass, permit: Permit) -> Result<Decision, BrokerError> {
        let (wanted, spent) = (pass.clone(), Arc::new(AtomicBool::new(false)));
        let file = self.approvals()?;
        let told = Arc::clone(&spent);
        self.change_lasting(&file, move |lasting| {
            told.store(lasting.spend(&wanted), Ordering::Relaxed);
        })
        .await?;
        if !spent.load(Ordering::Relaxed) {
            return Ok(Decision::Denied(Refusal {
                cause: Cause::Approval,
                rule: None,
                advice: USED.to_owned(),
                remedy: None,
            }));
        }
        let how = format!("{}, {}, once ({})", pass.by, way_shown(pass.way), pass.code);
        Ok(Decision::Allowed(Permit {
            grounds: Grounds::Approved { rule: None, how },
            ..permit
        }))
    }

    /// Remembers a yes that holds once.
    pub(super) async fn add_pass(
        &self,
        file: &Arc<Approvals>,
        request: &Request,
        terms: PassTerms,
        answer: &Answer,
    ) -> Result<(), BrokerError> {
        let (shown, said) = (request.clone(), answer.clone());
        self.change_lasting(file, move |lasting| lasting.add_pass(&shown, terms, &said))
            .await
            .map(drop)
    }

    /// Tells whether the policy refuses a run for want of a right or a rule: what a pass can stand in for.
    pub(super) fn lacks_leave(
        &self,
        ask: &Ask<'_>,
        meant: &Result<(Command, Wiring), BrokerError>,
        request: &RunRequest,
    ) -> bool {
        let (command, wiring) = match meant {
            Ok(meant) => (&meant.0, &meant.1),
            // A vault that it may not see is not there for it.
            Err(error) => return ask.caller.is_agent() && error.class() == Class::NotFound,
        };
        let decision = in_question(ask, command, wiring, request, |run| {
            ask.policy.decide(ask.caller, &Action::Run(run), ask.now)
        });
        let Decision::Denied(refusal) = decision else {
            return false;
        };
        // A rule that has the command and refuses means it so.
        refusal.rule.is_none()
            && matches!(
                refusal.cause,
                Cause::Command
                    | Cause::Hidden
                    | Cause::References
                    | Cause::Right(Right::Use)
                    | Cause::UnknownAgent
            )
    }
}

/// A command as one would type it: two commands are the same if they are typed the same.
fn typed(command: &[String]) -> String {
    shlex::try_join(command.iter().map(String::as_str)).unwrap_or_default()
}

/// Each field once, by its ids and as a mark names it.
fn named(targets: &[Target]) -> Vec<(String, String)> {
    let mut named: Vec<_> = targets
        .iter()
        .map(|target| {
            let reference = &target.reference;
            let (vault, item, field) =
                (&reference.vault.id, &reference.item.id, &reference.field.id);
            (format!("{vault}/{item}/{field}"), target.mark())
        })
        .collect();
    named.sort();
    named.dedup();
    named
}

/// The items that a pass hands out fields of.
fn items(key: &GrantKey) -> Vec<(VaultId, ItemId)> {
    let ids = key.references.iter().map(|(ids, _)| {
        let mut parts = ids.splitn(3, '/');
        let vault = VaultId::parse(parts.next()?).ok()?;
        Some((vault, ItemId::parse(parts.next()?).ok()?))
    });
    ids.flatten().collect()
}
