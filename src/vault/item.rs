//! Vaults, items, sections, fields and files, in 1Password's own words.
//!
//! A type whose name ends in `Overview` or `Metadata` holds no field's value; only [`Item`] and what
//! makes one ([`NewItem`], [`Field`], [`NewFile`]) do. Nothing here can be serialized: each front-end and backend has
//! its own view.

use jiff::Timestamp;

use crate::vault::{
    FieldId, FileId, ItemId, SectionId, VaultId, reference::ResolvedReference, secret::Secret,
};

/// A vault, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultOverview {
    /// The vault's id.
    pub id: VaultId,
    /// Its name; a backend may hold two of the same name.
    pub name: String,
    /// Free text; empty when there is none.
    pub description: String,
    /// How many active items it holds.
    pub items: u64,
    /// Changes whenever name or description change.
    pub attribute_version: u64,
    /// Changes whenever an item of it changes.
    pub content_version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything about it changed last.
    pub updated_at: Timestamp,
}

/// What a new vault needs.
#[derive(Clone, Debug, Default)]
pub struct NewVault {
    /// Its name.
    pub name: String,
    /// Free text; may be empty.
    pub description: String,
}

/// What to change about a vault; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct VaultEdit {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
}

/// An item without its fields, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemOverview {
    /// The item's id.
    pub id: ItemId,
    /// The vault that holds it.
    pub vault: VaultId,
    /// Its title; several items may share one.
    pub title: String,
    /// What kind of item it is.
    pub category: Category,
    /// Web addresses it belongs to.
    pub urls: Vec<ItemUrl>,
    /// Labels for finding it.
    pub tags: Vec<String>,
    /// Whether a person marked it.
    pub favorite: bool,
    /// Whether it is in use or put away.
    pub state: ItemState,
    /// Starts at 1 and grows by one with each change.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Who changed it last: `owner`, an agent's name, or a backend's user id.
    pub last_edited_by: Option<String>,
}

/// A web address of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemUrl {
    /// The address as it was entered.
    pub href: String,
    /// What it is for.
    pub label: Option<String>,
    /// Whether it is the item's main address.
    pub primary: bool,
}

/// Whether an item is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// In use.
    Active,
    /// Put away: not listed, not resolved, can be brought back.
    Archived,
}

/// All that may be told of an item: everything but values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemMetadata {
    /// Title, category, dates.
    pub overview: ItemOverview,
    /// Named groups of fields, in order.
    pub sections: Vec<Section>,
    /// Fields without their values, in order.
    pub fields: Vec<FieldMetadata>,
    /// Attached files without their content.
    pub files: Vec<FileMetadata>,
}

/// A named group of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The section's id.
    pub id: SectionId,
    /// Its label; may be empty.
    pub label: String,
}

/// A field without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldMetadata {
    /// The field's id.
    pub id: FieldId,
    /// The section it stands in, if any.
    pub section: Option<SectionId>,
    /// What a person calls it.
    pub label: String,
    /// How its value is to be read.
    pub kind: FieldType,
    /// Its part in signing in, if it has one.
    pub purpose: Option<Purpose>,
    /// Whether it has a value that is not empty.
    pub set: bool,
    /// Where its value was copied from, oldest first: the rules for these fields still hold for it.
    pub origins: Vec<ResolvedReference>,
}

impl FieldMetadata {
    /// Tells whether the value is a secret: by type, purpose, or because it is an API credential.
    #[must_use]
    pub fn concealed(&self) -> bool {
        self.kind.concealed()
            || self.purpose.is_some_and(Purpose::concealed)
            || self.id.as_str() == "credential"
    }
}

/// A field with its value.
#[derive(Clone, Debug)]
pub struct Field {
    /// Everything but the value. `metadata.set` follows `value` whenever a backend stores the field.
    pub metadata: FieldMetadata,
    /// The value; `None` when it is empty.
    pub value: Option<Secret>,
}

