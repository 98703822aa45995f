//! Who holds the key that opens hushkey's files.
//!
//! Every sealed file (the store, the audit log) has a random [`DataKey`] of its own, kept inside the file
//! but wrapped with the owner's key-encryption key, the [`Kek`]. Changing the holder rewraps a few bytes
//! and no record. The key-encryption key lies in a private file, in the clear or locked by a passphrase, or is
//! printed by a command. The module does not know what the data keys open.

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::{
    private_file::{self, PrivateFileError},
    seal::{Broken, DataKey, KeyHolder, Subkey, random_bytes},
    vault::Secret,
};

mod approval;
mod command;
mod key_file;
mod locked;
mod passphrase;

pub use approval::{Approval, ApprovalKey, ApprovalVerifier, NotApproved};
pub use key_file::{KeyFile, Moved};
pub use locked::{LockedKey, OpenedKey};
pub use passphrase::Passphrase;

/// More than any spelling of a key needs, in bytes.
const LONGEST: usize = 4096;

/// Where the key-encryption key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A program that prints the key: arguments as they are, no shell. Its input is empty, its stderr is
    /// thrown away, and it has 30 seconds.
    Command(Vec<String>),
    /// A private file that holds the key and a line feed.
    File(PathBuf),
}

/// Why there is no key. No message repeats a byte of a key, or what a program printed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The wrapped key matches the key-encryption key and yet does not open.
    #[error("the wrapped key was changed outside hushkey and is refused")]
    Broken,

    /// The program that should print the key did not.
    #[error("the key command `{program}` {what}; run it by hand to see why")]
    Command {
        /// The program, without its arguments.
        program: String,
        /// What went wrong, as a predicate.
        what: String,
    },

    /// The key file begins as one that a passphrase locks, and is not whole.
    #[error(
        "the key file is damaged; put back a copy of it, for without it the store can't be opened"
    )]
    Damaged,

    /// The key's file is missing, exposed, or somebody else's.
    #[error("the key can't be read: {0}")]
    File(#[from] PrivateFileError),

    /// A change of the passphrase was interrupted.
    #[error("an earlier change of the passphrase was interrupted; `hushkey unlock` finishes it")]
    Interrupted,

    /// A passphrase locks the key.
    #[error("the store is locked; its owner opens it with `hushkey unlock`")]
    Locked,

    /// What was read is no key.
    #[error("{holder} gives no key: 64 hexadecimal digits are expected, or 32 bytes in base64")]
    Malformed {
        /// The file or program, in words.
        holder: String,
    },

    /// What should be a passphrase is none.
    #[error("a passphrase is one line of at most 1,024 bytes, and not empty")]
    NoPassphrase,

    /// The key lies in the clear.
    #[error("the key has no passphrase; `hushkey passphrase set` gives it one")]
    NotLocked,

    /// A holder of a newer hushkey's kind.
    #[error("the key is held in a way that this hushkey does not know; update hushkey")]
    UnknownHolder,

    /// A new passphrase would be guessed.
    #[error(
        "the passphrase is too easy to guess: it takes {shortest} characters at least, {variety} of them different; five \
         words that have nothing to do with each other are good"
    )]
    WeakPassphrase {
        /// How many characters it takes.
        shortest: usize,
        /// How many of them have to be different.
        variety: usize,
    },

    /// Another key wrapped it.
    #[error("this is not the key that it was sealed with; put the right key back")]
    WrongKey,

    /// The passphrase does not open the key.
    #[error("that is not the passphrase")]
    WrongPassphrase,
}

impl KeySource {
    /// Reads the key.
    ///
    /// # Errors
    /// [`KeyError`] when it is missing, malformed, or not kept privately; [`KeyError::Locked`] when that takes a passphrase.
    pub fn load(&self) -> Result<Kek, KeyError> {
        match self {
            Self::Command(arguments) => {
                let printed = command::output(arguments, LONGEST)?;
                Kek::read(&printed).ok_or_else(|| KeyError::Malformed {
                    holder: format!("the key command `{}`", command::program(arguments)),
                })
            }
            Self::File(path) => match KeyFile::read(path)? {
                KeyFile::Locked(_) => Err(KeyError::Locked),
                KeyFile::Open(kek) => Ok(kek),
            },
        }
    }

    /// Reads the key, or makes one where there is none: a file of mode 0600, durable before this returns,
    /// in a directory that is made if missing. Two processes that both make it end with the same key.
    ///
    /// # Errors
    /// As [`Self::load`]. For a command there is no difference: hushkey can't keep a key there.
    pub fn load_or_create(&self) -> Result<Kek, KeyError> {
        match (self.load(), self) {
            (Err(KeyError::File(e)), Self::File(path)) if e.is_missing() => {
                private_file::ensure_private_dir(private_file::directory_of(path))?;
                match private_file::create_private(path, &Kek::random().line()) {
                    // Somebody was quicker: theirs is the key.
                    Ok(()) | Err(PrivateFileError::Exists { .. }) => self.load(),
                    Err(e) => Err(e.into()),
                }
            }
            (loaded, _) => loaded,
        }
    }
}

