//! How an entry lies on disk, within its seal.
//!
//! ```text
//! record: form (1 byte, 1) | postcard of `Record`
//!         | postcard of the environments, unless there are none and nothing follows
//!         | postcard of `ActorRecord`, if a program asked over the Connect API
//! ```
//!
//! The types here are the format: a change to one of them is a new form. Words stand as text, so that an entry that a newer
//! hushkey wrote with a verb of its own can still be shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    access::AgentName,
    audit::{
        Answer, ConnectActor, Decider, Entry, Event, NewEntry, Outcome, RequestCode, Target, Verb,
        Who,
    },
    policy::{Grounds, RuleId, RuleName},
    seal::Broken,
    vault::{
        EnvironmentId, FieldId, ItemId, ResolvedReference, SectionId, ServerId, TokenId, VaultId,
        reference::Named,
    },
};

const FORM: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Record {
    /// Microseconds since 1970.
    time: i64,
    name: String,
    is_agent: bool,
    client: Option<String>,
    verb: String,
    vault: Option<Pair>,
    item: Option<Pair>,
    references: Vec<ReferenceRecord>,
    program: Option<String>,
    unresolved: Option<String>,
    reason: Option<String>,
    code: Option<String>,
    event: EventRecord,
}

/// Id and name.
type Pair = (String, String);

#[derive(Serialize, Deserialize)]
struct ReferenceRecord {
    vault: Pair,
    item: Pair,
    section: Option<Pair>,
    field: Pair,
}

#[derive(Serialize, Deserialize)]
enum EventRecord {
    Allowed {
        grounds: GroundsRecord,
    },
    Denied {
        why: String,
        hidden: bool,
        rule: Option<RuleRecord>,
        remedy: Option<String>,
    },
    Ended {
        of: u64,
        outcome: OutcomeRecord,
    },
    Asked {
        rule: Option<RuleRecord>,
        code: String,
    },
    Answered(AnswerRecord),
}

#[derive(Serialize, Deserialize)]
struct AnswerRecord {
    code: String,
    yes: bool,
    /// Name, number, way.
    by: Option<(String, u32, String)>,
    why: Option<String>,
    remembered: bool,
}

#[derive(Serialize, Deserialize)]
enum GroundsRecord {
    Owner,
    Rights,
    Rule(RuleRecord),
    Approved {
        rule: Option<RuleRecord>,
        how: String,
    },
    Token,
}

#[derive(Serialize, Deserialize)]
struct RuleRecord {
    agent: String,
    number: u32,
    pattern: String,
}

#[derive(Serialize, Deserialize)]
enum OutcomeRecord {
    Cancelled,
    Done,
    Exited(i32),
    Failed(String),
    Signaled(i32),
    TimedOut,
    Withheld(String),
}

#[derive(Serialize, Deserialize)]
struct ActorRecord {
    server: Pair,
    token: Pair,
    user_agent: Option<String>,
    address: String,
    request: String,
    item_version: Option<u64>,
}

/// The bytes to seal; `code` is what a denial's caller is told to quote.
pub(super) fn encode(entry: &NewEntry, code: Option<&RequestCode>) -> Vec<u8> {
    let whole = "a vector takes any record";
    let mut bytes = postcard::to_extend(&Record::of(entry, code), vec![FORM]).expect(whole);
    let environments = &entry.target.environments;
    // Without either, as it was before there were any.
    if !environments.is_empty() || entry.actor.is_some() {
        let pairs: Vec<Pair> = environments.iter().map(pair).collect();
        bytes = postcard::to_extend(&pairs, bytes).expect(whole);
    }
    if let Some(actor) = &entry.actor {
        bytes = postcard::to_extend(&ActorRecord::of(actor), bytes).expect(whole);
    }
    bytes
}

/// Reads what was sealed as entry `seq`.
///
/// # Errors
/// [`Broken`] when the bytes have another form.
pub(super) fn decode(seq: u64, bytes: &[u8]) -> Result<Entry, Broken> {
    match bytes.split_first() {
        Some((&FORM, rest)) => {
            let (record, rest) = postcard::take_from_bytes::<Record>(rest).map_err(|_| Broken)?;
            let (environments, rest) = part::<Vec<Pair>>(rest)?;
            let (actor, _) = part::<ActorRecord>(rest)?;
            let mut entry = record.entry(seq)?;
            let named = environments.into_iter().flatten().map(environment);
            entry.target.environments = named.collect::<Result<_, _>>()?;
            entry.actor = actor.map(ActorRecord::actor).transpose()?;
            Ok(entry)
        }
        _ => Err(Broken),
    }
}

