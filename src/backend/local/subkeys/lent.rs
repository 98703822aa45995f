//! Keys that leave the store for somebody else's copy of it: those of some vaults, and those that vouch for all records.
//!
//! ```text
//! bytes: postcard of `Wire`; to be sealed for whoever gets them
//! ```
//! Whoever has them reads these vaults and no others. The keys that vouch are the same for all vaults, so that he could
//! make a copy of his own that vouches for anything; it would deceive nobody but those who take a store from him.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    seal::{Broken, DataKey},
    vault::VaultId,
};

/// Keys of some vaults of one store.
pub struct LentKeys {
    pub(super) store: String,
    pub(super) integrity: DataKey,
    pub(super) vaults: BTreeMap<VaultId, DataKey>,
}

/// The format: a change to it is a new form of what it is sealed in.
#[derive(Serialize, Deserialize)]
struct Wire {
    store: String,
    integrity: [u8; 32],
    vaults: Vec<(String, [u8; 32])>,
}

impl LentKeys {
    /// The keys as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let vaults = self.vaults.iter();
        let wire = Wire {
            store: self.store.clone(),
            integrity: *self.integrity.bytes(),
            vaults: vaults
                .map(|(vault, key)| (vault.to_string(), *key.bytes()))
                .collect(),
        };
        Zeroizing::new(postcard::to_stdvec(&wire).expect("a vector takes any record"))
    }

    /// Takes keys that were lent.
    ///
    /// # Errors
    /// [`Broken`] for bytes of another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Broken> {
        let wire: Wire = postcard::from_bytes(bytes).map_err(|_| Broken)?;
        let key = |bytes| DataKey::from_bytes(Zeroizing::new(bytes));
        let vaults = wire.vaults.into_iter().map(|(vault, bytes)| {
            let vault = VaultId::parse(&vault).map_err(|_| Broken)?;
            Ok((vault, key(bytes)))
        });
        Ok(Self {
            store: wire.store,
            integrity: key(wire.integrity),
            vaults: vaults.collect::<Result<_, _>>()?,
        })
    }
}

impl std::fmt::Debug for LentKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LentKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::local::subkeys::{Part, Subkeys},
        seal::Subkey,
        vault::{FileId, ItemId, ItemState},
    };

    /// Everything that a store holds of a vault with one item, sealed.
    fn sealed(keys: &Subkeys, vault: &VaultId, item: &ItemId) -> Vec<(Vec<u8>, Vec<u8>)> {
        let file = FileId::random();
        let overview = Part::Overview {
            version: 1,
            state: ItemState::Active,
        };
        [
            keys.vault(vault),
            keys.part(vault, item, overview),
            keys.part(vault, item, Part::Details { version: 1 }),
            keys.piece(vault, item, &file, 0, 1),
            keys.piece(vault, item, &file, 1, 2),
        ]
        .into_iter()
        .map(|(key, bound)| (key.seal(&bound, b"canary"), bound))
        .collect()
    }

    /// Every key that somebody could make of what was lent to him.
    fn all_keys(lent: &LentKeys) -> Vec<Subkey> {
        let roots = lent.vaults.values().chain([&lent.integrity]);
        let mut keys = Vec::new();
        for root in roots {
            for purpose in [
                "details", "file", "head", "node", "overview", "place", "proof", "title", "vault",
            ] {
                keys.push(root.subkey(purpose));
                keys.push(root.subkey(&format!("store/{purpose}")));
                for vault in lent.vaults.keys() {
                    let path = format!("store/vault/{vault}");
                    keys.push(root.derived(&path).subkey(purpose));
                }
            }
        }
        keys
    }

    #[test]
    fn lent_keys_open_their_vault_and_nothing_of_another() {
        let (dev, private) = (VaultId::random(), VaultId::random());
        let item = ItemId::random();
        let keys = Subkeys::derive(&DataKey::random(), "a store".to_owned());
        let bytes = keys.lend(std::slice::from_ref(&dev)).to_bytes();

        let taken = || LentKeys::from_bytes(&bytes).unwrap();
        let lent = Subkeys::lent(taken());
        let opens = |vault: &VaultId| -> usize {
            let sealed = sealed(&keys, vault, &item);
            let any = all_keys(&taken());
            let opened = |(text, bound): &(Vec<u8>, Vec<u8>)| {
                any.iter().any(|key| key.open(bound, text).is_ok())
            };
            sealed.iter().filter(|it| opened(it)).count()
        };

        assert_eq!(opens(&dev), 5, "the control: all of what was lent");
        assert_eq!(opens(&private), 0);
        assert!(lent.opens(&dev) && !lent.opens(&private));
        assert_eq!(lent.title(&dev, "Stripe"), keys.title(&dev, "Stripe"));
        assert_ne!(
            lent.title(&private, "Stripe"),
            keys.title(&private, "Stripe")
        );
        let root = [0; 32];
        assert_eq!(lent.head(1, 2, &root), keys.head(1, 2, &root));
        let (theirs, bound) = keys.environments();
        let text = theirs.seal(&bound, b"canary");
        assert!(lent.environments().0.open(&bound, &text).is_err());
    }

    #[test]
    fn bytes_of_another_form_are_no_keys() {
        for bad in [&b""[..], b"\x01a", &[0xff; 64]] {
            assert!(LentKeys::from_bytes(bad).is_err());
        }
    }
}
