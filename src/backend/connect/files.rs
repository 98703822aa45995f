//! Items' files on a Connect server, which can be read and nothing else.

use std::io::Write;

use super::{ConnectVault, Fault};
use crate::vault::{FileContent, FileId, ItemId, Noun, VaultError, VaultId};

/// A file that is asked for as one value, rather than saved, may have so many bytes.
const LARGEST_VALUE: u64 = 16 << 20;

impl ConnectVault {
    /// The content of an item's file, as one value.
    pub(super) async fn content(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<FileContent, VaultError> {
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        let answer = self
            .client
            .content(vault, item, file, LARGEST_VALUE, &mut *bytes);
        let answer = answer.await;
        match answer {
            Err(Fault::TooLarge { .. }) => Err(VaultError::Refused(format!(
                "the file has more than {LARGEST_VALUE} bytes, too many for a value; `hushkey file save` writes it to a file"
            ))),
            answer => {
                self.learn_read(vault, answer, Noun::File, file.as_str())?;
                Ok(FileContent::new(std::mem::take(&mut *bytes)))
            }
        }
    }

    /// Writes the content of an item's file, piece by piece.
    pub(super) async fn save(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
        into: &mut (dyn Write + Send),
    ) -> Result<u64, VaultError> {
        // A file is never longer than it is said to be.
        let told = self.client.file(vault, item, file).await;
        let told = self.learn_read(vault, told, Noun::File, file.as_str())?;
        let most = self.client.limits().file_bytes;
        if told.size > most {
            return Err(VaultError::Refused(format!(
                "the file has {} bytes, more than the {most} that are fetched",
                told.size
            )));
        }
        let saved = self
            .client
            .content(vault, item, file, told.size, into)
            .await;
        let saved = self.learn_read(vault, saved, Noun::File, file.as_str())?;
        if saved != told.size {
            return Err(VaultError::Unavailable {
                message: format!(
                    "the Connect server sent {saved} of the file's {} bytes; try again",
                    told.size
                ),
                source: None,
            });
        }
        Ok(saved)
    }
}
