//! What a request is for: from its address to one of the API's calls, with ids that have the form of ids.
//!
//! A slash at the end makes no difference, since half of the SDKs send one. Nothing of an address is repeated in an error.

use std::borrow::Cow;

use http::{Method, StatusCode};

use super::failure::Failure;
use crate::vault::{FileId, ItemId, VaultId};

/// One call's place.
#[derive(Debug)]
pub(super) enum Place {
    Activity,
    Content(VaultId, ItemId, FileId),
    File(VaultId, ItemId, FileId),
    Files(VaultId, ItemId),
    Item(VaultId, ItemId),
    Items(VaultId),
    Vault(VaultId),
    Vaults,
}

/// The places, as the description has them, each with what may be done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// `/v1/vaults/{vault}`: what counts and logs are told instead of the address.
    pub(super) text: &'static str,
    /// The header `Allow`.
    pub(super) allow: &'static str,
}

const READ: &str = "GET, HEAD, OPTIONS";

const ACTIVITY: Template = of("/v1/activity", READ);
const VAULTS: Template = of("/v1/vaults", READ);
const VAULT: Template = of("/v1/vaults/{vault}", READ);
const ITEMS: Template = of("/v1/vaults/{vault}/items", "GET, HEAD, OPTIONS, POST");
const ITEM: Template = of(
    "/v1/vaults/{vault}/items/{item}",
    "DELETE, GET, HEAD, OPTIONS, PATCH, PUT",
);
const FILES: Template = of("/v1/vaults/{vault}/items/{item}/files", READ);
const FILE: Template = of("/v1/vaults/{vault}/items/{item}/files/{file}", READ);
const CONTENT: Template = of("/v1/vaults/{vault}/items/{item}/files/{file}/content", READ);

const fn of(text: &'static str, allow: &'static str) -> Template {
    Template { text, allow }
}

impl Template {
    /// Tells whether a method may be used there.
    pub(super) fn allows(self, method: &Method) -> bool {
        self.allow.split(", ").any(|word| word == method.as_str())
    }
}

/// Finds the place that an address means; `None` where there is none. The second is what is wrong with an id in it.
pub(super) fn place(path: &str) -> Option<(Template, Result<Place, Failure>)> {
    let rest = path.strip_prefix("/v1/")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let parts: Vec<&str> = rest.split('/').collect();
    Some(match parts.as_slice() {
        ["activity"] => (ACTIVITY, Ok(Place::Activity)),
        ["vaults"] => (VAULTS, Ok(Place::Vaults)),
        ["vaults", v] => (VAULT, vault(v).map(Place::Vault)),
        ["vaults", v, "items"] => (ITEMS, vault(v).map(Place::Items)),
        ["vaults", v, "items", i] => (ITEM, within(v, i).map(|(v, i)| Place::Item(v, i))),
        ["vaults", v, "items", i, "files"] => {
            (FILES, within(v, i).map(|(v, i)| Place::Files(v, i)))
        }
        ["vaults", v, "items", i, "files", f] => {
            let found = within(v, i).and_then(|(v, i)| Ok(Place::File(v, i, file(f)?)));
            (FILE, found)
        }
        ["vaults", v, "items", i, "files", f, "content"] => {
            let found = within(v, i).and_then(|(v, i)| Ok(Place::Content(v, i, file(f)?)));
            (CONTENT, found)
        }
        _ => return None,
    })
}

fn within(v: &str, i: &str) -> Result<(VaultId, ItemId), Failure> {
    let item = ItemId::parse(&segment(i)?).map_err(|_| bad("Invalid Item UUID"));
    Ok((vault(v)?, item?))
}

fn vault(text: &str) -> Result<VaultId, Failure> {
    VaultId::parse(&segment(text)?).map_err(|_| bad("Invalid Vault UUID"))
}

fn file(text: &str) -> Result<FileId, Failure> {
    FileId::parse(&segment(text)?).map_err(|_| bad("Invalid File UUID"))
}

fn segment(text: &str) -> Result<Cow<'_, str>, Failure> {
    decoded(text, false)
}

/// Undoes the percent-encoding of a part of an address; in a query, `+` is a space.
///
/// # Errors
/// 400 where a `%` is not followed by two hexadecimal digits, or where it makes no UTF-8.
pub(super) fn decoded(text: &str, query: bool) -> Result<Cow<'_, str>, Failure> {
    if !text.bytes().any(|b| b == b'%' || (query && b == b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let wrong = || bad("the address is not encoded as it should be");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => {
                let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
                let (high, low) = digit(0).zip(digit(1)).ok_or_else(wrong)?;
                bytes.push(u8::try_from(high * 16 + low).map_err(|_| wrong())?);
                rest = &after[2..];
            }
            b'+' if query => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    Ok(Cow::Owned(text))
}

fn bad(message: &'static str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "abcdefghijklmnopqrstuvwxyz";

    fn told(path: &str) -> Option<(&'static str, bool)> {
        place(path).map(|(template, found)| (template.text, found.is_ok()))
    }

    #[test]
    fn each_place_has_a_twin_with_a_slash() {
        for path in [
            "/v1/activity".to_owned(),
            "/v1/vaults".to_owned(),
            format!("/v1/vaults/{ID}"),
            format!("/v1/vaults/{ID}/items"),
            format!("/v1/vaults/{ID}/items/{ID}"),
            format!("/v1/vaults/{ID}/items/{ID}/files"),
            format!("/v1/vaults/{ID}/items/{ID}/files/{ID}"),
            format!("/v1/vaults/{ID}/items/{ID}/files/{ID}/content"),
        ] {
            let own = told(&path);

            assert!(own.is_some_and(|(_, ok)| ok), "{path}");
            assert_eq!(own, told(&format!("{path}/")), "{path}");
            assert_eq!(told(&format!("{path}//")).filter(|(_, ok)| *ok), None);
        }
    }

    #[test]
    fn nothing_but_an_id_is_an_id_however_it_is_written() {
        for text in [
            "..",
            "%2e%2e",
            "a%2fb",
            "%00",
            "%",
            "%zz",
            "%c3%28",
            "%f4%90%80%80",
            &"a".repeat(27),
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ] {
            assert_eq!(
                told(&format!("/v1/vaults/{text}")).map(|it| it.1),
                Some(false),
                "{text}"
            );
        }
        let encoded: String = ID.bytes().map(|b| format!("%{b:02x}")).collect();
        assert_eq!(
            told(&format!("/v1/vaults/{encoded}")).map(|it| it.1),
            Some(true)
        );
        for path in [
            "/v1",
            "/v1/",
            "/v2/vaults",
            "/v1/vault",
            "/v1//vaults",
            "/v1/vaults/a/item",
        ] {
            assert_eq!(told(path), None, "{path}");
        }
    }
}
