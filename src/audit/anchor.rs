//! Where each store stood when that was noted last: outside the store, so that an older copy of it is noticed.

use serde::{Deserialize, Serialize};

use crate::{audit::Cut, seal::Broken, vault::StoreHead};

/// The last known head of each store; and where the log itself begins, if it was pruned.
///
/// ```text
/// postcard of the list of anchors | postcard of the cut, where there is one
/// ```
#[derive(Default)]
pub(super) struct Anchors(Vec<Anchor>, Option<Cut>);

#[derive(Serialize, Deserialize)]
struct Anchor {
    store: String,
    revision: u64,
    mark: [u8; 32],
    /// Whether another copy than the noted one was seen in the store's place, and nobody has accepted it.
    parted: bool,
}

impl Anchors {
    /// Where a store stood.
    pub(super) fn of(&self, store: &str) -> Option<StoreHead> {
        let anchor = self.0.iter().find(|anchor| anchor.store == store)?;
        Some(StoreHead {
            store: anchor.store.clone(),
            revision: anchor.revision,
            mark: anchor.mark,
        })
    }

    /// Tells whether no store of secrets was noted yet; what else is noted is called by a path: `agents/…`.
    pub(super) fn has_no_store(&self) -> bool {
        self.0.iter().all(|anchor| anchor.store.contains('/'))
    }

    /// Tells whether a file of environments was noted; such a name begins so.
    pub(super) fn has_environments(&self) -> bool {
        self.0
            .iter()
            .any(|anchor| anchor.store.starts_with("environments/"))
    }

    /// Notes a store that has moved on. One that has not keeps its anchor: that it is older, or another at the same revision,
    /// has to stay visible.
    pub(super) fn note(&mut self, head: &StoreHead) {
        let moved_on = self
            .of(&head.store)
            .is_none_or(|known| head.revision > known.revision);
        if moved_on && !self.parted(&head.store) {
            self.accept(head);
        }
    }

    /// Remembers that another copy was seen in a store's place, so that it stays visible however far that copy moves on.
    pub(super) fn part(&mut self, store: &str) {
        let known = self.0.iter_mut().find(|anchor| anchor.store == store);
        known.into_iter().for_each(|anchor| anchor.parted = true);
    }

    /// Tells whether another copy was seen and not accepted.
    pub(super) fn parted(&self, store: &str) -> bool {
        self.0
            .iter()
            .any(|anchor| anchor.store == store && anchor.parted)
    }

    /// Notes a store as it stands.
    pub(super) fn accept(&mut self, head: &StoreHead) {
        self.0.retain(|anchor| anchor.store != head.store);
        self.0.push(Anchor {
            store: head.store.clone(),
            revision: head.revision,
            mark: head.mark,
            parted: false,
        });
    }

    /// Where the log begins, if it was pruned.
    pub(super) fn cut(&self) -> Option<&Cut> {
        self.1.as_ref()
    }

    /// Lets the log begin later.
    pub(super) fn set_cut(&mut self, cut: Cut) {
        self.1 = Some(cut);
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let vector = "a vector takes any record";
        let mut bytes = postcard::to_stdvec(&self.0).expect(vector);
        if let Some(cut) = &self.1 {
            bytes.extend(postcard::to_stdvec(cut).expect(vector));
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        let (anchors, rest) = postcard::take_from_bytes(bytes).map_err(|_| Broken)?;
        let cut = match rest {
            [] => None,
            rest => Some(postcard::from_bytes(rest).map_err(|_| Broken)?),
        };
        Ok(Self(anchors, cut))
    }
}
