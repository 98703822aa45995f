//! How servers, tokens and groups lie in their records, and what is looked up often.
//!
//! ```text
//! record: postcard of `Wire`; of each token's text only mac(file id, SHA-256 of the text)
//! reach:  (vault id, 1 to read | 2 to write)
//! ```

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{ConnectName, Managed, ProvenToken, copies};
use crate::{
    access::{Reach, VaultAccess},
    jwt::SigningKey,
    registry::{
        rows::time,
        sealed::{Kind, Record, Row},
    },
    seal::DataKey,
    vault::{GroupId, ServerId, TokenId, VaultId},
};

const READ: u8 = 1;
const WRITE: u8 = 2;

/// What one record holds.
pub(super) enum Entry {
    Group(Group),
    Server(Server),
    Token(Token),
}

pub(super) struct Group {
    pub(super) id: GroupId,
    pub(super) name: ConnectName,
    pub(super) created: Timestamp,
    pub(super) manages: Vec<Managed>,
    pub(super) members: Vec<Member>,
}

pub(super) struct Member {
    pub(super) name: ConnectName,
    pub(super) created: Timestamp,
    /// Of the manager token.
    pub(super) digest: [u8; 32],
}

pub(super) struct Server {
    pub(super) id: ServerId,
    pub(super) name: ConnectName,
    pub(super) created: Timestamp,
    pub(super) reach: Reach,
    pub(super) key: SigningKey,
    /// The key of its credentials: what of it is readable in copies elsewhere is sealed with that.
    pub(super) copies: DataKey,
    /// The keys of the vaults that it may read, as the store lent them.
    pub(super) lent: Zeroizing<Vec<u8>>,
}

pub(super) struct Token {
    pub(super) id: TokenId,
    pub(super) server: ServerId,
    pub(super) name: ConnectName,
    /// As it was made; its server may have less by now.
    pub(super) reach: Reach,
    pub(super) created: Timestamp,
    pub(super) expires: Option<Timestamp>,
    pub(super) revoked: Option<Timestamp>,
    pub(super) digest: [u8; 32],
    /// By what it is found in copies elsewhere.
    pub(super) copies: [u8; 32],
}

/// What is looked up with each request.
#[derive(Default)]
pub(super) struct Index {
    pub(super) servers: usize,
    pub(super) tokens: HashMap<[u8; 32], Proof>,
    /// Where a token's record is.
    pub(super) places: HashMap<TokenId, usize>,
    /// Where a manager token's group is, and the member in it.
    pub(super) managers: HashMap<[u8; 32], (usize, usize)>,
}

/// What a token proves, as long as it is in force.
pub(super) struct Proof {
    pub(super) token: ProvenToken,
    pub(super) expires: Option<Timestamp>,
    pub(super) is_revoked: bool,
}

/// The format: a change to it is a new form.
#[derive(Serialize, Deserialize)]
enum Wire {
    Group {
        id: String,
        name: String,
        /// Seconds since 1970, as the others.
        created: i64,
        manages: Vec<WireManaged>,
        members: Vec<(String, i64, [u8; 32])>,
    },
    Server {
        id: String,
        name: String,
        created: i64,
        reach: Vec<(String, u8)>,
        key: Vec<u8>,
        copies: [u8; 32],
        lent: Vec<u8>,
    },
    Token {
        id: String,
        server: String,
        name: String,
        reach: Vec<(String, u8)>,
        created: i64,
        expires: Option<i64>,
        revoked: Option<i64>,
        digest: [u8; 32],
        copies: [u8; 32],
    },
}

#[derive(Serialize, Deserialize)]
enum WireManaged {
    AllServers,
    Everything,
    Server(String),
}

impl Record for Entry {
    const KIND: Kind = Kind {
        application: 0x6875_7363,
        form: 1,
        purpose: "connect",
        subject: "the Connect servers and their tokens",
        prefix: super::STORE_PREFIX,
    };

    type Index = Index;

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let wire = match self {
            Self::Group(group) => group.wire(),
            Self::Server(server) => Wire::Server {
                id: server.id.to_string(),
                name: server.name.to_string(),
                created: server.created.as_second(),
                reach: reach_wire(&server.reach),
                key: server.key.bytes().to_vec(),
                copies: *server.copies.bytes(),
                lent: server.lent.to_vec(),
            },
            Self::Token(token) => Wire::Token {
                id: token.id.to_string(),
                server: token.server.to_string(),
                name: token.name.to_string(),
                reach: reach_wire(&token.reach),
                created: token.created.as_second(),
                expires: token.expires.map(Timestamp::as_second),
                revoked: token.revoked.map(Timestamp::as_second),
                digest: token.digest,
                copies: token.copies,
            },
        };
        Zeroizing::new(postcard::to_stdvec(&wire).expect("a vector takes any record"))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let second = |seconds| Timestamp::from_second(seconds).ok();
        Some(match postcard::from_bytes(bytes).ok()? {
            Wire::Group {
                id,
                name,
                created,
                manages,
                members,
            } => Self::Group(Group {
                id: GroupId::parse(&id).ok()?,
                name: ConnectName::parse(&name).ok()?,
                created: second(created)?,
                manages: manages
                    .into_iter()
                    .map(WireManaged::opened)
                    .collect::<Option<_>>()?,
                members: members
                    .into_iter()
                    .map(|(name, created, digest)| {
                        Some(Member {
                            name: ConnectName::parse(&name).ok()?,
                            created: second(created)?,
                            digest,
                        })
                    })
                    .collect::<Option<_>>()?,
            }),
            Wire::Server {
                id,
                name,
                created,
                reach,
                key,
                copies,
                lent,
            } => Self::Server(Server {
                id: ServerId::parse(&id).ok()?,
                name: ConnectName::parse(&name).ok()?,
                created: second(created)?,
                reach: reach_opened(&reach)?,
                key: SigningKey::from_bytes(&Zeroizing::new(key)).ok()?,
                copies: DataKey::from_bytes(Zeroizing::new(copies)),
                lent: Zeroizing::new(lent),
            }),
            Wire::Token {
                id,
                server,
                name,
                reach,
                created,
                expires,
                revoked,
                digest,
                copies,
            } => Self::Token(Token {
                id: TokenId::parse(&id).ok()?,
                server: ServerId::parse(&server).ok()?,
                name: ConnectName::parse(&name).ok()?,
                reach: reach_opened(&reach)?,
                created: second(created)?,
                expires: time(expires)?,
                revoked: time(revoked)?,
                digest,
                copies,
            }),
        })
    }

    fn index(rows: &[Row<Self>]) -> Index {
        let servers: HashMap<&ServerId, &Server> =
            servers(rows).map(|server| (&server.id, server)).collect();
        let mut index = Index {
            servers: servers.len(),
            ..Index::default()
        };
        for (at, row) in rows.iter().enumerate() {
            match &row.record {
                Self::Group(group) => {
                    let members = group.members.iter().zip(0..);
                    let members = members.map(|(member, place)| (member.digest, (at, place)));
                    index.managers.extend(members);
                }
                Self::Server(_) => {}
                Self::Token(token) => {
                    index.places.insert(token.id.clone(), at);
                    // A token without its server would be one that was forgotten when that was deleted.
                    if let Some(server) = servers.get(&token.server) {
                        index.tokens.insert(token.digest, Proof::of(token, server));
                    }
                }
            }
        }
        index
    }

    fn lent(rows: &[Row<Self>], revision: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
        copies::records(rows, revision)
    }
}

