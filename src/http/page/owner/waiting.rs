//! What waits for a decision: each request with exactly what will happen.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{Desk, Session, failed, live, page, token};
use crate::{
    approvals::{AccessMatter, Matter, Request, RunMatter, WriteMatter},
    display_text::escaped,
};

pub(super) async fn show(State(desk): State<Arc<Desk>>, session: Session) -> Response {
    list(&desk, &session, None).await
}

/// The list, with what went wrong with one of them.
pub(super) async fn list(
    desk: &Arc<Desk>,
    session: &Session,
    complaint: Option<(&str, &str)>,
) -> Response {
    let pending = desk.approvals(|file| file.pending(Timestamp::now())).await;
    let pending = match pending {
        Ok(pending) => pending,
        Err(error) => return failed(session, &error),
    };
    let content = html! {
        h1 { "Waiting for you" }
        (live::news())
        @if pending.is_empty() {
            p { "Nothing waits." }
            p.soft { "What an agent needs your word for is listed here, and by " code { "hushkey approve" } " in a terminal." }
        }
        @for request in &pending {
            (card(desk, session, request, complaint.filter(|(code, _)| *code == request.code.as_str()).map(|it| it.1)))
        }
    };
    live::watched(desk, session, page(session, "", "Waiting", content))
        .await
        .into_response()
}

fn card(desk: &Desk, session: &Session, request: &Request, complaint: Option<&str>) -> Markup {
    let code = request.code.as_str();
    let heading = format!("request-{code}");
    let left = request.left(Timestamp::now()).as_secs();
    html! {
        section aria-labelledby=(heading) {
            h2 id=(heading) {
                (escaped(request.agent.as_str())) " " (asks(&request.matter))
            }
            dl {
                dt { "Code" } dd { span.code { (code) } }
                (matter(&request.matter))
                @if let Some(reason) = &request.reason { dt { "Its reason" } dd { (escaped(reason)) } }
                @if let Some(client) = &request.client { dt { "Client" } dd { (escaped(client)) } }
                dt { "Time left" } dd { (left / 60) " min " (left % 60) " s" }
            }
            @if let Some(complaint) = complaint { p.warn role="alert" id={ "complaint-" (code) } { (complaint) } }
            @if matches!(request.matter, Matter::Ask(_)) {
                p { a href={ "/" (session.base) "/type/" (code) } { "Type the value here" } }
            } @else {
                (decision(desk, session, request, complaint.is_some()))
            }
        }
    }
}

fn decision(desk: &Desk, session: &Session, request: &Request, wrong: bool) -> Markup {
    let code = request.code.as_str();
    let described = wrong.then(|| format!("complaint-{code}"));
    let is_access = matches!(request.matter, Matter::Access(_));
    html! {
        form method="post" action={ "/" (session.base) "/decide" } autocomplete="off" {
            (token(session))
            input type="hidden" name="code" value=(code);
            @if desk.owner.prove.is_some() && !is_access {
                label.box {
                    "Passphrase of the store"
                    span.soft { " (to allow it)" }
                    input type="password" name="passphrase" autocomplete="off" aria-describedby=[described];
                }
            }
            @if is_access {
                p.soft { "Grant it with " code { "hushkey approve " (code) } ", which shows the rule that would be written." }
            }
            div.actions {
                @if !is_access {
                    button type="submit" name="answer" value="yes" { "Allow once" }
                    @if request.grant.is_some() {
                        button.quiet type="submit" name="answer" value="remember" { "Allow and remember" }
                    }
                }
                button.danger type="submit" name="answer" value="no" { "Refuse" }
                @if is_access {
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
        Matter::Access(AccessMatter::Command {
            command,
            references,
        }) => html! {
            dt { "Command" } dd { pre { (escaped(&line(command))) } }
            (each("With", references))
        },
        Matter::Access(AccessMatter::Vault { vault, level }) => html! {
            dt { "Vault" } dd { (escaped(vault)) }
            dt { "Level" } dd { (escaped(level)) }
        },
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
        #[allow(unreachable_patterns)]
        other => html! { dt { "What" } dd { (escaped(&other.to_string())) } },
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
        dt { "Output" } dd { (escaped(&run.output)) }
    }
}

fn write(write: &WriteMatter) -> Markup {
    html! {
        dt { "Vault" } dd { (escaped(&write.vault.name)) }
        dt { "Item" } dd { (escaped(&write.item.name)) }
        (each("Changes", &write.changes))
    }
}

fn each(name: &str, texts: &[String]) -> Markup {
    html! {
        @if !texts.is_empty() {
            dt { (name) }
            dd { ul.plain { @for text in texts { li { (escaped(text)) } } } }
        }
    }
}

/// A command as one would type it.
fn line(command: &[String]) -> String {
    shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| command.join(" "))
}
