//! Who is let in to `/mcp`: each request by its own token, and only while there is room.
//!
//! The order is that of cost: names and origin first, then the token, then a place, then the body. A request that is
//! turned away learns nothing but that; the reason is in the audit log, counted.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Extension, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, header, request::Parts};
use http_body_util::Full;
use jiff::Timestamp;

use super::{
    agents::{Agents, Desk},
    answer::{Refusal, sealed},
    arrival::{Arrival, bearer},
    brake::Why,
    entrance::{Entrance, SOON, names_a_token, place},
    held::{Held, Until},
    origin::only,
};
use crate::{
    access::AgentName,
    mcp::Way,
    registry::{self, NotProven, Registry, TokenDigest},
    vault::Secret,
};

/// How often an open stream asks whether its token is still good.
const RECHECK: Duration = Duration::from_secs(1);

/// The header that names a session.
const SESSION: &str = "mcp-session-id";

/// How a token is called where it is concealed.
const AN_AGENTS_TOKEN: &str = "an agent's token";

/// What all requests for `/mcp` share.
pub(super) struct Door {
    pub(super) agents: Agents,
    pub(super) entrance: Arc<Entrance>,
    pub(super) registry: Arc<Registry>,
}

/// An agent that was let in.
struct Guest {
    name: AgentName,
    token: TokenDigest,
    desk: Arc<Desk>,
}

/// Answers a request for `/mcp`.
pub(super) async fn mcp(
    State(door): State<Arc<Door>>,
    Extension(arrival): Extension<Arrival>,
    request: Request,
) -> Response {
    sealed(door.answer(&arrival, request).await.into_response())
}

impl Door {
    async fn answer(
        self: &Arc<Self>,
        arrival: &Arrival,
        request: Request,
    ) -> Result<Response, Refusal> {
        if self.entrance.closing.is_cancelled() {
            return Err(Refusal::Unavailable);
        }
        let (mut parts, body) = request.into_parts();
        self.entrance
            .check_address(arrival, &parts, holds_a_token)
            .await?;
        let guest = self.guest(arrival, &parts.headers).await?;
        let places = [place(&guest.desk.places)?, place(&self.entrance.places)?];
        self.check_session(arrival, &guest, &parts.headers).await?;
        let body = Full::new(self.entrance.whole(body).await?);
        if begins_a_session(&parts)
            && guest.desk.endpoint.session_count().await >= self.entrance.limits.sessions_each
        {
            return Err(Refusal::Wait(SOON));
        }
        let way = arrival.way(&arrival.address(&parts.headers));
        parts.extensions.insert(Way(way.into()));
        // What was settled here is no business of those behind it, and logs of theirs can't repeat it.
        parts.headers.remove(header::AUTHORIZATION);
        let stands = stands_open(&parts);

        let request = Request::from_parts(parts, body);
        let (parts, body) = guest.desk.endpoint.answer(request).await.into_parts();
        let until = is_stream(&parts.headers).then(|| self.end_of(guest, stands));
        let body = Body::new(Held::new(body, places, until));
        Ok(Response::from_parts(parts, body))
    }

    /// The agent whose token the request has.
    async fn guest(&self, arrival: &Arrival, headers: &HeaderMap) -> Result<Guest, Refusal> {
        let Some(text) = bearer(headers) else {
            let why = if headers.contains_key(header::AUTHORIZATION) {
                Why::Malformed
            } else {
                Why::Missing
            };
            return Err(self.turned_away(arrival, headers, why, None).await);
        };
        let now = Timestamp::now();
        let found = match TokenDigest::of(text) {
            None => Err((Why::Malformed, None)),
            Some(token) => match self.registry.prove(&token, now) {
                Ok(Ok(name)) => Ok((token, name)),
                Ok(Err(NotProven::Expired(name))) => Err((Why::Expired, Some(name))),
                Ok(Err(NotProven::Revoked(name))) => Err((Why::Revoked, Some(name))),
                Ok(Err(NotProven::Unknown)) => Err((Why::Unknown, None)),
                Err(error) => {
                    tracing::error!(%error, "no token can be checked");
                    return Err(Refusal::Unavailable);
                }
            },
        };
        let (token, name) = match found {
            Ok(found) => found,
            Err((why, name)) => {
                return Err(self.turned_away(arrival, headers, why, name).await);
            }
        };
        let desk = self.agents.desk(&name, arrival.distant);
        let desk = desk.map_err(|error| {
            tracing::error!(%error, "no tools can be offered");
            Refusal::Unavailable
        })?;
        if desk.is_news(&token, now) {
            self.note_use(&token, text, now);
        }
        Ok(Guest { name, token, desk })
    }

