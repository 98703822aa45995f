//! A program with a Connect server's token, as one request presents it, and what the token reaches.
//!
//! What it may do is no policy's to say: a token is made for vaults, to read, to write, or both, and can't be changed. So the
//! decision is a look at [`Reach`], and every question that it has no answer to is a no.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::vault::{ServerId, TokenId, VaultId};

/// Who asks over the Connect API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectClient {
    /// The Connect server that the token belongs to.
    pub server: ServerId,
    /// What it is called.
    pub server_name: String,
    /// The token's id.
    pub token: TokenId,
    /// What it is called.
    pub token_name: String,
    /// What the token reaches now: what it was made for, as far as its server has it still.
    pub reach: Arc<Reach>,
    /// The request's id, a UUID.
    pub request: String,
    /// What the program calls itself: for the log only.
    pub user_agent: Option<String>,
    /// From where it asks.
    pub address: String,
}

/// In which vaults a token or a server may do what. A vault that it does not name is not there for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach(BTreeMap<VaultId, VaultAccess>);

/// What somebody may do in a vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VaultAccess {
    /// See its items with their values and files.
    pub read: bool,
    /// Make, change and delete items, without seeing what they hold.
    pub write: bool,
}

/// Why a text is no access.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the access to a vault is `r` (read), `w` (write) or `rw`")]
pub struct NotAnAccess;

impl Reach {
    /// The vaults, in order of id, with what may be done in each.
    pub fn vaults(&self) -> impl Iterator<Item = (&VaultId, VaultAccess)> {
        self.0.iter().map(|(vault, access)| (vault, *access))
    }

    /// What may be done in a vault: nothing, where it is not named.
    #[must_use]
    pub fn access(&self, vault: &VaultId) -> VaultAccess {
        self.0.get(vault).copied().unwrap_or_default()
    }

    /// Says what may be done in a vault from now on; an access to nothing removes it.
    pub fn set(&mut self, vault: VaultId, access: VaultAccess) {
        if access == VaultAccess::default() {
            self.0.remove(&vault);
        } else {
            self.0.insert(vault, access);
        }
    }

    /// What both reach.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let mut both = Self::default();
        for (vault, access) in self.vaults() {
            both.set(vault.clone(), access.within(other.access(vault)));
        }
        both
    }

    /// Tells whether there is nothing that it reaches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(VaultId, VaultAccess)> for Reach {
    fn from_iter<T: IntoIterator<Item = (VaultId, VaultAccess)>>(all: T) -> Self {
        let mut reach = Self::default();
        for (vault, access) in all {
            reach.set(vault, access);
        }
        reach
    }
}

impl VaultAccess {
    /// Read and write.
    pub const ALL: Self = Self {
        read: true,
        write: true,
    };

    /// Reads `r`, `w` or `rw`, as `op connect token create` takes them.
    ///
    /// # Errors
    /// [`NotAnAccess`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NotAnAccess> {
        let (read, write) = match text {
            "r" => (true, false),
            "w" => (false, true),
            "rw" | "wr" => (true, true),
            _ => return Err(NotAnAccess),
        };
        Ok(Self { read, write })
    }

    /// What both allow.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self {
            read: self.read && other.read,
            write: self.write && other.write,
        }
    }

    /// Tells whether it allows all that another does.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        other.within(self) == other
    }
}

impl fmt::Display for VaultAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.read, self.write) {
            (true, true) => "rw",
            (true, false) => "r",
            (false, true) => "w",
            (false, false) => "none",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reaches_no_further_than_its_server_in_any_vault() {
        let [dev, ci, other] = [VaultId::random(), VaultId::random(), VaultId::random()];
        let access = |text| VaultAccess::parse(text).unwrap();
        let token = Reach::from_iter([(dev.clone(), access("rw")), (ci.clone(), access("w"))]);
        let server = Reach::from_iter([(dev.clone(), access("r")), (other.clone(), access("rw"))]);

        let both = token.within(&server);

        assert_eq!(both, Reach::from_iter([(dev, access("r"))]));
        assert_eq!(both.access(&ci), VaultAccess::default());
        assert_eq!(both.access(&other), VaultAccess::default());
    }

    #[test]
    fn nothing_but_the_known_letters_is_an_access() {
        for bad in ["", "R", "rwx", "read", "r,w"] {
            assert_eq!(VaultAccess::parse(bad), Err(NotAnAccess), "{bad}");
        }
        assert!(VaultAccess::ALL.covers(VaultAccess::parse("w").unwrap()));
        assert!(!VaultAccess::parse("w").unwrap().covers(VaultAccess::ALL));
    }
}
