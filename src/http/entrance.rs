//! What every request passes, whatever it is for: names and origin first, places, and the body last.
//!
//! Who is turned away is counted, braked and on record; by which token somebody is let in is for the doors behind to know.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    answer::Refusal,
    arrival::Arrival,
    brake::{Brake, Report, Why},
    limits::Limits,
};
use crate::{
    access::AgentName,
    broker::{Broker, LazyBroker},
};

/// How long somebody waits who has too much in flight.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// What all doors share.
pub(super) struct Entrance {
    pub(super) brake: Brake,
    pub(super) broker: Arc<LazyBroker>,
    /// Ends when the server is about to: nothing new is begun then.
    pub(super) closing: CancellationToken,
    pub(super) limits: Limits,
    pub(super) places: Arc<Semaphore>,
    /// What is finished whatever becomes of the connection that asked for it.
    pub(super) writes: TaskTracker,
}

impl Entrance {
    pub(super) fn new(broker: Arc<LazyBroker>, limits: Limits) -> Self {
        Self {
            brake: Brake::new(limits.failures_a_minute),
            broker,
            closing: CancellationToken::new(),
            places: Arc::new(Semaphore::new(limits.in_flight)),
            writes: TaskTracker::new(),
            limits,
        }
    }

    /// Tells by which name the server is addressed, by which page, and whether the address itself holds a token.
    pub(super) async fn check_address(
        &self,
        arrival: &Arrival,
        parts: &Parts,
        holds_a_token: fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        let headers = &parts.headers;
        let (why, refusal) = if !arrival.is_addressed(headers) {
            (Why::Host, Refusal::Host)
        } else if !arrival.is_from_no_other_page(headers) {
            (Why::Origin, Refusal::Origin)
        } else if parts.uri.query().is_some_and(holds_a_token) {
            (Why::Query, Refusal::InAddress)
        } else {
            return Ok(());
        };
        Err(self.turned_away(arrival, headers, why, None, refusal).await)
    }

    /// A request's body, if it comes in time and is not too long.
    pub(super) async fn whole(&self, body: Body) -> Result<Bytes, Refusal> {
        let body = Limited::new(body, self.limits.body_bytes).collect();
        let body = tokio::time::timeout(self.limits.body_time, body).await;
        match body.map_err(|_| Refusal::TooSlow)? {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooLong),
            // Whoever sent it is gone.
            Err(_) => Err(Refusal::TooSlow),
        }
    }

    /// Counts a refusal; the address may have to wait instead of being told why.
    pub(super) async fn turned_away(
        &self,
        arrival: &Arrival,
        headers: &HeaderMap,
        why: Why,
        agent: Option<AgentName>,
        refusal: Refusal,
    ) -> Refusal {
        let wait = self.count(arrival, headers, why, agent).await;
        wait.map_or(refusal, Refusal::Wait)
    }

    pub(super) async fn count(
        &self,
        arrival: &Arrival,
        headers: &HeaderMap,
        why: Why,
        agent: Option<AgentName>,
    ) -> Option<Duration> {
        let address = arrival.address(headers);
        let verdict = self.brake.count(&address, why, agent, Instant::now());
        if let Some(report) = &verdict.report {
            self.record(report).await;
        }
        verdict.wait
    }

    /// Puts a report into the audit log. Nothing is released by the request, so that it is refused all the same if the log
    /// can't be written.
    pub(super) async fn record(&self, report: &Report) {
        let recorded = match self.broker.get().await {
            Ok(broker) => record(broker, report).await,
            Err(error) => Err(error),
        };
        if let Err(error) = recorded {
            tracing::error!(%error, "{} could not be recorded", report.sentence());
        }
    }
}

async fn record(broker: &Broker, report: &Report) -> Result<(), crate::broker::BrokerError> {
    let sentence = report.sentence();
    broker.turned_away(report.agent.as_ref(), &sentence).await
}

/// A place among those that work at the same time.
pub(super) fn place(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
    let place = Arc::clone(places).try_acquire_owned();
    place.map_err(|_| Refusal::Wait(SOON))
}

/// Tells whether an address has a member that is called like a token.
pub(super) fn names_a_token(query: &str) -> bool {
    let named = query.split('&').filter_map(|pair| pair.split('=').next());
    let mut named = named.map(str::to_ascii_lowercase);
    named.any(|name| ["access_token", "api_key", "authorization", "token"].contains(&&*name))
}
