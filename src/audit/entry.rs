//! One thing that was asked for or done, as it is recorded.

use jiff::Timestamp;

use crate::{
    access::{AgentName, Caller},
    audit::{ConnectActor, Verb},
    policy::{Cause, Decision, Grounds, RuleName},
    seal::random_bytes,
    vault::{EnvironmentId, ItemId, ResolvedReference, VaultId, reference::Named},
};

/// An entry that is about to be written.
///
/// Two are written for each action: the decision before ([`NewEntry::decided`]), the outcome after ([`NewEntry::ended`]).
#[derive(Clone, Debug)]
pub struct NewEntry {
    pub(super) time: Timestamp,
    pub(super) who: Who,
    pub(super) verb: Verb,
    pub(super) target: Target,
    pub(super) reason: Option<String>,
    pub(super) actor: Option<ConnectActor>,
    pub(super) event: Event,
}

/// An entry as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When, by the clock of the process that wrote it.
    pub time: Timestamp,
    /// Who asked.
    pub who: Who,
    /// What for.
    pub verb: Verb,
    /// On what.
    pub target: Target,
    /// Why, in the caller's words: at most [`REASON_LIMIT`] characters, not escaped.
    pub reason: Option<String>,
    /// What the caller was told to quote, if it was denied.
    pub code: Option<RequestCode>,
    /// The program behind it, if it was asked over the Connect API.
    pub actor: Option<ConnectActor>,
    /// What came of it.
    pub event: Event,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// `owner`, the agent's name, or `connect:` and the name of a Connect server.
    pub name: String,
    /// Whether it is an agent.
    pub is_agent: bool,
    /// What an agent's client calls itself.
    pub client: Option<String>,
}

/// On what: whatever of these is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The vault.
    pub vault: Option<Named<VaultId>>,
    /// The item.
    pub item: Option<Named<ItemId>>,
    /// The environments.
    pub environments: Vec<Named<EnvironmentId>>,
    /// The fields whose values are involved.
    pub references: Vec<ResolvedReference>,
    /// The program's absolute path; never its arguments.
    pub program: Option<String>,
    /// What the caller wrote, where it could not be resolved: a name or a reference, at most
    /// [`REASON_LIMIT`] characters, not escaped.
    pub unresolved: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was allowed, and is now done.
    Allowed {
        /// What that rests on.
        grounds: Grounds,
    },
    /// A person answered, or did not.
    Answered(Answer),
    /// A person is asked, and nothing was done yet.
    Asked {
        /// The rule that wants it.
        rule: Option<RuleName>,
        /// The request's code.
        code: String,
    },
    /// It was denied, and nothing was done.
    Denied {
        /// Why, for the owner.
        why: String,
        /// Whether the caller may not learn what it was that it named, nor whether it is there.
        hidden: bool,
        /// The rule that matched and still refused.
        rule: Option<RuleName>,
        /// What would allow it; for the owner only.
        remedy: Option<String>,
    },
    /// What was allowed came to an end.
    Ended {
        /// The entry that allowed it.
        of: u64,
        /// How it ended.
        outcome: Outcome,
    },
}

impl Event {
    /// Allowed by a token of the caller's.
    pub(super) fn allowed_by_token() -> Self {
        Self::Allowed {
            grounds: Grounds::Token,
        }
    }

    /// Denied for a reason in a few words, without a value; no rule had a part in it.
    pub(super) fn denied(why: &str, hidden: bool) -> Self {
        Self::Denied {
            why: limited(why),
            hidden,
            rule: None,
            remedy: None,
        }
    }

    /// How it ended what entry `of` allowed.
    pub(super) fn ended(of: u64, outcome: Outcome) -> Self {
        Self::Ended {
            of,
            outcome: limited_outcome(outcome),
        }
    }
}

/// What a person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The request's code.
    pub code: String,
    /// Whether it may be done.
    pub yes: bool,
    /// Who decided; `None` when nobody did.
    pub by: Option<Decider>,
    /// Why it is no yes, in a few words.
    pub why: Option<String>,
    /// Whether later requests like it are not asked about.
    pub remembered: bool,
}

/// Who decided, and by which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// The account's name.
    pub name: String,
    /// The account's number.
    pub uid: u32,
    /// `dialogue`, `page` or `terminal`.
    pub way: String,
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was called off.
    Cancelled,
    /// It was done.
    Done,
    /// The program exited with this status.
    Exited(i32),
    /// It failed, and why in a few words without a value.
    Failed(String),
    /// This signal killed the program.
    Signaled(i32),
    /// The time-out ended the program.
    TimedOut,
    /// The program ended, and its output was withheld: it showed this reference's value in disguise.
    Withheld(String),
}

/// Six letters and digits that tie a refusal to its entry: the model is told the code, the owner finds the
/// remedy under it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestCode(pub(super) String);

/// How many characters of a reason are kept.
pub const REASON_LIMIT: usize = 500;

