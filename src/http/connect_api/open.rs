//! What needs no token: whether the server runs, what was counted, and what can be asked for.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};

use super::{ConnectApi, labelled, metrics::Form};

/// `docs/connect-openapi.yaml` in JSON.
const DESCRIPTION: &str = include_str!("../../../docs/connect-openapi.json");

/// `GET /openapi.json`
pub(in crate::http) async fn description() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    labelled((StatusCode::OK, kind, DESCRIPTION).into_response())
}

/// `GET /heartbeat`
pub(in crate::http) async fn heartbeat() -> Response {
    let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    labelled((StatusCode::OK, text, ".").into_response())
}

/// `GET /metrics`
pub(in crate::http) async fn metrics_text(
    State(api): State<Arc<ConnectApi>>,
    headers: HeaderMap,
) -> Response {
    let form = Form::asked_for(&headers);
    let text = api.metrics.text(form, api.vitals.holdings().await);
    let kind = [(header::CONTENT_TYPE, form.content_type())];
    labelled((StatusCode::OK, kind, text).into_response())
}
