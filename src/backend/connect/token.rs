//! What our token may do: what it says of itself, and what the server's answers have shown since.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::claims;
use crate::vault::{BackendAccess, Secret, TokenClaims, VaultId};

/// How long a refusal is taken for the next one too. A server can be given more vaults while its tokens stay.
const BELIEVED: Duration = Duration::from_secs(60);

/// What is known of a token, without the token.
pub(super) struct Token {
    claims: Option<TokenClaims>,
    access: Mutex<HashMap<VaultId, Known>>,
}

#[derive(Clone, Copy, Default)]
struct Known {
    access: BackendAccess,
    /// When an answer refused something; never, where the token itself says so.
    refused: Option<Instant>,
}

impl Token {
    /// Takes what the token says of itself.
    pub(super) fn read(token: &Secret) -> Self {
        let claims = claims::read(token);
        let (claims, vaults) = match claims {
            Some(claims) => (Some(claims.told), claims.vaults),
            None => (None, Vec::new()),
        };
        let known = |access| Known {
            access,
            refused: None,
        };
        let vaults = vaults.into_iter().map(|(vault, it)| (vault, known(it)));
        Self {
            claims,
            access: Mutex::new(vaults.collect()),
        }
    }

    /// What the token says of itself.
    pub(super) fn claims(&self) -> Option<&TokenClaims> {
        self.claims.as_ref()
    }

    /// What it may do in a vault, as far as that is known.
    pub(super) fn access(&self, vault: &VaultId) -> BackendAccess {
        let known = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = known.get(vault) else {
            return BackendAccess::default();
        };
        let old = known.refused.is_some_and(|at| at.elapsed() > BELIEVED);
        let still = |may: Option<bool>| may.filter(|may| *may || !old);
        BackendAccess {
            read: still(known.access.read),
            write: still(known.access.write),
        }
    }

    /// Remembers whether an answer let us read.
    pub(super) fn learn_read(&self, vault: &VaultId, may: bool) {
        self.learn(vault, may, |access| access.read = Some(may));
    }

    /// Remembers whether an answer let us write.
    pub(super) fn learn_write(&self, vault: &VaultId, may: bool) {
        self.learn(vault, may, |access| access.write = Some(may));
    }

    fn learn(&self, vault: &VaultId, may: bool, learn: impl FnOnce(&mut BackendAccess)) {
        let mut known = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.entry(vault.clone()).or_default();
        learn(&mut known.access);
        if !may {
            known.refused = Some(Instant::now());
        }
    }
}
