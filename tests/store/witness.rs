//! Asks a store that may have been tampered with what it has been asked before.

use std::path::Path;

use hushkey::{
    backend::local::LocalVault,
    vault::{Environments, FileId, ItemId, ItemState, Vault, VaultError, VaultId},
};
use rusqlite::Connection;

use crate::support::{kek_in, store_in, texts, values};

/// Something to ask a store.
#[derive(Clone)]
pub(crate) enum Question {
    Environments,
    File(VaultId, ItemId, FileId),
    Head,
    Item(VaultId, ItemId),
    Items(VaultId, ItemState),
    Metadata(VaultId, ItemId),
    Titled(VaultId, &'static str),
    Vaults,
}

/// Questions by name, each with the answer of the sound store.
#[derive(Default)]
pub(crate) struct Witness {
    known: Vec<(&'static str, Question, String)>,
}

/// What a store answered that may have been tampered with.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Questions that were refused.
    pub(crate) refused: Vec<&'static str>,
    /// Questions that were answered with something that is not true.
    pub(crate) lies: Vec<String>,
}

impl Witness {
    /// Asks a sound store and remembers the answer.
    pub(crate) async fn ask(&mut self, store: &LocalVault, name: &'static str, question: Question) {
        let answer = question.ask(store).await.unwrap();
        self.known.push((name, question, answer));
    }

    /// Opens the store in a directory, which may itself be refused, and compares every answer.
    pub(crate) async fn judge(&self, home: &Path) -> Verdict {
        let mut verdict = Verdict::default();
        let store = match LocalVault::open(&store_in(home), &kek_in(home)) {
            Ok(store) => store,
            Err(e) => {
                assert!(is_refusal(&e), "{e:?}");
                verdict.refused.push("open");
                return verdict;
            }
        };
        for (name, question, truth) in &self.known {
            match question.ask(&store).await {
                Ok(answer) if answer == *truth => {}
                Ok(answer) => verdict.lies.push(format!("{name}: {answer}")),
                Err(e) if is_refusal(&e) => verdict.refused.push(name),
                Err(e) => verdict.lies.push(format!("{name}: {e:?}")),
            }
        }
        verdict
    }
}

impl Question {
    /// The answer as text. "Not there" is an answer; every other error is not.
    async fn ask(&self, store: &LocalVault) -> Result<String, VaultError> {
        let answer = match self {
            Self::Environments => store.environments().await.map(|all| debug(texts(&all))),
            Self::File(vault, item, file) => {
                let content = store.file_content(vault, item, file).await;
                content.map(|content| debug(content.expose_secret()))
            }
            Self::Head => store.head().await.map(debug),
            Self::Item(vault, item) => {
                let item = store.item(vault, item).await;
                item.map(|item| debug((item.metadata(), values(&item))))
            }
            Self::Items(vault, state) => store.items(vault, *state).await.map(debug),
            Self::Metadata(vault, item) => store.metadata(vault, item).await.map(debug),
            Self::Titled(vault, title) => store.items_titled(vault, title).await.map(debug),
            Self::Vaults => store.vaults().await.map(debug),
        };
        match answer {
            Err(VaultError::NotFound { .. }) => Ok("not there".to_owned()),
            other => other,
        }
    }
}

/// Moves everything from the write-ahead log into the store's file.
pub(crate) fn fold_log(home: &Path) {
    let connection = Connection::open(store_in(home)).unwrap();
    let busy: bool = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert!(!busy);
}

fn is_refusal(error: &VaultError) -> bool {
    matches!(
        error,
        VaultError::Corrupted { .. } | VaultError::Unavailable { .. }
    )
}

fn debug(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}
