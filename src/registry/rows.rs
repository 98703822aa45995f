//! How an agent's token lies in its record.
//!
//! ```text
//! record: postcard of `Wire`, with mac(file id, SHA-256 of the token), by which it is found
//! ```

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::sealed::{Kind, Record, Row};
use crate::{access::AgentName, registry::AgentToken};

/// What is stored of one token. The format: a change to it is a new form.
#[derive(Serialize, Deserialize)]
struct Wire {
    digest: [u8; 32],
    agent: String,
    hint: String,
    /// Seconds since 1970, as the others.
    created: i64,
    expires: Option<i64>,
    revoked: Option<i64>,
}

/// A token with what it is found by.
pub(super) struct Kept {
    pub(super) digest: [u8; 32],
    /// Its use stands in its row.
    pub(super) token: AgentToken,
}

impl Record for Kept {
    const KIND: Kind = Kind {
        application: 0x6875_7367,
        form: 2,
        purpose: "registry",
        subject: "the agents' tokens",
        prefix: super::STORE_PREFIX,
    };

    type Index = HashMap<[u8; 32], usize>;

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let token = &self.token;
        let wire = Wire {
            digest: self.digest,
            agent: token.agent.as_str().to_owned(),
            hint: token.hint.clone(),
            created: token.created.as_second(),
            expires: token.expires.map(Timestamp::as_second),
            revoked: token.revoked.map(Timestamp::as_second),
        };
        Zeroizing::new(postcard::to_stdvec(&wire).expect("a vector takes any record"))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let wire: Wire = postcard::from_bytes(bytes).ok()?;
        Some(Self {
            digest: wire.digest,
            token: AgentToken {
                agent: AgentName::parse(&wire.agent).ok()?,
                hint: wire.hint,
                created: Timestamp::from_second(wire.created).ok()?,
                expires: time(wire.expires)?,
                revoked: time(wire.revoked)?,
                used: None,
            },
        })
    }

    fn index(rows: &[Row<Self>]) -> Self::Index {
        let digests = rows.iter().map(|row| row.record.digest);
        digests.zip(0..).collect()
    }
}

/// A time that need not be there; `None` for one that is none.
pub(super) fn time(seconds: Option<i64>) -> Option<Option<Timestamp>> {
    seconds.map(Timestamp::from_second).transpose().ok()
}
