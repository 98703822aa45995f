//! What need not be asked again, and taking it back.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use jiff::Timestamp;
use maud::html;

use super::{Desk, OWNER, Session, decide, failed, page, time, token};
use crate::{
    approvals::{ApprovalsError, Code},
    display_text::escaped,
    http::page::frame::see_other,
};

pub(super) async fn show(State(desk): State<Arc<Desk>>, session: Session) -> Response {
    let lasting = match desk.approvals(|file| file.lasting()).await {
        Ok(lasting) => lasting,
        Err(error) => return failed(&session, &error),
    };
    let revoke = |code: &Code, what: &str| {
        html! {
            form method="post" {
                (token(&session))
                input type="hidden" name="code" value=(code.as_str());
                button.danger type="submit" aria-label={ "Revoke " (what) } { "Revoke" }
            }
        }
    };
    let passes: Vec<_> = lasting.passes_at(Timestamp::now()).collect();
    let content = html! {
        h1 { "Remembered" }
        p.soft { "What you allowed beforehand: runs that you are not asked about again, and single ones. Times are in UTC." }
        @if lasting.grants.is_empty() && passes.is_empty() && lasting.muted.is_empty() { p { "Nothing is remembered." } }
        @for grant in &lasting.grants {
            section {
                h2 { (escaped(grant.key.agent.as_str())) " may run " code { (escaped(&grant.key.pattern)) } }
                dl {
                    dt { "Program" } dd { (escaped(&grant.key.program)) }
                    @if !grant.key.references.is_empty() {
                        dt { "With" }
                        dd { ul.plain { @for (_, name) in &grant.key.references { li { (escaped(name)) } } } }
                    }
                    dt { "Allowed" } dd { (time(grant.at)) " by " (escaped(&grant.by.name)) " (" (grant.way.as_str()) ")" }
                }
                (revoke(&grant.code, &escaped(&grant.key.pattern)))
            }
        }
        @if !passes.is_empty() { h2 { "Allowed once, and not yet used" } }
        @for pass in &passes {
            section {
                h3 { (escaped(pass.terms.key.agent.as_str())) " may run " code { (escaped(&pass.terms.key.pattern)) } " once" }
                dl {
                    dt { "Program" } dd { (escaped(&pass.terms.key.program)) }
                    @if !pass.terms.key.references.is_empty() {
                        dt { "With" }
                        dd { ul.plain { @for (_, name) in &pass.terms.key.references { li { (escaped(name)) } } } }
                    }
                    dt { "Until" } dd { (time(pass.terms.until)) }
                    dt { "Allowed" } dd { (time(pass.at)) " by " (escaped(&pass.by.name)) " (" (pass.way.as_str()) ")" }
                }
                (revoke(&pass.code, &escaped(&pass.terms.key.pattern)))
            }
        }
        @if !lasting.muted.is_empty() { h2 { "Requests that you want to see no more" } }
        @for muted in &lasting.muted {
            section {
                p { (escaped(muted.agent.as_str())) ": " (escaped(&muted.text)) }
                (revoke(&muted.code, &escaped(&muted.text)))
            }
        }
    };
    page(&session, "remembered", "Remembered", content).into_response()
}

pub(super) async fn revoke(
    State(desk): State<Arc<Desk>>,
    session: Session,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let sent = match decide::form(&session, &headers, body).await {
        Ok(sent) => sent,
        Err(refused) => return refused,
    };
    let revoked = match Code::read(sent.text("code")) {
        Some(code) => desk
            .owner
            .broker
            .revoke_approval(&OWNER, code)
            .await
            .map(drop),
        None => Err(ApprovalsError::Unknown.into()),
    };
    match revoked {
        Ok(()) => see_other(&format!("/{}/remembered", session.base)),
        Err(error) => failed(&session, &error),
    }
}
