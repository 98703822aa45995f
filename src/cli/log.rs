//! `hushkey log`: what was done, by whom, and what was decided.
//!
//! It reads the audit log and leaves no entry in it, so that following the log does not feed it.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    audit::{AuditLog, ConnectActor, Cut, Entry, Event, Outcome, Page, Query, Viewer},
    cli::{
        failure::Failure,
        guard,
        log_arguments::{Log, LogCommand, Wanted},
        output::{Ink, Output},
        session::Session,
        variables,
    },
    display_text::escaped,
};

mod export;
mod prune;

/// How often `--follow` looks for new entries.
const GLANCE: Duration = Duration::from_millis(250);
/// How many entries are shown when nobody says how many, or since when.
const SHOWN: usize = 100;

/// Does what the command says.
pub(super) fn perform(arguments: &Log, session: &Session) -> anyhow::Result<()> {
    match &arguments.command {
        Some(LogCommand::Export(arguments)) => return export::perform(arguments, session),
        Some(LogCommand::Prune(arguments)) => return prune::perform(arguments, session),
        None => {}
    }
    let log = session.audit()?;
    if arguments.verify {
        return verify(&log, session.output);
    }
    let mut query = query(&arguments.wanted)?;
    let bounded = query.since.is_some();
    query.limit = arguments.limit.or_else(|| (!bounded).then_some(SHOWN));
    let last = show(&log.read(&query)?, arguments.follow, session.output)?;
    if arguments.follow {
        follow(&log, query, last.unwrap_or(0), session.output)?;
    }
    Ok(())
}

/// Which entries are wanted.
fn query(wanted: &Wanted) -> Result<Query, Failure> {
    let word = wanted.decision.as_deref();
    if word.is_some_and(|word| !["allowed", "denied", "failed"].contains(&word)) {
        return Err(Failure::Usage(
            "--decision is allowed, denied or failed".to_owned(),
        ));
    }
    Ok(Query {
        who: wanted.agent.clone(),
        action: wanted.action.clone(),
        decision: wanted.decision.clone(),
        about: wanted.about.clone(),
        since: moment("--since", wanted.since.as_deref())?,
        until: moment("--until", wanted.until.as_deref())?,
        ..Query::default()
    })
}

fn moment(option: &str, text: Option<&str>) -> Result<Option<Timestamp>, Failure> {
    text.map(|text| variables::moment(text, Timestamp::now()))
        .transpose()
        .map_err(|rule| Failure::Usage(format!("{option} is not understood: {rule}")))
}

/// Prints what comes, until somebody ends it.
fn follow(log: &AuditLog, query: Query, mut last: u64, output: Output) -> anyhow::Result<()> {
    loop {
        std::thread::sleep(GLANCE);
        let new = Query {
            after: Some(last),
            limit: None,
            ..query.clone()
        };
        last = show(&log.read(&new)?, true, output)?.unwrap_or(last);
    }
}

/// Prints a page, and gives the number of the last entry that was looked at.
fn show(page: &Page, follows: bool, output: Output) -> anyhow::Result<Option<u64>> {
    for number in &page.unreadable {
        output.note(&format!(
            "entry {number} does not match its seal: it was changed outside hushkey; `hushkey log --verify` tells more"
        ));
    }
    let views: Vec<_> = page.entries.iter().map(EntryJson::from).collect();
    if output.is_json() && !follows {
        output.json(&views)?;
    } else {
        for (entry, view) in page.entries.iter().zip(&views) {
            if output.is_json() {
                output.json_line(view)?;
            } else if !tells_nothing_new(entry) {
                output.line(&line(entry, view, output))?;
            }
        }
    }
    Ok(page.last)
}

/// That something allowed was done is what its first entry says already; the file and `--json` have both.
fn tells_nothing_new(entry: &Entry) -> bool {
    matches!(
        &entry.event,
        Event::Ended {
            outcome: Outcome::Done,
            ..
        }
    )
}

fn line(entry: &Entry, view: &EntryJson, output: Output) -> String {
    let time = entry.time.strftime("%Y-%m-%d %H:%M:%SZ");
    let place = output.ink(Ink::Dim, &format!("{:>6}  {time}", entry.seq));
    let sentence = if view.decision == "denied" {
        output.ink(Ink::Red, &view.sentence)
    } else {
        view.sentence.clone()
    };
    format!("{place}  {sentence}")
}

fn verify(log: &AuditLog, output: Output) -> anyhow::Result<()> {
    let found = log.verify()?;
    if output.is_json() {
        output.json(&serde_json::json!({
            "sound": found.sound,
            "fault": found.fault.map(|fault| fault.to_string()),
            "cut": found.cut.as_ref().map(|cut| serde_json::json!({
                "entries": cut.seq,
                "time": when(cut),
                "by": cut.by,
            })),
        }))?;
    }
    match found.fault {
        None if output.is_json() => Ok(()),
        None => {
            output.line(&format!(
                "all {} entries are as they were written",
                found.sound
            ))?;
            match &found.cut {
                None => Ok(()),
                Some(cut) => output.line(&format!(
                    "the {} before them were pruned by {}, the last time at {}",
                    cut.seq,
                    escaped(&cut.by),
                    when(cut)
                )),
            }
        }
        Some(fault) => Err(Failure::Failed(format!(
            "{fault}; the {} entries before are as they were written",
            found.sound
        ))
        .into()),
    }
}

fn when(cut: &Cut) -> String {
    Timestamp::from_second(cut.time)
        .unwrap_or_default()
        .to_string()
}

/// An entry, as `--json` shows it to its owner.
#[derive(Serialize)]
struct EntryJson {
    seq: u64,
    time: String,
    agent: String,
    /// What an agent's client calls itself, and by which way it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    /// The program, if it was asked over the Connect API.
    #[serde(skip_serializing_if = "Option::is_none")]
    connect: Option<ActorJson>,
    action: String,
    target: String,
    decision: String,
    sentence: String,
}

impl From<&Entry> for EntryJson {
    fn from(entry: &Entry) -> Self {
        Self {
            seq: entry.seq,
            time: entry.time.to_string(),
            agent: entry.who.name.clone(),
            client: entry.who.client.clone(),
            connect: entry.actor.as_ref().map(ActorJson::from),
            action: entry.verb.as_str().to_owned(),
            target: entry.target_text(Viewer::Owner),
            decision: entry.decision_text(),
            // An agent would simply run what would have allowed it.
            sentence: entry.sentence(match guard::agent_here() {
                Some(_) => Viewer::Agent,
                None => Viewer::Owner,
            }),
        }
    }
}

/// A program that asked over the Connect API.
#[derive(Serialize)]
struct ActorJson {
    server: String,
    server_id: String,
    token: String,
    token_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    address: String,
    request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_version: Option<u64>,
}

impl From<&ConnectActor> for ActorJson {
    fn from(actor: &ConnectActor) -> Self {
        Self {
            server: actor.server_name.clone(),
            server_id: actor.server.to_string(),
            token: actor.token_name.clone(),
            token_id: actor.token.to_string(),
            user_agent: actor.user_agent.clone(),
            address: actor.address.clone(),
            request_id: actor.request.clone(),
            item_version: actor.item_version,
        }
    }
}
