//! What changes while a page is open.
//!
//! No page moves by itself: a button must not slip from under a finger. Where scripts run, a small one tells that there
//! is news. Without any, the log can be followed as one document that never ends.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use futures_util::stream;
use http::{HeaderValue, header};
use jiff::Timestamp;
use maud::{Markup, html};
use sha2::{Digest, Sha256};

use super::{Desk, Session, activity, page};
use crate::{
    audit::Query,
    http::page::frame::{self, Page},
};

/// How often the log is looked at for who follows it.
const GLANCE: Duration = Duration::from_secs(1);

/// How many entries stand there at first.
const BEFORE: usize = 30;

/// Where the never-ending document is cut in two.
const HERE: &str = "<!--here-->";

/// What the script shows when there is something new.
pub(super) fn news() -> Markup {
    html! {
        p.news id="news" role="status" hidden { "There is something new. " a href="" { "Show it" } }
    }
}

/// A page that is told when there is something new.
pub(super) async fn watched(desk: &Arc<Desk>, session: &Session, page: Page) -> Page {
    Page {
        watches: Some((format!("/{}/state", session.base), fingerprint(desk).await)),
        ..page
    }
}

/// Changes whenever something waits, is decided or is done.
pub(super) async fn state(State(desk): State<Arc<Desk>>, _: Session) -> Response {
    fingerprint(&desk).await.into_response()
}

async fn fingerprint(desk: &Arc<Desk>) -> String {
    let pending = desk.approvals(|file| file.pending(Timestamp::now())).await;
    let last = Query {
        limit: Some(1),
        ..Query::default()
    };
    let entries = activity::read(desk, last).await.unwrap_or_default();
    let mut digest = Sha256::new();
    for request in pending.unwrap_or_default() {
        digest.update(request.code.as_str());
    }
    for entry in entries {
        digest.update(entry.seq.to_le_bytes());
    }
    HEXLOWER.encode(&digest.finalize()[..8])
}

/// The log as it comes, the newest last.
pub(super) async fn follow(State(desk): State<Arc<Desk>>, session: Session) -> Response {
    let content = html! {
        h1 { "Activity as it comes" }
        p.soft { "The newest is at the end. " a href={ "/" (session.base) "/activity" } { "Stop following" } }
        ol.plain.log role="log" aria-live="polite" { (maud::PreEscaped(HERE)) }
    };
    let document = page(&session, "activity", "Activity as it comes", content).document();
    let (head, _) = document.split_once(HERE).unwrap_or((&document, ""));
    let begun = (desk, head.to_owned(), None::<u64>);
    let pieces = stream::unfold(begun, async |(desk, head, last)| {
        if !head.is_empty() {
            return Some((Ok::<_, Infallible>(head), (desk, String::new(), last)));
        }
        let (piece, last) = next(&desk, last).await;
        Some((Ok(piece), (desk, String::new(), Some(last))))
    });
    let mut response = Body::from_stream(pieces).into_response();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    frame::guard(&mut response);
    response
}

/// What came after an entry; waits until there is something.
async fn next(desk: &Arc<Desk>, last: Option<u64>) -> (String, u64) {
    let mut last = last;
    loop {
        let query = Query {
            after: last,
            limit: last.is_none().then_some(BEFORE),
            ..Query::default()
        };
        let entries = activity::read(desk, query).await.unwrap_or_default();
        let first = last.is_none();
        last = entries.last().map(|entry| entry.seq).or(last).or(Some(0));
        let told = entries
            .iter()
            .filter(|entry| !activity::tells_nothing_new(entry));
        let piece: String = told
            .map(|entry| activity::line(entry).into_string())
            .collect();
        if !piece.is_empty() || first {
            // An empty piece would end nothing, and tell nothing.
            return (piece + "\n", last.unwrap_or(0));
        }
        tokio::time::sleep(GLANCE).await;
    }
}
