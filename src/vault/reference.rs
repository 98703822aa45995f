//! Secret references: `op://vault/item/[section/]field?attribute=…`.
//!
//! [`SecretReference`] is what somebody wrote; [`ResolvedReference`] is the field that it stands for,
//! with ids and names. Policy and audit work on the latter only. Follows
//! <https://developer.1password.com/docs/cli/secret-reference-syntax/>. The module does not look
//! anything up, and does not know of variables or templates, which are expanded before.
//!
//! ```text
//! reference = "op://" part "/" part "/" [ part "/" ] part [ "?" ( "attribute=" attribute / "ssh-format=openssh" ) ]
//! part      = 1*( letter / digit / "-" / "_" / "." / space / tab )      letters and digits of ASCII
//! ```

use std::fmt;

use crate::vault::{FieldId, ItemId, Noun, SectionId, VaultId, is_id};

const SCHEME: &str = "op://";

/// A reference as it was written: names or ids, in any case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretReference {
    /// The vault's name or id.
    pub vault: String,
    /// The item's title or id.
    pub item: String,
    /// The section's label or id.
    pub section: Option<String>,
    /// The field's label or id, or a file's name.
    pub field: String,
    /// What of the field is meant.
    pub attribute: Attribute,
}

/// What of a field a reference means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Attribute {
    /// A file's content; the same as [`Attribute::Value`] of a file, and wrong for a field.
    Content,
    /// The field's or file's id.
    Id,
    /// A file's name.
    Name,
    /// A private key in OpenSSH's form; written `?ssh-format=openssh`.
    OpenSsh,
    /// The one-time password that is valid now, of a field that holds the secret for them.
    Otp,
    /// The field's purpose, in lower case.
    Purpose,
    /// A file's size in bytes.
    Size,
    /// The field's type, in lower case.
    Type,
    /// The value; meant when nothing is said.
    #[default]
    Value,
}

/// Why a text is no secret reference.
///
/// A message names the part that is at fault and repeats nothing of the text: somebody may have put
/// a value where a name belongs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// What follows `?` is not known.
    #[error(
        "after `?` a secret reference can have attribute=value, type, id, purpose or otp, of a file attribute=content, type, size, id or name, and of a private key ssh-format=openssh"
    )]
    Attribute,

    /// A name can't be written in a reference.
    #[error(
        "the {part}'s name can't be written in a secret reference, which takes letters, digits, `-`, `_`, `.` and spaces; use the id instead"
    )]
    Character {
        /// The part with another character.
        part: Noun,
    },

    /// Nothing stands between two slashes.
    #[error(
        "the {part} of a secret reference is empty; it is op://<vault>/<item>[/<section>]/<field>"
    )]
    Empty {
        /// The part that is missing.
        part: Noun,
    },

    /// A quote that begins the text does not end it.
    #[error(
        "quotes go round a whole secret reference: \"op://<vault>/<item>[/<section>]/<field>\""
    )]
    Quotes,

    /// It does not begin with `op://`.
    #[error("a secret reference begins with `op://`: op://<vault>/<item>[/<section>]/<field>")]
    Scheme,

    /// There are fewer than three parts.
    #[error("too few '/': secret references should match op://<vault>/<item>[/<section>]/<field>")]
    TooFewParts,

    /// There are more than four parts.
    #[error("too many '/': secret references should match op://<vault>/<item>[/<section>]/<field>")]
    TooManyParts,
}

impl SecretReference {
    /// Parses a reference, with or without one pair of quotes around it.
    ///
    /// # Errors
    /// [`ReferenceError`] says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let text = without_quotes(text.trim())?;
        let rest = without_scheme(text).ok_or(ReferenceError::Scheme)?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let parts: Vec<&str> = path.split('/').collect();
        let (vault, item, section, field) = match parts[..] {
            [vault, item, field] => (vault, item, None, field),
            [vault, item, section, field] => (vault, item, Some(section), field),
            [_, _] | [_] | [] => return Err(ReferenceError::TooFewParts),
            _ => return Err(ReferenceError::TooManyParts),
        };
        Ok(Self {
            vault: parse_part(Noun::Vault, vault)?,
            item: parse_part(Noun::Item, item)?,
            section: section
                .map(|section| parse_part(Noun::Section, section))
                .transpose()?,
            field: parse_part(Noun::Field, field)?,
            attribute: query.map_or(Ok(Attribute::Value), parse_query)?,
        })
    }

    /// Tells whether a text is meant as a reference: if so, one that does not parse is an error and
    /// never plain text.
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        let text = text.trim();
        without_scheme(text.strip_prefix(['"', '\'']).unwrap_or(text).trim_start()).is_some()
    }
}

impl fmt::Display for SecretReference {
    /// The reference as one would write it; it parses to the same reference again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}/", self.vault, self.item)?;
        if let Some(section) = &self.section {
            write!(f, "{section}/")?;
        }
        f.write_str(&self.field)?;
        f.write_str(self.attribute.query())
    }
}

