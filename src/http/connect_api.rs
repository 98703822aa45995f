//! 1Password Connect's REST API, for programs with a Connect server's token.
//!
//! What is asked for is the broker's to decide and to record; here it is read, sorted out and put back on the wire. The order
//! is that of cost: names and origin, the token, the address, a place, the body. Every answer that is no success is JSON
//! with a status and a message, and repeats nothing of the request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{Extension, Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    answer::{Refusal, sealed},
    arrival::{Arrival, bearer},
    brake::Why,
    entrance::{Entrance, SOON, names_a_token, place},
    held::Held,
    origin::only,
    vitals::Vitals,
};
use crate::{
    access::ConnectClient,
    broker::Broker,
    registry::connect::{ConnectRegistry, NotProvenClient, ProvenToken},
    vault::{Secret, TokenId},
};

mod calls;
mod failure;
mod files;
mod filter;
mod metrics;
mod open;
mod patch;
mod path;
mod query;
mod sent;
mod shown;

use failure::Failure;
use metrics::Metrics;
use path::{Place, Template};

pub(super) use open::{description, heartbeat, metrics_text};

/// The version of the API: SDKs look at it before they fetch files.
const VERSION: &str = "1.8.1";
const VERSION_HEADER: HeaderName = HeaderName::from_static("1password-connect-version");
const REQUEST_HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// How long a request waits for a place where its token has too much in flight.
const PATIENCE: Duration = Duration::from_secs(5);
/// Files that are sent at the same time: each lies in memory meanwhile.
const MOST_CONTENTS: usize = 16;
/// Characters of what a client calls itself.
const LONGEST_AGENT: usize = 200;
/// How a token is called where it is concealed.
const A_TOKEN: &str = "a Connect server's token";

/// What all requests share.
pub(super) struct ConnectApi {
    entrance: Arc<Entrance>,
    registry: Arc<ConnectRegistry>,
    metrics: Metrics,
    /// Bytes of a file that may come along with its description.
    inline_bytes: u64,
    clients: Mutex<HashMap<TokenId, Arc<Known>>>,
    /// Files whose content is on its way.
    contents: Arc<Semaphore>,
    vitals: Arc<Vitals>,
}

/// A token that was used since the server began.
struct Known {
    places: Arc<Semaphore>,
    /// The hour in which it was used last.
    hour: Mutex<i64>,
}

/// One request while it is worked on.
struct Call {
    api: Arc<ConnectApi>,
    client: ConnectClient,
    query: Option<String>,
}

impl Call {
    async fn broker(&self) -> Result<&Broker, Failure> {
        Ok(self.api.entrance.broker.get().await?)
    }
}

/// Answers a request for `/v1` and what is beneath.
pub(super) async fn answer(
    State(api): State<Arc<ConnectApi>>,
    Extension(arrival): Extension<Arrival>,
    request: Request,
) -> Response {
    let begun = Instant::now();
    let id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let found = path::place(parts.uri.path());
    let route = found
        .as_ref()
        .map_or("/v1/*", |(template, _)| template.text);
    let answered = api.answer(&arrival, &parts, body, found, &id).await;
    let response = answered.unwrap_or_else(IntoResponse::into_response);
    let (status, took) = (response.status(), begun.elapsed());
    api.metrics.count(route, &parts.method, status, took);
    tracing::info!(
        target: "hushkey",
        request = %id,
        method = %parts.method,
        route,
        status = status.as_u16(),
        took_us = took.as_micros(),
        "answered"
    );
    let mut response = labelled(response);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_HEADER, id);
    }
    response
}

/// Headers that every answer has.
fn labelled(response: Response) -> Response {
    let mut response = sealed(response);
    let version = HeaderValue::from_static(VERSION);
    response.headers_mut().insert(VERSION_HEADER, version);
    response
}

impl ConnectApi {
    pub(super) fn new(
        entrance: Arc<Entrance>,
        registry: Arc<ConnectRegistry>,
        vitals: Arc<Vitals>,
        inline_bytes: u64,
    ) -> Self {
        Self {
            entrance,
            registry,
            metrics: Metrics::new(),
            inline_bytes,
            clients: Mutex::default(),
            contents: Arc::new(Semaphore::new(MOST_CONTENTS)),
            vitals,
        }
    }

    async fn answer(
        self: &Arc<Self>,
        arrival: &Arrival,
        parts: &Parts,
        body: Body,
        found: Option<(Template, Result<Place, Failure>)>,
        id: &str,
    ) -> Result<Response, Failure> {
        if self.entrance.closing.is_cancelled() {
            return Err(Refusal::Unavailable.into());
        }
        self.entrance
            .check_address(arrival, parts, names_a_token)
            .await?;
        if let Some((template, _)) = &found
            && parts.method == Method::OPTIONS
        {
            let allow = [(header::ALLOW, template.allow)];
            return Ok((StatusCode::NO_CONTENT, allow).into_response());
        }
        let client = self.client(arrival, &parts.headers, id).await?;
        let (template, found) = found.ok_or_else(Failure::nowhere)?;
        if !template.allows(&parts.method) {
            return Err(Failure::method(template.allow));
        }
        let found = found?;
        let places = self.places(&client.token).await?;
        let body = self.entrance.whole(body).await?;
        let call = Call {
            api: Arc::clone(self),
            client,
            query: parts.uri.query().map(str::to_owned),
        };
        let response = if parts.method.is_safe() {
            call.answer(&parts.method, found, &body).await?
        } else {
            self.finish(call, parts.method.clone(), found, body).await?
        };
        Ok(response.map(|body| Body::new(Held::new(body, places, None))))
    }

