//! Asking a person: open the request, record it, wait, record the answer. Nothing is read or run meanwhile.
//!
//! A guarded method is tried; where the policy asks for a person, the try ends with a [`Question`] and nothing has happened.
//! After a *yes* the method is tried again from the beginning: names are resolved and everything is decided anew, and
//! the yes counts only if what is about to be done has the very digest that the person saw.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    access::Caller,
    approvals::{
        Approvals, ApprovalsError, Code, Decision, Grant, Lasting, NewRequest, Person, Proof,
        Request, Verdict, Way,
    },
    audit::{Answer, Decider, NewEntry, Verb},
    broker::{
        Ask, Asker, Broker, BrokerError, Dialogue, Reply,
        guard::{Deed, blocking},
        question::{Consents, Question, Suspended},
    },
    policy::{self, Action, ApproveBy, Asking, Cause, Refusal},
};

/// How often a decision is looked for: one indexed read.
const PAUSE: Duration = Duration::from_millis(150);

/// What the model is told, whatever the reason was.
pub(super) const NOT_ALLOWED: &str = "a person has not allowed it";
const CHANGED: &str = "what was asked for changed while a person looked at it";

/// How the wait for a person ended.
enum Ending {
    /// Whoever asked called it off.
    CalledOff,
    /// There is something to take, or the time is over.
    Over,
    /// The answer comes with another call.
    Suspended,
}

impl Broker {
    /// What a person has said to this already; else the question, as the error that ends this try.
    pub(super) async fn consented(
        &self,
        ask: &Ask<'_>,
        asking: &Asking,
        deed: &Deed,
        mut new: NewRequest,
    ) -> Result<String, BrokerError> {
        let reached = self.reached()?;
        new.local_only = match asking.by {
            Some(by) => by == ApproveBy::Local,
            // A passphrase would be worth nothing if a client's own dialogue did as well.
            None => self.grounds.approved.is_some(),
        };
        new.lasts = reached.people.patience;
        let file = self.approvals()?;
        if let Some(how) = ask.consents.of(&file.digest(&new)) {
            return Ok(how);
        }
        if let Some(grant) = self.remembered(&file, &new).await? {
            let way = way_shown(grant.way);
            return Ok(format!("{}, {way}, remembered as {}", grant.by, grant.code));
        }
        Err(BrokerError::Asked(Box::new(Question {
            new,
            caller: ask.caller.clone(),
            deed: deed.clone(),
            rule: asking.permit.grounds.rule().cloned(),
            once: asking.once,
        })))
    }

    /// Asks the person, and waits. A yes is put to the consents; anything else is the error.
    pub(super) async fn settle(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        question: Question,
    ) -> Result<(), BrokerError> {
        if consents.is_used_up() {
            return self.refuse(&question, CHANGED, Vec::new()).await;
        }
        let file = self.approvals()?;
        let (request, reply) = match self.resumed(asker, consents, &file).await {
            Ok(Some((request, reply))) => (request, Some(reply)),
            Ok(None) => (self.opened(&file, &question).await?, None),
            // A state of another agent, of another call, or of one that is over: an attempt, on record like any other.
            Err(error) => {
                let why = error.to_string();
                let refused = question.entry(|now, caller, verb, target| {
                    NewEntry::denied(now, caller, verb, target, &why)
                });
                self.record(vec![refused], false).await?;
                return Err(error);
            }
        };
        let ending = self.wait(asker, &file, &request, &question, reply).await?;
        if let Ending::Suspended = ending {
            let state = file.seal_state(&request.id, &associated(asker));
            let suspended = Suspended { request, state };
            return Err(BrokerError::Suspended(Box::new(suspended)));
        }
        let taken = self.taken(&file, &request, &question, &ending).await?;
        let code = request.code.to_string();
        let decision = match taken {
            Ok(decision) => decision,
            Err((decision, why)) => {
                let answer = answer(code, decision.as_ref(), false, Some(why), false);
                let answered = question.entry(|now, caller, verb, target| {
                    NewEntry::answered(now, caller, verb, target, answer)
                });
                return self.refuse(&question, why, vec![answered]).await;
            }
        };
        let how = format!("{}, {} ({code})", decision.by, way_shown(decision.way));
        let remembered = question.once && decision.remember && question.new.grant.is_some();
        let answer = answer(code, Some(&decision), true, None, remembered);
        let answered = question.entry(|now, caller, verb, target| {
            NewEntry::answered(now, caller, verb, target, answer)
        });
        self.record(vec![answered], false).await?;
        if remembered {
            self.change_lasting(&file, move |lasting| lasting.add(&request, &decision))
                .await?;
        }
        consents.add(file.digest(&question.new), how);
        Ok(())
    }