impl Attribute {
    /// What follows the field in a reference; empty for the value.
    #[must_use]
    pub fn query(self) -> &'static str {
        match self {
            Self::Content => "?attribute=content",
            Self::Id => "?attribute=id",
            Self::Name => "?attribute=name",
            Self::OpenSsh => "?ssh-format=openssh",
            Self::Otp => "?attribute=otp",
            Self::Purpose => "?attribute=purpose",
            Self::Size => "?attribute=size",
            Self::Type => "?attribute=type",
            Self::Value => "",
        }
    }

    /// Tells whether it is made from what the field or file holds; the others say what it is.
    #[must_use]
    pub fn holds_value(self) -> bool {
        matches!(
            self,
            Self::Content | Self::OpenSsh | Self::Otp | Self::Value
        )
    }
}

/// An id and the name it had when it was looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named<T> {
    /// The id, which decides.
    pub id: T,
    /// The name, for people.
    pub name: String,
}

/// The field that a reference stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResolvedReference {
    /// The vault.
    pub vault: Named<VaultId>,
    /// The item.
    pub item: Named<ItemId>,
    /// The section, if the field stands in one.
    pub section: Option<Named<SectionId>>,
    /// The field.
    pub field: Named<FieldId>,
}

/// Which names of a reference would find something else too, or first: those are written as ids.
///
/// Nothing is ambiguous by default. Only who sees the whole vault or item can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ambiguity {
    /// Another vault has the name.
    pub vault: bool,
    /// Another item of the vault has the title.
    pub item: bool,
    /// Another section of the item has the label, or has it as its id.
    pub section: bool,
    /// Another field that the reference could mean has the label, or has it as its id.
    pub field: bool,
}

impl ResolvedReference {
    /// The text that finds this field again: names where they can be written and are not ambiguous,
    /// ids otherwise. It needs quotes in a shell where it has spaces.
    #[must_use]
    pub fn reference_text(&self, ambiguous: Ambiguity) -> String {
        let vault = written(&self.vault.name, self.vault.id.as_str(), ambiguous.vault);
        let item = written(&self.item.name, self.item.id.as_str(), ambiguous.item);
        let section = self
            .section
            .as_ref()
            .map(|section| written(&section.name, section.id.as_str(), ambiguous.section));
        let field = written(&self.field.name, self.field.id.as_str(), ambiguous.field);
        joined(vault, item, section, field)
    }

    /// The reference by ids alone: what policy matches, and what stays true when something is renamed.
    #[must_use]
    pub fn by_ids(&self) -> String {
        joined(
            self.vault.id.as_str(),
            self.item.id.as_str(),
            self.section.as_ref().map(|section| section.id.as_str()),
            self.field.id.as_str(),
        )
    }
}

impl fmt::Display for ResolvedReference {
    /// Names, as a person would write it: the text that stands in a concealment mark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(
            &self.vault.name,
            &self.item.name,
            self.section.as_ref().map(|section| section.name.as_str()),
            &self.field.name,
        ))
    }
}

fn without_quotes(text: &str) -> Result<&str, ReferenceError> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return Ok(text);
    };
    text[1..]
        .strip_suffix(quote)
        .map(str::trim)
        .ok_or(ReferenceError::Quotes)
}

fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

fn parse_part(part: Noun, text: &str) -> Result<String, ReferenceError> {
    let text = text.trim_matches([' ', '\t']);
    if text.is_empty() {
        Err(ReferenceError::Empty { part })
    } else if text.chars().all(may_stand_in_a_part) {
        Ok(text.to_owned())
    } else {
        Err(ReferenceError::Character { part })
    }
}

fn may_stand_in_a_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '\t')
}

fn parse_query(query: &str) -> Result<Attribute, ReferenceError> {
    let (name, value) = query.split_once('=').unwrap_or((query, ""));
    let word = |text: &str| text.trim().to_ascii_lowercase();
    match (&*word(name), &*word(value)) {
        ("attribute", "content") => Ok(Attribute::Content),
        ("attribute", "id") => Ok(Attribute::Id),
        ("attribute", "name") => Ok(Attribute::Name),
        ("attribute", "otp") => Ok(Attribute::Otp),
        ("attribute", "purpose") => Ok(Attribute::Purpose),
        ("attribute", "size") => Ok(Attribute::Size),
        ("attribute", "type") => Ok(Attribute::Type),
        ("attribute", "value") => Ok(Attribute::Value),
        ("ssh-format", "openssh") => Ok(Attribute::OpenSsh),
        _ => Err(ReferenceError::Attribute),
    }
}

/// The name, unless it can't be written or would find something else. A name in the form of an id
/// would be looked up as an id first.
fn written<'a>(name: &'a str, id: &'a str, ambiguous: bool) -> &'a str {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().all(may_stand_in_a_part) && !is_id(name);
    if fits && !ambiguous { name } else { id }
}

fn joined(vault: &str, item: &str, section: Option<&str>, field: &str) -> String {
    match section {
        Some(section) => format!("{SCHEME}{vault}/{item}/{section}/{field}"),
        None => format!("{SCHEME}{vault}/{item}/{field}"),
    }
}

#[cfg(test)]
mod tests;
