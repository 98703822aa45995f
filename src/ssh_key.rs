//! Key pairs for SSH: new ones, and the forms in which a private key is written.
//!
//! A field holds a private key as 1Password does, in PKCS#8 (RFC 5208, 8410) between PEM lines; programs often want
//! OpenSSH's own form of the same key. Only Ed25519 is made: the one crate that makes RSA keys carries a known advisory
//! about its timing (RUSTSEC-2023-0071). RSA keys made elsewhere are written in both forms. The module does not know
//! where a key is kept.

use pkcs8::{
    AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfo, SecretDocument, der::Encode,
};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use ssh_key::{
    HashAlg, LineEnding, Mpint, PrivateKey,
    private::{Ed25519Keypair, Ed25519PrivateKey, RsaKeypair, RsaPrivateKey},
    public::{Ed25519PublicKey, RsaPublicKey},
};
use zeroize::Zeroizing;

use crate::{seal::random_bytes, vault::Secret};

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// An octet string of 32 bytes, which holds an Ed25519 key within PKCS#8.
const OCTETS: [u8; 2] = [0x04, 0x20];

/// A new key pair.
#[derive(Debug)]
pub struct KeyPair {
    /// The private key: PKCS#8 between PEM lines.
    pub private_key: Secret,
    /// What everybody may know.
    pub public: PublicHalf,
}

/// What everybody may know of a key pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicHalf {
    /// `SHA256:` and the digest of the public key, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
    /// `ed25519` or `rsa`.
    pub key_type: String,
    /// One line as `authorized_keys` and web forms take it, without a comment.
    pub public_key: String,
}

/// Why a private key can't be written in another form. No message repeats a byte of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SshKeyError {
    /// A passphrase of its own locks it.
    #[error(
        "the private key is locked by a passphrase of its own; store it without, for the vault is sealed anyway"
    )]
    Locked,

    /// It is no private key in a form that is known.
    #[error(
        "it is no private key in PEM; hushkey writes Ed25519 and RSA keys (PKCS#8, PKCS#1) in OpenSSH's form, others only as they are"
    )]
    Unknown,
}

/// Makes an Ed25519 key pair from the system's random numbers.
///
/// # Panics
/// Never: any 32 bytes are an Ed25519 key.
#[must_use]
pub fn generate() -> KeyPair {
    let seed = Zeroizing::new(random_bytes::<32>());
    let mut octets = Zeroizing::new([0; 34]);
    octets[..2].copy_from_slice(&OCTETS);
    octets[2..].copy_from_slice(&*seed);
    let algorithm = AlgorithmIdentifierRef {
        oid: ED25519,
        parameters: None,
    };
    let der = PrivateKeyInfo::new(algorithm, &*octets).to_der();
    let der = Zeroizing::new(der.expect("a key of 48 bytes has a length"));
    let document = SecretDocument::try_from(&der[..]).expect("it was just encoded");
    let mut pem = document
        .to_pem("PRIVATE KEY", LineEnding::LF)
        .expect("the label is plain");
    let key = ed25519(&seed).expect("any 32 bytes are a key");
    KeyPair {
        private_key: Secret::new(std::mem::take(&mut *pem)),
        public: public_half(&key).expect("a public key has a text"),
    }
}

/// The key in OpenSSH's form.
///
/// # Errors
/// [`SshKeyError`]
pub fn openssh(private_key: &Secret) -> Result<Secret, SshKeyError> {
    let text = private_key.expose_secret();
    if text
        .trim_start()
        .starts_with("-----BEGIN OPENSSH PRIVATE KEY-----")
    {
        return Ok(private_key.clone());
    }
    let mut text = read(text)?
        .to_openssh(LineEnding::LF)
        .map_err(|_| SshKeyError::Unknown)?;
    Ok(Secret::new(std::mem::take(&mut *text)))
}

fn read(text: &str) -> Result<PrivateKey, SshKeyError> {
    let text = text.trim();
    if text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        return Err(SshKeyError::Locked);
    }
    let (label, document) = SecretDocument::from_pem(text).map_err(|_| SshKeyError::Unknown)?;
    match label {
        "PRIVATE KEY" => {
            let info: PrivateKeyInfo<'_> =
                document.decode_msg().map_err(|_| SshKeyError::Unknown)?;
            match info.algorithm.oid {
                ED25519 => info
                    .private_key
                    .strip_prefix(&OCTETS)
                    .and_then(|seed| <&[u8; 32]>::try_from(seed).ok())
                    .and_then(ed25519)
                    .ok_or(SshKeyError::Unknown),
                RSA => rsa(info.private_key).ok_or(SshKeyError::Unknown),
                _ => Err(SshKeyError::Unknown),
            }
        }
        "RSA PRIVATE KEY" => rsa(document.as_bytes()).ok_or(SshKeyError::Unknown),
        _ => Err(SshKeyError::Unknown),
    }
}

