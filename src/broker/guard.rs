//! Decide and record: the one gate that every guarded method passes first and last.
//!
//! [`Broker::permit`] asks the policy and writes the decision durably; only its [`Ticket`] leads on. [`Broker::close`]
//! writes how it ended. Without an audit log there is no ticket, and so no access.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    access::Caller,
    approvals::{NewRequest, Pass},
    audit::{self, Entry, NewEntry, Outcome, Query, Verb},
    broker::{
        Ask, Broker, BrokerError,
        command::Command,
        recorder::Recorder,
        resolve::{Located, Target, no_item},
    },
    launch::{Finished, Status},
    offload::offload,
    policy::{Action, Asking, Decision, Grounds, OutputMode, Permit, Refusal, Right},
    vault::{EnvironmentId, ResolvedReference, VaultError, VaultId, reference::Named},
};

/// What somebody is about to do, as the log has it.
#[derive(Clone)]
pub(super) struct Deed {
    verb: Verb,
    target: audit::Target,
    reason: Option<String>,
    /// Items whose fields are involved, as the caller wrote them.
    asked: Vec<(VaultId, String)>,
}

impl Deed {
    /// What the log has of it.
    pub(super) fn parts(&self) -> (Verb, audit::Target, Option<&str>) {
        (self.verb, self.target.clone(), self.reason.as_deref())
    }

    pub(super) fn of(verb: Verb) -> Self {
        Self {
            verb,
            target: audit::Target::default(),
            reason: None,
            asked: Vec::new(),
        }
    }

    pub(super) fn vault(verb: Verb, vault: &Named<VaultId>) -> Self {
        let mut deed = Self::of(verb);
        deed.target.vault = Some(vault.clone());
        deed
    }

    pub(super) fn environment(verb: Verb, environment: &Named<EnvironmentId>) -> Self {
        Self::of(verb).within([environment.clone()])
    }

    pub(super) fn item(verb: Verb, located: &Located) -> Self {
        let mut deed = Self::vault(verb, &located.vault);
        deed.target.item = Some(located.named());
        deed
    }

    pub(super) fn fields<'a>(verb: Verb, targets: impl IntoIterator<Item = &'a Target>) -> Self {
        let mut deed = Self::of(verb);
        for target in targets {
            let vault = target.reference.vault.id.clone();
            deed.asked.push((vault, target.asked.clone()));
            deed.target.references.push(target.reference.clone());
        }
        deed
    }

    pub(super) fn reference(verb: Verb, reference: &ResolvedReference) -> Self {
        let mut deed = Self::of(verb);
        let vault = reference.vault.id.clone();
        deed.asked.push((vault, reference.item.name.clone()));
        deed.target.references.push(reference.clone());
        deed
    }

    pub(super) fn target(&self) -> &audit::Target {
        &self.target
    }

    pub(super) fn run(command: &Command, targets: &[Target]) -> Self {
        let mut deed = Self::fields(Verb::Run, targets);
        deed.target.program = Some(command.program.display().to_string());
        deed
    }

    /// A run of which nothing is known yet but how its program was named.
    pub(super) fn program(named: Option<&String>) -> Self {
        let mut deed = Self::of(Verb::Run);
        deed.target.program = named.map(|name| name.chars().take(audit::REASON_LIMIT).collect());
        deed
    }

    /// Adds the program that it is about.
    pub(super) fn of_program(mut self, program: &str) -> Self {
        self.target.program = Some(program.to_owned());
        self
    }

    /// Adds what has no id yet: the title of what is to be made.
    pub(super) fn called(mut self, name: &str) -> Self {
        self.target.unresolved = Some(name.chars().take(audit::REASON_LIMIT).collect());
        self
    }

    /// Adds the environments that it draws from or is about.
    pub(super) fn within(
        mut self,
        environments: impl IntoIterator<Item = Named<EnvironmentId>>,
    ) -> Self {
        self.target.environments.extend(environments);
        self
    }

    pub(super) fn because(mut self, reason: Option<&str>) -> Self {
        self.reason = reason.map(str::to_owned);
        self
    }
}

/// Proof that a deed was allowed and that the record of it is durable.
#[must_use = "how it ended has to be recorded"]
pub struct Ticket {
    seq: u64,
    caller: Caller,
    deed: Deed,
    permit: Permit,
}

impl Ticket {
    /// Leaves it to somebody else to record how it ended; the number of the entry that allowed it.
    pub(super) fn leave(self) -> u64 {
        self.seq
    }

    pub(super) fn output(&self) -> OutputMode {
        self.permit.output
    }

    /// What the run may do, and what of it may be shown.
    pub(super) fn terms(&self) -> &Permit {
        &self.permit
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        self.permit.timeout
    }
}

