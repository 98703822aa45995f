//! What errors mean to a program that asks over the Connect API.

use http::StatusCode;

use crate::{
    broker::BrokerError,
    http::{
        answer::Refusal,
        failure::{self, Words},
    },
    vault::{VaultError, is_id},
};

/// Why a program's request comes to nothing.
pub(super) type Failure = failure::Failure<Programs>;

/// What programs are told, in Connect's own words where their clients look for those.
#[derive(Debug)]
pub(super) struct Programs;

impl Words for Programs {
    const UNAUTHORIZED: &'static str = "Invalid token signature";
    const NO_METHOD: &'static str = "Method Not Allowed";
}

/// A body that is no JSON: where, and not what.
pub(super) fn body(error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let message = format!("the body is no JSON, as line {line}, column {column} shows");
    Failure::new(StatusCode::BAD_REQUEST, message)
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
