//! Why a request comes to nothing: always JSON with a status and a message, and never with anything of the request.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::shown::json;
use crate::{
    broker::BrokerError,
    connect,
    http::answer::Refusal,
    vault::{VaultError, is_id},
};

/// Why a request comes to nothing.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    message: Cow<'static, str>,
    /// What may be done instead, of a method that may not be used.
    allow: Option<&'static str>,
    refusal: Option<Refusal>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            message: message.into(),
            allow: None,
            refusal: None,
        }
    }

    pub(super) fn bad(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such place.
    pub(super) fn nowhere() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }

    /// The method may not be used there.
    pub(super) fn method(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
        }
    }

    /// A body that is no JSON: where, and not what.
    pub(super) fn body(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = format!("the body is no JSON, as line {line}, column {column} shows");
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (status, message) = refusal.told();
        let message = match refusal {
            Refusal::Unauthorized => "Invalid token signature",
            _ => message,
        };
        Self {
            refusal: Some(refusal),
            ..Self::new(status, message)
        }
    }
}

impl From<BrokerError> for Failure {
    fn from(error: BrokerError) -> Self {
        match error {
            BrokerError::Denied { advice, .. } => Self::new(StatusCode::FORBIDDEN, advice),
            BrokerError::Invalid(message) => Self::new(StatusCode::BAD_REQUEST, message),
            BrokerError::Vault(error) => Self::from(error),
            BrokerError::Unavailable { .. } => unavailable(&error),
            other => fault(&other),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Conflict { .. } => Self::new(
                StatusCode::CONFLICT,
                "Conflict: the item was changed since it was read; read it again",
            ),
            VaultError::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, message),
            VaultError::Invalid(_) | VaultError::Exists { .. } => {
                Self::bad("the item can't be stored like this")
            }
            // What is looked for here has an id.
            VaultError::NotFound { noun, name } if is_id(&name) => {
                Self::new(StatusCode::NOT_FOUND, format!("{noun} {name} not found"))
            }
            VaultError::NotFound { noun, .. } => {
                Self::new(StatusCode::NOT_FOUND, format!("{noun} not found"))
            }
            VaultError::Unsupported(message) => Self::new(StatusCode::BAD_REQUEST, message),
            VaultError::Unavailable { .. } => unavailable(&error),
            other => fault(&other),
        }
    }
}

/// Where files are, and what the system said, is for the log.
fn unavailable(error: &dyn std::error::Error) -> Failure {
    tracing::error!(target: "hushkey", %error, "a request could not be answered");
    Refusal::Unavailable.into()
}

fn fault(error: &dyn std::error::Error) -> Failure {
    tracing::error!(target: "hushkey", %error, "a request failed");
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong")
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = connect::Failure {
            status: self.status.as_u16(),
            message: self.message.into_owned(),
        };
        let mut response = json(self.status, &body);
        let headers = response.headers_mut();
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(refusal) = self.refusal {
            refusal.explain(headers);
        }
        response
    }
}
