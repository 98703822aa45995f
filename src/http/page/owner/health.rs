//! How the store is: what `hushkey doctor` would say.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use maud::html;

use super::{Desk, Session, page};
use crate::{display_text::escaped, http::page::frame::marked};

pub(super) async fn show(State(desk): State<Arc<Desk>>, session: Session) -> Response {
    let health = {
        let desk = Arc::clone(&desk);
        // It reads files, and may wait for a server.
        tokio::task::spawn_blocking(move || (desk.owner.health)()).await
    };
    let health = health.unwrap_or_default();
    let content = html! {
        h1 { "Health" }
        p.soft { "As " code { "hushkey doctor" } " says it." }
        ul.plain {
            @for finding in &health {
                li {
                    span.badge.(if finding.verdict == "ok" { "soft" } else { "warn" }) { (finding.verdict) }
                    " " strong { (escaped(&finding.subject)) } ": " (marked(&escaped(&finding.text)))
                }
            }
        }
    };
    page(&session, "health", "Health", content).into_response()
}
