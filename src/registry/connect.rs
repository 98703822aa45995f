//! Connect servers of ours, their tokens, and the groups that may manage them. Of tokens, digests only.
//!
//! A token opens vaults over the Connect API: those that it was made for, as far as its server has them now. It is looked up
//! as a whole text, so that one that was forged, signed anew or unsigned is simply unknown, whatever it says of itself. The registry
//! decides nothing else: what a client does with its reach is the broker's to judge. Like the agents' tokens it is one
//! sealed file of its own.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{RegistryError, sealed::SealedFile};
use crate::{
    access::Reach,
    seal::KeyHolder,
    vault::{GroupId, ServerId, StoreHead, TokenId},
};

mod copies;
mod entry;
mod groups;
mod name;
mod servers;
mod tokens;

use copies::CopyOf;
pub use copies::{Credentials, Lender, LenderError, OpenedCopy};
use entry::{Entry, Proof};
pub use groups::{ConnectGroup, GroupMember, Managed, Manager};
pub use name::{ConnectName, NotAConnectName};
pub use servers::ConnectServer;
pub use tokens::{AUDIENCE, ConnectToken, FEATURES, ISSUER, NewConnectToken};

/// How the registry is called among the stores whose heads the audit log remembers.
pub const STORE_PREFIX: &str = "connect/";

/// Bytes of the longest text that is looked up as a token: one for a hundred vaults has about 8,000.
const LONGEST_TOKEN: usize = 64 * 1024;

/// The Connect servers. May be used by several threads, and by several processes at once.
pub struct ConnectRegistry {
    inner: Inner,
    /// Who gives the keys of vaults to copies elsewhere; nobody, where the vaults are not kept here.
    lender: Option<Lender>,
}

enum Inner {
    /// What of it is readable on another machine.
    Copy(Box<CopyOf>),
    /// The registry itself.
    File(Box<SealedFile<Entry>>),
}

/// Whose token it is, and what it reaches now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenToken {
    /// The server that it belongs to.
    pub server: ServerId,
    /// What that is called.
    pub server_name: String,
    /// The token's id.
    pub token: TokenId,
    /// What it is called.
    pub token_name: String,
    /// What it reaches: what it was made for, as far as its server has it.
    pub reach: Arc<Reach>,
}

/// Why a token proves nothing. Told apart for the log; whoever presents it learns nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotProvenClient {
    /// It was in force until it expired.
    Expired(KnownToken),
    /// It was revoked.
    Revoked(KnownToken),
    /// It was never made here, or its server is gone.
    Unknown,
}

/// Which token it was that is no longer taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownToken {
    /// The server that it belongs to.
    pub server: ServerId,
    /// What that is called.
    pub server_name: String,
    /// The token's id.
    pub token: TokenId,
    /// What it is called.
    pub token_name: String,
}

impl ConnectRegistry {
    /// Opens the registry, or makes it: file 0600, directory 0700. `holder` wraps and unwraps its key.
    ///
    /// # Errors
    /// [`RegistryError`] when it can't be opened, is exposed to other users, or was wrapped by another key.
    pub fn open(path: &Path, holder: &dyn KeyHolder) -> Result<Self, RegistryError> {
        let file = SealedFile::open(path, holder)?;
        Ok(Self {
            inner: Inner::File(Box::new(file)),
            lender: None,
        })
    }

    /// Lets copies of the store be opened elsewhere, with keys that `lender` gives.
    #[must_use]
    pub fn with_lender(mut self, lender: Lender) -> Self {
        self.lender = Some(lender);
        self
    }

    /// Wraps the registry's key with another key of the owner's; nothing else changes.
    ///
    /// # Errors
    /// [`RegistryError`] when `old` is not the key of this registry.
    pub fn rewrap(&self, old: &dyn KeyHolder, new: &dyn KeyHolder) -> Result<(), RegistryError> {
        self.file()?.rewrap(old, new)
    }

    /// Where the registry stands: an older copy in its place has a lower revision.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read.
    pub fn head(&self) -> Result<StoreHead, RegistryError> {
        match &self.inner {
            Inner::Copy(copy) => Ok(copy.head.clone()),
            Inner::File(file) => file.head(),
        }
    }

    /// Tells whether this is what is readable of a registry on another machine: one server, and no change.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        matches!(self.inner, Inner::Copy(_))
    }

    /// Tells whether a server was created: before that, there is nothing to open.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read.
    pub fn has_servers(&self) -> Result<bool, RegistryError> {
        match &self.inner {
            Inner::Copy(_) => Ok(true),
            Inner::File(file) => file.look(|table| table.index.servers > 0),
        }
    }

    /// Finds what a token reaches, as the file stands now. Costs microseconds while nothing has changed.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read or was changed outside hushkey: then no token is accepted.
    pub fn prove(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Result<ProvenToken, NotProvenClient>, RegistryError> {
        if token.len() > LONGEST_TOKEN {
            return Ok(Err(NotProvenClient::Unknown));
        }
        // A keyed MAC is compared, of which nobody outside can choose a prefix: how long that takes tells nothing.
        let judged = |proof: Option<&Proof>| proof.ok_or(NotProvenClient::Unknown)?.judge(now);
        match &self.inner {
            Inner::Copy(copy) => Ok(judged(copy.tokens.get(&copy.digest(token)))),
            Inner::File(file) => {
                let digest = file.keys().digest(&digest_of(token));
                file.look(|table| judged(table.index.tokens.get(&digest)))
            }
        }
    }

    /// Notes that a token is used; writes once an hour at most.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be written. Nothing depends on it.
    pub fn note_use(&self, token: &TokenId, now: Timestamp) -> Result<(), RegistryError> {
        match &self.inner {
            // Where it was copied from, nobody would learn of it.
            Inner::Copy(_) => Ok(()),
            Inner::File(file) => file.note_use(|table| table.index.places.get(token).copied(), now),
        }
    }

    fn file(&self) -> Result<&SealedFile<Entry>, RegistryError> {
        match &self.inner {
            Inner::Copy(_) => Err(RegistryError::Copy),
            Inner::File(file) => Ok(file),
        }
    }
}

impl std::fmt::Debug for ConnectRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConnectRegistry(..)")
    }
}

impl Proof {
    fn judge(&self, now: Timestamp) -> Result<ProvenToken, NotProvenClient> {
        if self.is_revoked {
            Err(NotProvenClient::Revoked((&self.token).into()))
        } else if self.expires.is_some_and(|end| end <= now) {
            Err(NotProvenClient::Expired((&self.token).into()))
        } else {
            Ok(self.token.clone())
        }
    }
}

impl From<&ProvenToken> for KnownToken {
    fn from(proven: &ProvenToken) -> Self {
        Self {
            server: proven.server.clone(),
            server_name: proven.server_name.clone(),
            token: proven.token.clone(),
            token_name: proven.token_name.clone(),
        }
    }
}

fn digest_of(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn no_server(name: &str) -> RegistryError {
    RegistryError::NoSuch {
        what: "Connect server",
        name: name.to_owned(),
        list: "`hushkey connect server list`",
    }
}

fn no_token(name: &str) -> RegistryError {
    RegistryError::NoSuch {
        what: "token of a Connect server",
        name: name.to_owned(),
        list: "`hushkey connect token list`",
    }
}

fn no_group(group: &GroupId) -> RegistryError {
    RegistryError::NoSuch {
        what: "group",
        name: group.to_string(),
        list: "`hushkey group list`",
    }
}

#[cfg(test)]
mod tests;
