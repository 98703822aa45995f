//! A key file that a passphrase locks.
//!
//! ```text
//! hushkey-locked-key 1
//! argon2id m=65536 t=3 p=1 salt=…         how a key is made from the passphrase
//! key=…                                   sealed: the owner's key | public half of the approval key | the owner's
//!                                         key before, where files may still be wrapped with it
//! approval=…                              sealed: secret half of the approval key
//! sum=…                                   of all lines above: a damaged file is no wrong passphrase
//! ```
//!
//! Both seals are bound to the two lines above them. Salts and sealed parts are in base64. The module does not know who
//! types the passphrase, nor what is wrapped with the key.

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    keys::{
        Kek, KeyError,
        approval::{ApprovalKey, ApprovalVerifier},
        passphrase::{Cost, Passphrase, SALT, salt},
    },
    seal::{Broken, DataKey},
};

/// The first line. One that begins like it in another version is a newer hushkey's.
const TITLE: &str = "hushkey-locked-key 1";
/// How every version of such a file begins.
pub(super) const BEGINNING: &[u8] = b"hushkey-locked-key ";

/// A key file that only its passphrase opens. Holds no secret.
pub struct LockedKey {
    header: String,
    cost: Cost,
    salt: Vec<u8>,
    key: Vec<u8>,
    approval: Vec<u8>,
}

/// What a passphrase opened.
#[derive(Clone, Debug)]
pub struct OpenedKey {
    /// The owner's key.
    pub kek: Kek,
    /// The owner's key before; files that are still wrapped with it are to be wrapped anew.
    pub previous: Option<Kek>,
    /// What tells a person's approvals.
    pub approvals: ApprovalVerifier,
}

impl LockedKey {
    /// Locks a key, and the `previous` one until nothing is wrapped with that any more. `approval` goes on being the
    /// approval key, or a new one is made.
    pub(super) fn lock(
        passphrase: &Passphrase,
        kek: &Kek,
        previous: Option<&Kek>,
        approval: Option<&Zeroizing<[u8; 32]>>,
        cost: Cost,
    ) -> Result<Self, KeyError> {
        let salt = salt();
        let seed = approval.cloned().unwrap_or_else(ApprovalKey::new_seed);
        let header = format!(
            "{TITLE}\nargon2id m={} t={} p={} salt={}\n",
            cost.memory,
            cost.passes,
            cost.lanes,
            BASE64.encode(&salt)
        );
        let public = ApprovalKey::from_seed(&seed).verifier();
        let mut plain = Zeroizing::new(Vec::with_capacity(96));
        plain.extend_from_slice(kek.bytes());
        plain.extend_from_slice(public.as_bytes());
        plain.extend_from_slice(previous.map_or(&[], |key| &key.bytes()[..]));

        let wrapping = passphrase.key(cost, &salt)?;
        Ok(Self {
            key: Part::Key.seal(&wrapping, &header, &plain),
            approval: Part::Approval.seal(&wrapping, &header, &seed[..]),
            header,
            cost,
            salt: salt.to_vec(),
        })
    }

    /// Opens the owner's key.
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`], which tells nothing else.
    pub fn open(&self, passphrase: &Passphrase) -> Result<OpenedKey, KeyError> {
        let wrapping = passphrase.key(self.cost, &self.salt)?;
        let plain = Part::Key
            .open(&wrapping, &self.header, &self.key)
            .map_err(|Broken| KeyError::WrongPassphrase)?;
        let mut keys = plain.chunks(32).map(|bytes| {
            let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Damaged)?;
            Ok::<_, KeyError>(Zeroizing::new(bytes))
        });
        let mut next = || keys.next().transpose();
        let (Some(kek), Some(public), previous) = (next()?, next()?, next()?) else {
            return Err(KeyError::Damaged);
        };
        Ok(OpenedKey {
            kek: Kek::from_bytes(kek),
            previous: previous.map(Kek::from_bytes),
            approvals: ApprovalVerifier::from_bytes(*public),
        })
    }

    /// Opens the key that signs approvals: for the moment of one approval.
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`], which tells nothing else.
    pub fn approval_key(&self, passphrase: &Passphrase) -> Result<ApprovalKey, KeyError> {
        Ok(ApprovalKey::from_seed(&*self.seed(passphrase)?))
    }

    pub(super) fn seed(&self, passphrase: &Passphrase) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let wrapping = passphrase.key(self.cost, &self.salt)?;
        let plain = Part::Approval
            .open(&wrapping, &self.header, &self.approval)
            .map_err(|Broken| KeyError::WrongPassphrase)?;
        let seed: [u8; 32] = plain[..].try_into().map_err(|_| KeyError::Damaged)?;
        Ok(Zeroizing::new(seed))
    }

    /// The content of the file.
    pub(super) fn text(&self) -> String {
        let lines = format!(
            "{}key={}\napproval={}\n",
            self.header,
            BASE64.encode(&self.key),
            BASE64.encode(&self.approval)
        );
        format!("{lines}sum={}\n", sum(&lines))
    }

    /// Reads the content of a file that begins as one of these.
    pub(super) fn read(content: &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(content).map_err(|_| KeyError::Damaged)?;
        let first = text.lines().next().unwrap_or_default();
        if first != TITLE {
            return Err(KeyError::UnknownHolder);
        }
        Self::parse(text).ok_or(KeyError::Damaged)
    }

    fn parse(text: &str) -> Option<Self> {
        let (lines, last) = text.split_at_checked(text.rfind("sum=")?)?;
        if last.trim_end() != format!("sum={}", sum(lines)) {
            return None;
        }
        let (header, parts) = lines.split_at_checked(lines.find("key=")?)?;
        let mut parts = parts.lines();
        let key = decoded(parts.next()?, "key=")?;
        let approval = decoded(parts.next()?, "approval=")?;
        let mut words = header.lines().nth(1)?.split(' ');
        if words.next()? != "argon2id" {
            return None;
        }
        let mut number = |name: &str| words.next()?.strip_prefix(name)?.parse().ok();
        let cost = Cost {
            memory: number("m=")?,
            passes: number("t=")?,
            lanes: number("p=")?,
        };
        let salt = decoded(words.next()?, "salt=")?;
        (salt.len() == SALT).then(|| Self {
            header: header.to_owned(),
            cost,
            salt,
            key,
            approval,
        })
    }
}

