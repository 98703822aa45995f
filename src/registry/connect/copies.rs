//! Copies of the store elsewhere, opened with a server's credentials: what of the registry is readable there.
//!
//! ```text
//! lent.handle  the first 16 bytes of mac(server key, "handle")
//! lent.sealed  seal(server key, postcard of `Wire`; handle)
//! ```
//! For each server there is one such record, made anew with every change: whoever has the server's credentials and a copy of
//! the two files finds the keys of the granted vaults and the digests of the server's tokens in it, and of nothing else.
//! When the server is deleted, the record is gone from later copies.

use std::{collections::HashMap, path::Path, sync::Arc};

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    ConnectRegistry, Inner, ProvenToken, STORE_PREFIX, digest_of,
    entry::{Entry, Proof, Server, Token, reach_opened, reach_wire, servers, tokens},
};
use crate::{
    registry::{
        RegistryError, Trouble,
        rows::time,
        sealed::{Record as _, Row, check_form},
    },
    seal::{Broken, DataKey, Subkey},
    sqlite_file,
    vault::{ServerId, StoreHead, TokenId, VaultId},
};

/// Gives the keys of vaults, as bytes that only the store understands.
pub type Lender = Box<dyn Fn(&[VaultId]) -> Result<Zeroizing<Vec<u8>>, LenderError> + Send + Sync>;

/// Why the keys of vaults could not be had.
pub type LenderError = Box<dyn std::error::Error + Send + Sync>;

/// What a server on another machine needs beside a copy of the store.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The server's id.
    pub server: ServerId,
    /// What it was called when they were made.
    pub server_name: String,
    /// Opens its record.
    pub key: DataKey,
}

/// A copy's registry, and the keys of its vaults.
pub struct OpenedCopy {
    /// Knows the tokens of one server, and changes nothing.
    pub registry: ConnectRegistry,
    /// The keys of the vaults, as the [`Lender`] gave them.
    pub lent: Zeroizing<Vec<u8>>,
}

/// What is known of one server's tokens on another machine.
pub(super) struct CopyOf {
    digest: Subkey,
    pub(super) tokens: HashMap<[u8; 32], Proof>,
    pub(super) head: StoreHead,
}

/// The format: a change to it is a new form of the file.
#[derive(Serialize, Deserialize)]
struct Wire {
    revision: u64,
    server: String,
    name: String,
    lent: Vec<u8>,
    tokens: Vec<WireToken>,
}

#[derive(Serialize, Deserialize)]
struct WireToken {
    digest: [u8; 32],
    id: String,
    name: String,
    /// Cut to what the server has.
    reach: Vec<(String, u8)>,
    expires: Option<i64>,
    revoked: bool,
}

/// A server's keys on other machines, each for one use.
struct ServerKeys {
    digest: Subkey,
    handle: Vec<u8>,
    record: Subkey,
}

impl ConnectRegistry {
    /// Opens what a server's credentials open in a copy of the registry's file.
    ///
    /// # Errors
    /// [`RegistryError::Void`] when they open nothing there; [`RegistryError`] when the file can't be read.
    pub fn open_copy(path: &Path, credentials: &Credentials) -> Result<OpenedCopy, RegistryError> {
        let keys = ServerKeys::derive(&credentials.key);
        let found = || -> Result<Option<Vec<u8>>, Trouble> {
            let connection = sqlite_file::open(path)?;
            check_form(&connection, &Entry::KIND)?;
            let statement = "SELECT sealed FROM lent WHERE handle = ?";
            let row = connection.query_row(statement, [&keys.handle], |row| row.get(0));
            Ok(row.optional()?)
        };
        let sealed = found().map_err(|trouble| trouble.with(Entry::KIND.subject))?;
        let sealed = sealed.ok_or(RegistryError::Void)?;
        let opened = keys.record.open(&keys.handle, &sealed);
        let (copy, lent) = opened
            .ok()
            .and_then(|bytes| CopyOf::from_bytes(&bytes, keys.digest, credentials))
            .ok_or_else(|| Trouble::Tampered.with(Entry::KIND.subject))?;
        Ok(OpenedCopy {
            registry: Self {
                inner: Inner::Copy(Box::new(copy)),
                lender: None,
            },
            lent,
        })
    }

