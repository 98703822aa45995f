//! The key with which a person approves: an Ed25519 signature (RFC 8032) that only the passphrase can make.
//!
//! The secret half is sealed under the passphrase, not under the key that `unlock` holds, so that an unlocked store
//! can check approvals and not make them. The module does not know what is approved.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::seal::random_bytes;

/// What stands before each message, so that a signature means an approval and nothing else.
const PURPOSE: &[u8] = b"hushkey approval 1\0";

/// Signs approvals. Exists only while a person has just typed the passphrase.
pub struct ApprovalKey(Ed25519KeyPair);

/// A person's yes to one message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Approval([u8; 64]);

/// Tells a person's approval from what anybody else made. Holds no secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ApprovalVerifier([u8; 32]);

/// The signature is not that of this message by this store's owner.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the approval was not signed with this store's passphrase, or is for something else")]
pub struct NotApproved;

impl ApprovalKey {
    /// Signs a message. It has to name everything that is approved, and something that is used once.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Approval {
        let signature = self.0.sign(&[PURPOSE, message].concat());
        let bytes = signature.as_ref().try_into();
        Approval(bytes.expect("an Ed25519 signature has 64 bytes"))
    }

    /// What checks signatures of this key.
    #[must_use]
    pub fn verifier(&self) -> ApprovalVerifier {
        let bytes = self.0.public_key().as_ref().try_into();
        ApprovalVerifier(bytes.expect("an Ed25519 public key has 32 bytes"))
    }

    pub(super) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("every 32 bytes are a seed"))
    }

    pub(super) fn new_seed() -> Zeroizing<[u8; 32]> {
        Zeroizing::new(random_bytes())
    }
}

impl Approval {
    /// For sending it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Takes what was sent; whether it is worth anything [`ApprovalVerifier::verify`] tells.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }
}

impl ApprovalVerifier {
    /// Checks that the owner signed this very message.
    ///
    /// # Errors
    /// [`NotApproved`].
    pub fn verify(&self, message: &[u8], approval: &Approval) -> Result<(), NotApproved> {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(&[PURPOSE, message].concat(), &approval.0)
            .map_err(|_| NotApproved)
    }

    /// For handing it on.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes what was handed on.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for ApprovalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApprovalKey(..)")
    }
}

impl std::fmt::Debug for Approval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Approval(..)")
    }
}

impl std::fmt::Debug for ApprovalVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ApprovalVerifier({})",
            data_encoding::HEXLOWER.encode(&self.0)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_holds_for_its_message_and_its_owner_only() {
        let key = ApprovalKey::from_seed(&[1; 32]);
        let other = ApprovalKey::from_seed(&[2; 32]);

        let approval = key.sign(b"run 7");

        assert_eq!(key.verifier().verify(b"run 7", &approval), Ok(()));
        assert_eq!(key.verifier().verify(b"run 8", &approval), Err(NotApproved));
        assert_eq!(
            other.verifier().verify(b"run 7", &approval),
            Err(NotApproved)
        );
        for at in 0..64 {
            let mut bytes = *approval.as_bytes();
            bytes[at] ^= 1;
            let changed = Approval::from_bytes(bytes);
            assert_eq!(key.verifier().verify(b"run 7", &changed), Err(NotApproved));
        }
    }
}