/// An attached file without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMetadata {
    /// The file's id.
    pub id: FileId,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The section it stands in, if any.
    pub section: Option<SectionId>,
}

/// An item with its values: only the broker and the backends hold one.
#[derive(Clone, Debug)]
pub struct Item {
    /// Title, category, version, dates.
    pub overview: ItemOverview,
    /// Named groups of fields.
    pub sections: Vec<Section>,
    /// Fields with their values.
    pub fields: Vec<Field>,
    /// Attached files; their content is fetched apart.
    pub files: Vec<FileMetadata>,
}

impl Item {
    /// Everything but the values.
    #[must_use]
    pub fn metadata(&self) -> ItemMetadata {
        ItemMetadata {
            overview: self.overview.clone(),
            sections: self.sections.clone(),
            fields: self.fields.iter().map(|f| f.metadata.clone()).collect(),
            files: self.files.clone(),
        }
    }
}

/// What a new item needs; the backend gives it id, version and dates.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// Its title.
    pub title: String,
    /// What kind of item it is.
    pub category: Category,
    /// Web addresses.
    pub urls: Vec<ItemUrl>,
    /// Labels.
    pub tags: Vec<String>,
    /// Whether it is marked.
    pub favorite: bool,
    /// Named groups of fields.
    pub sections: Vec<Section>,
    /// Fields with their values.
    pub fields: Vec<Field>,
    /// Who makes it: `owner` or an agent's name.
    pub created_by: Option<String>,
}

/// A file to attach.
pub struct NewFile {
    /// Its name, without a path.
    pub name: String,
    /// The section to put it in.
    pub section: Option<SectionId>,
    /// How many bytes it has.
    pub size: u64,
    /// Its bytes, read piece by piece.
    pub content: Box<dyn std::io::Read + Send>,
}

impl std::fmt::Debug for NewFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewFile")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Items that go into one vault together.
#[derive(Debug)]
pub struct Batch {
    /// The vault.
    pub vault: BatchVault,
    /// The items, in order.
    pub items: Vec<WholeItem>,
}

/// The vault that a batch goes into.
#[derive(Debug)]
pub enum BatchVault {
    /// One that is made with the items.
    New(NewVault),
    /// One that is there.
    There(VaultId),
}

/// A new item with its files.
#[derive(Debug)]
pub struct WholeItem {
    /// The item.
    pub item: NewItem,
    /// Its files.
    pub files: Vec<NewFile>,
    /// Whether it is put away at once.
    pub archived: bool,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A word that a newer backend uses; kept as it came.
            Other(String),
        }

        impl $name {
            /// Every word that is known.
            pub const KNOWN: &'static [&'static str] = &[$($word),+];

            /// The word as 1Password writes it: upper case, underscores.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }

            /// Reads a word in any case, with `-` or a space for `_`; an unknown one is kept.
            #[must_use]
            pub fn read(word: &str) -> Self {
                let folded = word.trim().to_ascii_uppercase().replace(['-', ' '], "_");
                match folded.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(folded),
                }
            }

            /// Reads a word as [`Self::read`] does, and refuses an unknown one.
            #[must_use]
            pub fn known(word: &str) -> Option<Self> {
                match Self::read(word) {
                    Self::Other(_) => None,
                    known => Some(known),
                }
            }
        }
    };
}