/// The owner's key: wraps data keys and does nothing else. Wiped when dropped.
#[derive(Clone)]
pub struct Kek(DataKey);

impl Kek {
    /// Wraps a data key, bound to `context`: what it opens, and which one of these.
    ///
    /// ```text
    /// wrapped key: holder (1 byte) | check value of the holder's key (8 bytes) | sealed data key (72 bytes)
    /// holder:      1 = 256 random bits, from a file or a command; parameters of other holders (a
    ///              passphrase, a key ring) will stand between holder and check value
    /// ```
    #[must_use]
    pub fn wrap(&self, key: &DataKey, context: &[u8]) -> Vec<u8> {
        let header = self.header();
        let sealed = self.wrapping().seal(&bound(&header, context), key.bytes());
        [&header[..], &sealed].concat()
    }

    /// Opens what [`Self::wrap`] made.
    ///
    /// # Errors
    /// [`KeyError::WrongKey`] when another key wrapped it, [`KeyError::Broken`] when it was changed or
    /// belongs to another `context`, [`KeyError::UnknownHolder`] when a newer hushkey made it.
    pub fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<DataKey, KeyError> {
        let (header, sealed) = wrapped.split_first_chunk().ok_or(KeyError::Broken)?;
        let expected: [u8; HEADER] = self.header();
        if header[0] != HELD_AS_KEY {
            return Err(KeyError::UnknownHolder);
        }
        if *header != expected {
            return Err(KeyError::WrongKey);
        }
        let opened = self.wrapping().open(&bound(header, context), sealed);
        let opened = opened.map_err(|_| KeyError::Broken)?;
        let bytes: [u8; 32] = opened[..].try_into().map_err(|_| KeyError::Broken)?;
        Ok(DataKey::from_bytes(Zeroizing::new(bytes)))
    }

    /// Tells keys apart without telling anything about them: safe to store and to show.
    #[must_use]
    pub fn check_value(&self) -> [u8; 8] {
        let mac = self.0.subkey("kek/check").mac(&[b"check value"]);
        *mac.first_chunk().expect("a MAC has 32 bytes")
    }

    /// The key as a person or a program may have written it, for concealing it in a program's output.
    #[must_use]
    pub fn redactable(&self) -> Vec<Secret> {
        use data_encoding as e;

        [
            &e::HEXLOWER,
            &e::HEXUPPER,
            &e::BASE64_NOPAD,
            &e::BASE64URL_NOPAD,
        ]
        .map(|spelling| Secret::new(spelling.encode(self.0.bytes())))
        .into()
    }

    /// Takes a key that was handed over.
    #[must_use]
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(DataKey::from_bytes(bytes))
    }

    /// For handing it over; not for wrapping.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        self.0.bytes()
    }

    /// Makes a key from the system's random numbers.
    fn random() -> Self {
        Self(DataKey::from_bytes(Zeroizing::new(random_bytes())))
    }

    /// Reads 64 hexadecimal digits, or 32 bytes in base64 of either alphabet, padded or not.
    fn read(text: &[u8]) -> Option<Self> {
        use data_encoding as e;

        let text = text.trim_ascii();
        let unpadded = text.strip_suffix(b"=").unwrap_or(text);
        let spelling = match (text.len(), unpadded.len()) {
            (64, _) => &e::HEXLOWER_PERMISSIVE,
            (_, 43) if text.iter().any(|b| b"-_".contains(b)) => &e::BASE64URL_NOPAD,
            (_, 43) => &e::BASE64_NOPAD,
            _ => return None,
        };
        let mut bytes = Zeroizing::new([0; 32]);
        let used = spelling.decode_mut(unpadded, &mut *bytes).ok()?;
        (used == bytes.len()).then(|| Self(DataKey::from_bytes(bytes)))
    }

    /// The content of a key file.
    fn line(&self) -> Zeroizing<Vec<u8>> {
        let mut line = Zeroizing::new(vec![b'\n'; 65]);
        data_encoding::HEXLOWER.encode_mut(self.0.bytes(), &mut line[..64]);
        line
    }

    fn header(&self) -> [u8; HEADER] {
        let mut header = [HELD_AS_KEY; HEADER];
        header[1..].copy_from_slice(&self.check_value());
        header
    }

    fn wrapping(&self) -> Subkey {
        self.0.subkey("kek/wrap")
    }
}

