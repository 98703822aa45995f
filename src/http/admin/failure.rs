//! What errors mean to a manager of Connect servers.

use http::StatusCode;
use serde_json::error::Category;

use crate::{
    admin::AdminError,
    broker::{BrokerError, Class},
    http::{
        answer::Refusal,
        failure::{self, Words},
    },
    registry::RegistryError,
};

/// Why a manager's request comes to nothing.
pub(super) type Failure = failure::Failure<Managers>;

/// What managers are told.
#[derive(Debug)]
pub(super) struct Managers;

impl Words for Managers {
    const UNAUTHORIZED: &'static str =
        "a valid manager token is needed, in the header `Authorization: Bearer …`";
    const NO_METHOD: &'static str = "that can't be done here";
}

/// A body that is no JSON, or none of the form that is needed: where, and not what.
pub(super) fn body(error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let message = match error.classify() {
        Category::Data => {
            format!("the JSON at line {line}, column {column} has another form than is needed")
        }
        _ => format!("the body is no JSON, as line {line}, column {column} shows"),
    };
    Failure::new(StatusCode::BAD_REQUEST, message)
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
