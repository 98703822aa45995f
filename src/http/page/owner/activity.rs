//! What was done, by whom, and what was decided: in sentences.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::Uri;
use maud::{Markup, html};

use super::{Desk, Session, failed, live, page, time};
use crate::{
    audit::{Entry, Event, Outcome, Query, Viewer},
    broker::BrokerError,
    display_text::escaped,
    http::page::frame::marked,
};

/// How many entries a page shows.
const SHOWN: usize = 200;

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    session: Session,
    address: Uri,
) -> Response {
    let who = form_urlencoded::parse(address.query().unwrap_or_default().as_bytes())
        .find(|(name, who)| name == "who" && !who.is_empty())
        .map(|(_, who)| who.into_owned());
    let query = Query {
        who: who.clone(),
        limit: Some(SHOWN),
        ..Query::default()
    };
    let entries = match read(&desk, query).await {
        Ok(entries) => entries,
        Err(error) => return failed(&session, &error),
    };
    let content = html! {
        h1 { "Activity" }
        p.soft { "What was asked, decided and done, the newest first. Times are in UTC." }
        (live::news())
        form.filter method="get" {
            div.actions {
                label for="who" { "Only" }
                input.short id="who" name="who" value=[who] placeholder="an agent's name, or owner" autocomplete="off";
                button.quiet type="submit" { "Show" }
                a href={ "/" (session.base) "/activity/live" } { "Follow it as it comes" }
            }
        }
        @if entries.is_empty() { p { "Nothing was done yet." } }
        ol.plain.log reversed {
            @for entry in entries.iter().rev().filter(|entry| !tells_nothing_new(entry)) { (line(entry)) }
        }
    };
    live::watched(
        &desk,
        &session,
        page(&session, "activity", "Activity", content),
    )
    .await
    .into_response()
}

/// One entry.
pub(super) fn line(entry: &Entry) -> Markup {
    let badge = match &entry.event {
        Event::Answered(answer) if !answer.yes => "warn",
        Event::Denied { .. } => "warn",
        _ => "soft",
    };
    html! {
        li {
            span.soft { (time(entry.time)) }
            " " span.badge.(badge) { (escaped(&entry.decision_text())) }
            br;
            (marked(&entry.sentence(Viewer::Owner)))
        }
    }
}

/// That what was allowed was done goes without saying.
pub(super) fn tells_nothing_new(entry: &Entry) -> bool {
    matches!(
        entry.event,
        Event::Ended {
            outcome: Outcome::Done,
            ..
        }
    )
}

/// Reads the log, off the thread that serves others. It leaves no entry in it.
pub(super) async fn read(desk: &Arc<Desk>, query: Query) -> Result<Vec<Entry>, BrokerError> {
    let desk = Arc::clone(desk);
    let page = tokio::task::spawn_blocking(move || desk.owner.broker.audit().read(&query)).await;
    match page {
        Ok(page) => Ok(page?.entries),
        Err(_) => Err(BrokerError::Unavailable {
            message: "the log could not be read".into(),
            source: None,
        }),
    }
}
