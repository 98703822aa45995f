//! Which secret references a rule is about.
//!
//! ```text
//! op://Dev/DB/password    one field
//! op://Dev/DB/admin/*     every field of the section `admin`
//! op://Dev/DB  op://Dev/* every field of one item; of every item
//! op://Dev/**             everything in the vault
//! op://**                 everything
//! ```
//!
//! `*` stands for one segment, a last `**` for any rest; a section counts as a segment. A pattern that ends at the item
//! stands for all its fields, for there is nothing else it could mean. Segments are matched on what a reference was
//! resolved to: ids as they are, names in any case. A vault's name is bound to the one vault of that name; what
//! has the form of an id is never matched as a name, and `*` within a segment covers names only.

use std::fmt;

use crate::{
    policy::{fold, glob::Glob, known_vaults::KnownVaults},
    vault::{ResolvedReference, VaultId, is_id, reference::Named},
};

/// A pattern over resolved references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferencePattern {
    text: String,
    vault: VaultPattern,
    segments: Vec<Segment>,
    any_rest: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum VaultPattern {
    /// Names in lower case that a glob covers; `*` is every vault.
    Glob(Glob),
    Id(VaultId),
    /// The vault of this name, once it is known that there is exactly one.
    Name(String, Option<VaultId>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Any,
    /// Over names in lower case.
    Glob(Glob),
    Literal(String),
}

/// Why a text is no reference pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferencePatternError {
    /// `**` before the end.
    #[error("`**` stands for the rest of a reference, so it has to be the last segment")]
    AnyRestInside,
    /// `op://Dev//x`.
    #[error("a segment is empty; one that has no name is written by its id")]
    EmptySegment,
    /// More than vault, item, section, field.
    #[error("a reference has at most four segments: vault, item, section, field")]
    Long,
    /// Something else than a reference.
    #[error("a reference pattern begins with `op://`, as in `op://Dev/**`")]
    Scheme,
    /// Only a vault.
    #[error("a vault alone is no reference; `/**` after it means everything in it")]
    VaultOnly,
}

impl ReferencePattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// [`ReferencePatternError`].
    pub fn parse(text: &str) -> Result<Self, ReferencePatternError> {
        let path = text
            .strip_prefix("op://")
            .ok_or(ReferencePatternError::Scheme)?;
        let mut parts: Vec<_> = path.split('/').collect();
        let mut any_rest = parts.pop_if(|last| *last == "**").is_some();
        if parts.contains(&"**") {
            return Err(ReferencePatternError::AnyRestInside);
        }
        if parts.contains(&"") {
            return Err(ReferencePatternError::EmptySegment);
        }
        match parts.len() {
            1 if !any_rest => return Err(ReferencePatternError::VaultOnly),
            2 => any_rest = true,
            5.. => return Err(ReferencePatternError::Long),
            _ => {}
        }

        let mut parts = parts.into_iter();
        Ok(Self {
            text: text.to_owned(),
            vault: VaultPattern::parse(parts.next().unwrap_or("*")),
            segments: parts.map(Segment::parse).collect(),
            any_rest,
        })
    }

    /// A pattern for exactly this field; by ids where a name could be misread.
    #[must_use]
    pub fn exactly(reference: &ResolvedReference, vaults: &KnownVaults) -> Self {
        let vault = vaults.spelling(&reference.vault);
        let item = spelling(reference.item.id.as_str(), &reference.item.name);
        let section = reference
            .section
            .as_ref()
            .map(|section| spelling(section.id.as_str(), &section.name));
        let field = spelling(reference.field.id.as_str(), &reference.field.name);

        let parts: Vec<_> = [Some(vault), Some(item), section, Some(field)]
            .into_iter()
            .flatten()
            .collect();
        let mut pattern = Self {
            text: format!("op://{}", parts.join("/")),
            vault: VaultPattern::parse(vault),
            segments: parts[1..].iter().map(|part| Segment::parse(part)).collect(),
            any_rest: false,
        };
        pattern.bind(vaults);
        pattern
    }

    /// Binds the vault's name to the one vault that has it.
    pub(super) fn bind(&mut self, vaults: &KnownVaults) {
        if let VaultPattern::Name(name, bound) = &mut self.vault {
            *bound = vaults.called(name).ok().map(|vault| vault.id.clone());
        }
    }

    /// The vault's name, if the pattern has a name there.
    pub(super) fn vault_name(&self) -> Option<&str> {
        match &self.vault {
            VaultPattern::Name(name, _) => Some(name),
            VaultPattern::Glob(_) | VaultPattern::Id(_) => None,
        }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Tells whether every reference is covered.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.vault.is_any() && self.any_rest && self.segments.iter().all(|s| *s == Segment::Any)
    }

    /// Tells whether all that another pattern covers is certainly covered, as far as the texts tell.
    pub(super) fn is_at_least(&self, other: &Self) -> bool {
        let same = |(mine, theirs): (&Segment, &Segment)| *mine == Segment::Any || mine == theirs;
        let count_fits = if self.any_rest {
            other.segments.len() >= self.segments.len()
        } else {
            other.segments.len() == self.segments.len() && !other.any_rest
        };
        let vault_fits = self.vault == other.vault || self.vault.is_any();
        vault_fits && count_fits && self.segments.iter().zip(&other.segments).all(same)
    }

    /// Tells whether a field is covered.
    #[must_use]
    pub fn covers(&self, reference: &ResolvedReference) -> bool {
        let segments = segments(reference);
        let count_fits = if self.any_rest {
            segments.len() >= self.segments.len()
        } else {
            segments.len() == self.segments.len()
        };
        self.vault.covers(&reference.vault)
            && count_fits
            && self
                .segments
                .iter()
                .zip(&segments)
                .all(|(pattern, (id, name))| pattern.covers(id, name))
    }
}

