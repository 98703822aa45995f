//! How the server is: what it needs to work, and how much the store holds.
//!
//! Anybody may ask, so that the answer has neither names nor ids, and is found out anew every few seconds at most: nobody
//! outside can make the store work by asking.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use tokio::sync::Mutex;

use super::{answer::sealed, entrance::Entrance};
use crate::{broker::Vitals as Found, connect, registry::Registry};

/// How long what was found out is told again.
const KEPT: Duration = Duration::from_secs(2);

/// Who knows how the server is.
pub(super) struct Vitals {
    entrance: Arc<Entrance>,
    agents: Option<Arc<Registry>>,
    last: Mutex<Option<(Instant, Found)>>,
}

impl Vitals {
    pub(super) fn new(entrance: Arc<Entrance>, agents: Option<Arc<Registry>>) -> Self {
        Self {
            entrance,
            agents,
            last: Mutex::default(),
        }
    }

    /// Vaults and items in the store, if it can be read.
    pub(super) async fn holdings(&self) -> Option<(u64, u64)> {
        self.found().await.holdings
    }

    async fn found(&self) -> Found {
        let mut last = self.last.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < KEPT
        {
            return found.clone();
        }
        let found = match self.entrance.broker.get().await {
            Ok(broker) => broker.vitals().await,
            Err(_) => Found::default(),
        };
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

/// `GET /health`: 200 where requests can be answered, 503 where not; with what is needed for that, and how it is.
pub(super) async fn health(State(vitals): State<Arc<Vitals>>) -> Response {
    let found = vitals.found().await;
    let well = !vitals.entrance.closing.is_cancelled()
        && vitals.agents.as_ref().is_none_or(|it| it.head().is_ok())
        && !found.dependencies.is_empty()
        && found.dependencies.iter().all(|it| it.works());
    let dependencies = found
        .dependencies
        .into_iter()
        .map(|it| connect::Dependency {
            service: it.service,
            status: it.status,
            message: it.message,
        });
    let body = serde_json::json!({
        "name": "hushkey",
        "version": env!("CARGO_PKG_VERSION"),
        "status": if well { "ok" } else { "unavailable" },
        "dependencies": dependencies.collect::<Vec<_>>(),
    });
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let headers = [(header::CONTENT_TYPE, "application/json")];
    sealed((status, headers, body.to_string()).into_response())
}
