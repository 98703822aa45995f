//! Sealing: authenticated encryption and MACs for what lies on disk.
//!
//! One random [`DataKey`] per file; every use has a subkey of its own (HKDF-SHA-256, RFC 5869).
//! Records are sealed with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) under a random 192-bit nonce:
//!
//! ```text
//! sealed record: nonce (24 bytes) | ciphertext (as long as the plaintext) | tag (16 bytes)
//! ```
//!
//! The module does not know what the bytes mean, nor who holds the key.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rand::{TryRng, rngs::SysRng};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes that a sealed record is longer than its plaintext.
pub const OVERHEAD: usize = NONCE + TAG;
/// Bytes of the authentication tag at a sealed record's end.
pub const TAG: usize = 16;
const NONCE: usize = 24;

/// A record does not match its seal: another key, another place, or changed bytes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a sealed record does not match its seal")]
pub struct Broken;

/// The random key of one file (a store, an audit log); wiped when dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// Makes a key from the system's random numbers.
    #[must_use]
    pub fn random() -> Self {
        Self(Zeroizing::new(random_bytes()))
    }

    /// Takes the bytes of a key that was unwrapped.
    #[must_use]
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The bytes, for wrapping.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Derives a key from which others are derived: of one vault, so that it can be handed on without the rest.
    #[must_use]
    pub fn derived(&self, purpose: &str) -> Self {
        Self(self.expanded(purpose))
    }

    /// Derives the key for one purpose: `store/overview`, `audit/entry`.
    #[must_use]
    pub fn subkey(&self, purpose: &str) -> Subkey {
        let key = self.expanded(purpose);
        Subkey {
            cipher: XChaCha20Poly1305::new((&*key).into()),
            mac: <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*key)
                .expect("HMAC takes any length"),
        }
    }

    fn expanded(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(b"hushkey/1"), &*self.0)
            .expand(purpose.as_bytes(), &mut *key)
            .expect("32 bytes are within HKDF's limit");
        key
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Holds the key that wraps the keys of files: from a key file, a command or a passphrase.
pub trait KeyHolder {
    /// Seals a file's key, bound to what the file is for: `audit`.
    fn wrap(&self, purpose: &str, key: &DataKey) -> Vec<u8>;

    /// Opens a wrapped key.
    ///
    /// # Errors
    /// [`Broken`] when it was wrapped by another holder, for another purpose, or was changed.
    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Result<DataKey, Broken>;
}

/// A key for one purpose: either seals records or makes MACs, by the caller's choice of purpose.
#[derive(Clone)]
pub struct Subkey {
    cipher: XChaCha20Poly1305,
    mac: Hmac<Sha256>,
}

impl Subkey {
    /// Seals `plain`, bound to `associated`: the same bytes are needed to open it.
    #[must_use]
    pub fn seal(&self, associated: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = random_bytes();
        let sealed = self
            .cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: associated,
                },
            )
            .expect("a record is far below the cipher's limit");
        [&nonce[..], &sealed].concat()
    }

    /// Opens a sealed record.
    ///
    /// # Errors
    /// [`Broken`] when the bytes, the key or `associated` differ from those at sealing.
    pub fn open(&self, associated: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Broken> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE>().ok_or(Broken)?;
        self.cipher
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: text,
                    aad: associated,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| Broken)
    }

    /// HMAC-SHA-256 (RFC 2104) over the parts, each preceded by its length, so that no two lists of parts collide.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Subkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subkey(..)")
    }
}

/// Compares two MACs in constant time.
#[must_use]
pub fn same_mac(a: &[u8], b: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(a, b).into()
}

/// The system's random numbers; a system that has none is no place for secrets.
#[must_use]
pub fn system_rng() -> impl rand::CryptoRng {
    rand::rand_core::UnwrapErr(SysRng)
}

/// Random bytes from the system.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the system gives random numbers");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_only_in_its_own_place_and_unchanged() {
        let key = DataKey::random().subkey("test/record");
        let sealed = key.seal(b"item 1", b"hunter2");

        assert_eq!(&*key.open(b"item 1", &sealed).unwrap(), b"hunter2");
        assert_eq!(key.open(b"item 2", &sealed).unwrap_err(), Broken);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"item 1", &changed).unwrap_err(), Broken);
        }
        assert_eq!(key.open(b"item 1", &sealed[..10]).unwrap_err(), Broken);
    }

    #[test]
    fn parts_of_a_mac_do_not_run_together() {
        let key = DataKey::random().subkey("test/mac");

        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
    }
}
