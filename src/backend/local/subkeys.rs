//! The store's keys, one a purpose, and what each seal is bound to.
//!
//! Only this file decides what a seal or MAC covers; the rest of the store asks for "the overview of this
//! item at this version". It does not know SQLite.
//!
//! ```text
//! data key ── store/integrity ── head, node, place, proof       vouch for all records, of every vault
//!          ├─ store/vault/ID ─── details, file, overview, title, vault      all of one vault
//!          └─ store/environments
//! ```
//! So that what one vault holds can be lent ([`LentKeys`]) without any other's.

use crate::{
    seal::{self, DataKey, Subkey},
    vault::{FileId, ItemId, ItemState, VaultId},
};

mod lent;
mod of_vault;

pub use lent::LentKeys;
use of_vault::{OneKey, VaultKeys, Vaults};

/// The last bytes of a sealed record: they name exactly that record, and stand for it elsewhere.
pub(super) type Tag = [u8; seal::TAG];

/// The blind index of a title: equal titles of a vault have equal ones, and nobody can tell which title.
pub(super) type TitleIndex = [u8; 16];

/// Where an entry stands in the tree; see [`super::tree`].
pub(super) type Place = [u8; 16];

/// An HMAC-SHA-256.
pub(super) type Mac = [u8; 32];

/// All keys of one store, or those that were lent, with the store's id, which every seal is bound to.
pub(super) struct Subkeys {
    store: String,
    environments: Subkey,
    head: Subkey,
    integrity: DataKey,
    node: Subkey,
    place: Subkey,
    proof: Subkey,
    vaults: Vaults,
}

/// One of an item's two sealed records, at one version.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// The values, sealed when the item reached this version.
    Details { version: u64 },
    /// Everything else.
    Overview { version: u64, state: ItemState },
}

/// What the tree vouches for.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    /// The sealed record of all environments.
    Environments { record: &'a Tag },
    /// An item: where it is, its title, and its sealed overview.
    Item {
        item: &'a ItemId,
        vault: &'a VaultId,
        title: &'a TitleIndex,
        overview: &'a Tag,
    },
    /// The items that share a title, in order of id.
    Title {
        vault: &'a VaultId,
        title: &'a TitleIndex,
        items: &'a [ItemId],
    },
    /// A vault and its sealed record.
    Vault { vault: &'a VaultId, record: &'a Tag },
}

impl Subkeys {
    /// Derives the keys of the store with this id.
    pub(super) fn derive(key: &DataKey, store: String) -> Self {
        let environments = key.subkey("store/environments");
        let integrity = key.derived("store/integrity");
        Self::new(store, integrity, environments, Vaults::all(key.clone()))
    }

    /// Takes keys that were lent: those of some vaults, and those that vouch for all.
    pub(super) fn lent(lent: LentKeys) -> Self {
        // Environments are lent to nobody: a key that nobody has opens nothing.
        let environments = DataKey::random().subkey("store/environments");
        let vaults = Vaults::some(lent.vaults);
        Self::new(lent.store, lent.integrity, environments, vaults)
    }

    /// Lends the keys of some vaults.
    pub(super) fn lend(&self, vaults: &[VaultId]) -> LentKeys {
        let key = |vault: &VaultId| Some((vault.clone(), self.vaults.data_key(vault)?));
        LentKeys {
            store: self.store.clone(),
            integrity: self.integrity.clone(),
            vaults: vaults.iter().filter_map(key).collect(),
        }
    }

    fn new(store: String, integrity: DataKey, environments: Subkey, vaults: Vaults) -> Self {
        Self {
            store,
            environments,
            head: integrity.subkey("head"),
            node: integrity.subkey("node"),
            place: integrity.subkey("place"),
            proof: integrity.subkey("proof"),
            integrity,
            vaults,
        }
    }

    /// Tells whether a vault's keys are here: all are, unless some were lent.
    pub(super) fn opens(&self, vault: &VaultId) -> bool {
        self.vaults.has(vault)
    }

    /// The store's id.
    pub(super) fn store(&self) -> &str {
        &self.store
    }

    /// The key that seals vaults' records, and what they are bound to.
    pub(super) fn vault(&self, vault: &VaultId) -> (OneKey, Vec<u8>) {
        (
            self.of(vault, |keys| &keys.vault),
            self.bound("vault", &[vault.as_str().as_bytes()]),
        )
    }

    /// The key that seals the record of environments, and what it is bound to.
    pub(super) fn environments(&self) -> (&Subkey, Vec<u8>) {
        (&self.environments, self.bound("environments", &[]))
    }

    /// The key that seals a part of an item, and what it is bound to.
    pub(super) fn part(&self, of: &VaultId, item: &ItemId, part: Part) -> (OneKey, Vec<u8>) {
        let (vault, item) = (of.as_str().as_bytes(), item.as_str().as_bytes());
        match part {
            Part::Details { version } => (
                self.of(of, |keys| &keys.details),
                self.bound("details", &[vault, item, &version.to_le_bytes()]),
            ),
            Part::Overview { version, state } => (
                self.of(of, |keys| &keys.overview),
                self.bound(
                    "overview",
                    &[vault, item, &version.to_le_bytes(), &[state_code(state)]],
                ),
            ),
        }
    }

