//! What waits for a decision: each request with exactly what will happen.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{Desk, Session, access::Offer, failed, live, page, token};
use crate::{
    approvals::{Matter, Request, RunMatter, WriteMatter},
    display_text::escaped,
};

pub(super) async fn show(State(desk): State<Arc<Desk>>, session: Session) -> Response {
    list(&desk, &session, None, None).await
}

/// The list, with something to know about what was just done, and what went wrong with one of them.
pub(super) async fn list(
    desk: &Arc<Desk>,
    session: &Session,
    told: Option<&str>,
    complaint: Option<(&str, &str)>,
) -> Response {
    let pending = desk.approvals(|file| file.pending(Timestamp::now())).await;
    let pending = match pending {
        Ok(pending) => pending,
        Err(error) => return failed(session, &error),
    };
    let mut cards = Vec::new();
    for request in &pending {
        let complaint = complaint.filter(|(code, _)| *code == request.code.as_str());
        let offer = Offer::of(desk, request).await;
        cards.push(card(
            desk,
            session,
            request,
            offer.as_ref(),
            complaint.map(|it| it.1),
        ));
    }
    let content = html! {
        h1 { "Waiting for you" }
        (live::news())
        @if let Some(told) = told { p.warn role="alert" { (told) } }
        @if pending.is_empty() {
            p { "Nothing waits." }
            p.soft { "What an agent needs your word for is listed here, and by " code { "hushkey approve" } " in a terminal." }
        }
        @for card in &cards { (card) }
    };
    live::watched(desk, session, page(session, "", "Waiting", content))
        .await
        .into_response()
}

fn card(
    desk: &Desk,
    session: &Session,
    request: &Request,
    offer: Option<&Offer>,
    complaint: Option<&str>,
) -> Markup {
    let code = request.code.as_str();
    let heading = format!("request-{code}");
    html! {
        section aria-labelledby=(heading) {
            h2 id=(heading) {
                (escaped(request.agent.as_str())) " " (asks(&request.matter))
                @if let Matter::Ask(ask) = &request.matter { " for " (escaped(&ask.item.name)) }
            }
            dl {
                dt { "Code" } dd { span.code { (code) } }
                (matter(&request.matter))
                @if let Some(reason) = &request.reason { dt { "Its reason" } dd { (escaped(reason)) } }
                @if let Some(client) = &request.client { dt { "Client" } dd { (escaped(client)) } }
                @if let Some(offer) = offer { (offer.facts()) }
                dt { "Time left" } dd { (time_left(request.left(Timestamp::now()))) }
            }
            @if let Some(complaint) = complaint { p.warn role="alert" id={ "complaint-" (code) } { (complaint) } }
            @if matches!(request.matter, Matter::Ask(_)) {
                form method="post" action={ "/" (session.base) "/decide" } {
                    (token(session))
                    input type="hidden" name="code" value=(code);
                    div.actions {
                        a.button href={ "/" (session.base) "/type/" (code) } { "Type the value" }
                        button.danger type="submit" name="answer" value="no" { "Refuse" }
                    }
                }
            } @else {
                (decision(desk, session, request, offer, complaint.is_some()))
            }
        }
    }
}

fn decision(
    desk: &Desk,
    session: &Session,
    request: &Request,
    offer: Option<&Offer>,
    wrong: bool,
) -> Markup {
    let code = request.code.as_str();
    let described = wrong.then(|| format!("complaint-{code}"));
    html! {
        form method="post" action={ "/" (session.base) "/decide" } autocomplete="off" {
            (token(session))
            input type="hidden" name="code" value=(code);
            @if desk.owner.prove.is_some() {
                label.box {
                    "Passphrase of the store"
                    span.soft { " (to allow it)" }
                    input type="password" name="passphrase" autocomplete="off" aria-describedby=[described];
                }
            }
            div.actions {
                @if let Some(offer) = offer { (offer.buttons()) } @else {
                    button type="submit" name="answer" value="yes" { "Allow once" }
                    @if request.grant.is_some() {
                        button.quiet type="submit" name="answer" value="remember" { "Allow and remember" }
                    }
                }
                button.danger type="submit" name="answer" value="no" { "Refuse" }
                @if offer.is_some() {
                    button.quiet type="submit" name="answer" value="never" { "Refuse, and do not show it again" }
                }
            }
        }
    }
}

fn asks(matter: &Matter) -> &'static str {
    match matter {
        Matter::Access(_) => "asks for a right that it lacks",
        Matter::Ask(_) => "asks you to type a value",
        Matter::Delete(_) => "wants to delete an item",
        Matter::Run(_) => "wants to run a program",
        Matter::Write(_) => "wants to write an item",
    }
}

fn matter(matter: &Matter) -> Markup {
    match matter {
        Matter::Access(access) => super::access::wanted(access),
        Matter::Ask(ask) => html! {
            dt { "Vault" } dd { (escaped(&ask.vault.name)) }
            dt { "Item" } dd { (escaped(&ask.item.name)) }
            dt { "Field" } dd { (escaped(&ask.field.name)) }
        },
        Matter::Delete(delete) => html! {
            dt { "Vault" } dd { (escaped(&delete.vault.name)) }
            dt { "Item" } dd { (escaped(&delete.item.name)) }
            dt { "Then" } dd { @if delete.archive { "it can be brought back" } @else { "it is gone" } }
        },
        Matter::Run(run) => self::run(run),
        Matter::Write(write) => self::write(write),
    }
}

fn run(run: &RunMatter) -> Markup {
    let handed: Vec<String> = run
        .handed
        .iter()
        .map(|it| format!("{} in {}", it.reference, it.way))
        .collect();
    let variables: Vec<String> = run
        .variables
        .iter()
        .map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        })
        .collect();
    html! {
        dt { "Command" } dd { pre { (escaped(&line(&run.argv))) } }
        dt { "Program" } dd { (escaped(&run.program)) }
        dt { "Starts in" } dd { (escaped(&run.cwd)) }
        (each("Gets", &handed))
        (each("Variables", &variables))
        dt { "Rule" } dd { code { (escaped(&run.rule)) } }
        dt { "Agent sees" } dd { (output(&run.output)) }
    }
}

/// How much of a program's output its agent gets.
fn output(mode: &str) -> String {
    match mode {
        "full" => "its output, with secrets concealed".to_owned(),
        "tail" => "the end of its output, with secrets concealed".to_owned(),
        "summary" => "how much it printed, and none of it".to_owned(),
        "none" => "only whether it succeeded".to_owned(),
        other => escaped(other),
    }
}

fn write(write: &WriteMatter) -> Markup {
    html! {
        dt { "Vault" } dd { (escaped(&write.vault.name)) }
        dt { "Item" } dd { (escaped(&write.item.name)) }
        (each("Changes", &write.changes))
    }
}

pub(super) fn each(name: &str, texts: &[String]) -> Markup {
    html! {
        @if !texts.is_empty() {
            dt { (name) }
            dd { ul.plain { @for text in texts { li { (escaped(text)) } } } }
        }
    }
}

/// A command as one would type it.
pub(super) fn line(command: &[String]) -> String {
    shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| command.join(" "))
}

/// How long something still waits, in the largest unit that tells enough.
fn time_left(left: Duration) -> String {
    let seconds = left.as_secs();
    match seconds {
        0..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
