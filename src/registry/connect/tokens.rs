//! Connect servers' tokens: made, listed, renamed, revoked. What one reaches is settled when it is made.
//!
//! ```text
//! claims: { iss, aud, sub: server id, jti: token id, iat, exp?,
//!           "1password.com/fts": ["vaultaccess"], "1password.com/vts": [{ u: vault id, a: 1 to read | 2 to write }] }
//! ```
//! A program may read them. Nobody here does: the token is looked up, and what it may do stands in its record.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    ConnectName, ConnectRegistry, copies, digest_of,
    entry::{Entry, Server, Token, tokens_mut},
    no_token,
    servers::{find, same},
};
use crate::{
    access::{Reach, VaultAccess},
    registry::{RegistryError, sealed::Row},
    vault::{Secret, ServerId, TokenId, VaultId},
};

/// Who says that he made the tokens.
pub const ISSUER: &str = "hushkey";
/// For whom they are.
pub const AUDIENCE: &str = "com.1password.connect";
/// What they are for.
pub const FEATURES: [&str; 1] = ["vaultaccess"];

/// What a token is to be.
#[derive(Clone, Debug)]
pub struct NewConnectToken {
    /// The server that it is for.
    pub server: ServerId,
    /// What it is called.
    pub name: ConnectName,
    /// The vaults that it opens, and what for; `None` is all that the server may do there.
    pub vaults: Vec<(VaultId, Option<VaultAccess>)>,
    /// From when on it is refused, if it expires.
    pub expires: Option<Timestamp>,
}

/// What is known of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectToken {
    /// Its id.
    pub id: TokenId,
    /// The server that it belongs to.
    pub server: ServerId,
    /// What it is called.
    pub name: ConnectName,
    /// What it was made for; its server may have less by now.
    pub reach: Reach,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused, if it expires.
    pub expires: Option<Timestamp>,
    /// Since when it is refused, if it was revoked.
    pub revoked: Option<Timestamp>,
    /// The hour in which it was last used, if ever.
    pub used: Option<Timestamp>,
}

impl ConnectToken {
    /// Tells whether it is accepted at this time.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }
}

impl ConnectRegistry {
    /// Makes a token. The text is shown once and kept nowhere.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`] without the server, [`RegistryError::Beyond`] where it has less than the token is to have,
    /// [`RegistryError::NoVault`]; [`RegistryError`] when the file can't be changed.
    pub fn create_token(
        &self,
        wanted: &NewConnectToken,
        now: Timestamp,
    ) -> Result<(ConnectToken, Secret), RegistryError> {
        self.file()?.change(|keys, rows| {
            let server = find(rows, &wanted.server)?;
            let reach = reach(&wanted.vaults, &server.reach)?;
            let id = TokenId::random();
            let text = signed(server, &id, &reach, wanted.expires, now);
            let shown = text.expose_secret();
            let token = Token {
                id,
                server: wanted.server.clone(),
                name: wanted.name.clone(),
                reach,
                created: now,
                expires: wanted.expires,
                revoked: None,
                digest: keys.digest(&digest_of(shown)),
                copies: copies::digest(&server.copies, shown),
            };
            let row = Row::new(Entry::Token(token));
            let made = listed(&row).expect("it is a token");
            rows.push(row);
            Ok((made, text))
        })
    }

    /// All tokens, also those that are refused; by server and name, the newest first.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read.
    pub fn tokens(&self) -> Result<Vec<ConnectToken>, RegistryError> {
        let mut tokens: Vec<ConnectToken> = self
            .file()?
            .look(|table| table.rows.iter().filter_map(listed).collect())?;
        tokens
            .sort_by(|a, b| (&a.server, &a.name, b.created).cmp(&(&b.server, &b.name, a.created)));
        Ok(tokens)
    }