    /// The key that seals files' contents, and what they are bound to.
    fn file(&self, vault: &VaultId, item: &ItemId, file: &FileId) -> (OneKey, Vec<u8>) {
        let ids = [vault.as_str(), item.as_str(), file.as_str()].map(str::as_bytes);
        (self.of(vault, |keys| &keys.file), self.bound("file", &ids))
    }

    /// One seal of a file; that of a file under one seal is bound to the file alone.
    pub(super) fn piece(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
        number: u64,
        of: u64,
    ) -> (OneKey, Vec<u8>) {
        if of == 1 {
            return self.file(vault, item, file);
        }
        let (number, of) = (number.to_be_bytes(), of.to_be_bytes());
        let ids = [vault.as_str(), item.as_str(), file.as_str()].map(str::as_bytes);
        let bound = [ids[0], ids[1], ids[2], &number, &of];
        (
            self.of(vault, |keys| &keys.file),
            self.bound("file piece", &bound),
        )
    }

    /// The blind index of a title: surrounding blanks and case make no difference.
    pub(super) fn title(&self, vault: &VaultId, title: &str) -> TitleIndex {
        let folded = fold(title);
        let key = self.of(vault, |keys| &keys.title);
        first(&key.mac(&[vault.as_str().as_bytes(), folded.as_bytes()]))
    }

    /// Where the entry of the environments stands in the tree.
    pub(super) fn environments_place(&self) -> Place {
        first(&self.place.mac(&[b"environments"]))
    }

    /// Where a vault's entry stands in the tree.
    pub(super) fn vault_place(&self, vault: &VaultId) -> Place {
        first(&self.place.mac(&[b"vault", vault.as_str().as_bytes()]))
    }

    /// Where an item's entry stands in the tree.
    pub(super) fn item_place(&self, item: &ItemId) -> Place {
        first(&self.place.mac(&[b"item", item.as_str().as_bytes()]))
    }

    /// Where a title's entry stands in the tree.
    pub(super) fn title_place(&self, vault: &VaultId, title: &TitleIndex) -> Place {
        first(
            &self
                .place
                .mac(&[b"title", vault.as_str().as_bytes(), title]),
        )
    }

    /// What the tree's entry holds for a subject.
    pub(super) fn proof(&self, subject: Subject<'_>) -> Mac {
        match subject {
            Subject::Environments { record } => self.proof.mac(&[b"environments", record]),
            Subject::Item {
                item,
                vault,
                title,
                overview,
            } => self.proof.mac(&[
                b"item",
                item.as_str().as_bytes(),
                vault.as_str().as_bytes(),
                title,
                overview,
            ]),
            Subject::Title {
                vault,
                title,
                items,
            } => {
                let ids: String = items.iter().map(ItemId::as_str).collect();
                let vault = vault.as_str().as_bytes();
                self.proof.mac(&[b"title", vault, title, ids.as_bytes()])
            }
            Subject::Vault { vault, record } => {
                self.proof
                    .mac(&[b"vault", vault.as_str().as_bytes(), record])
            }
        }
    }

    /// The MAC of a node of the tree, bound to where it stands.
    pub(super) fn node(&self, number: u64, node: &[u8]) -> Mac {
        self.node.mac(&[&number.to_le_bytes(), node])
    }

    /// The MAC of the store's head.
    pub(super) fn head(&self, revision: u64, vaults: u64, root: &Mac) -> Mac {
        self.head.mac(&[
            self.store.as_bytes(),
            &revision.to_le_bytes(),
            &vaults.to_le_bytes(),
            root,
        ])
    }

    fn of(&self, vault: &VaultId, which: fn(&VaultKeys) -> &Subkey) -> OneKey {
        OneKey::new(self.vaults.of(vault), which)
    }

    /// Format, store, part, and the parts' ids and versions: all of fixed length but the name of the part.
    fn bound(&self, part: &str, what: &[&[u8]]) -> Vec<u8> {
        let mut bound = Vec::with_capacity(128);
        bound.extend_from_slice(b"hushkey store 1 ");
        bound.extend_from_slice(self.store.as_bytes());
        for piece in what {
            bound.extend_from_slice(piece);
        }
        bound.extend_from_slice(part.as_bytes());
        bound
    }
}

/// Folds a name for comparison.
pub(super) fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The tag at the end of a sealed record; zeros when it is too short to have one, which matches nothing.
pub(super) fn tag(sealed: &[u8]) -> Tag {
    sealed.last_chunk().copied().unwrap_or_default()
}

/// An item's state as the store writes it.
pub(super) fn state_code(state: ItemState) -> u8 {
    match state {
        ItemState::Active => 0,
        ItemState::Archived => 1,
    }
}

fn first<const N: usize>(mac: &Mac) -> [u8; N] {
    *mac.first_chunk().expect("a MAC has 32 bytes")
}
