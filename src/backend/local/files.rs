//! Items' files in the store. An item's overview lists them; the content of each is sealed by itself and never
//! changes, so that its seal, bound to the file's id, is proof enough.

use rusqlite::OptionalExtension;

use crate::{
    backend::local::{
        record::StoredItem,
        session::{Session, broken},
    },
    vault::{
        FileContent, FileId, FileMetadata, ItemId, ItemMetadata, NewFile, Noun, VaultError, VaultId,
    },
};

/// The largest file that can be attached, in bytes: it is held in memory as a whole.
const LARGEST: usize = 64 << 20;

impl Session<'_> {
    /// The content of an item's file.
    pub(super) fn file_content(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<FileContent, VaultError> {
        let stored = self.stored(vault, item)?;
        position(&stored, file)?;
        let sealed: Option<Vec<u8>> = self
            .transaction
            .prepare_cached("SELECT sealed FROM files WHERE id = ?1 AND item = ?2")?
            .query_row((file.as_str(), item.as_str()), |row| row.get(0))
            .optional()?;
        let sealed = sealed.ok_or_else(|| VaultError::Corrupted { what: named(file) })?;
        let (key, bound) = self.keys.file(vault, item, file);
        let mut plain = key.open(&bound, &sealed).map_err(broken(|| named(file)))?;
        Ok(FileContent::new(std::mem::take(&mut *plain)))
    }

    /// Attaches a file to an item.
    pub(super) fn attach_file(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
        file: NewFile,
    ) -> Result<ItemMetadata, VaultError> {
        let before = self.stored(vault, item)?;
        let content = file.content.expose_secret();
        check(&before, &file, content.len())?;
        let id = FileId::random();
        let (key, bound) = self.keys.file(vault, item, &id);
        let sealed = key.seal(&bound, content);
        self.transaction
            .prepare_cached("INSERT INTO files (id, item, sealed) VALUES (?1, ?2, ?3)")?
            .execute((id.as_str(), item.as_str(), &sealed))?;
        let mut after = before.clone();
        after.metadata.files.push(FileMetadata {
            id,
            size: content.len() as u64,
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

fn check(item: &StoredItem, file: &NewFile, size: usize) -> Result<(), VaultError> {
    let invalid = |message: String| Err(VaultError::Invalid(message));
    if file.name.trim().is_empty() || file.name.contains(['/', '\0']) {
        return invalid("a file needs a name, without a directory".to_owned());
    }
    if size > LARGEST {
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