    /// The token of this id, or the one of this name that is not revoked, among those of the servers that `of` takes.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`], [`RegistryError::Ambiguous`]; [`RegistryError`] when the file can't be read.
    pub fn token(
        &self,
        name_or_id: &str,
        of: impl Fn(&ServerId) -> bool,
    ) -> Result<ConnectToken, RegistryError> {
        let id = name_or_id.to_ascii_lowercase();
        let mut tokens = self.tokens()?;
        tokens.retain(|token| of(&token.server));
        if let Some(token) = tokens.iter().find(|token| token.id.as_str() == id) {
            return Ok(token.clone());
        }
        tokens.retain(|token| token.revoked.is_none() && same(token.name.as_str(), name_or_id));
        match &tokens[..] {
            [] => Err(no_token(name_or_id)),
            [token] => Ok(token.clone()),
            several => Err(RegistryError::Ambiguous {
                name: name_or_id.to_owned(),
                count: several.len(),
            }),
        }
    }

    /// Calls a token otherwise. What it reaches can't be changed.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`], or [`RegistryError`] when the file can't be changed.
    pub fn rename_token(&self, id: &TokenId, name: &ConnectName) -> Result<(), RegistryError> {
        self.change_token(id, |token| token.name = name.clone())
    }

    /// Revokes a token: it is refused from the next request on.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`], or [`RegistryError`] when the file can't be changed.
    pub fn revoke_token(&self, id: &TokenId, now: Timestamp) -> Result<(), RegistryError> {
        self.change_token(id, |token| {
            token.revoked.get_or_insert(now);
        })
    }

    fn change_token(
        &self,
        id: &TokenId,
        work: impl FnOnce(&mut Token),
    ) -> Result<(), RegistryError> {
        self.file()?.change(|_, rows| {
            let token = tokens_mut(rows).find(|token| token.id == *id);
            work(token.ok_or_else(|| no_token(id.as_str()))?);
            Ok(())
        })
    }
}

/// What the token says of itself.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    aud: [&'static str; 1],
    sub: &'a str,
    jti: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(rename = "1password.com/fts")]
    features: [&'static str; 1],
    #[serde(rename = "1password.com/vts")]
    vaults: Vec<Grant<'a>>,
}

#[derive(Serialize)]
struct Grant<'a> {
    u: &'a str,
    a: u8,
}

fn signed(
    server: &Server,
    id: &TokenId,
    reach: &Reach,
    expires: Option<Timestamp>,
    now: Timestamp,
) -> Secret {
    let grant = |(vault, access): (&'_ VaultId, VaultAccess)| (vault.as_str().to_owned(), access);
    let vaults: Vec<_> = reach.vaults().map(grant).collect();
    let claims = Claims {
        iss: ISSUER,
        aud: [AUDIENCE],
        sub: server.id.as_str(),
        jti: id.as_str(),
        iat: now.as_second(),
        exp: expires.map(Timestamp::as_second),
        features: FEATURES,
        vaults: vaults
            .iter()
            .map(|(vault, access)| Grant {
                u: vault,
                a: u8::from(access.read) | u8::from(access.write) << 1,
            })
            .collect(),
    };
    server.key.sign(server.id.as_str(), &claims)
}

/// What the token is to reach, if its server does.
fn reach(wanted: &[(VaultId, Option<VaultAccess>)], has: &Reach) -> Result<Reach, RegistryError> {
    let mut reach = Reach::default();
    for (vault, access) in wanted {
        let held = has.access(vault);
        let access = access.unwrap_or(held);
        let held = (held != VaultAccess::default()).then_some(held);
        if access == VaultAccess::default() || !held.is_some_and(|held| held.covers(access)) {
            return Err(RegistryError::Beyond {
                vault: vault.clone(),
                has: held,
            });
        }
        reach.set(vault.clone(), access);
    }
    if reach.is_empty() {
        return Err(RegistryError::NoVault);
    }
    Ok(reach)
}

fn listed(row: &Row<Entry>) -> Option<ConnectToken> {
    let Entry::Token(token) = &row.record else {
        return None;
    };
    Some(ConnectToken {
        id: token.id.clone(),
        server: token.server.clone(),
        name: token.name.clone(),
        reach: token.reach.clone(),
        created: token.created,
        expires: token.expires,
        revoked: token.revoked,
        used: row.used,
    })
}
