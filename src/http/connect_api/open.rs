//! What needs no token: whether the server runs, and what was counted.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

use super::{ConnectApi, labelled, metrics::CONTENT_TYPE};

/// `GET /heartbeat`
pub(in crate::http) async fn heartbeat() -> Response {
    let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    labelled((StatusCode::OK, text, ".").into_response())
}

/// `GET /metrics`
pub(in crate::http) async fn metrics_text(State(api): State<Arc<ConnectApi>>) -> Response {
    let text = api.metrics.text(api.vitals.holdings().await);
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))];
    labelled((StatusCode::OK, kind, text).into_response())
}