    /// Writes are finished, and their outcome recorded, whether or not the client stays for the answer.
    async fn finish(
        &self,
        call: Call,
        method: Method,
        place: Place,
        body: Bytes,
    ) -> Result<Response, Failure> {
        let task = async move { call.answer(&method, place, &body).await };
        let done = self.entrance.writes.spawn(task).await;
        done.unwrap_or_else(|_| {
            tracing::error!(target: "hushkey", "a request failed");
            Err(Failure::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
            ))
        })
    }

    /// The program whose token the request has. Where there is no server yet, there is nothing here.
    async fn client(
        &self,
        arrival: &Arrival,
        headers: &HeaderMap,
        id: &str,
    ) -> Result<ConnectClient, Failure> {
        let proven = match bearer(headers) {
            None if headers.contains_key(header::AUTHORIZATION) => Err(Why::Malformed),
            None => Err(Why::Missing),
            Some(token) => self.proven(token)?,
        };
        let proven = match proven {
            Ok(proven) => proven,
            Err(why) => {
                let entrance = &self.entrance;
                let refusal = Refusal::Unauthorized;
                let refusal = entrance.turned_away(arrival, headers, why, None, refusal);
                let refusal = refusal.await;
                return Err(match self.registry.has_servers() {
                    Ok(false) => Failure::new(
                        StatusCode::NOT_FOUND,
                        "no Connect server was made here; `hushkey connect server create` makes one",
                    ),
                    _ => refusal.into(),
                });
            }
        };
        let user_agent = only(headers, &header::USER_AGENT);
        Ok(ConnectClient {
            server: proven.server,
            server_name: proven.server_name,
            token: proven.token,
            token_name: proven.token_name,
            reach: proven.reach,
            request: id.to_owned(),
            user_agent: user_agent.map(|it| it.chars().take(LONGEST_AGENT).collect()),
            address: arrival.address(headers).to_string(),
        })
    }

    fn proven(&self, token: &str) -> Result<Result<ProvenToken, Why>, Refusal> {
        let now = Timestamp::now();
        match self.registry.prove(token, now) {
            Ok(Ok(proven)) => {
                self.note_use(token, &proven.token, now);
                Ok(Ok(proven))
            }
            Ok(Err(NotProvenClient::Expired(_))) => Ok(Err(Why::ConnectExpired)),
            Ok(Err(NotProvenClient::Revoked(_))) => Ok(Err(Why::ConnectRevoked)),
            Ok(Err(NotProvenClient::Unknown)) => Ok(Err(Why::ConnectUnknown)),
            Err(error) => {
                tracing::error!(target: "hushkey", %error, "no Connect token can be checked");
                Err(Refusal::Unavailable)
            }
        }
    }

    /// Notes the hour in which a token was used, and the token for concealing it in what agents' programs print.
    fn note_use(&self, text: &str, token: &TokenId, now: Timestamp) {
        let hour = now.as_second() / 3600;
        let known = self.known(token);
        let mut last = known.hour.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == hour {
            return;
        }
        *last = hour;
        if let Some(broker) = self.entrance.broker.opened() {
            broker.conceal_always(A_TOKEN, Secret::new(text.to_owned()));
        }
        let (registry, token) = (Arc::clone(&self.registry), token.clone());
        tokio::task::spawn_blocking(move || {
            if let Err(error) = registry.note_use(&token, now) {
                tracing::warn!(target: "hushkey", %error, "that a token was used could not be noted");
            }
        });
    }

    fn known(&self, token: &TokenId) -> Arc<Known> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = clients.get(token) {
            return Arc::clone(known);
        }
        let known = Arc::new(Known {
            places: Arc::new(Semaphore::new(self.entrance.limits.in_flight_each)),
            hour: Mutex::new(-1),
        });
        clients.insert(token.clone(), Arc::clone(&known));
        known
    }

    /// SDKs do not try again, so that a request waits for its place for a while.
    async fn places(&self, token: &TokenId) -> Result<[OwnedSemaphorePermit; 2], Failure> {
        let own = Arc::clone(&self.known(token).places).acquire_owned();
        let own = tokio::time::timeout(PATIENCE, own).await;
        match own {
            Ok(Ok(own)) => Ok([own, place(&self.entrance.places)?]),
            _ => Err(Refusal::Wait(SOON).into()),
        }
    }
}
