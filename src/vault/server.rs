//! A server that keeps vaults elsewhere: what it says of itself, and what it lets us do.
//!
//! Only a remote backend has one. Nothing here holds a value or a token.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::vault::VaultId;

/// What a backend lets us do in a vault, as far as that is known; `None` where nothing has told yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackendAccess {
    /// Read items.
    pub read: Option<bool>,
    /// Make, change and delete items.
    pub write: Option<bool>,
}

impl BackendAccess {
    /// No limits of the backend's own.
    pub const FULL: Self = Self {
        read: Some(true),
        write: Some(true),
    };

    /// The access in words: `read and write`, `read, write unknown` …
    #[must_use]
    pub fn words(self) -> &'static str {
        match (self.read, self.write) {
            (Some(true), Some(true)) => "read and write",
            (Some(true), Some(false)) => "read",
            (Some(true), None) => "read; write is unknown until it is tried",
            (Some(false), Some(true)) => "write",
            (Some(false), Some(false)) => "nothing",
            (Some(false), None) => "not read; write is unknown until it is tried",
            (None, Some(true)) => "write; read is unknown until it is tried",
            (None, Some(false)) => "not write; read is unknown until it is tried",
            (None, None) => "unknown until it is tried",
        }
    }
}

/// What a server says of itself, and what we saw of it.
#[derive(Clone, Debug, Default)]
pub struct ServerStatus {
    /// Its address.
    pub address: String,
    /// Its version, if it told.
    pub version: Option<String>,
    /// How long the slowest of our questions took.
    pub took: Duration,
    /// How far its clock is ahead of ours; to the second.
    pub clock_ahead: Option<SignedDuration>,
    /// What it needs to work.
    pub dependencies: Vec<Dependency>,
    /// Our token.
    pub token: TokenStatus,
}

/// One thing that a server needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// What it is called.
    pub service: String,
    /// `ACTIVE`, or what the server says instead.
    pub status: String,
    /// More words; may be empty.
    pub message: String,
}

impl Dependency {
    /// Tells whether it works.
    #[must_use]
    pub fn works(&self) -> bool {
        self.status.eq_ignore_ascii_case("ACTIVE")
    }
}

/// What is known of our token, without the token.
#[derive(Clone, Debug, Default)]
pub struct TokenStatus {
    /// Why the server does not take it; `None` when it does.
    pub refused: Option<String>,
    /// What it says of itself; `None` when it is in no form that we read. Nobody has checked its signature here.
    pub claims: Option<TokenClaims>,
    /// The vaults that it opens, with what it may do there.
    pub vaults: Vec<(VaultId, String, BackendAccess)>,
}

/// What a token says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenClaims {
    /// The token's id.
    pub id: Option<String>,
    /// The id of the server that it is for.
    pub server: Option<String>,
    /// Who made it.
    pub issuer: Option<String>,
    /// When it was made.
    pub issued_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What it is good for.
    pub features: Vec<String>,
}

/// One line of a server's own log of requests.
#[derive(Clone, Debug)]
pub struct ServerRequest {
    /// When.
    pub time: String,
    /// READ, CREATE, UPDATE, DELETE.
    pub action: String,
    /// SUCCESS or DENY.
    pub result: String,
    /// The id of the token that was used.
    pub token: String,
    /// What the client calls itself.
    pub client: String,
    /// Where the request came from.
    pub address: String,
    /// VAULT or ITEM.
    pub kind: String,
    /// The vault's id; may be empty.
    pub vault: String,
    /// The item's id; may be empty.
    pub item: String,
}

/// One page of a server's log, newest first.
#[derive(Clone, Debug, Default)]
pub struct ServerActivity {
    /// The lines.
    pub requests: Vec<ServerRequest>,
    /// How many there are in all, if the server told.
    pub total: Option<u64>,
}
