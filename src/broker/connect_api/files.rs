//! Items' files, for programs: what they are called, and what is in them.

use crate::{
    access::ConnectClient,
    audit::Verb,
    broker::{Broker, BrokerError, connect_api::record::Need},
    vault::{FileContent, FileId, FileMetadata, ItemId, Noun, VaultError, VaultId},
};

/// Bytes of what is given out at once: a file, or all that come along with their descriptions. What a file holds is in memory until
/// the last byte has gone.
const LARGEST: u64 = 16 << 20;

/// How much of a file may come along with its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inline {
    /// All of it, if it has no more than so many bytes.
    AtMost(u64),
    /// Nothing.
    No,
}

impl Broker {
    /// Lists an item's files. With `inline`, each with its content; `Ok(None)` when one is too large for that.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn client_files(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        item: &ItemId,
        inline: Inline,
    ) -> Result<Option<Vec<(FileMetadata, Option<FileContent>)>>, BrokerError> {
        let allowed = self
            .permit_client(client, Need::Read, inline.verb(), vault, Some(item))
            .await?;
        let found = async {
            let files = self.vault.metadata(vault, item).await?.files;
            self.with_content(vault, item, files, inline).await
        };
        let found = found.await;
        self.unless_failed(allowed, found).await
    }

    /// Looks at one file. With `inline`, its content too; `Ok(None)` when it is too large for that.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn client_file(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
        inline: Inline,
    ) -> Result<Option<(FileMetadata, Option<FileContent>)>, BrokerError> {
        let allowed = self
            .permit_client(client, Need::Read, inline.verb(), vault, Some(item))
            .await?;
        let found = async {
            let found = self.file_of(vault, item, file).await?;
            self.with_content(vault, item, vec![found], inline).await
        };
        let found = found.await;
        let files = self.unless_failed(allowed, found).await?;
        Ok(files.and_then(|mut files| files.pop()))
    }

    /// Reads what is in a file; `Ok(None)` when it is too large.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn client_file_content(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<Option<(FileMetadata, FileContent)>, BrokerError> {
        let allowed = self
            .permit_client(client, Need::Read, Verb::Reveal, vault, Some(item))
            .await?;
        let found = async {
            let metadata = self.file_of(vault, item, file).await?;
            if metadata.size > LARGEST {
                return Ok(None);
            }
            let content = self.vault.file_content(vault, item, file).await?;
            Ok(Some((metadata, content)))
        };
        let found = found.await;
        self.unless_failed(allowed, found).await
    }

    async fn file_of(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<FileMetadata, BrokerError> {
        let files = self.vault.metadata(vault, item).await?.files;
        let found = files.into_iter().find(|known| known.id == *file);
        Ok(found.ok_or_else(|| VaultError::NotFound {
            noun: Noun::File,
            name: file.to_string(),
        })?)
    }

    async fn with_content(
        &self,
        vault: &VaultId,
        item: &ItemId,
        files: Vec<FileMetadata>,
        inline: Inline,
    ) -> Result<Option<Vec<(FileMetadata, Option<FileContent>)>>, BrokerError> {
        let together: u64 = files.iter().map(|file| file.size).sum();
        if inline != Inline::No && together > LARGEST {
            return Ok(None);
        }
        let mut all = Vec::with_capacity(files.len());
        for file in files {
            let content = match inline {
                Inline::No => None,
                Inline::AtMost(most) if file.size > most => return Ok(None),
                Inline::AtMost(_) => Some(self.vault.file_content(vault, item, &file.id).await?),
            };
            all.push((file, content));
        }
        Ok(Some(all))
    }
}

impl Inline {
    fn verb(self) -> Verb {
        match self {
            Self::AtMost(_) => Verb::Reveal,
            Self::No => Verb::ReadItem,
        }
    }
}