    /// Notes the hour for `hushkey agent list`, and the token for concealing it in what programs print.
    fn note_use(&self, token: &TokenDigest, text: &str, now: Timestamp) {
        if let Some(broker) = self.entrance.broker.opened() {
            broker.conceal_always(AN_AGENTS_TOKEN, Secret::new(text.to_owned()));
        }
        let (registry, token) = (Arc::clone(&self.registry), token.clone());
        tokio::task::spawn_blocking(move || {
            if let Err(error) = registry.note_use(&token, now) {
                tracing::warn!(%error, "that a token was used could not be noted");
            }
        });
    }

    /// A session of another agent is as unknown as one that never was, and on record.
    async fn check_session(
        &self,
        arrival: &Arrival,
        guest: &Guest,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        let session = headers
            .get("mcp-session-id")
            .and_then(|id| id.to_str().ok());
        if let Some(session) = session
            && !guest.desk.endpoint.has_session(session).await
            && self.agents.is_elsewhere(session, &guest.desk).await
        {
            let name = Some(guest.name.clone());
            self.entrance
                .count(arrival, headers, Why::ForeignSession, name)
                .await;
        }
        Ok(())
    }

    /// Counts a request without a valid token; the address may have to wait instead of being told so.
    async fn turned_away(
        &self,
        arrival: &Arrival,
        headers: &HeaderMap,
        why: Why,
        agent: Option<AgentName>,
    ) -> Refusal {
        let refusal = Refusal::Unauthorized;
        let entrance = &self.entrance;
        entrance
            .turned_away(arrival, headers, why, agent, refusal)
            .await
    }

    /// When a stream ends at the latest: when its token is no longer good; and when the server is about to end, unless
    /// an answer is on its way.
    fn end_of(self: &Arc<Self>, guest: Guest, stands: bool) -> Until {
        let door = Arc::clone(self);
        Box::pin(async move {
            let good = || {
                let found = door.registry.prove(&guest.token, Timestamp::now());
                matches!(found, Ok(Ok(name)) if name == guest.name)
            };
            loop {
                tokio::select! {
                    () = door.entrance.closing.cancelled(), if stands => return,
                    () = tokio::time::sleep(RECHECK) => {}
                }
                if !good() {
                    return;
                }
            }
        })
    }
}

/// Tells whether the address names a token: one of ours anywhere, or a member that is called like one.
fn holds_a_token(query: &str) -> bool {
    query.contains(registry::PREFIX) || names_a_token(query)
}

fn is_stream(headers: &HeaderMap) -> bool {
    only(headers, &header::CONTENT_TYPE).is_some_and(|it| it.starts_with("text/event-stream"))
}

/// Tells whether an answer stands open and waits for what may happen, and not for something to be done.
fn stands_open(parts: &Parts) -> bool {
    let listens = |it: &http::HeaderValue| it == "subscriptions/listen";
    parts.method == Method::GET || parts.headers.get("mcp-method").is_some_and(listens)
}

/// Tells whether a request may begin a session of the older versions.
fn begins_a_session(parts: &Parts) -> bool {
    let newest = |it: &http::HeaderValue| it.as_bytes() >= b"2026-07-28".as_slice();
    parts.method == Method::POST
        && !parts.headers.contains_key(SESSION)
        && !parts
            .headers
            .get("mcp-protocol-version")
            .is_some_and(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_the_address_is_seen_by_its_name_or_its_form() {
        for query in ["token=x", "a=b&Access_Token=x", "x=hka_abc"] {
            assert!(holds_a_token(query), "{query}");
        }
        for query in ["", "cursor=token", "tokens=1"] {
            assert!(!holds_a_token(query), "{query}");
        }
    }
}
