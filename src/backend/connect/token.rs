//! What our token may do: what it says of itself, and what the server's answers have shown since.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::claims;
use crate::vault::{BackendAccess, Secret, TokenClaims, VaultId};

/// What is known of a token, without the token.
pub(super) struct Token {
    claims: Option<TokenClaims>,
    access: Mutex<HashMap<VaultId, BackendAccess>>,
}

impl Token {
    /// Takes what the token says of itself.
    pub(super) fn read(token: &Secret) -> Self {
        let claims = claims::read(token);
        let (claims, vaults) = match claims {
            Some(claims) => (Some(claims.told), claims.vaults),
            None => (None, Vec::new()),
        };
        Self {
            claims,
            access: Mutex::new(vaults.into_iter().collect()),
        }
    }

    /// What the token says of itself.
    pub(super) fn claims(&self) -> Option<&TokenClaims> {
        self.claims.as_ref()
    }

    /// What it may do in a vault, as far as that is known.
    pub(super) fn access(&self, vault: &VaultId) -> BackendAccess {
        let known = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(vault).copied().unwrap_or_default()
    }

    /// Remembers what an answer has shown.
    pub(super) fn learn(&self, vault: &VaultId, learn: impl FnOnce(&mut BackendAccess)) {
        let mut known = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        learn(known.entry(vault.clone()).or_default());
    }
}
