//! Identifiers of vaults, items, sections, fields, files and environments.
//!
//! Vaults, items, files and environments have 26 characters of lower-case base32, as 1Password's have; sections
//! and fields have free-form ids (`username`, `notesPlain`, or one of ours).

use std::fmt;

/// Why a text is not an id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an id has 26 lower-case letters and digits")]
pub struct NotAnId;

/// Tells whether a text has the form of a vault's, item's or file's id: `^[a-z0-9]{26}$`.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 26
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Makes 26 characters of base32 from the system's random numbers: 128 random bits.
fn random_id() -> String {
    let mut bytes = [0_u8; 16];
    rand::Fill::fill_slice(&mut bytes, &mut crate::seal::system_rng());
    data_encoding::BASE32_NOPAD
        .encode(&bytes)
        .to_ascii_lowercase()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Makes a new random id.
            #[must_use]
            pub fn random() -> Self {
                Self(random_id())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! strict {
    ($name:ident) => {
        impl $name {
            /// Parses an id; the text must have the id's form.
            ///
            /// # Errors
            /// [`NotAnId`] for anything else.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                if is_id(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NotAnId)
                }
            }
        }
    };
}

macro_rules! free {
    ($name:ident) => {
        impl $name {
            /// Takes an id as a backend gave it.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }
        }
    };
}

id!(
    /// A vault's id.
    VaultId
);
strict!(VaultId);

id!(
    /// The id of a Connect server of ours, as its tokens name it.
    ServerId
);
strict!(ServerId);

id!(
    /// The id of a Connect server's token: its `jti`.
    TokenId
);
strict!(TokenId);

id!(
    /// The id of a group that manages Connect servers of ours.
    GroupId
);
strict!(GroupId);

id!(
    /// An item's id, unique over all vaults.
    ItemId
);
strict!(ItemId);

id!(
    /// A file's id, unique over all items.
    FileId
);
strict!(FileId);

id!(
    /// An environment's id.
    EnvironmentId
);
strict!(EnvironmentId);

id!(
    /// A section's id, unique within its item.
    SectionId
);
free!(SectionId);

id!(
    /// A field's id, unique within its item: `username`, `password`, `notesPlain`, `credential`, or 26 characters.
    FieldId
);
free!(FieldId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_id_has_the_form_of_an_id() {
        let id = ItemId::random();

        assert_eq!(ItemId::parse(id.as_str()), Ok(id));
    }
}