/// The next part and what follows it, unless the record ends here.
fn part<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<(Option<T>, &'b [u8]), Broken> {
    if bytes.is_empty() {
        return Ok((None, bytes));
    }
    let (part, rest) = postcard::take_from_bytes(bytes).map_err(|_| Broken)?;
    Ok((Some(part), rest))
}

impl Record {
    fn of(entry: &NewEntry, code: Option<&RequestCode>) -> Self {
        let target = &entry.target;
        Self {
            time: entry.time.as_microsecond(),
            name: entry.who.name.clone(),
            is_agent: entry.who.is_agent,
            client: entry.who.client.clone(),
            verb: entry.verb.as_str().to_owned(),
            vault: target.vault.as_ref().map(pair),
            item: target.item.as_ref().map(pair),
            references: target.references.iter().map(ReferenceRecord::of).collect(),
            program: target.program.clone(),
            unresolved: target.unresolved.clone(),
            reason: entry.reason.clone(),
            code: code.map(RequestCode::to_string),
            event: EventRecord::of(&entry.event),
        }
    }

    fn entry(self, seq: u64) -> Result<Entry, Broken> {
        Ok(Entry {
            seq,
            time: Timestamp::from_microsecond(self.time).map_err(|_| Broken)?,
            who: Who {
                name: self.name,
                is_agent: self.is_agent,
                client: self.client,
            },
            verb: Verb::read(&self.verb),
            target: Target {
                vault: self.vault.map(vault).transpose()?,
                item: self.item.map(item).transpose()?,
                environments: Vec::new(),
                references: self
                    .references
                    .into_iter()
                    .map(ReferenceRecord::reference)
                    .collect::<Result<_, _>>()?,
                program: self.program,
                unresolved: self.unresolved,
            },
            reason: self.reason,
            code: self.code.map(RequestCode),
            actor: None,
            event: self.event.event()?,
        })
    }
}

impl EventRecord {
    fn of(event: &Event) -> Self {
        match event {
            Event::Answered(answer) => Self::Answered(AnswerRecord::of(answer)),
            Event::Asked { rule, code } => Self::Asked {
                rule: rule.as_ref().map(RuleRecord::of),
                code: code.clone(),
            },
            Event::Allowed { grounds } => Self::Allowed {
                grounds: match grounds {
                    Grounds::Approved { rule, how } => GroundsRecord::Approved {
                        rule: rule.as_ref().map(RuleRecord::of),
                        how: how.clone(),
                    },
                    Grounds::Owner => GroundsRecord::Owner,
                    Grounds::Rights => GroundsRecord::Rights,
                    Grounds::Rule(rule) => GroundsRecord::Rule(RuleRecord::of(rule)),
                    Grounds::Token => GroundsRecord::Token,
                },
            },
            Event::Denied {
                why,
                hidden,
                rule,
                remedy,
            } => Self::Denied {
                why: why.clone(),
                hidden: *hidden,
                rule: rule.as_ref().map(RuleRecord::of),
                remedy: remedy.clone(),
            },
            Event::Ended { of, outcome } => Self::Ended {
                of: *of,
                outcome: OutcomeRecord::of(outcome),
            },
        }
    }

    fn event(self) -> Result<Event, Broken> {
        Ok(match self {
            Self::Answered(answer) => Event::Answered(answer.answer()),
            Self::Asked { rule, code } => Event::Asked {
                rule: rule.map(RuleRecord::name).transpose()?,
                code,
            },
            Self::Allowed { grounds } => Event::Allowed {
                grounds: match grounds {
                    GroundsRecord::Approved { rule, how } => Grounds::Approved {
                        rule: rule.map(RuleRecord::name).transpose()?,
                        how,
                    },
                    GroundsRecord::Owner => Grounds::Owner,
                    GroundsRecord::Rights => Grounds::Rights,
                    GroundsRecord::Rule(rule) => Grounds::Rule(rule.name()?),
                    GroundsRecord::Token => Grounds::Token,
                },
            },
            Self::Denied {
                why,
                hidden,
                rule,
                remedy,
            } => Event::Denied {
                why,
                hidden,
                rule: rule.map(RuleRecord::name).transpose()?,
                remedy,
            },
            Self::Ended { of, outcome } => Event::Ended {
                of,
                outcome: outcome.outcome(),
            },
        })
    }
}

