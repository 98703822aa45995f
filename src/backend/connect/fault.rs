//! What can go wrong between us and a Connect server, and the sentence for each.
//!
//! What the server wrote in its answer is never part of a sentence, nor decides on one: messages change between
//! versions, and may repeat what was sent. Only statuses count.

use std::time::Duration;

use crate::vault::{Noun, VaultError};

/// Clocks that are further apart make tokens and certificates look expired, or not yet valid.
pub(super) const SKEW_SECONDS: i64 = 300;

/// Why a request has no usable answer.
#[derive(Debug)]
pub enum Fault {
    /// The whole answer took too long.
    Slow {
        /// How long it may take.
        seconds: u64,
    },
    /// The answer is larger than anything that belongs there.
    TooLarge {
        /// How much it may be.
        bytes: u64,
    },
    /// The server did not answer, or hung up.
    Unreachable {
        /// The sentence.
        why: &'static str,
        /// What the client said.
        source: Option<reqwest::Error>,
    },
    /// It is not what a Connect server would answer.
    Unreadable {
        /// What it is instead.
        what: &'static str,
    },
    /// It answered with another status than success.
    Status {
        /// Which one.
        status: u16,
        /// How long the server asks us to wait.
        retry_after: Option<Duration>,
        /// How many seconds its clock is ahead of ours.
        ahead: Option<i64>,
    },
    /// A file can't be written here.
    Write {
        /// What the system said.
        source: std::io::Error,
    },
}

/// What a request was for: decides what a status means.
#[derive(Clone, Copy, Debug)]
pub enum Aim<'a> {
    /// The server itself.
    Server,
    /// Reading in a vault.
    Read(Noun, &'a str),
    /// Changing something in a vault.
    Write(Noun, &'a str),
}

impl Fault {
    /// Tells whether the same request may do better a moment later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => {
                !source.as_ref().is_some_and(|it| is_certificate(it))
            }
            Self::Status { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// The status, if it was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The error for the rest of hushkey.
    pub fn told(self, aim: Aim<'_>) -> VaultError {
        let message = match &self {
            Self::Slow { seconds } => format!(
                "the Connect server did not answer in full within {seconds} seconds; `hushkey connect status` shows its state"
            ),
            Self::TooLarge { bytes } => format!(
                "the Connect server answered with more than {bytes} bytes, which is refused; is OP_CONNECT_HOST the address of a Connect server?"
            ),
            Self::Unreachable { why, .. } => (*why).to_owned(),
            Self::Unreadable { what } => format!(
                "the answer is {what}; is OP_CONNECT_HOST the address of a Connect server, and nothing in between?"
            ),
            Self::Status {
                status,
                retry_after,
                ahead,
            } => return status_told(*status, *retry_after, *ahead, aim),
            Self::Write { source } => {
                format!("the file can't be written: {}", source.kind())
            }
        };
        let message = match (&self, aim) {
            (Self::Unreachable { source, .. }, Aim::Write(..))
                if source.as_ref().is_some_and(reqwest::Error::is_connect) =>
            {
                message
            }
            (_, Aim::Write(..)) => {
                format!("{message}; the change may have been made: look before you repeat it")
            }
            _ => message,
        };
        let source = match self {
            Self::Unreachable {
                source: Some(error),
                ..
            } => Some(Box::new(error.without_url()) as crate::vault::Source),
            Self::Write { source } => {
                return VaultError::Refused(format!(
                    "the file can't be written: {}",
                    source.kind()
                ));
            }
            _ => None,
        };
        VaultError::Unavailable { message, source }
    }
}

/// From reqwest's error to a sentence; the address is left out of what the log gets.
pub(super) fn unreachable(error: reqwest::Error) -> Fault {
    let why = if is_certificate(&error) {
        "the Connect server's certificate is not valid: it has expired, is for another name, or no authority that this machine trusts has signed it; \
         for a private authority set `[connect] ca_file` in config.toml"
    } else if error.is_dns() {
        "the name of the Connect server can't be found; check OP_CONNECT_HOST and the network"
    } else if error.is_connect() || error.is_timeout() {
        "the Connect server can't be reached; check OP_CONNECT_HOST, the network, and that the server runs"
    } else {
        "the Connect server hung up in the middle of its answer; try again, and if it stays so, look at the server's log"
    };
    Fault::Unreachable {
        why,
        source: Some(error),
    }
}

/// Looks through the causes for rustls' word on a certificate.
fn is_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
        return true;
    }
    // What an I/O error holds is not among its sources, only the sources of that.
    let held = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    held.is_some_and(|held| is_certificate(held)) || error.source().is_some_and(is_certificate)
}

fn status_told(
    status: u16,
    retry_after: Option<Duration>,
    ahead: Option<i64>,
    aim: Aim<'_>,
) -> VaultError {
    let unavailable = |message: String| VaultError::Unavailable {
        message,
        source: None,
    };
    match (status, aim) {
        (300..=399, _) => unavailable(
            "the Connect server sends us to another address, which is not followed: the token would go there; set OP_CONNECT_HOST to the address that answers itself".into(),
        ),
        (400, Aim::Write(..)) => VaultError::Refused(
            "the Connect server refuses the item as it is (status 400): a category, a field's type or a value that it does not take; its log tells more".into(),
        ),
        (403, Aim::Write(..)) => VaultError::Forbidden(
            "the Connect token may not write in this vault; ask for a token with write access to it".into(),
        ),
        // Old servers say so of a token that may not write.
        (401, Aim::Write(..)) => VaultError::Forbidden(format!(
            "the Connect server does not take the token for this change: it may not write in this vault, has expired or was revoked; ask for a token with write access to it{}",
            clock(ahead)
        )),
        (401, _) => unavailable(format!(
            "the Connect server does not take the token: it has expired, was revoked, or is for another server; make a new one (`op connect token create`) and set OP_CONNECT_TOKEN{}",
            clock(ahead)
        )),
        (403, _) => VaultError::Forbidden(
            "the Connect token is not made for this vault, or may not read it; ask for a token with read access to it".into(),
        ),
        (404, Aim::Read(noun, name) | Aim::Write(noun, name)) => VaultError::NotFound {
            noun,
            name: name.to_owned(),
        },
        (409, _) => VaultError::Refused(
            "somebody else is changing this at the Connect server right now; read it again and repeat the change".into(),
        ),
        (413, _) => VaultError::Refused(
            "that is more than the Connect server takes or gives in one piece (status 413); for a large file use `hushkey file save`, which asks for its content".into(),
        ),
        (429, _) => unavailable(format!(
            "the Connect server is asked too often; try again in {} seconds",
            retry_after.map_or(30, |wait| wait.as_secs().max(1))
        )),
        (503, _) => unavailable(
            "the Connect server is not ready: it is still syncing, or cannot reach 1Password; `hushkey connect status` shows its state".into(),
        ),
        (500..=599, _) => unavailable(format!(
            "the Connect server failed (status {status}); its log tells more, `hushkey connect status` shows its state"
        )),
        _ => unavailable(format!(
            "the Connect server answered with status {status}, which it should not; is OP_CONNECT_HOST the address of a Connect server?"
        )),
    }
}

fn clock(ahead: Option<i64>) -> String {
    match ahead {
        Some(seconds) if seconds.abs() > SKEW_SECONDS => format!(
            "; this machine's clock is {} {} the server's, set it first",
            span(seconds.abs()),
            if seconds > 0 { "behind" } else { "ahead of" }
        ),
        _ => String::new(),
    }
}

/// A length of time in the largest unit that fits.
fn span(seconds: i64) -> String {
    match seconds {
        0..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
