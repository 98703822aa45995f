//! A right that an agent asked for: what a yes would write or allow, shown before there is a button for it.
//!
//! How a rule is written into the policy is for the process that serves the pages to know.

use std::sync::Arc;

use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{Desk, OWNER, Session, failed, proving, waiting};
use crate::{
    approvals::{AccessMatter, Decision, Matter, PassTerms, Person, Proof, Request, Verdict, Way},
    broker::{Broker, BrokerError},
    display_text::escaped,
    http::page::{body::Form, frame::see_other},
};

/// What the pages need to grant a right.
pub struct Rules {
    /// What a yes would write into the policy; else why it can't be written.
    pub preview: Preview,
    /// Writes it, on record. What is lacking still, if something is.
    pub write: Write,
}

/// Tells what would be written.
type Preview = Box<dyn Fn(&Request) -> Result<String, String> + Send + Sync>;

/// Writes it.
type Write = Box<dyn Fn(&Broker, &Request) -> Result<Option<String>, String> + Send + Sync>;

/// What can be said to a request.
pub(super) struct Offer {
    rule: Result<String, String>,
    once: Result<PassTerms, String>,
}

impl Offer {
    /// Works out what could be granted, where something was asked for.
    pub(super) async fn of(desk: &Desk, request: &Request) -> Option<Self> {
        if !matches!(request.matter, Matter::Access(_)) {
            return None;
        }
        let once = desk.owner.broker.pass_terms(&OWNER, request).await;
        Some(Self {
            rule: (desk.owner.rules.preview)(request),
            once: once.map_err(|error| error.to_string()),
        })
    }

    /// What a yes would mean, for the list of facts.
    pub(super) fn facts(&self) -> Markup {
        html! {
            dt { "As a rule" }
            dd {
                @match &self.rule {
                    Ok(text) => { pre { (escaped_lines(text)) } }
                    Err(why) => { "It can't be one: " (escaped(why)) "." }
                }
            }
            dt { "Once" }
            dd {
                @match &self.once {
                    Ok(terms) => {
                        "One run of exactly this, within a day. The program is " code { (escaped(&terms.key.program)) } "."
                    }
                    Err(why) => { "It can't be: " (escaped(why)) "." }
                }
            }
        }
    }

    /// The buttons that say yes.
    pub(super) fn buttons(&self) -> Markup {
        html! {
            @if self.once.is_ok() { button type="submit" name="answer" value="once" { "Allow once" } }
            @if self.rule.is_ok() { button.quiet type="submit" name="answer" value="rule" { "Add the rule" } }
        }
    }
}

/// Does what was said to a request for a right.
pub(super) async fn answer(
    desk: &Arc<Desk>,
    session: &Session,
    request: &Request,
    sent: &mut Form,
) -> Response {
    let said = sent.text("answer").to_owned();
    let passphrase = std::mem::take(&mut *sent.take("passphrase"));
    let done = match said.as_str() {
        "once" => once(desk, request, passphrase).await,
        "rule" => rule(desk, request, passphrase).await,
        "no" | "never" => {
            let decision = decision(Verdict::No, said == "never", None);
            let answered = desk.owner.broker.answer_access(&OWNER, request, decision);
            answered.await.map_err(Refused::Failed).map(|()| None)
        }
        _ => Err(Refused::Failed(BrokerError::Invalid(
            "a right is given as a rule or once".into(),
        ))),
    };
    match done {
        Ok(None) => see_other(&format!("/{}/", session.base)),
        Ok(Some(lacking)) => waiting::list(desk, session, Some(&lacking), None).await,
        Err(Refused::Complaint(complaint)) => {
            let complaint = (request.code.as_str(), complaint.as_str());
            waiting::list(desk, session, None, Some(complaint)).await
        }
        Err(Refused::Failed(error)) => failed(session, &error),
    }
}

/// Why nothing was granted.
enum Refused {
    /// Something that can be typed again.
    Complaint(String),
    Failed(BrokerError),
}

/// Allows exactly what was asked for, once.
async fn once(
    desk: &Arc<Desk>,
    request: &Request,
    passphrase: String,
) -> Result<Option<String>, Refused> {
    let broker = &desk.owner.broker;
    let terms = broker.pass_terms(&OWNER, request).await;
    let terms = terms.map_err(Refused::Failed)?;
    let (shown, signed) = (request.clone(), terms.clone());
    let message = desk
        .approvals(move |file| Ok(file.pass_message(&shown.id, &shown.digest, &signed)))
        .await
        .map_err(Refused::Failed)?;
    let proof = proving::prove(desk, message, passphrase).await;
    let decision = decision(Verdict::Yes, false, proof.map_err(Refused::Complaint)?);
    broker
        .answer_access_once(&OWNER, request, terms, decision)
        .await
        .map_err(Refused::Failed)?;
    Ok(None)
}

/// Writes the rule that was shown.
async fn rule(
    desk: &Arc<Desk>,
    request: &Request,
    passphrase: String,
) -> Result<Option<String>, Refused> {
    let unwritable = |why: String| Refused::Failed(BrokerError::Invalid(why));
    (desk.owner.rules.preview)(request).map_err(unwritable)?;
    let shown = request.clone();
    let message = desk
        .approvals(move |file| Ok(file.message(&shown, Verdict::Yes, false)))
        .await
        .map_err(Refused::Failed)?;
    let proof = proving::prove(desk, message, passphrase).await;
    let decision = decision(Verdict::Yes, false, proof.map_err(Refused::Complaint)?);
    desk.owner
        .broker
        .answer_access(&OWNER, request, decision)
        .await
        .map_err(Refused::Failed)?;
    let (desk, request) = (Arc::clone(desk), request.clone());
    let written =
        tokio::task::spawn_blocking(move || (desk.owner.rules.write)(&desk.owner.broker, &request));
    let written = written.await;
    written
        .unwrap_or_else(|_| Err("the policy could not be written".to_owned()))
        .map_err(unwritable)
}

fn decision(verdict: Verdict, remember: bool, proof: Option<Proof>) -> Decision {
    Decision {
        verdict,
        remember,
        by: Person::current(),
        way: Way::Page,
        at: Timestamp::now(),
        proof,
    }
}

/// What was asked for, for the list of facts.
pub(super) fn wanted(matter: &AccessMatter) -> Markup {
    match matter {
        AccessMatter::Command {
            command,
            references,
        } => html! {
            dt { "Command" } dd { pre { (escaped(&waiting::line(command))) } }
            (waiting::each("With", references))
        },
        AccessMatter::Vault { vault, level } => html! {
            dt { "Vault" } dd { (escaped(vault)) }
            dt { "Level" } dd { (escaped(level)) }
        },
    }
}

/// Escaped, with the lines kept.
fn escaped_lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}