impl Broker {
    /// Asks the policy and writes the decision down; durable when this returns. For what no person is ever asked about.
    pub(super) async fn permit(
        &self,
        ask: &Ask<'_>,
        action: &Action<'_>,
        deed: Deed,
    ) -> Result<Ticket, BrokerError> {
        let decision = ask.policy.decide(ask.caller, action, ask.now);
        self.recorded(ask, decision, deed).await
    }

    /// As [`Broker::permit`]; where the policy wants a person's word, ends with a question unless there is one. `shown`
    /// tells what the person is to see.
    pub(super) async fn permit_shown(
        &self,
        ask: &Ask<'_>,
        action: &Action<'_>,
        deed: Deed,
        shown: impl FnOnce(&Asking) -> Option<NewRequest>,
    ) -> Result<Ticket, BrokerError> {
        let mut decision = ask.policy.decide(ask.caller, action, ask.now);
        if let Decision::Asks(asking) = &decision
            && let Some(new) = shown(asking)
        {
            let how = self.consented(ask, asking, &deed, new).await?;
            let mut permit = asking.permit.clone();
            permit.grounds = Grounds::Approved {
                rule: permit.grounds.rule().cloned(),
                how,
            };
            decision = Decision::Allowed(permit);
        }
        self.recorded(ask, decision, deed).await
    }

    /// As [`Broker::permit`], for the one run that a pass is good for; `ask` is under the policy that the pass makes. The
    /// pass is spent before the decision is recorded: whatever fails after that, it was used.
    pub(super) async fn permit_passed(
        &self,
        ask: &Ask<'_>,
        action: &Action<'_>,
        deed: Deed,
        pass: &Pass,
    ) -> Result<Ticket, BrokerError> {
        let decision = match ask.policy.decide(ask.caller, action, ask.now) {
            Decision::Allowed(permit) => self.spend(pass, permit).await?,
            asks @ Decision::Asks(_) => asks,
            // The rule that stands in for the pass is in no file, so nothing can be mended there.
            Decision::Denied(refusal) => Decision::Denied(Refusal {
                rule: None,
                remedy: None,
                ..refusal
            }),
        };
        self.recorded(ask, decision, deed).await
    }

    /// As [`Broker::permit`], for what ends in a person's own hands: where the policy wants a person's word, the
    /// typing is it.
    pub(super) async fn permit_typing(
        &self,
        ask: &Ask<'_>,
        action: &Action<'_>,
        deed: Deed,
    ) -> Result<Ticket, BrokerError> {
        let decision = match ask.policy.decide(ask.caller, action, ask.now) {
            Decision::Asks(asking) => Decision::Allowed(asking.permit),
            decided => decided,
        };
        self.recorded(ask, decision, deed).await
    }

    async fn recorded(
        &self,
        ask: &Ask<'_>,
        decision: Decision,
        deed: Deed,
    ) -> Result<Ticket, BrokerError> {
        let entry = NewEntry::decided(
            ask.now,
            ask.caller,
            deed.verb,
            deed.target.clone(),
            &decision,
        )
        .because(deed.reason.as_deref());
        let recorded = self.record(vec![entry], false).await?;
        match decision {
            Decision::Allowed(permit) => Ok(Ticket {
                seq: recorded.first().map_or(0, |recorded| recorded.seq),
                caller: ask.caller.clone(),
                deed,
                permit,
            }),
            Decision::Denied(refusal) if refusal.is_hidden() => {
                Err(hidden(ask, &deed.asked).into())
            }
            Decision::Asks(_) => Err(denied(
                "a person has to allow this, and can't be asked",
                recorded,
            )),
            Decision::Denied(refusal) => Err(denied(refusal.advice, recorded)),
        }
    }

    /// Writes how a permitted deed ended; and where the store stands, if the deed may have changed it.
    pub(super) async fn close(&self, ticket: Ticket, outcome: Outcome) -> Result<(), BrokerError> {
        let writes = ticket.deed.verb.writes();
        let entry = NewEntry::ended(
            Timestamp::now(),
            &ticket.caller,
            ticket.deed.verb,
            ticket.deed.target,
            ticket.seq,
            outcome,
        );
        self.record(vec![entry], writes).await.map(drop)
    }

