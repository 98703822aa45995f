//! One-time passwords by the clock (RFC 6238): from the secret that a field holds to the code that is valid now.
//!
//! A field holds what a QR code says (`otpauth://totp/…`) or the bare secret in base32, as people type it off a page: in
//! any case, in groups, padded or not. The module does not know which field it is, nor what time it is.

use data_encoding::{Encoding, Specification};
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

use crate::vault::Secret;

/// Why there is no code. No message repeats a character of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OtpError {
    /// The codes count, and are not made by the clock.
    #[error(
        "its one-time passwords are made by a counter, which hushkey does not keep; only those by the clock (otpauth://totp) are supported"
    )]
    Counter,

    /// It is no secret for one-time passwords.
    #[error(
        "it holds no secret for one-time passwords; set it to an otpauth://totp/ address or to the secret in base32 (letters and the digits 2 to 7)"
    )]
    Malformed,

    /// The address asks for what nobody uses.
    #[error(
        "its otpauth:// address asks for an unusual `{parameter}`; algorithms are SHA1, SHA256 and SHA512, digits 6 to 8, and a period is 1 to 3600 seconds"
    )]
    Unusual {
        /// Which parameter.
        parameter: &'static str,
    },
}

/// The code that is valid at a time, in seconds since 1970.
///
/// # Errors
/// [`OtpError`]
pub fn code(secret: &Secret, time: u64) -> Result<Secret, OtpError> {
    let terms = Terms::read(secret.expose_secret().trim())?;
    let key = totp_rs::Secret::new(key_of(terms.secret)?.as_slice().into());
    let totp = Builder::new()
        .with_algorithm(terms.algorithm)
        .with_digits(terms.digits)
        .with_step_duration(terms.period)
        .with_secret(key)
        // Real secrets are often shorter than the RFC wants; what could make it panic was refused.
        .build_noncompliant();
    Ok(Secret::new(totp.generate(time).to_string()))
}

/// What an address says, or else what everybody means.
struct Terms<'t> {
    secret: &'t str,
    algorithm: Algorithm,
    digits: u8,
    period: u64,
}

impl<'t> Terms<'t> {
    fn read(text: &'t str) -> Result<Self, OtpError> {
        let mut terms = Self {
            secret: text,
            algorithm: Algorithm::SHA1,
            digits: 6,
            period: 30,
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(terms);
        };
        if !scheme.eq_ignore_ascii_case("otpauth") {
            return Err(OtpError::Malformed);
        }
        let (path, query) = rest.split_once('?').ok_or(OtpError::Malformed)?;
        match path.split('/').next().unwrap_or_default() {
            kind if kind.eq_ignore_ascii_case("totp") => {}
            kind if kind.eq_ignore_ascii_case("hotp") => return Err(OtpError::Counter),
            _ => return Err(OtpError::Malformed),
        }
        terms.secret = "";
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        for pair in query.split('&') {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            match name.to_ascii_lowercase().as_str() {
                "secret" => terms.secret = text,
                "algorithm" => terms.algorithm = algorithm(text)?,
                "digits" => terms.digits = number(text, 6..=8, "digits")?,
                "period" => terms.period = number(text, 1..=3600, "period")?,
                _ => {}
            }
        }
        Ok(terms)
    }
}

fn algorithm(text: &str) -> Result<Algorithm, OtpError> {
    match text.to_ascii_uppercase().replace('-', "").as_str() {
        "SHA1" | "HMACSHA1" => Ok(Algorithm::SHA1),
        "SHA256" | "HMACSHA256" => Ok(Algorithm::SHA256),
        "SHA512" | "HMACSHA512" => Ok(Algorithm::SHA512),
        _ => Err(OtpError::Unusual {
            parameter: "algorithm",
        }),
    }
}

fn number<N: std::str::FromStr + PartialOrd>(
    text: &str,
    bounds: std::ops::RangeInclusive<N>,
    parameter: &'static str,
) -> Result<N, OtpError> {
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or(OtpError::Unusual { parameter })
}

/// The key that base32 letters stand for; what only makes them easier to read is passed over.
fn key_of(text: &str) -> Result<Zeroizing<Vec<u8>>, OtpError> {
    let mut letters = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let coded = rest.get(..3).unwrap_or_default().to_ascii_uppercase();
        let width = match (character, &*coded) {
            ('%', "%20" | "%2D" | "%3D") => 3,
            (' ' | '-' | '=' | '+', _) => 1,
            _ => {
                letters.push(character.to_ascii_uppercase());
                character.len_utf8()
            }
        };
        rest = &rest[width..];
    }
    let key = base32().decode(letters.as_bytes()).map(Zeroizing::new);
    key.ok()
        .filter(|key| !key.is_empty())
        .ok_or(OtpError::Malformed)
}

/// Without padding; the bits that fill up the last letter mean nothing.
fn base32() -> Encoding {
    let mut base32 = Specification::new();
    base32.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
    base32.check_trailing_bits = false;
    base32.encoding().expect("the alphabet has 32 letters")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// "12345678901234567890" of RFC 6238, appendix B.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(text: &str, time: u64) -> Result<String, OtpError> {
        code(&Secret::new(text.to_owned()), time).map(|code| code.expose_secret().to_owned())
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let sha256 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
        let sha512 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA";
        for (algorithm, secret, time, expected) in [
            ("SHA1", SECRET, 59, "94287082"),
            ("SHA1", SECRET, 1_111_111_109, "07081804"),
            ("SHA1", SECRET, 20_000_000_000, "65353130"),
            ("SHA256", sha256, 59, "46119246"),
            ("SHA256", sha256, 1_111_111_109, "68084774"),
            ("SHA512", sha512, 59, "90693936"),
            ("SHA512", sha512, 1_111_111_109, "25091201"),
        ] {
            let address =
                format!("otpauth://totp/a:b?secret={secret}&algorithm={algorithm}&digits=8");

            assert_eq!(at(&address, time).as_deref(), Ok(expected), "{address}");
        }
    }

    #[test]
    fn a_secret_is_read_as_people_write_it() {
        for text in [
            SECRET,
            "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
            "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ\n",
            "OTPAUTH://TOTP/Shop?Secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq%3D%3d&issuer=Shop&period=30",
        ] {
            assert_eq!(at(text, 59).as_deref(), Ok("287082"), "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_and_never_repeated() {
        for (text, error) in [
            ("", OtpError::Malformed),
            ("CANARY1", OtpError::Malformed),
            ("https://example.com/?secret=CANARY", OtpError::Malformed),
            ("otpauth://totp/x", OtpError::Malformed),
            ("otpauth://totp/x?issuer=y", OtpError::Malformed),
            (
                "otpauth://hotp/x?secret=CANARY&counter=1",
                OtpError::Counter,
            ),
            (
                "otpauth://totp/x?secret=GEZDGNBV&digits=10",
                OtpError::Unusual {
                    parameter: "digits",
                },
            ),
            (
                "otpauth://totp/x?secret=GEZDGNBV&period=0",
                OtpError::Unusual {
                    parameter: "period",
                },
            ),
            (
                "otpauth://totp/x?secret=GEZDGNBV&algorithm=CANARY",
                OtpError::Unusual {
                    parameter: "algorithm",
                },
            ),
        ] {
            assert_eq!(at(text, 0), Err(error), "{text}");
            assert!(!error.to_string().contains("CANARY"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}", time: u64) {
            let _ = at(&text, time);
            let _ = at(&format!("otpauth://totp/x?{text}"), time);
            let _ = at(&format!("otpauth://totp/x?secret={text}"), time);
        }
    }
}
