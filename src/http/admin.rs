//! The admin API: managers of Connect servers, each with a manager token, do over HTTP what `hushkey connect` does.
//!
//! ```text
//! /admin/v1/servers                       GET, POST {name, vaults: [{vault, access?}]}
//! /admin/v1/servers/ID                    GET, PATCH {name}, DELETE
//! /admin/v1/servers/ID/vaults             POST {vault, access?}
//! /admin/v1/servers/ID/vaults/VAULT       DELETE
//! /admin/v1/servers/ID/tokens             GET, POST {name, vaults, expires_in_seconds?}
//! /admin/v1/tokens                        GET
//! /admin/v1/tokens/ID                     PATCH {name}, DELETE
//! ```
//! What a manager may do is the office's to decide and to record (`crate::admin`); here a request is let in, read and
//! answered. The tokens of agents and of Connect servers open nothing here, and a manager's opens nothing else.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use axum::{
    Router,
    extract::{Extension, Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderMap, header, request::Parts};

use super::{
    answer::{Refusal, sealed},
    arrival::{Arrival, bearer},
    brake::Why,
    entrance::{Entrance, names_a_token, place},
};
use crate::{
    admin::Office,
    broker::Broker,
    registry::{
        self, TokenDigest,
        connect::{ConnectRegistry, Manager},
    },
    vault::Secret,
};

mod calls;
mod failure;

use failure::Failure;

/// Where the API is.
const ROOT: &str = "/admin/v1";
/// How a token is called where it is concealed.
const A_MANAGERS_TOKEN: &str = "a manager's token";

/// What all requests share.
pub(super) struct AdminApi {
    entrance: Arc<Entrance>,
    registry: Arc<ConnectRegistry>,
    /// The tokens that were used since the server began.
    known: Mutex<Vec<TokenDigest>>,
}

/// The API's routes.
pub(super) fn routes(entrance: Arc<Entrance>, registry: Arc<ConnectRegistry>) -> Router {
    let api = AdminApi {
        entrance,
        registry,
        known: Mutex::default(),
    };
    Router::new()
        .route(ROOT, any(answer))
        .route("/admin/v1/{*rest}", any(answer))
        .with_state(Arc::new(api))
}

async fn answer(
    State(api): State<Arc<AdminApi>>,
    Extension(arrival): Extension<Arrival>,
    request: Request,
) -> Response {
    let (begun, method) = (Instant::now(), request.method().clone());
    let answered = api.answer(&arrival, request).await;
    let response = answered.unwrap_or_else(IntoResponse::into_response);
    tracing::info!(
        target: "hushkey",
        %method,
        route = "/admin/v1",
        status = response.status().as_u16(),
        took_us = begun.elapsed().as_micros(),
        "answered"
    );
    sealed(response)
}

impl AdminApi {
    async fn answer(&self, arrival: &Arrival, request: Request) -> Result<Response, Failure> {
        if self.entrance.closing.is_cancelled() {
            return Err(Refusal::Unavailable.into());
        }
        let (parts, body) = request.into_parts();
        self.entrance
            .check_address(arrival, &parts, holds_a_token)
            .await?;
        let (manager, token) = self.manager(arrival, &parts.headers).await?;
        let _place = place(&self.entrance.places)?;
        let body = self.entrance.whole(body).await?;
        let broker = self.entrance.broker.get().await?;
        self.conceal(broker, token, &parts.headers);
        let way = arrival.way(&arrival.address(&parts.headers));
        let office = Office::of_manager(broker, Arc::clone(&self.registry), manager, way);
        call(&office, &parts, &body).await
    }

    /// The manager whose token the request has.
    async fn manager(
        &self,
        arrival: &Arrival,
        headers: &HeaderMap,
    ) -> Result<(Manager, TokenDigest), Failure> {
        let why = match bearer(headers) {
            None if headers.contains_key(header::AUTHORIZATION) => Why::Malformed,
            None => Why::Missing,
            Some(text) if !text.starts_with(registry::MANAGER_PREFIX) => Why::Malformed,
            Some(text) => match TokenDigest::of(text) {
                None => Why::Malformed,
                Some(token) => match self.registry.prove_manager(&token) {
                    Ok(Some(manager)) => return Ok((manager, token)),
                    Ok(None) => Why::Unknown,
                    Err(error) => {
                        tracing::error!(target: "hushkey", %error, "no manager's token can be checked");
                        return Err(Refusal::Unavailable.into());
                    }
                },
            },
        };
        let refusal = Refusal::Unauthorized;
        let refusal = self
            .entrance
            .turned_away(arrival, headers, why, None, refusal);
        Err(refusal.await.into())
    }

    /// Keeps a manager's token out of what agents' programs print, from its first use on.
    fn conceal(&self, broker: &Broker, token: TokenDigest, headers: &HeaderMap) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&token) {
            return;
        }
        if let Some(text) = bearer(headers) {
            broker.conceal_always(A_MANAGERS_TOKEN, Secret::new(text.to_owned()));
        }
        known.push(token);
    }
}

async fn call(office: &Office<'_>, parts: &Parts, body: &[u8]) -> Result<Response, Failure> {
    let path = parts.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    calls::answer(office, &parts.method, &words, body).await
}

fn holds_a_token(query: &str) -> bool {
    query.contains(registry::MANAGER_PREFIX) || names_a_token(query)
}