impl Proof {
    fn of(token: &Token, server: &Server) -> Self {
        Self {
            token: ProvenToken {
                server: server.id.clone(),
                server_name: server.name.to_string(),
                token: token.id.clone(),
                token_name: token.name.to_string(),
                reach: Arc::new(token.reach.within(&server.reach)),
            },
            expires: token.expires,
            is_revoked: token.revoked.is_some(),
        }
    }
}

impl Group {
    fn wire(&self) -> Wire {
        let manages = self.manages.iter().map(|managed| match managed {
            Managed::AllServers => WireManaged::AllServers,
            Managed::Everything => WireManaged::Everything,
            Managed::Server(server) => WireManaged::Server(server.to_string()),
        });
        let members = self.members.iter();
        let members = members.map(|it| (it.name.to_string(), it.created.as_second(), it.digest));
        Wire::Group {
            id: self.id.to_string(),
            name: self.name.to_string(),
            created: self.created.as_second(),
            manages: manages.collect(),
            members: members.collect(),
        }
    }
}

impl WireManaged {
    fn opened(self) -> Option<Managed> {
        Some(match self {
            Self::AllServers => Managed::AllServers,
            Self::Everything => Managed::Everything,
            Self::Server(id) => Managed::Server(ServerId::parse(&id).ok()?),
        })
    }
}

pub(super) fn servers(rows: &[Row<Entry>]) -> impl Iterator<Item = &Server> {
    rows.iter().filter_map(|row| match &row.record {
        Entry::Server(server) => Some(server),
        Entry::Group(_) | Entry::Token(_) => None,
    })
}

pub(super) fn servers_mut(rows: &mut [Row<Entry>]) -> impl Iterator<Item = &mut Server> {
    rows.iter_mut().filter_map(|row| match &mut row.record {
        Entry::Server(server) => Some(server),
        Entry::Group(_) | Entry::Token(_) => None,
    })
}

pub(super) fn tokens(rows: &[Row<Entry>]) -> impl Iterator<Item = &Token> {
    rows.iter().filter_map(|row| match &row.record {
        Entry::Token(token) => Some(token),
        Entry::Group(_) | Entry::Server(_) => None,
    })
}

pub(super) fn tokens_mut(rows: &mut [Row<Entry>]) -> impl Iterator<Item = &mut Token> {
    rows.iter_mut().filter_map(|row| match &mut row.record {
        Entry::Token(token) => Some(token),
        Entry::Group(_) | Entry::Server(_) => None,
    })
}

pub(super) fn groups(rows: &[Row<Entry>]) -> impl Iterator<Item = &Group> {
    rows.iter().filter_map(|row| match &row.record {
        Entry::Group(group) => Some(group),
        Entry::Server(_) | Entry::Token(_) => None,
    })
}

pub(super) fn groups_mut(rows: &mut [Row<Entry>]) -> impl Iterator<Item = &mut Group> {
    rows.iter_mut().filter_map(|row| match &mut row.record {
        Entry::Group(group) => Some(group),
        Entry::Server(_) | Entry::Token(_) => None,
    })
}

pub(super) fn reach_wire(reach: &Reach) -> Vec<(String, u8)> {
    let bits = |access: VaultAccess| {
        let read = if access.read { READ } else { 0 };
        read | if access.write { WRITE } else { 0 }
    };
    let vaults = reach.vaults();
    vaults
        .map(|(vault, access)| (vault.to_string(), bits(access)))
        .collect()
}

/// `None` for bits that nobody sets: an access that is not understood is not given.
pub(super) fn reach_opened(wire: &[(String, u8)]) -> Option<Reach> {
    let vault = |(vault, bits): &(String, u8)| {
        let access = VaultAccess {
            read: bits & READ != 0,
            write: bits & WRITE != 0,
        };
        let known = bits & !(READ | WRITE) == 0;
        known.then_some((VaultId::parse(vault).ok()?, access))
    };
    wire.iter().map(vault).collect()
}
