//! What a Connect token says of itself. Nobody checks its signature here: that is the server's.
//!
//! ```text
//! token   = base64url(header) "." base64url(claims) "." base64url(signature)
//! claims  = { iss, sub: the server's id, jti: the token's id, iat, exp,
//!             "1password.com/fts": [feature], "1password.com/vts": [{ u: vault id, a: access }] }
//! ```
//! `a` is a number of bits whose meaning 1Password does not publish, so it is not read; a list of `allow_viewing` and
//! `allow_editing`, as `op connect token list` prints it, is; and so are the two bits that hushkey gives its own tokens (1 to read,
//! 2 to write). The claims hold another secret, which is left where it is.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::vault::{BackendAccess, Secret, TokenClaims, VaultId};

/// Who made a token of a Connect server of hushkey's.
const OUR_ISSUER: &str = "hushkey";

/// What was understood of a token.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// For people.
    pub(super) told: TokenClaims,
    /// The vaults that it names, with what it may do there as far as that is understood.
    pub(super) vaults: Vec<(VaultId, BackendAccess)>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    iss: Option<String>,
    sub: Option<String>,
    jti: Option<String>,
    iat: Option<i64>,
    exp: Option<i64>,
    #[serde(rename = "1password.com/fts")]
    features: Vec<String>,
    #[serde(rename = "1password.com/vts")]
    vaults: Vec<Grant>,
}

#[derive(Deserialize)]
struct Grant {
    u: String,
    #[serde(default)]
    a: Option<Acl>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Acl {
    Bits(u64),
    Words(Vec<String>),
}

/// Reads a token's claims; `None` for a token of another form.
pub(super) fn read(token: &Secret) -> Option<Claims> {
    let mut parts = token.expose_secret().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?);
    let payload: Payload = serde_json::from_slice(&bytes).ok()?;
    let ours = payload.iss.as_deref() == Some(OUR_ISSUER);
    let time = |seconds: Option<i64>| Timestamp::from_second(seconds?).ok();
    Some(Claims {
        told: TokenClaims {
            id: payload.jti,
            server: payload.sub,
            issuer: payload.iss,
            issued_at: time(payload.iat),
            expires_at: time(payload.exp),
            features: payload.features,
        },
        vaults: payload
            .vaults
            .into_iter()
            .filter_map(|grant| granted(grant, ours))
            .collect(),
    })
}

fn granted(grant: Grant, ours: bool) -> Option<(VaultId, BackendAccess)> {
    let vault = VaultId::parse(&grant.u.to_ascii_lowercase()).ok()?;
    let access = match grant.a {
        Some(Acl::Words(words)) => BackendAccess {
            read: Some(words.iter().any(|word| word == "allow_viewing")),
            write: Some(words.iter().any(|word| word == "allow_editing")),
        },
        Some(Acl::Bits(bits)) if ours => BackendAccess {
            read: Some(bits & 1 != 0),
            write: Some(bits & 2 != 0),
        },
        Some(Acl::Bits(_)) | None => BackendAccess::default(),
    };
    Some((vault, access))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> Secret {
        let claims = BASE64URL_NOPAD.encode(claims.as_bytes());
        Secret::new(format!("eyJhbGciOiJFUzI1NiJ9.{claims}.c2ln"))
    }

    #[test]
    fn a_token_tells_its_id_its_end_and_its_vaults_and_bits_are_not_guessed_at() {
        let claims = read(&token(
            r#"{"iss":"com.1password.b5","sub":"SRV","jti":"TOK","iat":1790000000,"exp":1798761600,"1password.com/token":"canary",
                "1password.com/fts":["vaultaccess"],"1password.com/vts":[{"u":"FTZ4PM2XXWMWRSD7RJQN7GRFFE","a":49152},
                {"u":"aaaaaaaaaaaaaaaaaaaaaaaaaa","a":["allow_viewing"]}]}"#,
        ))
        .unwrap();

        assert_eq!(claims.told.id.as_deref(), Some("TOK"));
        assert_eq!(
            claims.told.expires_at.unwrap().to_string(),
            "2027-01-01T00:00:00Z"
        );
        assert_eq!(claims.vaults[0].0.as_str(), "ftz4pm2xxwmwrsd7rjqn7grffe");
        assert_eq!(claims.vaults[0].1, BackendAccess::default());
        assert_eq!(claims.vaults[1].1.write, Some(false));
        assert!(!format!("{claims:?}").contains("canary"));
    }

    #[test]
    fn a_token_of_our_own_tells_what_it_may_do() {
        let vault = "a".repeat(26);
        let access = |bits: u8| {
            let claims = format!(
                r#"{{"iss":"hushkey","1password.com/vts":[{{"u":"{vault}","a":{bits}}}]}}"#
            );
            let access = read(&token(&claims)).unwrap().vaults[0].1;
            (access.read, access.write)
        };

        assert_eq!(access(1), (Some(true), Some(false)));
        assert_eq!(access(2), (Some(false), Some(true)));
        assert_eq!(access(3), (Some(true), Some(true)));
    }

    #[test]
    fn a_token_of_another_form_tells_nothing() {
        for other in ["hk_connect_abc", "a.b", "a.%%.c", "a.bm8.c"] {
            assert!(read(&Secret::new(other.into())).is_none(), "{other}");
        }
    }
}