impl fmt::Display for ReferencePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl VaultPattern {
    fn parse(part: &str) -> Self {
        if let Ok(id) = VaultId::parse(part) {
            Self::Id(id)
        } else if part.contains('*') {
            Self::Glob(Glob::new(fold(part)))
        } else {
            Self::Name(part.to_owned(), None)
        }
    }

    fn is_any(&self) -> bool {
        matches!(self, Self::Glob(glob) if glob.is_any())
    }

    fn covers(&self, vault: &Named<VaultId>) -> bool {
        match self {
            Self::Glob(glob) => glob.covers(&fold(&vault.name)),
            Self::Id(id) | Self::Name(_, Some(id)) => *id == vault.id,
            Self::Name(_, None) => false,
        }
    }
}

impl Segment {
    fn parse(part: &str) -> Self {
        match part {
            "*" => Self::Any,
            _ if is_id(part) => Self::Literal(part.to_owned()),
            _ if part.contains('*') => Self::Glob(Glob::new(fold(part))),
            _ => Self::Literal(fold(part)),
        }
    }

    fn covers(&self, id: &str, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Glob(glob) => glob.covers(&fold(name)),
            Self::Literal(text) if is_id(text) => id == text,
            Self::Literal(text) => fold(id) == *text || fold(name) == *text,
        }
    }
}

/// Id and name of item, section (if there is one) and field.
fn segments(reference: &ResolvedReference) -> Vec<(&str, &str)> {
    let item = &reference.item;
    let field = &reference.field;
    let mut segments = vec![(item.id.as_str(), item.name.as_str())];
    if let Some(section) = &reference.section {
        segments.push((section.id.as_str(), &section.name));
    }
    segments.push((field.id.as_str(), &field.name));
    segments
}

