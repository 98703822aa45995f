//! The parts of a value that are secret.
//!
//! Armour, host names and the names of settings are not: whoever reads an output needs them, and they stand in the
//! outputs of people who have other secrets. A value without such a structure is one part. Where the structure is
//! doubtful, more is secret rather than less.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::redact::exempt;

/// A text that must not be seen. It has no white space around it.
pub(super) type Part = Zeroizing<String>;

/// Parts are looked for in parts so deep: a key in a JSON text in a JSON text.
const DEPTH: usize = 3;

/// Shorter texts in a structure are settings, unless their name says that they are secret.
const SETTING: usize = 8;

/// Takes a value apart. The result is empty only if the value is blank.
pub(super) fn parts(value: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    add_parts(value, DEPTH, &mut parts);
    if parts.is_empty() {
        add(value, &mut parts);
    }
    parts
}

/// Adds the parts of a structured value, or the value.
fn add_parts(value: &str, depth: usize, parts: &mut Vec<Part>) {
    let value = value.trim();
    let taken = depth > 0
        && (add_leaves(value, depth, parts)
            || add_armoured(value, parts)
            || add_address(value, parts)
            || add_settings(value, depth, parts));
    if !taken {
        add(value, parts);
    }
}

fn add(text: &str, parts: &mut Vec<Part>) {
    let text = text.trim();
    if !text.is_empty() && !parts.iter().any(|part| part.as_str() == text) {
        parts.push(Zeroizing::new(text.to_owned()));
    }
}

/// The bodies of PEM blocks ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)). Certificates and public keys beside
/// a private key aren't secret.
fn add_armoured(value: &str, parts: &mut Vec<Part>) -> bool {
    let before = parts.len();
    let private = value.contains("PRIVATE KEY");
    let mut rest = value;
    while let Some((outside, block)) = rest.split_once("-----BEGIN ") {
        add(outside, parts);
        let (label, block) = block.split_once("-----").unwrap_or((block, ""));
        let (body, after) = block.split_once("-----END ").unwrap_or((block, ""));
        if !private || label.contains("PRIVATE KEY") {
            add_body(body, parts);
        }
        rest = after.split_once("-----").map_or("", |(_, rest)| rest);
    }
    if rest.len() < value.len() {
        add(rest, parts);
    }
    parts.len() > before
}

fn add_body(body: &str, parts: &mut Vec<Part>) {
    let lines: Vec<_> = body
        .lines()
        .map(str::trim)
        .filter(|line| !line.contains(':'))
        .collect();
    add(&Zeroizing::new(lines.join("\n")), parts);
}

/// The texts in a JSON object or array, but for those whose key says that they are not secret.
fn add_leaves(value: &str, depth: usize, parts: &mut Vec<Part>) -> bool {
    if !value.starts_with(['{', '[']) {
        return false;
    }
    let Ok(mut json) = serde_json::from_str::<Value>(value) else {
        return false;
    };
    let before = parts.len();
    add_leaf("", &json, depth - 1, parts);
    wipe(&mut json);
    parts.len() > before
}

fn add_leaf(key: &str, json: &Value, depth: usize, parts: &mut Vec<Part>) {
    match json {
        Value::Array(items) => items
            .iter()
            .for_each(|item| add_leaf(key, item, depth, parts)),
        Value::Object(members) => members
            .iter()
            .for_each(|(key, member)| add_leaf(key, member, depth, parts)),
        Value::String(text) => add_setting(key, text, depth, parts),
        Value::Bool(_) | Value::Null | Value::Number(_) => {}
    }
}

fn wipe(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::String(text) => zeroize::Zeroize::zeroize(text),
        Value::Bool(_) | Value::Null | Value::Number(_) => {}
    }
}

fn add_setting(name: &str, text: &str, depth: usize, parts: &mut Vec<Part>) {
    let plain = exempt::names_a_setting(name) && !(text.contains("://") && text.contains('@'));
    if exempt::names_a_secret(name) || text.len() >= SETTING && !plain {
        add_parts(text, depth, parts);
    }
}

/// The password of an address, or what else in it gives access: a user name without a password, secret-sounding
/// members of the query, or the path.
fn add_address(value: &str, parts: &mut Vec<Part>) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else {
        return false;
    };
    if !is_scheme(scheme) || rest.contains(char::is_whitespace) {
        return false;
    }
    let before = parts.len();
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    add_query(path, parts);
    if let Some((user, _)) = authority.rsplit_once('@') {
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        add_decoded(
            if matches!(password, "" | "x-oauth-basic") {
                name
            } else {
                password
            },
            parts,
        );
    } else if path.contains('@') {
        add(rest, parts);
    } else if parts.len() == before && path.len() > SETTING {
        add(&path[1..], parts);
    }
    parts.len() > before
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.:".contains(c))
}