words!(
    /// What kind of item it is.
    Category {
        /// A key for a program's interface.
        ApiCredential = "API_CREDENTIAL",
        /// An account at a bank.
        BankAccount = "BANK_ACCOUNT",
        /// A payment card.
        CreditCard = "CREDIT_CARD",
        /// A category of the account's own making.
        Custom = "CUSTOM",
        /// Sign-in to a database.
        Database = "DATABASE",
        /// A file with a name.
        Document = "DOCUMENT",
        /// A driving licence.
        DriverLicense = "DRIVER_LICENSE",
        /// An e-mail account.
        EmailAccount = "EMAIL_ACCOUNT",
        /// A person's particulars.
        Identity = "IDENTITY",
        /// User name and password.
        Login = "LOGIN",
        /// A medical record.
        MedicalRecord = "MEDICAL_RECORD",
        /// A membership.
        Membership = "MEMBERSHIP",
        /// A licence for hunting, fishing and the like.
        OutdoorLicense = "OUTDOOR_LICENSE",
        /// A passport.
        Passport = "PASSPORT",
        /// A password without a user name.
        Password = "PASSWORD",
        /// A reward programme.
        RewardProgram = "REWARD_PROGRAM",
        /// Text that is secret as a whole.
        SecureNote = "SECURE_NOTE",
        /// Sign-in to a server.
        Server = "SERVER",
        /// A social security number.
        SocialSecurityNumber = "SOCIAL_SECURITY_NUMBER",
        /// A licence of a program.
        SoftwareLicense = "SOFTWARE_LICENSE",
        /// A key pair for SSH.
        SshKey = "SSH_KEY",
        /// A wireless router.
        WirelessRouter = "WIRELESS_ROUTER",
    }
);

words!(
    /// How a field's value is to be read.
    FieldType {
        /// A postal address.
        Address = "ADDRESS",
        /// A secret text.
        Concealed = "CONCEALED",
        /// A card's number.
        CreditCardNumber = "CREDIT_CARD_NUMBER",
        /// A card's brand.
        CreditCardType = "CREDIT_CARD_TYPE",
        /// A day.
        Date = "DATE",
        /// An e-mail address.
        Email = "EMAIL",
        /// A file.
        File = "FILE",
        /// A gender.
        Gender = "GENDER",
        /// One of several words.
        Menu = "MENU",
        /// A month of a year.
        MonthYear = "MONTH_YEAR",
        /// The seed of one-time passwords.
        Otp = "OTP",
        /// A telephone number.
        Phone = "PHONE",
        /// A link to another item.
        Reference = "REFERENCE",
        /// A private key for SSH.
        SshKey = "SSHKEY",
        /// Plain text.
        String = "STRING",
        /// A web address.
        Url = "URL",
    }
);

impl FieldType {
    /// Tells whether values of this type are secret. A type that is not known is.
    #[must_use]
    pub fn concealed(&self) -> bool {
        matches!(
            self,
            Self::Concealed
                | Self::CreditCardNumber
                | Self::File
                | Self::Otp
                | Self::SshKey
                | Self::Other(_)
        )
    }
}

/// A field's part in signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The item's notes.
    Notes,
    /// The password.
    Password,
    /// The user name.
    Username,
}

impl Purpose {
    /// The word as 1Password writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notes => "NOTES",
            Self::Password => "PASSWORD",
            Self::Username => "USERNAME",
        }
    }

    /// Reads a word in any case; `None` for anything else.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        match word.to_ascii_uppercase().as_str() {
            "NOTES" => Some(Self::Notes),
            "PASSWORD" => Some(Self::Password),
            "USERNAME" => Some(Self::Username),
            _ => None,
        }
    }

    /// Tells whether values with this purpose are secret.
    #[must_use]
    pub fn concealed(self) -> bool {
        matches!(self, Self::Notes | Self::Password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_category_and_type_reads_back() {
        for word in Category::KNOWN {
            assert_eq!(Category::known(word).unwrap().as_str(), *word);
        }
        for word in FieldType::KNOWN {
            assert_eq!(
                FieldType::known(&word.to_lowercase()).unwrap().as_str(),
                *word
            );
        }
    }

    #[test]
    fn an_unknown_type_is_kept_and_concealed() {
        let kind = FieldType::read("quantum");

        assert_eq!(kind.as_str(), "QUANTUM");
        assert!(kind.concealed());
        assert_eq!(FieldType::known("quantum"), None);
    }
}