fn ed25519(seed: &[u8; 32]) -> Option<PrivateKey> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    let public = pair.public_key().as_ref().try_into().ok()?;
    let pair = Ed25519Keypair {
        public: Ed25519PublicKey(public),
        private: Ed25519PrivateKey::from_bytes(seed),
    };
    PrivateKey::new(pair.into(), "").ok()
}

fn rsa(der: &[u8]) -> Option<PrivateKey> {
    let key = pkcs1::RsaPrivateKey::try_from(der).ok()?;
    let number = |number: pkcs1::UintRef<'_>| Mpint::from_positive_bytes(number.as_bytes()).ok();
    let pair = RsaKeypair {
        public: RsaPublicKey {
            e: number(key.public_exponent)?,
            n: number(key.modulus)?,
        },
        private: RsaPrivateKey {
            d: number(key.private_exponent)?,
            iqmp: number(key.coefficient)?,
            p: number(key.prime1)?,
            q: number(key.prime2)?,
        },
    };
    PrivateKey::new(pair.into(), "").ok()
}

fn public_half(key: &PrivateKey) -> Option<PublicHalf> {
    let public = key.public_key();
    Some(PublicHalf {
        fingerprint: public.fingerprint(HashAlg::Sha256).to_string(),
        key_type: match key.algorithm() {
            ssh_key::Algorithm::Rsa { .. } => "rsa".to_owned(),
            _ => "ed25519".to_owned(),
        },
        public_key: public.to_openssh().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 8410, section 10.3, and what `ssh-keygen` makes of it.
    const RFC_8410: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

    #[test]
    fn the_public_half_of_a_known_key_is_known() {
        let public = public_half(&read(RFC_8410).unwrap()).unwrap();

        // The public key of the RFC: 19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1.
        assert_eq!(
            public.public_key,
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh"
        );
        assert_eq!(public.key_type, "ed25519");
        assert!(public.fingerprint.starts_with("SHA256:"), "{public:?}");
    }

    #[test]
    fn an_rsa_key_made_elsewhere_is_written_in_openssh_form() {
        let pem = include_str!("../tests/fixtures/ssh/rsa.pem").to_owned();

        let openssh = openssh(&Secret::new(pem)).unwrap();

        let back = PrivateKey::from_openssh(openssh.expose_secret()).unwrap();
        let public = public_half(&back).unwrap();
        let known = include_str!("../tests/fixtures/ssh/rsa.pub");
        assert!(known.starts_with(&public.public_key), "{public:?}");
        assert_eq!(public.key_type, "rsa");
    }

    #[test]
    fn a_new_key_is_new_and_the_same_in_both_forms() {
        let (one, two) = (generate(), generate());

        let text = one.private_key.expose_secret();
        assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{text}");
        assert!(text.ends_with("\n-----END PRIVATE KEY-----\n"), "{text}");
        assert!(!one.private_key.is_same(&two.private_key));
        let openssh = openssh(&one.private_key).unwrap();
        let back = PrivateKey::from_openssh(openssh.expose_secret()).unwrap();
        assert_eq!(public_half(&back).unwrap(), one.public);
        assert!(super::openssh(&openssh).unwrap().is_same(&openssh));
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_repeated() {
        for (text, error) in [
            ("", SshKeyError::Unknown),
            ("canary", SshKeyError::Unknown),
            (
                "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----",
                SshKeyError::Unknown,
            ),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
                SshKeyError::Locked,
            ),
            (
                "-----BEGIN EC PRIVATE KEY-----\nMAMCAQE=\n-----END EC PRIVATE KEY-----",
                SshKeyError::Unknown,
            ),
        ] {
            let refused = openssh(&Secret::new(text.to_owned())).unwrap_err();

            assert_eq!(refused, error, "{text}");
            assert!(!refused.to_string().contains("canary"), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(body in "[A-Za-z0-9+/=\n]{0,120}", label in "(PRIVATE KEY|RSA PRIVATE KEY|[A-Z ]{0,12})") {
            let _ = openssh(&Secret::new(format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")));
        }
    }
}
