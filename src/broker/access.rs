//! Requests for rights: an agent asks for what it lacks, and goes on; its owner answers when there is time.
//!
//! Nothing that an agent names here is looked up: whether it is there is not told to who may not know.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    access::{Agent, Caller, Standing},
    approvals::{
        AccessMatter, ApprovalsError, Decision, Matter, NewRequest, PassTerms, Request, Verdict,
    },
    audit::{Answer, NewEntry, Target, Verb},
    broker::{
        Asker, Broker, BrokerError,
        consent::{NOT_ALLOWED, answer},
        guard::{Deed, blocking},
    },
    policy::{Action, Rights},
};

/// How long such a request waits: an owner may be away.
const LASTS: Duration = Duration::from_secs(7 * 24 * 3600);
/// Characters of everything that an agent writes into one request.
const LONGEST: usize = 4000;

impl Broker {
    /// Puts an agent's request for a right before its owner. Whether it is there already, or the owner wants to see it no
    /// more, is not told.
    ///
    /// # Errors
    /// [`BrokerError::Invalid`] when it can't be meant, or when too many are open.
    pub async fn request_access(
        &self,
        asker: impl Into<Asker<'_>>,
        wanted: AccessMatter,
    ) -> Result<(), BrokerError> {
        let asker = asker.into();
        let Caller::Agent(agent) = asker.caller else {
            return Err(BrokerError::Invalid("the owner has every right".into()));
        };
        let reason = asker.reason.map(str::trim).filter(|it| !it.is_empty());
        let reason = reason.ok_or_else(|| {
            BrokerError::Invalid("say in `reason`, in one sentence, what it is needed for".into())
        })?;
        check(&wanted, reason)?;
        let new = NewRequest {
            agent: agent.name.clone(),
            client: agent.client.clone(),
            matter: Matter::Access(wanted),
            reason: Some(reason.to_owned()),
            bound: Vec::new(),
            lasts: LASTS,
            local_only: true,
            grant: None,
            ticket: None,
        };
        let what = new.matter.to_string();
        let file = self.approvals()?;
        let opened = blocking(move || {
            let now = Timestamp::now();
            let (digest, lasting) = (file.digest(&new), file.lasting()?);
            let muted = lasting
                .muted
                .iter()
                .any(|muted| muted.agent == new.agent && muted.text == new.matter.to_string());
            let pending = file.pending(now)?;
            if muted || pending.iter().any(|request| request.digest.is(&digest)) {
                return Ok(None);
            }
            file.ask(new, now).map(Some)
        });
        let request = match opened.await? {
            Ok(request) => request,
            Err(ApprovalsError::TooMany) => {
                return Err(BrokerError::Invalid(
                    "too many requests of yours are open; wait until the owner has answered some"
                        .into(),
                ));
            }
            Err(error) => return Err(error.into()),
        };
        let code = request.as_ref().map(|request| request.code.to_string());
        let asked = NewEntry::asked(
            Timestamp::now(),
            asker.caller,
            Verb::RequestAccess,
            target(&what),
            None,
            code.unwrap_or_else(|| "as before".to_owned()),
        );
        self.record(vec![asked.because(Some(reason))], false)
            .await?;
        if let Some(request) = request {
            (self.reached()?.people.tell)(&request);
        }
        Ok(())
    }

    /// Records what the owner says to a request for a right, and closes it. What a yes grants is written into the policy by
    /// whoever called, after this returned.
    ///
    /// # Errors
    /// [`BrokerError`]; then nothing may be granted.
    pub async fn answer_access(
        &self,
        caller: &Caller,
        request: &Request,
        decision: Decision,
    ) -> Result<(), BrokerError> {
        self.answering(caller, request, decision, None).await
    }

    /// As [`Broker::answer_access`], with a yes that holds for one run: what [`Broker::pass_terms`] found.
    ///
    /// # Errors
    /// [`BrokerError`]; then nothing is allowed.
    pub async fn answer_access_once(
        &self,
        caller: &Caller,
        request: &Request,
        terms: PassTerms,
        decision: Decision,
    ) -> Result<(), BrokerError> {
        self.answering(caller, request, decision, Some(terms)).await
    }