impl KeyHolder for Kek {
    fn wrap(&self, purpose: &str, key: &DataKey) -> Vec<u8> {
        Self::wrap(self, key, purpose.as_bytes())
    }

    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Result<DataKey, Broken> {
        Self::unwrap(self, wrapped, purpose.as_bytes()).map_err(|_| Broken)
    }
}

impl std::fmt::Debug for Kek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kek(..)")
    }
}

const HELD_AS_KEY: u8 = 1;
const HEADER: usize = 9;

fn bound(header: &[u8], context: &[u8]) -> Vec<u8> {
    [header, context].concat()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn private_dir() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        dir
    }

    fn file(dir: &tempfile::TempDir, name: &str) -> KeySource {
        KeySource::File(dir.path().join(name))
    }

    fn kek(text: &str) -> Option<Kek> {
        Kek::read(text.as_bytes())
    }

    #[test]
    fn a_wrapped_key_opens_with_its_own_key_and_context_only() {
        let kek = Kek::random();
        let key = DataKey::random();
        let wrapped = kek.wrap(&key, b"store 1");

        assert_eq!(
            kek.unwrap(&wrapped, b"store 1").unwrap().bytes(),
            key.bytes()
        );
        let other = Kek::random().unwrap(&wrapped, b"store 1").unwrap_err();
        assert!(matches!(other, KeyError::WrongKey));
        let elsewhere = kek.unwrap(&wrapped, b"store 2").unwrap_err();
        assert!(matches!(elsewhere, KeyError::Broken));
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(kek.unwrap(&changed, b"store 1").is_err());
            assert!(kek.unwrap(&wrapped[..at], b"store 1").is_err());
        }
    }

    #[test]
    fn every_common_spelling_of_a_key_is_read() {
        let bytes: Vec<u8> = (200..232).collect();
        let spellings = [
            data_encoding::HEXLOWER.encode(&bytes),
            data_encoding::HEXUPPER.encode(&bytes),
            data_encoding::BASE64.encode(&bytes),
            data_encoding::BASE64_NOPAD.encode(&bytes),
            data_encoding::BASE64URL.encode(&bytes),
            data_encoding::BASE64URL_NOPAD.encode(&bytes),
        ];

        for text in spellings {
            let read = kek(&format!(" {text}\r\n")).unwrap();
            assert_eq!(&read.0.bytes()[..], &bytes, "{text}");
        }
        for text in [
            "",
            "hunter2",
            &"g".repeat(64),
            &"0".repeat(63),
            &"!".repeat(43),
        ] {
            assert!(kek(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_read_back() {
        let dir = private_dir();
        let source = file(&dir, "sub/key");
        assert!(matches!(source.load(), Err(KeyError::File(e)) if e.is_missing()));

        let made = source.load_or_create().unwrap();

        assert_eq!(source.load().unwrap().check_value(), made.check_value());
        assert_eq!(
            source.load_or_create().unwrap().check_value(),
            made.check_value()
        );
    }

    #[test]
    fn makers_that_race_end_with_one_key() {
        let dir = private_dir();
        let source = file(&dir, "key");

        let made: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| source.load_or_create().unwrap().check_value()))
                .collect();
            makers.into_iter().map(|m| m.join().unwrap()).collect()
        });

        assert!(made.iter().all(|check| *check == made[0]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_malformed_key_is_named_by_its_file_and_not_repeated() {
        let dir = private_dir();
        let path = dir.path().join("key");
        private_file::create_private(&path, b"not-quite-a-key").unwrap();

        let refused = KeySource::File(path.clone()).load_or_create().unwrap_err();

        let text = format!("{refused} {refused:?}");
        assert!(text.contains(&path.display().to_string()), "{text}");
        assert!(!text.contains("not-quite"), "{text}");
    }

    #[test]
    fn a_command_gives_the_key_and_errors_never_repeat_its_output() {
        let key = "ab".repeat(32);
        let printing =
            |script: String| KeySource::Command(vec!["/bin/sh".into(), "-c".into(), script]).load();

        assert_eq!(
            printing(format!("echo {key}")).unwrap().check_value(),
            kek(&key).unwrap().check_value()
        );
        for script in [
            "echo canary-output",
            "echo canary-output; exit 3",
            "echo canary-output >&2; exit 1",
            "while :; do echo canary-output; done",
            "",
        ] {
            let refused = printing(script.to_owned()).unwrap_err();
            let text = format!("{refused} {refused:?}");
            assert!(!text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn the_key_is_redactable_in_the_spellings_it_may_have() {
        let text = "ab".repeat(32);
        let forms = kek(&text).unwrap().redactable();

        assert!(forms.iter().any(|form| form.expose_secret() == text));
        assert_eq!(forms.len(), 4);
    }
}
