//! Which variable of a `.env` file holds no secret.
//!
//! Whatever is not plainly a setting is concealed: a concealed setting costs a mark in some output, a
//! plain secret may be read by any agent that may see the item's metadata. So "short" means at most three
//! characters (`hunter2` has seven), and longer words are plain only when they stand in a closed list of
//! settings. Concealing *those* would be the dearer mistake: each `production` or `localhost` in each output
//! would become a mark. Under a name that speaks of a secret all but switches is concealed.
//!
//! The module sees one name and one value, and keeps neither.

use crate::vault::FieldType;

/// Characters of a value that is too short to be a secret.
const SHORT: usize = 3;
/// Digits of a number that is a port, a size, a date or a time-out; longer ones identify accounts and cards.
const LONGEST_NUMBER: usize = 8;
/// Characters of a part of a URL's path that may be a token, as in the address of a webhook.
const TOKEN: usize = 16;

const SWITCHES: &[&str] = &[
    "0", "1", "disabled", "enabled", "false", "no", "off", "on", "true", "yes",
];

const SETTINGS: &[&str] = &[
    "0.0.0.0",
    "127.0.0.1",
    "::1",
    "auto",
    "ci",
    "critical",
    "debug",
    "default",
    "dev",
    "development",
    "error",
    "fatal",
    "http",
    "https",
    "info",
    "json",
    "local",
    "localhost",
    "none",
    "null",
    "pretty",
    "prod",
    "production",
    "silent",
    "stage",
    "staging",
    "test",
    "testing",
    "text",
    "trace",
    "utc",
    "utf-8",
    "utf8",
    "verbose",
    "warn",
    "warning",
];

/// Anywhere in a name.
const SECRETIVE: &[&str] = &[
    "CREDENTIAL",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE",
    "SECRET",
    "TOKEN",
    "WEBHOOK",
];
/// At the end of a word of a name: `APIKEY`, `MYSQL_PWD`.
const SECRETIVE_ENDS: &[&str] = &["KEY", "PASS", "PWD"];
/// As a word of a name.
const SECRETIVE_WORDS: &[&str] = &["AUTH", "DSN", "OTP", "PIN", "SALT", "SEED"];

/// The type of field that a variable becomes: text, a web address, or concealed.
pub(super) fn field_type(name: &str, value: &str) -> FieldType {
    let word = value.to_ascii_lowercase();
    if SWITCHES.contains(&&*word) {
        return FieldType::String;
    }
    if speaks_of_a_secret(name) {
        return FieldType::Concealed;
    }
    if is_open_url(value) {
        return FieldType::Url;
    }
    let short = value.chars().count() <= SHORT;
    if short || SETTINGS.contains(&&*word) || is_small_number(value) {
        return FieldType::String;
    }
    FieldType::Concealed
}

fn speaks_of_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRETIVE.iter().any(|part| name.contains(part))
        || name.split(|c: char| !c.is_ascii_alphabetic()).any(|word| {
            SECRETIVE_WORDS.contains(&word) || SECRETIVE_ENDS.iter().any(|end| word.ends_with(end))
        })
}

fn is_small_number(value: &str) -> bool {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        && value.bytes().filter(u8::is_ascii_digit).count() <= LONGEST_NUMBER
}

/// A URL in which nothing can be a secret: no userinfo, no query, no fragment, nothing long in the path.
fn is_open_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else {
        return false;
    };
    let mut segments = rest.split('/');
    let host = segments.next().unwrap_or_default();
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !host.is_empty()
        && !rest
            .contains(|c: char| !c.is_ascii_graphic() || matches!(c, '@' | '?' | '#' | ';' | '\\'))
        && segments.all(|segment| segment.len() < TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_plain() {
        for (name, value) in [
            ("PORT", "3000"),
            ("RATIO", "-0.25"),
            ("SINCE", "20260131"),
            ("DEBUG", "TRUE"),
            ("AUTH_ENABLED", "true"),
            ("USE_TOKEN", "0"),
            ("NODE_ENV", "production"),
            ("TZ", "UTC"),
            ("LANG", "de"),
            ("BIND", "127.0.0.1"),
        ] {
            assert_eq!(field_type(name, value), FieldType::String, "{name}={value}");
        }
    }

    #[test]
    fn an_address_without_anything_secret_in_it_is_a_url() {
        for value in [
            "https://api.example.com/v1/",
            "http://localhost:8080",
            "postgres://db/shop",
            "redis://[::1]:6379/0",
        ] {
            assert_eq!(field_type("ENDPOINT", value), FieldType::Url, "{value}");
        }
    }

    #[test]
    fn everything_else_is_concealed() {
        for (name, value) in [
            ("ANYTHING", "hunter2"),
            ("ANYTHING", "s3cr"),
            ("ANYTHING", "correct horse"),
            ("CARD", "4111111111111111"),
            ("ACCOUNT", "123456789"),
            ("VERSION", "1.2.3"),
            ("NUMBER", "1234."),
            ("MAIL", "ann@example.com"),
            ("DB", "postgres://ann:pw@db/shop"),
            ("DB", "postgres://ann@db/shop"),
            ("DB", "jdbc:sqlserver://db;password=pw"),
            ("FEED", "https://example.com/feed?sig=1"),
            ("PAGE", "https://example.com/#a"),
            (
                "CHAT",
                "https://hooks.slack.com/services/T0/B0/abcdefghijklmnopqrstuvwx",
            ),
            (
                "KEYS",
                "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
            ),
            ("ODD", "://x"),
        ] {
            assert_eq!(
                field_type(name, value),
                FieldType::Concealed,
                "{name}={value}"
            );
        }
    }

    #[test]
    fn under_a_name_that_speaks_of_a_secret_even_a_trivial_value_is_concealed() {
        for name in [
            "DB_PASSWORD",
            "DBPASSWORD2",
            "db_pass",
            "MYSQL_PWD",
            "APIKEY",
            "API_KEY_2",
            "LOGIN_PIN",
            "SESSION_SECRET",
            "SLACK_WEBHOOK_URL",
            "SENTRY_DSN",
            "X_AUTH",
        ] {
            assert_eq!(field_type(name, "test"), FieldType::Concealed, "{name}");
            assert_eq!(field_type(name, "1234"), FieldType::Concealed, "{name}");
        }
        for name in ["KEYCLOAK_REALM", "SPINNER", "AUTHOR"] {
            assert_eq!(field_type(name, "test"), FieldType::String, "{name}");
        }
    }
}