    /// Takes back what was remembered under a code (owner only); tells whether there was any.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn revoke_approval(&self, caller: &Caller, code: Code) -> Result<bool, BrokerError> {
        let ask = self.ask(caller).await?;
        let what = format!("what was allowed as {code}, taken back");
        let deed = Deed::of(Verb::ManageAccess).called(&what);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let revoked = async {
            let file = self.approvals()?;
            let before = {
                let file = Arc::clone(&file);
                blocking(move || file.lasting()).await??
            };
            let wanted = code.clone();
            let after = self
                .change_lasting(&file, move |lasting| {
                    lasting.revoke(&wanted);
                })
                .await?;
            Ok(before.len() > after.len())
        };
        self.closing(ticket, revoked.await).await
    }

    /// Changes what is remembered, and notes outside the file that it changed.
    pub(super) async fn change_lasting(
        &self,
        file: &Arc<Approvals>,
        change: impl FnOnce(&mut Lasting) + Send + 'static,
    ) -> Result<Lasting, BrokerError> {
        let (file, audit) = (Arc::clone(file), Arc::clone(&self.audit));
        blocking(move || {
            let lasting = file.remember(change)?;
            audit.note_head(&file.witness(&lasting))?;
            Ok(lasting)
        })
        .await?
    }

    /// A remembered yes to this, if there is one that counts.
    async fn remembered(
        &self,
        file: &Arc<Approvals>,
        new: &NewRequest,
    ) -> Result<Option<Grant>, BrokerError> {
        let Some(key) = new.grant.clone() else {
            return Ok(None);
        };
        let Some(lasting) = self.trusted_lasting(file).await? else {
            return Ok(None);
        };
        let counts = |grant: &&Grant| {
            let way = grant.way.is_local() || !new.local_only;
            way && self.is_proven(grant.way, &file.grant_message(grant), grant.proof.as_ref())
        };
        Ok(lasting.grants_for(&key).find(counts).cloned())
    }

    /// What is remembered, if it can be read and is no older copy.
    pub(super) async fn trusted_lasting(
        &self,
        file: &Arc<Approvals>,
    ) -> Result<Option<Lasting>, BrokerError> {
        let (own, audit) = (Arc::clone(file), Arc::clone(&self.audit));
        let read = blocking(move || {
            let lasting = own.lasting()?;
            let head = own.witness(&lasting);
            let known = audit.known_head(&head.store)?;
            Ok::<_, BrokerError>((lasting, head, known))
        });
        let (lasting, head, known) = match read.await? {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(target: "hushkey", %error, "nothing counts as remembered");
                return Ok(None);
            }
        };
        let older = known.is_some_and(|known| {
            head.revision < known.revision
                || (head.revision == known.revision && head.mark != known.mark)
        });
        if older {
            tracing::warn!(target: "hushkey", "an older copy of the approvals was put back: nothing counts as remembered");
            return Ok(None);
        }
        Ok(Some(lasting))
    }

    /// The request of an earlier call that this one goes on with.
    async fn resumed(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        file: &Arc<Approvals>,
    ) -> Result<Option<(Request, Reply)>, BrokerError> {
        let resumed = asker.dialogue.and_then(Dialogue::resumed);
        let Some((state, reply)) = resumed else {
            return Ok(None);
        };
        if consents.count() > 0 {
            // It was for the first question of this call.
            return Ok(None);
        }
        let id = file.open_state(&state, &associated(asker));
        let id = id.map_err(|_| {
            BrokerError::Invalid(
                "the request state belongs to no call like this one; call the tool again without it"
                    .into(),
            )
        })?;
        let file = Arc::clone(file);
        let found = blocking(move || file.look(&id)).await?;
        let request = found.map_err(|error| match error {
            error if error.is_no() => BrokerError::Invalid(
                "what a person said to that call was used already; call the tool again without the request state".into(),
            ),
            error => error.into(),
        })?;
        Ok(Some((request, reply)))
    }

    /// Opens the request and records that somebody is asked.
    async fn opened(
        &self,
        file: &Arc<Approvals>,
        question: &Question,
    ) -> Result<Request, BrokerError> {
        let (own, new) = (Arc::clone(file), question.new.clone());
        let opened = blocking(move || own.ask(new, Timestamp::now())).await?;
        let request = match opened {
            Ok(request) => request,
            Err(ApprovalsError::TooMany) => {
                let why = "too many of its requests wait for a person already";
                return self.refuse(question, why, Vec::new()).await;
            }
            Err(error) => return Err(error.into()),
        };
        let (rule, code) = (question.rule.clone(), request.code.to_string());
        let asked = question.entry(|now, caller, verb, target| {
            NewEntry::asked(now, caller, verb, target, rule, code)
        });
        if let Err(error) = self.record(vec![asked], false).await {
            let (own, id) = (Arc::clone(file), request.id.clone());
            blocking(move || own.withdraw(&id)).await??;
            return Err(error);
        }
        (self.reached()?.people.tell)(&request);
        Ok(request)
    }

    /// Waits until there is an answer, by whatever way it comes first.
    async fn wait(
        &self,
        asker: Asker<'_>,
        file: &Arc<Approvals>,
        request: &Request,
        question: &Question,
        reply: Option<Reply>,
    ) -> Result<Ending, BrokerError> {
        let dialogue = asker.dialogue.filter(|_| !question.new.local_only);
        let shown = async {
            let reply = match (reply, dialogue) {
                (_, None) => Reply::None,
                (Some(reply), Some(_)) => reply,
                (None, Some(dialogue)) => dialogue.ask(request).await,
            };
            let (verdict, remember) = match reply {
                Reply::No => (Verdict::No, false),
                Reply::Suspended => return Ok(Ending::Suspended),
                Reply::Yes { remember } => (Verdict::Yes, remember),
                Reply::None => std::future::pending().await,
            };
            let decision = Decision {
                verdict,
                remember,
                by: Person::at(request.client.as_deref()),
                way: Way::Dialogue,
                at: Timestamp::now(),
                proof: None,
            };
            let (file, request) = (Arc::clone(file), request.clone());
            let decided = blocking(move || file.decide(&request, &decision, Timestamp::now()));
            match decided.await? {
                // Whoever was first has decided.
                Ok(()) | Err(ApprovalsError::Decided | ApprovalsError::Expired) => Ok(Ending::Over),
                Err(error) => Err(error.into()),
            }
        };
        let watched = async {
            loop {
                tokio::time::sleep(PAUSE).await;
                let (file, id) = (Arc::clone(file), request.id.clone());
                let answered = blocking(move || file.is_answered(&id)).await??;
                if answered || Timestamp::now() > request.expires {
                    return Ok(Ending::Over);
                }
            }
        };
        let called_off = async {
            match asker.dialogue {
                Some(dialogue) => dialogue.cancelled().await,
                None => std::future::pending().await,
            }
        };
        if let Some(dialogue) = asker.dialogue {
            dialogue.waits(true);
        }
        let ending = tokio::select! {
            ending = shown => ending,
            ending = watched => ending,
            () = called_off => Ok(Ending::CalledOff),
        };
        if let Some(dialogue) = asker.dialogue {
            dialogue.waits(false);
        }
        ending
    }

    /// Takes the decision out of the file, and tells whether it is a yes that counts.
    async fn taken(
        &self,
        file: &Arc<Approvals>,
        request: &Request,
        question: &Question,
        ending: &Ending,
    ) -> Result<Result<Decision, (Option<Decision>, &'static str)>, BrokerError> {
        let (own, id) = (Arc::clone(file), request.id.clone());
        if let Ending::CalledOff = ending {
            blocking(move || own.withdraw(&id)).await??;
            return Ok(Err((None, "it was called off")));
        }
        let digest = file.digest(&question.new);
        let taken = blocking(move || own.take(&id, &digest, Timestamp::now())).await?;
        let decision = match taken {
            Ok(Some(decision)) => decision,
            Ok(None) | Err(ApprovalsError::Expired) => {
                return Ok(Err((None, "nobody answered in time")));
            }
            Err(ApprovalsError::Changed) => return Ok(Err((None, CHANGED))),
            Err(error) if error.is_no() => {
                return Ok(Err((None, "its record was changed or is gone")));
            }
            Err(error) => return Err(error.into()),
        };
        if decision.verdict == Verdict::No {
            return Ok(Err((Some(decision), "a person said no")));
        }
        if question.new.local_only && !decision.way.is_local() {
            return Ok(Err((
                Some(decision),
                "a dialogue's yes does not count where a local one is wanted",
            )));
        }
        let message = file.message(request, Verdict::Yes, decision.remember);
        if !self.is_proven(decision.way, &message, decision.proof.as_ref()) {
            return Ok(Err((
                Some(decision),
                "the yes was not signed with the owner's passphrase",
            )));
        }
        Ok(Ok(decision))
    }

    /// Where the owner has a passphrase, a local yes needs it. A dialogue's yes has none: whether it counts was decided
    /// before.
    pub(super) fn is_proven(&self, way: Way, message: &[u8], proof: Option<&Proof>) -> bool {
        match &self.grounds.approved {
            Some(approved) if way.is_local() => {
                proof.is_some_and(|proof| approved(message, &proof.0))
            }
            _ => true,
        }
    }

    /// Records that it is denied, and is the error that says so.
    async fn refuse<T>(
        &self,
        question: &Question,
        why: &str,
        mut entries: Vec<NewEntry>,
    ) -> Result<T, BrokerError> {
        let refusal = Refusal {
            cause: Cause::Approval,
            rule: question.rule.clone(),
            advice: NOT_ALLOWED.to_owned(),
            remedy: None,
        };
        tracing::info!(target: "hushkey", "not allowed: {why}");
        let decision = policy::Decision::Denied(refusal);
        entries.push(question.entry(|now, caller, verb, target| {
            NewEntry::decided(now, caller, verb, target, &decision)
        }));
        let recorded = self.record(entries, false).await?;
        let code = recorded.into_iter().next_back().and_then(|it| it.code);
        Err(BrokerError::Denied {
            advice: NOT_ALLOWED.to_owned(),
            code: code.map(|code| code.to_string()),
        })
    }
}

/// What a client's state is bound to, besides what the request says: whose it is, and for which call.
fn associated<'a>(asker: Asker<'a>) -> [&'a [u8]; 2] {
    let call = asker.dialogue.map_or(&[][..], Dialogue::call);
    [asker.caller.name().as_bytes(), call]
}

pub(super) fn answer(
    code: String,
    decision: Option<&Decision>,
    yes: bool,
    why: Option<&str>,
    remembered: bool,
) -> Answer {
    Answer {
        code,
        yes,
        by: decision.map(|decision| Decider {
            name: decision.by.name.clone(),
            uid: decision.by.uid,
            way: decision.way.as_str().to_owned(),
        }),
        why: why.map(str::to_owned),
        remembered,
    }
}

pub(super) fn way_shown(way: Way) -> &'static str {
    match way {
        Way::Dialogue => "in its client's dialogue",
        Way::Page => "on the owner's page",
        Way::Terminal => "in a terminal",
    }
}
