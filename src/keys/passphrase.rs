//! A passphrase, and the key that is made from it.
//!
//! Argon2id (RFC 9106) makes each guess cost 64 MiB and a good part of a second. The module does not know what
//! the key opens, nor where a passphrase is typed.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use crate::{
    keys::KeyError,
    seal::{DataKey, random_bytes},
};

/// Bytes that a passphrase may have: a page of text. More is a wrong file.
pub(super) const LONGEST: usize = 1024;
/// Characters that a new passphrase has at least. Five words of a word list have more than twenty.
const SHORTEST: usize = 12;
/// Different characters that a new passphrase has at least: `aaaaaaaaaaaa` is long and nothing else.
const VARIETY: usize = 6;

/// Bytes of salt.
pub(super) const SALT: usize = 16;

/// What a person knows and no file holds. Wiped when dropped; never printed.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes what was typed, or the first line of what was read. Bytes count as they are: the same letters typed on
    /// another system may be other bytes.
    ///
    /// # Errors
    /// [`KeyError::NoPassphrase`] when it is empty, has several lines, or is longer than 1,024 bytes.
    pub fn new(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        let fits = !bytes.is_empty() && bytes.len() <= LONGEST && !bytes.contains(&b'\n');
        if fits {
            Ok(Self(bytes))
        } else {
            Err(KeyError::NoPassphrase)
        }
    }

    /// Makes sure that a new passphrase is no invitation: 12 characters, 6 of them different. Whether it can be guessed
    /// from what is known of a person is beyond any rule.
    ///
    /// # Errors
    /// [`KeyError::WeakPassphrase`].
    pub fn check_strength(&self) -> Result<(), KeyError> {
        let text = String::from_utf8_lossy(&self.0);
        let mut different: Vec<char> = text.to_lowercase().chars().collect();
        let length = text.chars().count();
        different.sort_unstable();
        different.dedup();
        let enough = length >= SHORTEST && different.len() >= VARIETY;
        // What the two lines above made is wiped by the allocator, as all freed memory is.
        if enough {
            Ok(())
        } else {
            Err(KeyError::WeakPassphrase {
                shortest: SHORTEST,
                variety: VARIETY,
            })
        }
    }

    /// Tells whether both are the same, for a passphrase that was typed twice.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        crate::seal::same_mac(&self.0, &other.0)
    }

    /// The bytes, for another format's own way to make a key of them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key that this passphrase makes with a salt. Takes as long as `cost` says.
    pub(super) fn key(&self, cost: Cost, salt: &[u8]) -> Result<DataKey, KeyError> {
        let params = cost.params()?;
        let mut blocks = Zeroizing::new(vec![Block::default(); params.block_count()]);
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(&self.0, salt, &mut *key, &mut *blocks)
            .map_err(|_| KeyError::Damaged)?;
        Ok(DataKey::from_bytes(key))
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// What one guess costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// KiB of memory.
    pub(super) memory: u32,
    /// How often it is gone over.
    pub(super) passes: u32,
    /// How many lanes of it; they are filled one after the other, so more than one helps only who attacks.
    pub(super) lanes: u32,
}

impl Cost {
    /// Measured: 0.17 to 0.21 s on one of two busy cores of a server, optimised.
    pub(super) const DEFAULT: Self = Self {
        memory: 64 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// Refuses what a file may not ask for: less than makes guessing slow, or more than this machine should spend.
    fn params(self) -> Result<Params, KeyError> {
        let bounded = (LEAST_MEMORY..=1024 * 1024).contains(&self.memory)
            && (1..=64).contains(&self.passes)
            && (1..=16).contains(&self.lanes);
        let params = Params::new(self.memory, self.passes, self.lanes, Some(32));
        params.ok().filter(|_| bounded).ok_or(KeyError::Damaged)
    }
}

/// OWASP's least for Argon2id, in KiB; tests guess more cheaply.
const LEAST_MEMORY: u32 = if cfg!(test) { 8 } else { 19 * 1024 };

/// A new salt.
pub(super) fn salt() -> [u8; SALT] {
    random_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn the_key_is_that_of_the_reference_implementation() {
        let cost = Cost {
            memory: 65536,
            passes: 2,
            lanes: 1,
        };

        let key = passphrase("password").key(cost, b"somesalt").unwrap();

        assert_eq!(
            data_encoding::HEXLOWER.encode(key.bytes()),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
        );
    }

    #[test]
    fn a_weak_passphrase_is_refused_with_what_makes_a_better_one() {
        for weak in [
            "qwertz",
            "elevenchars",
            "aaaaaaaaaaaaaaaa",
            "AaAaAaAaAaAaBb",
            "121212121212",
        ] {
            let refused = passphrase(weak).check_strength().unwrap_err();

            let text = format!("{refused} {refused:?}");
            assert!(text.contains("12 characters"), "{text}");
            assert!(!text.contains(weak), "{text}");
        }
        for fair in ["correct horse battery", "zwölf-Zeichen", "x7#kQ2!mv9Lp"] {
            assert!(passphrase(fair).check_strength().is_ok(), "{fair}");
        }
    }

    #[test]
    fn a_passphrase_is_one_line() {
        let read = |text: &str| Passphrase::new(Zeroizing::new(text.as_bytes().to_vec()));

        assert!(
            read("correct horse\r\n")
                .unwrap()
                .same(&passphrase("correct horse"))
        );
        for bad in ["", "\n", "two\nlines", &"x".repeat(LONGEST + 1)] {
            assert!(matches!(read(bad), Err(KeyError::NoPassphrase)));
        }
        assert_eq!(format!("{:?}", passphrase("canary")), "Passphrase(..)");
    }

    #[test]
    fn a_file_can_ask_for_neither_too_little_nor_too_much_work() {
        let cost = |memory, passes, lanes| {
            Cost {
                memory,
                passes,
                lanes,
            }
            .params()
        };

        assert!(Cost::DEFAULT.params().is_ok());
        for (memory, passes, lanes) in [
            (0, 3, 1),
            (u32::MAX, 3, 1),
            (2 * 1024 * 1024, 3, 1),
            (65536, 0, 1),
            (65536, 1000, 1),
            (65536, 3, 0),
            (65536, 3, 1000),
        ] {
            assert!(matches!(
                cost(memory, passes, lanes),
                Err(KeyError::Damaged)
            ));
        }
    }
}
