//! Why a manager's request comes to nothing: always JSON with a status and a message.

use std::borrow::Cow;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::error::Category;

use crate::{
    admin::AdminError,
    broker::{BrokerError, Class},
    http::answer::Refusal,
    registry::RegistryError,
};

/// Why a request comes to nothing.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
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

    pub(super) fn nowhere() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }

    pub(super) fn method(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "that can't be done here")
        }
    }

    /// A body that is no JSON, or none of the form that is needed: where, and not what.
    pub(super) fn body(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = match error.classify() {
            Category::Data => {
                format!("the JSON at line {line}, column {column} has another form than is needed")
            }
            _ => format!("the body is no JSON, as line {line}, column {column} shows"),
        };
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (status, message) = match refusal {
            Refusal::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "a valid manager token is needed, in the header `Authorization: Bearer …`",
            ),
            other => other.told(),
        };
        Self {
            refusal: Some(refusal),
            ..Self::new(status, message)
        }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let status = match &error {
            AdminError::Broker(error) => match error.class() {
                Class::Denied => StatusCode::FORBIDDEN,
                Class::NotFound => StatusCode::NOT_FOUND,
                Class::Usage => StatusCode::BAD_REQUEST,
                Class::Failed | Class::Unavailable => return unavailable(&error.to_string()),
            },
            AdminError::Denied(_) => StatusCode::FORBIDDEN,
            AdminError::Invalid(_) => StatusCode::BAD_REQUEST,
            AdminError::Registry(error) => match error {
                RegistryError::Ambiguous { .. } | RegistryError::Taken { .. } => {
                    StatusCode::CONFLICT
                }
                RegistryError::Beyond { .. } | RegistryError::NoVault => StatusCode::BAD_REQUEST,
                RegistryError::Copy => StatusCode::FORBIDDEN,
                RegistryError::NoSuch { .. } => StatusCode::NOT_FOUND,
                other => return unavailable(&other.to_string()),
            },
        };
        Self::new(status, error.to_string())
    }
}

impl From<BrokerError> for Failure {
    fn from(error: BrokerError) -> Self {
        AdminError::from(error).into()
    }
}

/// Where files are, and what the system said, is for the log.
fn unavailable(error: &str) -> Failure {
    tracing::error!(target: "hushkey", %error, "a manager's request could not be answered");
    Refusal::Unavailable.into()
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "status": self.status.as_u16(), "message": self.message });
        let mut response = (self.status, Body::from(body.to_string())).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(refusal) = self.refusal {
            refusal.explain(headers);
        }
        response
    }
}
