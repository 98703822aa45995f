//! Servers, tokens and groups as JSON: what `--json` prints, and what the admin API answers.
//!
//! The shapes are those of `op connect … --format json`: a vault's id in capitals, access as a list of words, the server's id
//! of a token in both spellings that are in use.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    access::{Reach, VaultAccess},
    registry::connect::{
        AUDIENCE, ConnectGroup, ConnectServer, ConnectToken, Credentials, FEATURES, ISSUER, Managed,
    },
    vault::{ServerId, VaultId, reference::Named},
};

const VIEWING: &str = "allow_viewing";
const EDITING: &str = "allow_editing";

/// A Connect server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerJson {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// `ACTIVE`.
    pub state: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// What it has.
    pub vaults: Vec<GrantJson>,
}

/// A vault that something reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantJson {
    /// The vault's id, in capitals.
    pub id: String,
    /// What the vault is called, if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `allow_viewing`, `allow_editing`.
    pub acl: Vec<String>,
}

/// A token of a Connect server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenJson {
    /// Its id: the claim `jti`.
    pub id: String,
    /// The server's id.
    pub integration_id: String,
    /// The same.
    #[serde(rename = "integrationId")]
    pub integration_id_too: String,
    /// `ACTIVE` or `REVOKED`; a token that has expired counts as revoked.
    pub state: String,
    /// What it is called.
    pub name: String,
    /// Who made it.
    pub issuer: String,
    /// For whom it is.
    pub audience: String,
    /// What it is for.
    pub features: Vec<String>,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it expires, if it does.
    pub expires_at: Option<String>,
    /// The hour in which it was last used, if ever.
    pub last_used_at: Option<String>,
    /// What it was made for.
    pub vaults: Vec<GrantJson>,
}

/// A group that may manage servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupJson {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// Whether it manages Secrets Automation as a whole.
    pub manages_everything: bool,
    /// Whether it manages all servers that have no group of their own.
    pub manages_all_servers: bool,
    /// The servers that were given to it.
    pub servers: Vec<NamedJson>,
    /// Who is in it.
    pub members: Vec<MemberJson>,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedJson {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberJson {
    /// How it is called there.
    pub name: String,
    /// Since when, RFC 3339.
    pub created_at: String,
}

/// What `1password-credentials.json` holds: with it and a copy of the store, a server elsewhere opens the server's vaults.
#[derive(Clone, Serialize, Deserialize)]
pub struct CredentialsJson {
    /// The form of the file.
    pub form: u32,
    /// `hushkey`: nothing else reads it.
    pub issuer: String,
    /// The Connect server's id.
    pub server_id: String,
    /// What that was called.
    pub server_name: String,
    /// The key, base64url.
    pub key: String,
}

/// A token that was just made.
#[derive(Clone, Serialize, Deserialize)]
pub struct IssuedJson {
    /// Its text: shown once, kept nowhere.
    pub token: String,
    /// What is known of it.
    #[serde(flatten)]
    pub details: TokenJson,
}

impl std::fmt::Debug for IssuedJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IssuedJson(..)")
    }
}

/// A Connect server that was just made.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewServerJson {
    /// The server.
    #[serde(flatten)]
    pub server: ServerJson,
    /// Its credentials, where the vaults are kept by the one that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<CredentialsJson>,
}

impl CredentialsJson {
    const FORM: u32 = 1;

    pub(super) fn of(credentials: &Credentials) -> Self {
        Self {
            form: Self::FORM,
            issuer: ISSUER.to_owned(),
            server_id: credentials.server.to_string(),
            server_name: credentials.server_name.clone(),
            key: BASE64URL_NOPAD.encode(credentials.key.bytes()),
        }
    }

    /// The credentials; `None` for what has another form.
    #[must_use]
    pub fn credentials(&self) -> Option<Credentials> {
        if self.form != Self::FORM || self.issuer != ISSUER {
            return None;
        }
        let server = ServerId::parse(&self.server_id).ok()?;
        let key = Zeroizing::new(BASE64URL_NOPAD.decode(self.key.as_bytes()).ok()?);
        Credentials::new(server, self.server_name.clone(), &key).ok()
    }
}

impl std::fmt::Debug for CredentialsJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CredentialsJson(..)")
    }
}

impl ServerJson {
    pub(super) fn of(server: &ConnectServer, names: &[Named<VaultId>]) -> Self {
        Self {
            id: server.id.to_string(),
            name: server.name.to_string(),
            state: "ACTIVE".to_owned(),
            created_at: server.created.to_string(),
            vaults: grants(&server.reach, names),
        }
    }
}

impl TokenJson {
    /// The token as it stands now.
    #[must_use]
    pub fn of(token: &ConnectToken, names: &[Named<VaultId>], now: Timestamp) -> Self {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        Self {
            id: token.id.to_string(),
            integration_id: token.server.to_string(),
            integration_id_too: token.server.to_string(),
            state: if token.is_in_force(now) {
                "ACTIVE".to_owned()
            } else {
                "REVOKED".to_owned()
            },
            name: token.name.to_string(),
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            features: FEATURES.map(str::to_owned).into(),
            created_at: token.created.to_string(),
            expires_at: time(token.expires),
            last_used_at: time(token.used),
            vaults: grants(&token.reach, names),
        }
    }
}

impl GroupJson {
    pub(super) fn of(group: &ConnectGroup, servers: &[ConnectServer]) -> Self {
        let given = |server: &&ConnectServer| {
            let given = Managed::Server(server.id.clone());
            group.manages.contains(&given)
        };
        let named = |server: &ConnectServer| NamedJson {
            id: server.id.to_string(),
            name: server.name.to_string(),
        };
        Self {
            id: group.id.to_string(),
            name: group.name.to_string(),
            created_at: group.created.to_string(),
            manages_everything: group.manages.contains(&Managed::Everything),
            manages_all_servers: group.manages.contains(&Managed::AllServers),
            servers: servers.iter().filter(given).map(named).collect(),
            members: group
                .members
                .iter()
                .map(|member| MemberJson {
                    name: member.name.to_string(),
                    created_at: member.created.to_string(),
                })
                .collect(),
        }
    }
}

impl GrantJson {
    /// The access in a few letters: `r`, `w`, `rw`.
    #[must_use]
    pub fn access(&self) -> VaultAccess {
        let has = |word| self.acl.iter().any(|it| it == word);
        VaultAccess {
            read: has(VIEWING),
            write: has(EDITING),
        }
    }
}

fn grants(reach: &Reach, names: &[Named<VaultId>]) -> Vec<GrantJson> {
    let grant = |(id, access): (&VaultId, VaultAccess)| {
        let words = [(access.read, VIEWING), (access.write, EDITING)];
        let words = words.iter().filter(|(has, _)| *has);
        GrantJson {
            id: id.as_str().to_ascii_uppercase(),
            name: names
                .iter()
                .find(|named| named.id == *id)
                .map(|named| named.name.clone()),
            acl: words.map(|(_, word)| (*word).to_owned()).collect(),
        }
    };
    reach.vaults().map(grant).collect()
}