impl AnswerRecord {
    fn of(answer: &Answer) -> Self {
        let by = answer.by.as_ref();
        Self {
            code: answer.code.clone(),
            yes: answer.yes,
            by: by.map(|by| (by.name.clone(), by.uid, by.way.clone())),
            why: answer.why.clone(),
            remembered: answer.remembered,
        }
    }

    fn answer(self) -> Answer {
        Answer {
            code: self.code,
            yes: self.yes,
            by: self.by.map(|(name, uid, way)| Decider { name, uid, way }),
            why: self.why,
            remembered: self.remembered,
        }
    }
}

impl RuleRecord {
    fn of(rule: &RuleName) -> Self {
        Self {
            agent: rule.id.agent.to_string(),
            number: rule.id.number,
            pattern: rule.pattern.clone(),
        }
    }

    fn name(self) -> Result<RuleName, Broken> {
        Ok(RuleName {
            id: RuleId {
                agent: AgentName::parse(&self.agent).map_err(|_| Broken)?,
                number: self.number,
            },
            pattern: self.pattern,
        })
    }
}

impl OutcomeRecord {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Cancelled => Self::Cancelled,
            Outcome::Done => Self::Done,
            Outcome::Exited(status) => Self::Exited(*status),
            Outcome::Failed(why) => Self::Failed(why.clone()),
            Outcome::Signaled(signal) => Self::Signaled(*signal),
            Outcome::TimedOut => Self::TimedOut,
            Outcome::Withheld(reference) => Self::Withheld(reference.clone()),
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Self::Cancelled => Outcome::Cancelled,
            Self::Done => Outcome::Done,
            Self::Exited(status) => Outcome::Exited(status),
            Self::Failed(why) => Outcome::Failed(why),
            Self::Signaled(signal) => Outcome::Signaled(signal),
            Self::TimedOut => Outcome::TimedOut,
            Self::Withheld(reference) => Outcome::Withheld(reference),
        }
    }
}

impl ActorRecord {
    fn of(actor: &ConnectActor) -> Self {
        Self {
            server: (actor.server.to_string(), actor.server_name.clone()),
            token: (actor.token.to_string(), actor.token_name.clone()),
            user_agent: actor.user_agent.clone(),
            address: actor.address.clone(),
            request: actor.request.clone(),
            item_version: actor.item_version,
        }
    }

    fn actor(self) -> Result<ConnectActor, Broken> {
        Ok(ConnectActor {
            server: ServerId::parse(&self.server.0).map_err(|_| Broken)?,
            server_name: self.server.1,
            token: TokenId::parse(&self.token.0).map_err(|_| Broken)?,
            token_name: self.token.1,
            user_agent: self.user_agent,
            address: self.address,
            request: self.request,
            item_version: self.item_version,
        })
    }
}

impl ReferenceRecord {
    fn of(reference: &ResolvedReference) -> Self {
        Self {
            vault: pair(&reference.vault),
            item: pair(&reference.item),
            section: reference.section.as_ref().map(pair),
            field: pair(&reference.field),
        }
    }

    fn reference(self) -> Result<ResolvedReference, Broken> {
        Ok(ResolvedReference {
            vault: vault(self.vault)?,
            item: item(self.item)?,
            section: self.section.map(|(id, name)| Named {
                id: SectionId::new(id),
                name,
            }),
            field: Named {
                id: FieldId::new(self.field.0),
                name: self.field.1,
            },
        })
    }
}

fn pair<T: std::fmt::Display>(named: &Named<T>) -> Pair {
    (named.id.to_string(), named.name.clone())
}

fn environment((id, name): Pair) -> Result<Named<EnvironmentId>, Broken> {
    let id = EnvironmentId::parse(&id).map_err(|_| Broken)?;
    Ok(Named { id, name })
}

fn vault((id, name): Pair) -> Result<Named<VaultId>, Broken> {
    let id = VaultId::parse(&id).map_err(|_| Broken)?;
    Ok(Named { id, name })
}

fn item((id, name): Pair) -> Result<Named<ItemId>, Broken> {
    let id = ItemId::parse(&id).map_err(|_| Broken)?;
    Ok(Named { id, name })
}