    /// Closes a ticket by a result, and passes the result on.
    pub(super) async fn closing<T>(
        &self,
        ticket: Ticket,
        result: Result<T, BrokerError>,
    ) -> Result<T, BrokerError> {
        let outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed(error.to_string()),
        };
        self.closing_as(ticket, outcome, result).await
    }

    /// Closes a ticket by an outcome, and passes the result on. That the outcome could not be recorded is told to the
    /// operator only: what was done is done, and an error here would make a caller repeat it.
    pub(super) async fn closing_as<T>(
        &self,
        ticket: Ticket,
        outcome: Outcome,
        result: Result<T, BrokerError>,
    ) -> Result<T, BrokerError> {
        if let Err(error) = self.close(ticket, outcome).await {
            tracing::error!(target: "hushkey", %error, "an outcome could not be recorded");
        }
        result
    }

    /// Records a request that came to nothing because what it names is not there, and passes the error on.
    pub(super) async fn found<T, E: Into<BrokerError>>(
        &self,
        ask: &Ask<'_>,
        verb: Verb,
        named: &str,
        result: Result<T, E>,
    ) -> Result<T, BrokerError> {
        self.understood(ask, Deed::of(verb).called(named), result)
            .await
    }

    /// Records a request that came to nothing before it could be decided, and passes the error on.
    pub(super) async fn understood<T, E: Into<BrokerError>>(
        &self,
        ask: &Ask<'_>,
        deed: Deed,
        result: Result<T, E>,
    ) -> Result<T, BrokerError> {
        let error = match result {
            Ok(found) => return Ok(found),
            Err(error) => error.into(),
        };
        let why = error.to_string();
        let entry = NewEntry::denied(ask.now, ask.caller, deed.verb, deed.target, &why)
            .because(deed.reason.as_deref());
        self.record(vec![entry], false).await?;
        Err(error)
    }

    /// Tells the operator and the log that the policy file is broken and an older policy in force.
    pub(super) async fn record_trouble(&self) -> Result<(), BrokerError> {
        let Some(trouble) = self.policy.trouble() else {
            return Ok(());
        };
        tracing::error!(target: "hushkey", "the policy file was changed and is not taken over: {trouble}");
        let target = audit::Target {
            unresolved: Some("the policy file".to_owned()),
            ..audit::Target::default()
        };
        let owner = Caller::Owner;
        let entry = NewEntry::denied(
            Timestamp::now(),
            &owner,
            Verb::ManageAccess,
            target,
            &trouble,
        );
        self.record(vec![entry], false).await.map(drop)
    }

    pub(super) async fn read_log(&self, query: Query) -> Result<Vec<Entry>, BrokerError> {
        let audit = Arc::clone(&self.audit);
        let page = blocking(move || audit.read(&query)).await??;
        Ok(page.entries)
    }

    pub(super) async fn record(
        &self,
        entries: Vec<NewEntry>,
        with_head: bool,
    ) -> Result<Vec<audit::Recorded>, BrokerError> {
        let head = if with_head { self.head().await? } else { None };
        self.recorder.record(entries, head).await
    }
}

/// Closes the ticket of a run that outlives the request which began it. That it could not be recorded is told to the
/// operator only.
pub(super) async fn close_run(recorder: &Recorder, ticket: Ticket, outcome: Outcome) {
    let entry = NewEntry::ended(
        Timestamp::now(),
        &ticket.caller,
        ticket.deed.verb,
        ticket.deed.target,
        ticket.seq,
        outcome,
    );
    if let Err(error) = recorder.record(vec![entry], None).await {
        tracing::error!(target: "hushkey", %error, "an outcome could not be recorded");
    }
}

/// The answer for fields that the caller may not know of: the same as for an item that is not there.
pub(super) fn hidden(ask: &Ask<'_>, asked: &[(VaultId, String)]) -> VaultError {
    let sees = |vault: &VaultId| ask.policy.rights(ask.caller, vault).has(Right::Metadata);
    let unseen = asked.iter().find(|(vault, _)| !sees(vault));
    no_item(unseen.or(asked.first()).map_or("", |(_, item)| item))
}

fn denied(advice: impl Into<String>, recorded: Vec<audit::Recorded>) -> BrokerError {
    let code = recorded.into_iter().next().and_then(|it| it.code);
    BrokerError::Denied {
        advice: advice.into(),
        code: code.map(|code| code.to_string()),
    }
}

/// Log and approvals wait for the disk: off the thread that serves others.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BrokerError> {
    let done = offload(work).await;
    done.map_err(|_| BrokerError::Unavailable {
        message: "the audit log did not answer, so nothing is released".into(),
        source: None,
    })
}

/// How a run ended, in the log's terms.
pub(super) fn ended(finished: &Finished) -> Outcome {
    match finished.status {
        _ if finished.cancelled => Outcome::Cancelled,
        _ if finished.timed_out => Outcome::TimedOut,
        Status::Exited(status) => Outcome::Exited(status),
        Status::Signaled(signal) => Outcome::Signaled(signal),
    }
}
