//! Why the broker did not do what was asked.

use std::sync::Arc;

use crate::{
    approvals::ApprovalsError,
    audit::AuditError,
    broker::question::{Question, Suspended},
    launch::LaunchError,
    vault::{ReferenceError, SecretReference, VaultError},
};

/// Why the broker did not do what was asked. Every message may be shown to a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// A person's word did not come, came too late, or could not be kept.
    #[error(transparent)]
    Approvals(#[from] ApprovalsError),

    /// A person has to be asked before this can go on. The broker asks; no caller sees this.
    #[error("a person has to allow this first")]
    Asked(Box<Question>),

    /// Policy says no. What would allow it stands in the owner's log under the code.
    #[error("{advice}{}", code.as_ref().map(|code| format!(" (request {code})")).unwrap_or_default())]
    Denied {
        /// What the caller may do instead.
        advice: String,
        /// Where the owner finds the request in `hushkey log`.
        code: Option<String>,
    },

    /// It was tried, and did not work out; the message says why.
    #[error("{0}")]
    Failed(String),

    /// The request can't be meant; the message says what to change.
    #[error("{0}")]
    Invalid(String),

    /// The program could not be run.
    #[error(transparent)]
    Launch(#[from] LaunchError),

    /// A secret reference is malformed.
    #[error(transparent)]
    Reference(#[from] ReferenceError),

    /// A person is asked through the caller's client, which calls again with the answer.
    #[error("a person has to allow this first; it waits for the answer in your client")]
    Suspended(Box<Suspended>),

    /// Policy or audit log are not usable, so nothing is done.
    #[error("{message}")]
    Unavailable {
        /// What is wrong and what to do.
        message: String,
        /// The cause.
        #[source]
        source: Option<crate::vault::Source>,
    },

    /// Several references mean nothing.
    #[error("{}", several(.0))]
    Unresolved(Vec<(SecretReference, VaultError)>),

    /// The vault's answer.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<AuditError> for BrokerError {
    fn from(error: AuditError) -> Self {
        Self::Unavailable {
            message: error.to_string(),
            source: Some(Box::new(error)),
        }
    }
}

/// The log's answer to several at once.
impl From<Arc<AuditError>> for BrokerError {
    fn from(error: Arc<AuditError>) -> Self {
        Self::Unavailable {
            message: error.to_string(),
            source: Some(Box::new(error)),
        }
    }
}

/// What kind of failure it is: decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Policy or a person said no.
    Denied,
    /// Anything else.
    Failed,
    /// Not found, or ambiguous.
    NotFound,
    /// The vault could not be reached or opened.
    Unavailable,
    /// The request is wrong in itself.
    Usage,
}

/// So many references are told at most.
const MAX_UNRESOLVED: usize = 20;

fn several(missing: &[(SecretReference, VaultError)]) -> String {
    let mut told = format!("{} references can't be resolved:", missing.len());
    for (at, (reference, error)) in (1..).zip(missing.iter().take(MAX_UNRESOLVED)) {
        told.push_str(&format!(" ({at}) {reference}: {error}"));
    }
    if missing.len() > MAX_UNRESOLVED {
        told.push_str(&format!(" and {} more", missing.len() - MAX_UNRESOLVED));
    }
    told
}

impl BrokerError {
    /// What is wrong with references that could not be looked up; `None` if there are none. Where the vault itself does not
    /// answer, that is the one thing to say.
    pub(super) fn unresolved(mut missing: Vec<(SecretReference, VaultError)>) -> Option<Self> {
        let down = |error: &VaultError| {
            !matches!(
                error,
                VaultError::Ambiguous { .. } | VaultError::Invalid(_) | VaultError::NotFound { .. }
            )
        };
        let first = missing.iter().position(|(_, error)| down(error));
        match (first, missing.len()) {
            (Some(at), _) => Some(missing.swap_remove(at).1.into()),
            (None, 0 | 1) => missing.pop().map(|(_, error)| error.into()),
            (None, _) => {
                missing.sort_by_cached_key(|(reference, _)| reference.to_string());
                Some(Self::Unresolved(missing))
            }
        }
    }

    /// The owner has locked the store since it was opened.
    pub(super) fn locked() -> Self {
        Self::Unavailable {
            message: "the store is locked; its owner opens it with `hushkey unlock`".to_owned(),
            source: None,
        }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Approvals(error) if error.is_no() => Class::Denied,
            Self::Approvals(_) => Class::Unavailable,
            Self::Asked(_) | Self::Denied { .. } | Self::Suspended(_) => Class::Denied,
            Self::Invalid(_) | Self::Reference(_) => Class::Usage,
            Self::Failed(_) | Self::Launch(_) => Class::Failed,
            Self::Unavailable { .. } => Class::Unavailable,
            Self::Unresolved(_) => Class::NotFound,
            Self::Vault(error) => match error {
                VaultError::Ambiguous { .. } | VaultError::NotFound { .. } => Class::NotFound,
                VaultError::Corrupted { .. } | VaultError::Unavailable { .. } => Class::Unavailable,
                VaultError::Forbidden(_) => Class::Denied,
                VaultError::Conflict { .. }
                | VaultError::Exists { .. }
                | VaultError::Refused(_)
                | VaultError::Unsupported(_) => Class::Failed,
                VaultError::Invalid(_) => Class::Usage,
            },
        }
    }
}
