//! Items on their way between hushkey and other password managers' files.
//!
//! Reads 1Password's `.1pux` and Bitwarden's JSON, and writes what it reads: an export is a `.1pux`. What somebody else's
//! program wrote is hostile until it was read: each size has a limit, nothing is believed of an archive's own sizes, and no
//! message repeats what a file holds. Values go from the file's bytes into [`Secret`]s and nowhere else. The module opens
//! no file and knows no vault of ours.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::vault::{Field, FieldId, FieldMetadata, FieldType, NewItem, Purpose, Secret, SectionId};

pub mod bitwarden;
pub mod onepux;

mod text;

/// Bytes that a file's list of items may have, unpacked.
pub const MAX_ITEMS_BYTES: u64 = 256 << 20;
/// Bytes that all attached files of one import or export may have together: they are held in memory.
pub const MAX_FILES_BYTES: u64 = 256 << 20;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Portable {
    /// Its vaults, in order.
    pub vaults: Vec<PortableVault>,
    /// What is left out, and how often, in words.
    pub left_out: BTreeMap<&'static str, usize>,
}

/// A vault on its way.
#[derive(Debug)]
pub struct PortableVault {
    /// Its name.
    pub name: String,
    /// Its items, in order.
    pub items: Vec<PortableItem>,
}

/// An item on its way.
#[derive(Debug)]
pub struct PortableItem {
    /// The item.
    pub item: NewItem,
    /// Its files.
    pub files: Vec<PortableFile>,
    /// Whether it was put away.
    pub archived: bool,
}

/// A file of an item on its way.
pub struct PortableFile {
    /// Its name, without a path.
    pub name: String,
    /// The section that it stands in.
    pub section: Option<SectionId>,
    /// Its bytes.
    pub content: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for PortableFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PortableFile")
            .field("size", &self.content.len())
            .finish_non_exhaustive()
    }
}

/// Why a file can't be read or written. No message repeats anything of the file but a place in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortableError {
    /// It is locked.
    #[error(
        "the export is encrypted; make one that is not (in Bitwarden: Export vault, file format .json), import it, and delete it"
    )]
    Encrypted,

    /// It is JSON and not what it should be.
    #[error("{what} does not have the shape that is expected, at line {line} column {column}")]
    Json {
        /// Which text.
        what: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },

    /// A part is missing.
    #[error(
        "{0} is missing; is that an export as 1Password (.1pux) or Bitwarden (.json) makes it?"
    )]
    Missing(&'static str),

    /// It is no archive, or a damaged one.
    #[error("it is no zip archive, or a damaged one; export it anew")]
    NoArchive,

    /// It holds more than is taken.
    #[error("{what} has more than {} MiB, which is not taken; {remedy}", limit >> 20)]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit in bytes.
        limit: u64,
        /// What to do.
        remedy: &'static str,
    },
}

impl Portable {
    fn leave_out(&mut self, what: &'static str) {
        *self.left_out.entry(what).or_default() += 1;
    }
}

impl PortableError {
    /// serde's own words repeat what they found.
    fn json(what: &'static str, error: &serde_json::Error) -> Self {
        Self::Json {
            what,
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Adds a field outside of sections, unless it has no value.
fn add(
    fields: &mut Vec<Field>,
    id: Option<&str>,
    label: &str,
    kind: FieldType,
    purpose: Option<Purpose>,
    value: Option<Secret>,
) {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return;
    };
    push(fields, id, None, label, kind, purpose, Some(value));
}

/// Adds a field. Its id is kept where no other field has it.
fn push(
    fields: &mut Vec<Field>,
    id: Option<&str>,
    section: Option<SectionId>,
    label: &str,
    kind: FieldType,
    purpose: Option<Purpose>,
    value: Option<Secret>,
) {
    let purpose = purpose.filter(|purpose| {
        let mut others = fields.iter();
        !others.any(|other| other.metadata.purpose == Some(*purpose))
    });
    let free = |id: &&str| {
        let fits = !id.is_empty() && id.len() <= 64 && id.is_ascii();
        fits && !fields.iter().any(|other| other.metadata.id.as_str() == *id)
    };
    let label = label.trim();
    let value = value.filter(|value| !value.is_empty());
    fields.push(Field {
        metadata: FieldMetadata {
            id: id.filter(free).map_or_else(FieldId::random, FieldId::new),
            section,
            label: if label.is_empty() { "field" } else { label }.to_owned(),
            kind,
            purpose,
            set: value.is_some(),
            origins: Vec::new(),
        },
        value,
    });
}
