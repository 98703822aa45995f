//! What went wrong, as a person and a script are told: a class, a sentence, an exit status.
//!
//! Errors of the rooms below come up as they are, inside [`anyhow::Error`]; this module finds out
//! which class they belong to. It does not know how they are printed.

use std::io;

use crate::{
    audit::AuditError,
    broker::{BrokerError, Class},
    config::ConfigError,
    keys::KeyError,
    unlocked::UnlockedError,
};

/// A failure of the command line's own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Whoever reads our output has gone: nothing to say, and nobody to say it to.
    #[error("the reader of the output has gone")]
    Closed,
    /// A person or a rule says no.
    #[error("{0}")]
    Denied(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
    /// Not there, or there several times.
    #[error("{0}")]
    NotFound(String),
    /// The store, its key, the policy or the audit log can't be used.
    #[error("{0}")]
    Unavailable(String),
    /// What was typed can't be meant.
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// A failed read or write of a file that the caller named.
    pub(crate) fn file(verb: &str, path: &std::path::Path, error: &io::Error) -> Self {
        let sentence = format!("cannot {verb} `{}`: {}", path.display(), reason(error));
        if error.kind() == io::ErrorKind::NotFound {
            Self::NotFound(sentence)
        } else {
            Self::Failed(sentence)
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Closed | Self::Failed(_) => Class::Failed,
            Self::Denied(_) => Class::Denied,
            Self::NotFound(_) => Class::NotFound,
            Self::Unavailable(_) => Class::Unavailable,
            Self::Usage(_) => Class::Usage,
        }
    }
}

/// What the system said, without its number: `permission denied`.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    words.to_lowercase()
}

/// Finds the class of whatever came up.
pub(crate) fn class(error: &anyhow::Error) -> Class {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.class();
    }
    if let Some(failure) = error.downcast_ref::<BrokerError>() {
        return failure.class();
    }
    if let Some(KeyError::NoPassphrase | KeyError::WeakPassphrase { .. }) = error.downcast_ref() {
        return Class::Usage;
    }
    if error.is::<KeyError>() || error.is::<UnlockedError>() {
        return Class::Unavailable;
    }
    if error.is::<ConfigError>() || error.is::<AuditError>() {
        return Class::Unavailable;
    }
    Class::Failed
}

/// Tells whether the failure is only that nobody reads our output any more.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    matches!(error.downcast_ref(), Some(Failure::Closed))
        || error.downcast_ref::<io::Error>().is_some_and(broken)
}

/// The exit status of a class.
pub(crate) fn exit_status(class: Class) -> u8 {
    match class {
        Class::Failed => 1,
        Class::Usage => 2,
        Class::Denied => 3,
        Class::NotFound => 4,
        Class::Unavailable => 5,
    }
}

/// The word of a class in JSON.
pub(crate) fn word(class: Class) -> &'static str {
    match class {
        Class::Denied => "denied",
        Class::Failed => "failed",
        Class::NotFound => "not_found",
        Class::Unavailable => "unavailable",
        Class::Usage => "usage",
    }
}