impl std::fmt::Debug for LockedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LockedKey(..)")
    }
}

/// One sealed line.
#[derive(Clone, Copy)]
enum Part {
    Approval,
    Key,
}

impl Part {
    fn seal(self, wrapping: &DataKey, header: &str, plain: &[u8]) -> Vec<u8> {
        wrapping
            .subkey(self.purpose())
            .seal(header.as_bytes(), plain)
    }

    fn open(
        self,
        wrapping: &DataKey,
        header: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Broken> {
        wrapping
            .subkey(self.purpose())
            .open(header.as_bytes(), sealed)
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Approval => "passphrase/approval",
            Self::Key => "passphrase/key",
        }
    }
}

fn decoded(line: &str, name: &str) -> Option<Vec<u8>> {
    BASE64.decode(line.strip_prefix(name)?.as_bytes()).ok()
}

fn sum(lines: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(lines)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guesses cheaply: these tests are about the file.
    const CHEAP: Cost = Cost {
        memory: 8,
        passes: 1,
        lanes: 1,
    };

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
    }

    fn locked(kek: &Kek, previous: Option<&Kek>) -> LockedKey {
        LockedKey::lock(&passphrase("open sesame"), kek, previous, None, CHEAP).unwrap()
    }

    #[test]
    fn a_locked_key_opens_with_its_passphrase_only() {
        let (kek, before) = (Kek::random(), Kek::random());
        let text = locked(&kek, Some(&before)).text();

        let file = LockedKey::read(text.as_bytes()).unwrap();
        let opened = file.open(&passphrase("open sesame")).unwrap();

        assert_eq!(opened.kek.check_value(), kek.check_value());
        assert_eq!(opened.previous.unwrap().check_value(), before.check_value());
        let wrong = file.open(&passphrase("open barley")).unwrap_err();
        assert!(matches!(wrong, KeyError::WrongPassphrase));
        let wrong = file.approval_key(&passphrase("open barley")).unwrap_err();
        assert!(matches!(wrong, KeyError::WrongPassphrase));
    }

    #[test]
    fn the_approval_key_needs_the_passphrase_and_the_opened_key_checks_it() {
        let file = locked(&Kek::random(), None);

        let approval = file
            .approval_key(&passphrase("open sesame"))
            .unwrap()
            .sign(b"yes");
        let opened = file.open(&passphrase("open sesame")).unwrap();

        assert_eq!(opened.approvals.verify(b"yes", &approval), Ok(()));
        let kek = opened.kek.bytes();
        let forged = ApprovalKey::from_seed(kek).sign(b"yes");
        assert!(opened.approvals.verify(b"yes", &forged).is_err());
    }

    #[test]
    fn a_damaged_file_is_no_wrong_passphrase() {
        let text = locked(&Kek::random(), None).text();

        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            for bytes in [&changed[..], &text.as_bytes()[..at]] {
                // A last line feed more or less changes nothing.
                let Ok(file) = LockedKey::read(bytes) else {
                    continue;
                };
                assert_eq!(file.text(), text, "{at}");
            }
        }
    }

    #[test]
    fn parameters_that_were_changed_with_their_sum_open_nothing() {
        let text = locked(&Kek::random(), None).text();
        let (lines, _) = text.split_at(text.find("sum=").unwrap());
        let lines = lines.replace("t=1", "t=2");
        let forged = format!("{lines}sum={}\n", sum(&lines));

        let file = LockedKey::read(forged.as_bytes()).unwrap();

        let refused = file.open(&passphrase("open sesame")).unwrap_err();
        assert!(matches!(refused, KeyError::WrongPassphrase));
    }

    #[test]
    fn a_newer_hushkeys_file_is_said_to_be_one() {
        let refused = LockedKey::read(b"hushkey-locked-key 2\n").unwrap_err();

        assert!(matches!(refused, KeyError::UnknownHolder));
    }
}
