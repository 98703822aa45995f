//! Answers of the server's own: short, without anything from the request.

use std::time::Duration;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

/// An answer in JSON.
pub(in crate::http) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )];
    (status, headers, Body::from(body)).into_response()
}

/// Why a request is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Addressed to another name.
    Host,
    /// The token is in the address.
    InAddress,
    /// From a page of somebody else's.
    Origin,
    /// The body is too long.
    TooLong,
    /// The body came too slowly.
    TooSlow,
    /// There is no valid token, whatever the reason: which one it is, is for the log.
    Unauthorized,
    /// The tokens can't be read, or the server is about to end.
    Unavailable,
    /// Too much at a time, or too many failures.
    Wait(Duration),
}

impl Refusal {
    /// The status, and what is told.
    pub(super) fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::Host => (
                StatusCode::FORBIDDEN,
                "this server is not addressed by that name; `hushkey serve --allow-host` adds one",
            ),
            Self::InAddress => (
                StatusCode::BAD_REQUEST,
                "a token never goes in the address, where logs keep it; send it in the header `Authorization: Bearer …`, and replace this one",
            ),
            Self::Origin => (
                StatusCode::FORBIDDEN,
                "a page of another origin may not call this server",
            ),
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "the request is too long"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the request came too slowly"),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "a valid agent's token is needed, in the header `Authorization: Bearer …`",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "this server can't answer now; its log tells why",
            ),
            Self::Wait(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests; wait and try again",
            ),
        }
    }

    /// Adds what goes with the status.
    pub(super) fn explain(self, headers: &mut HeaderMap) {
        match self {
            Self::Unauthorized => {
                let scheme = HeaderValue::from_static("Bearer realm=\"hushkey\"");
                headers.insert(header::WWW_AUTHENTICATE, scheme);
            }
            Self::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(1));
            }
            Self::Wait(time) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(time)));
            }
            _ => {}
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, told) = self.told();
        let body = serde_json::json!({ "error": { "message": told } });
        let mut response = (status, Body::from(body.to_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        self.explain(headers);
        response
    }
}

/// Whole seconds, at least one.
fn seconds(time: Duration) -> u64 {
    let more = u64::from(time.subsec_nanos() > 0);
    (time.as_secs() + more).max(1)
}

/// Headers that every answer has: none of it is to be kept or guessed at.
pub(super) fn sealed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