    /// What a server on another machine needs beside a copy of the store; `None` where no keys can be lent.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`]; [`RegistryError`] when the file can't be read.
    pub fn credentials(&self, id: &ServerId) -> Result<Option<Credentials>, RegistryError> {
        if self.lender.is_none() {
            return Ok(None);
        }
        self.file()?.look(|table| {
            let server = servers(&table.rows).find(|server| server.id == *id);
            server.map(|server| Credentials {
                server: server.id.clone(),
                server_name: server.name.to_string(),
                key: server.copies.clone(),
            })
        })
    }
}

impl CopyOf {
    pub(super) fn digest(&self, token: &str) -> [u8; 32] {
        self.digest.mac(&[&digest_of(token)])
    }

    fn from_bytes(
        bytes: &[u8],
        digest: Subkey,
        credentials: &Credentials,
    ) -> Option<(Self, Zeroizing<Vec<u8>>)> {
        let wire: Wire = postcard::from_bytes(bytes).ok()?;
        let server = ServerId::parse(&wire.server).ok()?;
        if server != credentials.server {
            return None;
        }
        let head = StoreHead {
            store: format!("{STORE_PREFIX}copy/{server}"),
            revision: wire.revision,
            mark: digest.mac(&[b"head", bytes]),
        };
        let proof = |token: WireToken| {
            let proven = ProvenToken {
                server: server.clone(),
                server_name: wire.name.clone(),
                token: TokenId::parse(&token.id).ok()?,
                token_name: token.name,
                reach: Arc::new(reach_opened(&token.reach)?),
            };
            let proof = Proof {
                token: proven,
                expires: time(token.expires)?,
                is_revoked: token.revoked,
            };
            Some((token.digest, proof))
        };
        let tokens = wire.tokens.into_iter().map(proof).collect::<Option<_>>()?;
        let copy = Self {
            digest,
            tokens,
            head,
        };
        Some((copy, Zeroizing::new(wire.lent)))
    }
}

impl ServerKeys {
    fn derive(key: &DataKey) -> Self {
        let handle = key.subkey("connect copy/handle").mac(&[b"handle"]);
        Self {
            digest: key.subkey("connect copy/digest"),
            handle: handle[..16].to_vec(),
            record: key.subkey("connect copy/record"),
        }
    }
}

/// What a token is found by on other machines; its text is there only while it is made.
pub(super) fn digest(copies: &DataKey, token: &str) -> [u8; 32] {
    ServerKeys::derive(copies).digest.mac(&[&digest_of(token)])
}

/// One record for each server.
pub(super) fn records(rows: &[Row<Entry>], revision: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
    let record = |server: &Server| {
        let keys = ServerKeys::derive(&server.copies);
        let of = |token: &&Token| token.server == server.id;
        let wire = Wire {
            revision,
            server: server.id.to_string(),
            name: server.name.to_string(),
            lent: server.lent.to_vec(),
            tokens: tokens(rows)
                .filter(of)
                .map(|token| WireToken {
                    digest: token.copies,
                    id: token.id.to_string(),
                    name: token.name.to_string(),
                    reach: reach_wire(&token.reach.within(&server.reach)),
                    expires: token.expires.map(Timestamp::as_second),
                    revoked: token.revoked.is_some(),
                })
                .collect(),
        };
        let bytes = postcard::to_stdvec(&wire).expect("a vector takes any record");
        let sealed = keys.record.seal(&keys.handle, &Zeroizing::new(bytes));
        (keys.handle, sealed)
    };
    servers(rows).map(record).collect()
}

/// The key of a credentials file, as it was stored.
///
/// # Errors
/// [`Broken`] for bytes of another length.
pub(super) fn key_of(bytes: &[u8]) -> Result<DataKey, Broken> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| Broken)?;
    Ok(DataKey::from_bytes(Zeroizing::new(bytes)))
}

impl Credentials {
    /// Puts credentials together from what a file says.
    ///
    /// # Errors
    /// [`Broken`] for a key of another length.
    pub fn new(server: ServerId, server_name: String, key: &[u8]) -> Result<Self, Broken> {
        Ok(Self {
            server,
            server_name,
            key: key_of(key)?,
        })
    }
}
