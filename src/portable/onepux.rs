//! 1Password's `.1pux` (<https://support.1password.com/1pux-format/>): a zip archive of a list of items and their files.
//!
//! ```text
//! export.attributes   {"version": 3, …}
//! export.data         {"accounts": [{"vaults": [{"attrs": …, "items": […]}]}]}
//! files/ID__NAME      an attached file
//! ```
//! What 1Password's form has no word for (a field's exact type, a newer category) stands in members that begin with
//! `hushkey`, which other programs pass over.

use std::io::{Cursor, Read};

use zeroize::Zeroizing;
use zip::ZipArchive;

use super::{MAX_FILES_BYTES, MAX_ITEMS_BYTES, Portable, PortableError};
use crate::vault::Category;

mod items;
mod value;
mod write;

pub use write::write;

const DATA: &str = "export.data";
const FILES: &str = "files/";

/// Entries that an archive may have.
const MAX_ENTRIES: usize = 200_000;

/// Categories by the numbers that 1Password gives them.
const CATEGORIES: [(&str, Category); 21] = [
    ("001", Category::Login),
    ("002", Category::CreditCard),
    ("003", Category::SecureNote),
    ("004", Category::Identity),
    ("005", Category::Password),
    ("006", Category::Document),
    ("100", Category::SoftwareLicense),
    ("101", Category::BankAccount),
    ("102", Category::Database),
    ("103", Category::DriverLicense),
    ("104", Category::OutdoorLicense),
    ("105", Category::Membership),
    ("106", Category::Passport),
    ("107", Category::RewardProgram),
    ("108", Category::SocialSecurityNumber),
    ("109", Category::WirelessRouter),
    ("110", Category::Server),
    ("111", Category::EmailAccount),
    ("112", Category::ApiCredential),
    ("113", Category::MedicalRecord),
    ("114", Category::SshKey),
];

/// Reads an archive.
///
/// # Errors
/// [`PortableError`]
pub fn read(bytes: &[u8]) -> Result<Portable, PortableError> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| PortableError::NoArchive)?;
    if archive.len() > MAX_ENTRIES {
        return Err(PortableError::NoArchive);
    }
    let mut archive = Archive {
        archive,
        left: MAX_FILES_BYTES,
    };
    let data = archive.data()?;
    items::read(&data, &mut archive)
}

/// An archive, and how many bytes of files may still be taken from it.
struct Archive<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
}

impl Archive<'_> {
    fn data(&mut self) -> Result<Zeroizing<Vec<u8>>, PortableError> {
        let entry = self.archive.by_name(DATA);
        let entry = entry.map_err(|_| PortableError::Missing("the list of items, export.data,"))?;
        unpacked(entry, MAX_ITEMS_BYTES)?.ok_or(PortableError::TooLarge {
            what: "the list of items",
            limit: MAX_ITEMS_BYTES,
            remedy: "export fewer vaults at a time",
        })
    }

    /// The content of an attached file; `None` if it is not in the archive.
    fn file(&mut self, id: &str, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, PortableError> {
        let Ok(entry) = self.archive.by_name(&format!("{FILES}{id}__{name}")) else {
            return Ok(None);
        };
        let content = unpacked(entry, self.left)?.ok_or(PortableError::TooLarge {
            what: "what is attached to items",
            limit: MAX_FILES_BYTES,
            remedy: "leave it out with --skip-files and attach it with `hushkey file attach`",
        })?;
        self.left -= content.len() as u64;
        Ok(Some(content))
    }
}

/// All of an entry, or `None` if that is more than `limit` bytes, whatever the archive says of its size.
fn unpacked(entry: impl Read, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, PortableError> {
    let mut content = Zeroizing::new(Vec::new());
    entry
        .take(limit + 1)
        .read_to_end(&mut content)
        .map_err(|_| PortableError::NoArchive)?;
    Ok((content.len() as u64 <= limit).then_some(content))
}

#[cfg(test)]
mod tests;
