//! Items' files in the store. An item's overview lists them; the content of each is sealed by itself and never
//! changes, so that its seal, bound to the file's id, is proof enough.
//!
//! ```text
//! up to 1 MiB    one seal over the content
//! larger         a seal over each MiB, one behind the other; each bound to its number and to how many there are
//! ```
//! So a large file is neither written nor read as a whole.

use std::io::{Read, Write};

use rusqlite::{MAIN_DB, OptionalExtension};
use zeroize::Zeroizing;

use crate::{
    backend::local::{
        record::StoredItem,
        session::{Session, broken},
    },
    seal::OVERHEAD,
    vault::{
        FileContent, FileId, FileMetadata, ItemId, ItemMetadata, NewFile, Noun, VaultError, VaultId,
    },
};

/// The largest file that can be attached, in bytes: SQLite's own limit for one value is just below 1 GB.
const LARGEST: u64 = 512 << 20;
/// The largest file that is given out as one value.
const LARGEST_VALUE: u64 = 16 << 20;
/// Bytes under one seal.
const PIECE: u64 = 1 << 20;

/// A file's place in the store.
struct Place<'a> {
    vault: &'a VaultId,
    item: &'a ItemId,
    file: &'a FileId,
}

impl Session<'_> {
    /// The content of an item's file, as one value.
    pub(super) fn file_content(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<FileContent, VaultError> {
        let stored = self.stored(vault, item)?;
        let size = stored.metadata.files[position(&stored, file)?].size;
        if size > LARGEST_VALUE {
            return Err(VaultError::Refused(format!(
                "the file has {size} bytes, too many for a value; `hushkey file save` writes it to a file"
            )));
        }
        let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0)));
        self.read_pieces(&Place { vault, item, file }, size, &mut *content)?;
        Ok(FileContent::new(std::mem::take(&mut *content)))
    }

    /// Writes the content of an item's file, piece by piece.
    pub(super) fn save_file(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
        mut into: Box<dyn Write + Send>,
    ) -> Result<u64, VaultError> {
        let stored = self.stored(vault, item)?;
        let size = stored.metadata.files[position(&stored, file)?].size;
        self.read_pieces(&Place { vault, item, file }, size, &mut *into)?;
        Ok(size)
    }

    /// Opens each seal of a file; for a full check too, which writes nowhere.
    pub(super) fn read_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileMetadata,
        into: &mut (dyn Write + Send),
    ) -> Result<(), VaultError> {
        let file_id = &file.id;
        self.read_pieces(
            &Place {
                vault,
                item,
                file: file_id,
            },
            file.size,
            into,
        )
    }

    /// Attaches a file to an item.
    pub(super) fn attach_file(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
        mut file: NewFile,
    ) -> Result<ItemMetadata, VaultError> {
        let before = self.stored(vault, item)?;
        check(&before, &file)?;
        let id = FileId::random();
        let place = Place {
            vault,
            item,
            file: &id,
        };
        self.write_pieces(&place, &mut file)?;
        let mut after = before.clone();
        after.metadata.files.push(FileMetadata {
            id,
            size: file.size,
            name: file.name,
            section: file.section,
        });
        self.change_item(&before, &mut after, None)?;
        Ok(after.metadata)
    }

    /// Removes a file from an item.
    pub(super) fn detach_file(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<ItemMetadata, VaultError> {
        let before = self.stored(vault, item)?;
        let at = position(&before, file)?;
        self.transaction
            .prepare_cached("DELETE FROM files WHERE id = ?1")?
            .execute([file.as_str()])?;
        let mut after = before.clone();
        after.metadata.files.remove(at);
        self.change_item(&before, &mut after, None)?;
        Ok(after.metadata)
    }

    fn write_pieces(&mut self, place: &Place<'_>, file: &mut NewFile) -> Result<(), VaultError> {
        let pieces = pieces(file.size);
        let stored = file.size + pieces * OVERHEAD as u64;
        self.transaction
            .prepare_cached("INSERT INTO files (id, item, sealed) VALUES (?1, ?2, zeroblob(?3))")?
            .execute((place.file.as_str(), place.item.as_str(), stored))?;
        let row = self.transaction.last_insert_rowid();
        let mut blob = self
            .transaction
            .blob_open(MAIN_DB, "files", "sealed", row, false)?;
        let mut left = file.size;
        for number in 0..pieces {
            let size = usize::try_from(left.min(PIECE)).unwrap_or(0);
            let mut plain = Zeroizing::new(vec![0; size]);
            file.content.read_exact(&mut plain).map_err(unreadable)?;
            let (key, bound) = self
                .keys
                .piece(place.vault, place.item, place.file, number, pieces);
            blob.write_all(&key.seal(&bound, &plain))
                .map_err(|error| unwritable(&error))?;
            left -= size as u64;
        }
        // A file that grows while it is read is not the one that was meant.
        match file.content.read(&mut [0]) {
            Ok(0) => Ok(blob.close()?),
            Ok(_) => Err(VaultError::Invalid(
                "the file changed while it was read; try again".to_owned(),
            )),
            Err(error) => Err(unreadable(error)),
        }
    }

    fn read_pieces(
        &self,
        place: &Place<'_>,
        size: u64,
        into: &mut (dyn Write + Send),
    ) -> Result<(), VaultError> {
        let missing = || VaultError::Corrupted {
            what: named(place.file),
        };
        let row: Option<(i64, u64)> = self
            .transaction
            .prepare_cached("SELECT rowid, length(sealed) FROM files WHERE id = ?1 AND item = ?2")?
            .query_row((place.file.as_str(), place.item.as_str()), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (row, stored) = row.ok_or_else(missing)?;
        let (pieces, overhead) = (pieces(size), OVERHEAD as u64);
        if stored != size + pieces * overhead {
            return Err(missing());
        }
        let mut blob = self
            .transaction
            .blob_open(MAIN_DB, "files", "sealed", row, true)?;
        let mut left = size;
        for number in 0..pieces {
            let length = left.min(PIECE);
            let mut sealed = vec![0; usize::try_from(length + overhead).unwrap_or(0)];
            blob.read_exact(&mut sealed).map_err(|_| missing())?;
            let (key, bound) = self
                .keys
                .piece(place.vault, place.item, place.file, number, pieces);
            let plain = key
                .open(&bound, &sealed)
                .map_err(broken(|| named(place.file)))?;
            into.write_all(&plain).map_err(|error| unsaved(&error))?;
            left -= length;
        }
        into.flush().map_err(|error| unsaved(&error))
    }
}

/// How many seals a file of this size has.
fn pieces(size: u64) -> u64 {
    size.div_ceil(PIECE).max(1)
}

/// A file in an error's words.
pub(super) fn named(id: &FileId) -> String {
    format!("file {id}")
}

fn position(stored: &StoredItem, file: &FileId) -> Result<usize, VaultError> {
    let files = &stored.metadata.files;
    files
        .iter()
        .position(|f| f.id == *file)
        .ok_or_else(|| VaultError::NotFound {
            noun: Noun::File,
            name: file.to_string(),
        })
}

fn check(item: &StoredItem, file: &NewFile) -> Result<(), VaultError> {
    let invalid = |message: String| Err(VaultError::Invalid(message));
    if file.name.trim().is_empty() || file.name.contains(['/', '\0']) {
        return invalid("a file needs a name, without a directory".to_owned());
    }
    if file.size > LARGEST {
        return invalid(format!("a file may have at most {} MiB", LARGEST >> 20));
    }
    if let Some(id) = &file.section
        && !item
            .metadata
            .sections
            .iter()
            .any(|section| section.id == *id)
    {
        return invalid("the file's section is not there".to_owned());
    }
    Ok(())
}

fn unreadable(error: std::io::Error) -> VaultError {
    VaultError::Invalid(match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            "the file changed while it was read; try again".to_owned()
        }
        kind => format!("the file can't be read: {kind}"),
    })
}

fn unsaved(error: &std::io::Error) -> VaultError {
    VaultError::Refused(format!("the file can't be written: {}", error.kind()))
}

fn unwritable(error: &std::io::Error) -> VaultError {
    VaultError::Unavailable {
        message: format!("the store can't be written: {}", error.kind()),
        source: None,
    }
}