impl NewEntry {
    /// What was decided on an action, before anything is done.
    #[must_use]
    pub fn decided(
        time: Timestamp,
        caller: &Caller,
        verb: Verb,
        target: Target,
        decision: &Decision,
    ) -> Self {
        let event = match decision {
            Decision::Allowed(permit) => Event::Allowed {
                grounds: permit.grounds.clone(),
            },
            // Not allowed yet, and nobody will be asked by this.
            Decision::Asks(asking) => Event::Denied {
                why: Cause::Approval.to_string(),
                hidden: false,
                rule: asking.permit.grounds.rule().cloned(),
                remedy: None,
            },
            Decision::Denied(refusal) => Event::Denied {
                why: refusal.cause.to_string(),
                hidden: refusal.is_hidden(),
                rule: refusal.rule.clone(),
                remedy: refusal.remedy.clone(),
            },
        };
        Self::of(time, caller, verb, target, event)
    }

    /// A request that came to nothing before it could be decided, because what it names is not there. `why` in
    /// a few words without a value.
    #[must_use]
    pub fn denied(time: Timestamp, caller: &Caller, verb: Verb, target: Target, why: &str) -> Self {
        Self::of(time, caller, verb, target, Event::denied(why, true))
    }

    /// A person is asked before anything is done.
    #[must_use]
    pub fn asked(
        time: Timestamp,
        caller: &Caller,
        verb: Verb,
        target: Target,
        rule: Option<RuleName>,
        code: String,
    ) -> Self {
        Self::of(time, caller, verb, target, Event::Asked { rule, code })
    }

    /// What a person said, before anything is done.
    #[must_use]
    pub fn answered(
        time: Timestamp,
        caller: &Caller,
        verb: Verb,
        target: Target,
        answer: Answer,
    ) -> Self {
        Self::of(time, caller, verb, target, Event::Answered(answer))
    }

    /// Requests that were turned away before they could ask for anything; `what` says how many, from where and why. Where
    /// nobody knows whose they were, the name is one that no agent can have.
    #[must_use]
    pub fn turned_away(time: Timestamp, agent: Option<&AgentName>, what: &str) -> Self {
        let who = Who {
            name: agent.map_or_else(|| "(nobody)".to_owned(), ToString::to_string),
            is_agent: agent.is_some(),
            client: None,
        };
        let event = Event::denied(what, false);
        Self::new(time, who, Verb::SignIn, Target::default(), event)
    }

    /// How an action ended that entry `of` allowed.
    #[must_use]
    pub fn ended(
        time: Timestamp,
        caller: &Caller,
        verb: Verb,
        target: Target,
        of: u64,
        outcome: Outcome,
    ) -> Self {
        Self::of(time, caller, verb, target, Event::ended(of, outcome))
    }

    fn of(time: Timestamp, caller: &Caller, verb: Verb, target: Target, event: Event) -> Self {
        let client = match caller {
            Caller::Agent(agent) => agent.client.as_deref().map(limited),
            Caller::Owner => None,
        };
        let who = Who {
            name: caller.name().to_owned(),
            is_agent: caller.is_agent(),
            client,
        };
        Self::new(time, who, verb, target, event)
    }

    pub(super) fn new(time: Timestamp, who: Who, verb: Verb, target: Target, event: Event) -> Self {
        Self {
            time,
            who,
            verb,
            target: Target {
                unresolved: target.unresolved.as_deref().map(limited),
                ..target
            },
            reason: None,
            actor: None,
            event,
        }
    }

    /// Whether its caller gets a code to quote: not a program over the Connect API, whose answer has the request's id.
    pub(super) fn has_code(&self) -> bool {
        matches!(self.event, Event::Denied { .. }) && self.actor.is_none()
    }

    /// Tells whether it says how something ended that an entry before it allowed.
    pub(super) fn is_outcome(&self) -> bool {
        matches!(self.event, Event::Ended { .. })
    }

    /// Adds the caller's reason, cut at [`REASON_LIMIT`].
    #[must_use]
    pub fn because(mut self, reason: Option<&str>) -> Self {
        self.reason = reason.map(limited);
        self
    }
}

/// What others wrote is kept up to [`REASON_LIMIT`] characters.
pub(super) fn limited(text: &str) -> String {
    text.chars().take(REASON_LIMIT).collect()
}

fn limited_outcome(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Failed(why) => Outcome::Failed(limited(&why)),
        Outcome::Withheld(reference) => Outcome::Withheld(limited(&reference)),
        other => other,
    }
}

impl RequestCode {
    /// Thirty random bits: enough that nobody guesses one of the few that are open.
    pub(super) fn random() -> Self {
        let letters = data_encoding::BASE32_NOPAD.encode(&random_bytes::<4>());
        Self(letters[..6].to_owned())
    }

    /// Reads a code as somebody typed it.
    pub(super) fn read(text: &str) -> Self {
        Self(text.trim().to_ascii_uppercase())
    }

    /// The code as text: `K7Q2MX`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RequestCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