    async fn answering(
        &self,
        caller: &Caller,
        request: &Request,
        decision: Decision,
        terms: Option<PassTerms>,
    ) -> Result<(), BrokerError> {
        let ask = self.ask(caller).await?;
        let what = format!("an answer to {}: {}", request.agent, request.matter);
        let deed = Deed::of(Verb::ManageAccess).called(&what);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let answered = self.close_access(request, decision, terms).await;
        self.closing(ticket, answered).await
    }

    async fn close_access(
        &self,
        request: &Request,
        decision: Decision,
        terms: Option<PassTerms>,
    ) -> Result<(), BrokerError> {
        let file = self.approvals()?;
        let message = match &terms {
            Some(terms) => file.pass_message(&request.id, &request.digest, terms),
            None => file.message(request, decision.verdict, decision.remember),
        };
        let yes = decision.verdict == Verdict::Yes;
        if yes && !self.is_proven(decision.way, &message, decision.proof.as_ref()) {
            return Err(BrokerError::Denied {
                advice: "the yes was not signed with the owner's passphrase".into(),
                code: None,
            });
        }
        let (own, shown, said) = (Arc::clone(&file), request.clone(), decision.clone());
        blocking(move || {
            let now = Timestamp::now();
            own.decide(&shown, &said, now)?;
            own.take(&shown.id, &shown.digest, now)
        })
        .await??;
        let mute = !yes && decision.remember;
        let until = terms
            .as_ref()
            .map(|it| format!("once, until {}", it.until.strftime("%Y-%m-%d %H:%M UTC")));
        let why = if yes {
            until.as_deref()
        } else {
            Some(NOT_ALLOWED)
        };
        let answer: Answer = answer(request.code.to_string(), Some(&decision), yes, why, mute);
        let agent = Caller::Agent(Agent {
            name: request.agent.clone(),
            default_roots: Vec::new(),
            client: request.client.clone(),
            standing: Standing::default(),
        });
        let what = request.matter.to_string();
        let entry = NewEntry::answered(
            Timestamp::now(),
            &agent,
            Verb::RequestAccess,
            target(&what),
            answer,
        );
        self.record(vec![entry.because(request.reason.as_deref())], false)
            .await?;
        if let Some(terms) = terms.filter(|_| yes) {
            self.add_pass(&file, request, terms, &decision).await?;
        }
        if mute {
            let (shown, said) = (request.clone(), decision);
            self.change_lasting(&file, move |lasting| lasting.mute(&shown, &said))
                .await?;
        }
        Ok(())
    }
}

fn target(what: &str) -> Target {
    Target {
        unresolved: Some(what.to_owned()),
        ..Target::default()
    }
}

fn check(wanted: &AccessMatter, reason: &str) -> Result<(), BrokerError> {
    let (texts, bad): (Vec<&String>, bool) = match wanted {
        AccessMatter::Command {
            command,
            references,
        } => {
            let empty = command.first().is_none_or(|program| program.is_empty());
            let pattern = |it: &String| !it.starts_with("op://") || it.contains('*');
            let wrong = references.iter().any(pattern);
            (command.iter().chain(references).collect(), empty || wrong)
        }
        AccessMatter::Vault { vault, level } => {
            let known = Rights::level(level).is_some_and(|rights| !rights.is_empty());
            (vec![vault, level], vault.trim().is_empty() || !known)
        }
    };
    let length = texts.iter().map(|text| text.chars().count()).sum::<usize>();
    if bad {
        return Err(BrokerError::Invalid(
            "say either `vault` and `level` (read, use, write, full), or `command` with `references` that begin with op:// and hold \
             no `*`"
                .into(),
        ));
    }
    if length + reason.chars().count() > LONGEST {
        return Err(BrokerError::Invalid(format!(
            "a request has at most {LONGEST} characters; ask for less at a time"
        )));
    }
    Ok(())
}