/// The name, or the id where the name could be misread in a pattern or on a screen.
pub(super) fn spelling<'a>(id: &'a str, name: &'a str) -> &'a str {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '@' | '+');
    let safe = name.chars().all(plain) && name.trim() == name && !name.starts_with('-');
    if !name.is_empty() && safe && !is_id(name) {
        name
    } else {
        id
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vault::{FieldId, ItemId, SectionId};

    const DEV: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    const DB: &str = "dbdbdbdbdbdbdbdbdbdbdbdbdb";

    fn vault(id: &str, name: &str) -> Named<VaultId> {
        Named {
            id: VaultId::parse(id).unwrap(),
            name: name.into(),
        }
    }

    /// `Dev/DB/password`, or `Dev/DB/admin/password` with a section.
    fn password(section: Option<&str>) -> ResolvedReference {
        ResolvedReference {
            vault: vault(DEV, "Dev"),
            item: Named {
                id: ItemId::parse(DB).unwrap(),
                name: "DB".into(),
            },
            section: section.map(|name| Named {
                id: SectionId::new("s1"),
                name: name.into(),
            }),
            field: Named {
                id: FieldId::new("f1"),
                name: "password".into(),
            },
        }
    }

    fn covers(pattern: &str, reference: &ResolvedReference) -> bool {
        let mut pattern = ReferencePattern::parse(pattern).unwrap();
        pattern.bind(&[vault(DEV, "Dev"), vault(DB, "Other")][..].into());
        pattern.covers(reference)
    }

    #[test]
    fn a_star_stands_for_one_segment_and_two_for_any_rest() {
        let plain = password(None);
        let in_section = password(Some("admin"));

        for (pattern, covers_plain, covers_in_section) in [
            ("op://Dev/DB/password", true, false),
            ("op://dev/db/PASSWORD", true, false),
            ("op://Dev/DB/*", true, false),
            ("op://Dev/DB/*/*", false, true),
            ("op://Dev/DB/admin/password", false, true),
            ("op://Dev/DB/admin/**", false, true),
            ("op://Dev/*/password", true, false),
            ("op://*/*/password", true, false),
            ("op://Dev/**", true, true),
            ("op://Dev/DB", true, true),
            ("op://Dev/*", true, true),
            ("op://Dev/D*", true, true),
            ("op://**", true, true),
            ("op://Other/**", false, false),
            ("op://Dev/DB/username", false, false),
        ] {
            assert_eq!(covers(pattern, &plain), covers_plain, "{pattern}");
            assert_eq!(covers(pattern, &in_section), covers_in_section, "{pattern}");
        }
    }

    #[test]
    fn ids_instead_of_names_are_covered_alike() {
        let pattern = format!("op://{DEV}/{DB}/f1");

        assert!(covers(&pattern, &password(None)));
    }

    #[test]
    fn an_id_is_never_matched_as_a_name_nor_by_a_glob() {
        let mut impostor = password(None);
        impostor.item = Named {
            id: ItemId::parse("cccccccccccccccccccccccccc").unwrap(),
            name: DB.into(),
        };

        assert!(!covers(&format!("op://Dev/{DB}/password"), &impostor));
        assert!(!covers("op://Dev/dbdb*/password", &password(None)));
    }

    #[test]
    fn a_vaults_name_that_two_vaults_have_covers_neither() {
        let mut pattern = ReferencePattern::parse("op://Dev/**").unwrap();
        assert!(!pattern.covers(&password(None)), "not bound yet");

        pattern.bind(&[vault(DEV, "Dev"), vault(DB, "DEV")][..].into());

        assert!(!pattern.covers(&password(None)));
    }

    #[test]
    fn a_bound_name_means_the_vault_and_not_its_later_namesake() {
        let mut pattern = ReferencePattern::parse("op://Dev/**").unwrap();
        pattern.bind(&[vault(DB, "Dev")][..].into());

        assert!(!pattern.covers(&password(None)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, error) in [
            ("Dev/DB/x", ReferencePatternError::Scheme),
            ("op://", ReferencePatternError::EmptySegment),
            ("op://Dev", ReferencePatternError::VaultOnly),
            ("op://Dev//x", ReferencePatternError::EmptySegment),
            ("op://**/x", ReferencePatternError::AnyRestInside),
            ("op://a/b/c/d/e", ReferencePatternError::Long),
        ] {
            assert_eq!(ReferencePattern::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn dots_are_a_name_and_lead_nowhere() {
        assert!(!covers("op://Other/../Dev/DB", &password(None)));
        assert!(!covers("op://Dev/../password", &password(None)));
    }

    proptest! {
        #[test]
        fn the_pattern_for_a_field_covers_it_and_not_its_neighbour(
            vault_name in "[a-zA-Z /*.'$ü-]{0,6}|Dev",
            item_name in "[a-z/*' ]{0,4}",
            field_name in "[a-z/*' ]{1,4}",
            section_name in proptest::option::of("[a-z/ ]{0,3}"),
        ) {
            let mut reference = password(section_name.as_deref());
            reference.vault.name = vault_name;
            reference.item.name = item_name;
            reference.field.name = field_name;
            let known = [reference.vault.clone(), vault(DB, "Dev")][..].into();

            let exact = ReferencePattern::exactly(&reference, &known);
            let mut read = ReferencePattern::parse(exact.as_str()).unwrap();
            read.bind(&known);
            let mut neighbour = reference.clone();
            neighbour.field = Named { id: FieldId::new("f2"), name: format!("{}x", reference.field.name) };

            prop_assert!(read.covers(&reference), "{}", exact);
            prop_assert!(!read.covers(&neighbour), "{}", exact);
        }

        #[test]
        fn no_text_makes_a_reference_pattern_panic(text in "(op://)?.{0,40}") {
            if let Ok(pattern) = ReferencePattern::parse(&text) {
                let _ = pattern.covers(&password(None));
            }
        }
    }
}
