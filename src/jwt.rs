//! JSON web tokens (RFC 7519), signed with ES256 (RFC 7518): made here, never read.
//!
//! ```text
//! token = base64url({"alg":"ES256","kid":key id,"typ":"JWT"}) "." base64url(claims) "." base64url(r | s)
//! ```
//!
//! Nobody here believes a token for its signature: what was made is looked up as a whole. The signature is what makes a
//! token's text one that nobody else can write, and what programs expect to find. The module does not know what is claimed.

use data_encoding::BASE64URL_NOPAD;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::vault::Secret;

/// A key that signs tokens, on the curve P-256; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Zeroizing<Vec<u8>>);

/// The bytes of a key are not those of one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is no key that signs tokens")]
pub struct NotAKey;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

impl SigningKey {
    /// Makes a key from the system's random numbers.
    #[must_use]
    pub fn random() -> Self {
        let made =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let made = made.expect("the system gives random numbers");
        Self(Zeroizing::new(made.as_ref().to_vec()))
    }

    /// Takes a key in PKCS#8 form.
    ///
    /// # Errors
    /// [`NotAKey`]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAKey> {
        let key = Self(Zeroizing::new(bytes.to_vec()));
        key.pair().map(|_| key)
    }

    /// The key in PKCS#8 form, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The public half, an uncompressed point: with it, others can check a signature.
    #[must_use]
    pub fn public(&self) -> Vec<u8> {
        let pair = self.pair().expect("it was checked when it was taken");
        pair.public_key().as_ref().to_vec()
    }

    /// Signs claims. `key_id` tells whoever checks which key it was.
    #[must_use]
    pub fn sign(&self, key_id: &str, claims: &impl Serialize) -> Secret {
        let header = Header {
            alg: "ES256",
            kid: key_id,
            typ: "JWT",
        };
        let mut token = encoded(&header);
        token.push('.');
        token.push_str(&encoded(claims));
        let pair = self.pair().expect("it was checked when it was taken");
        let signature = pair
            .sign(&SystemRandom::new(), token.as_bytes())
            .expect("the system gives random numbers");
        token.push('.');
        BASE64URL_NOPAD.encode_append(signature.as_ref(), &mut token);
        Secret::new(token)
    }

    fn pair(&self) -> Result<EcdsaKeyPair, NotAKey> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        EcdsaKeyPair::from_pkcs8(algorithm, &self.0, &SystemRandom::new()).map_err(|_| NotAKey)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

fn encoded(part: &impl Serialize) -> String {
    let json = serde_json::to_vec(part).expect("claims are plain data");
    BASE64URL_NOPAD.encode(&json)
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_token_says_what_was_claimed_and_its_signature_is_the_keys() {
        let key = SigningKey::random();

        let token = key.sign("k1", &json!({ "sub": "s", "iat": 1 }));

        let parts: Vec<&str> = token.expose_secret().split('.').collect();
        let [header, claims, signature] = parts[..] else {
            panic!("three parts")
        };
        let read = |part: &str| -> Value {
            serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
        };
        assert_eq!(
            read(header),
            json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" })
        );
        assert_eq!(read(claims), json!({ "sub": "s", "iat": 1 }));
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public());
        let signed = format!("{header}.{claims}");
        assert!(public.verify(signed.as_bytes(), &signature).is_ok());
        let other = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, SigningKey::random().public());
        assert!(other.verify(signed.as_bytes(), &signature).is_err());
    }

    #[test]
    fn a_key_survives_its_bytes_and_shows_none_of_them() {
        let key = SigningKey::random();

        assert_eq!(SigningKey::from_bytes(key.bytes()), Ok(key.clone()));
        assert_eq!(SigningKey::from_bytes(b"not a key"), Err(NotAKey));
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
    }
}