fn add_query(path: &str, parts: &mut Vec<Part>) {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    for (name, text) in query
        .split(['&', '#', ';'])
        .filter_map(|pair| pair.split_once('='))
    {
        if exempt::names_a_secret(name) {
            add_decoded(text, parts);
        }
    }
}

/// Adds a text as it stands in an address, and as it is meant.
fn add_decoded(text: &str, parts: &mut Vec<Part>) {
    add(text, parts);
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    if let Ok(decoded) = std::str::from_utf8(&bytes) {
        add(decoded, parts);
    }
}

/// The values in `name=value` or `name: value` pairs, each on a line of its own or followed by a semicolon, if there
/// is nothing else and a name is known.
fn add_settings(value: &str, depth: usize, parts: &mut Vec<Part>) -> bool {
    let separator = if value.contains('\n') { '\n' } else { ';' };
    let pieces = || {
        value
            .split(separator)
            .map(str::trim)
            .filter(|piece| !piece.is_empty() && !piece.starts_with('#'))
    };
    let known = |name: &str| exempt::names_a_secret(name) || exempt::names_a_setting(name);
    if pieces().count() < 2
        || !pieces().all(|piece| pair(piece).is_some())
        || !pieces().filter_map(pair).any(|(name, _)| known(name))
    {
        return false;
    }
    let before = parts.len();
    for (name, text) in pieces().filter_map(pair) {
        add_setting(name, text, depth - 1, parts);
    }
    parts.len() > before
}

fn pair(piece: &str) -> Option<(&str, &str)> {
    let (name, text) = piece.split_at(piece.find(['=', ':'])?);
    let name = name.trim().trim_start_matches("export ");
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c));
    is_name.then(|| (name, text[1..].trim().trim_matches(['"', '\''])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(value: &str) -> Vec<String> {
        parts(value).iter().map(|part| part.to_string()).collect()
    }

    #[test]
    fn a_value_without_structure_is_one_part() {
        for value in [
            "hunter2-hunter2",
            "correct horse battery",
            "a:b",
            "key=",
            "{not json",
            "a://",
            "x;y;z",
        ] {
            assert_eq!(texts(&format!(" {value}\n")), [value]);
        }
    }

    #[test]
    fn of_a_private_key_the_body_is_secret() {
        let value = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\nBBBB\n-----END RSA PRIVATE KEY-----\n\
                     -----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----\n";

        assert_eq!(texts(value), ["AAAA\nBBBB"]);
    }

    #[test]
    fn of_an_address_what_gives_access_is_secret() {
        for (value, secret) in [
            (
                "postgres://app:hunter2pass@db.example.com:5432/shop?sslmode=require",
                vec!["hunter2pass"],
            ),
            (
                "postgres://app:p%40ss-word@db/shop",
                vec!["p%40ss-word", "p@ss-word"],
            ),
            ("jdbc:mysql://app:hunter2pass@db/shop", vec!["hunter2pass"]),
            (
                "https://ghp_0123abcd@github.com/x/y.git",
                vec!["ghp_0123abcd"],
            ),
            (
                "https://hooks.example.com/services/T0/B0/secret",
                vec!["services/T0/B0/secret"],
            ),
            (
                "https://example.com/a?page=2&api_key=0123abcd",
                vec!["0123abcd"],
            ),
            (
                "postgres://app:hunter2/pass@db/shop",
                vec!["app:hunter2/pass@db/shop"],
            ),
            ("https://example.com/", vec!["https://example.com/"]),
        ] {
            assert_eq!(texts(value), secret, "{value}");
        }
    }

    #[test]
    fn of_a_json_key_file_the_leaves_are_secret() {
        let value = r#"{"type": "service_account", "project_id": "my-project-1", "private_key_id": "0a1b2c3d4e5f",
            "private_key": "-----BEGIN PRIVATE KEY-----\nAAAABBBB\n-----END PRIVATE KEY-----\n", "nested": [{"password": "abcd"}, 7],
            "client_email": "robot@my-project-1.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token"}"#;

        let mut secret = texts(value);
        secret.sort_unstable();

        assert_eq!(secret, ["0a1b2c3d4e5f", "AAAABBBB", "abcd"]);
    }

    #[test]
    fn of_settings_the_values_are_secret() {
        for value in [
            "Server=db.example.com;Port=5432;Password=hunter2pass;Extra=something else",
            "host: db.example.com\nport: 5432\n# comment\npassword: \"hunter2pass\"\nextra: something else\n",
            "export DB_HOST=db.example.com\nDATABASE_URL=postgres://app:hunter2pass@db/shop\nX=something else",
        ] {
            assert_eq!(texts(value), ["hunter2pass", "something else"], "{value}");
        }
    }

    #[test]
    fn a_structure_without_anything_secret_is_secret_itself() {
        for value in ["{}", "[1,2]", r#"{"type":"x"}"#, "host=a;port=1"] {
            assert_eq!(texts(value), [value]);
        }
    }
}
