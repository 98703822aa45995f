//! Sealed records as they are before sealing: postcard (<https://postcard.jamesmunns.com/wire-format>).
//!
//! The domain's types can't be serialized; these can, and live only here. Values occur in [`Details`] alone.
//!
//! ```text
//! vault's record:  1 | VaultRecord
//! item's overview: 1 | ListRecord | FieldsRecord       a list decodes the first part only
//! item's details:  1 | Details                         values, in the order of the overview's fields
//! environments:    1 | see `environments`
//! file's content:  as it is
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::vault::{Field, ItemState, Secret, VaultId, VaultOverview};

pub(super) mod environments;
mod overview;

pub(super) use overview::{Identity, StoredItem, decode_listed};

/// The version of all these records: their first byte.
const FORMAT: u8 = 1;

/// A record that opened and is none that we write: a newer hushkey's, or a fault of this one.
#[derive(Debug)]
pub(super) struct Unreadable;

/// All of a vault but its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct VaultRecord {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) attribute_version: u64,
    pub(super) content_version: u64,
    created: i64,
    updated: i64,
    active: Members,
    archived: Members,
}

/// The items of a vault in one state: proof that a list of them is whole and none of them was put back.
///
/// Each overview holds a random number that nobody without the key has ever seen; this has their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Members {
    /// How many there are.
    pub(super) count: u64,
    /// The sum of their marks, modulo 2^128.
    sum: u128,
}

/// The values of an item's fields, in order.
#[derive(Serialize, Deserialize)]
struct Details<'a> {
    #[serde(borrow)]
    values: Vec<Option<&'a str>>,
}

impl VaultRecord {
    /// The record of a new, empty vault.
    pub(super) fn new(name: String, description: String) -> Self {
        let now = microseconds(now());
        Self {
            name,
            description,
            attribute_version: 1,
            content_version: 1,
            created: now,
            updated: now,
            active: Members::default(),
            archived: Members::default(),
        }
    }

    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        append(vec![FORMAT].into(), self)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        Ok(take(body(bytes)?)?.0)
    }

    /// Notes that something about the vault has changed just now.
    pub(super) fn touch(&mut self) {
        self.updated = microseconds(now());
    }

    /// The items in this state.
    pub(super) fn members(&self, state: ItemState) -> Members {
        match state {
            ItemState::Active => self.active,
            ItemState::Archived => self.archived,
        }
    }

    /// The items in this state, to be changed.
    pub(super) fn members_mut(&mut self, state: ItemState) -> &mut Members {
        match state {
            ItemState::Active => &mut self.active,
            ItemState::Archived => &mut self.archived,
        }
    }

    /// The vault as a list shows it.
    pub(super) fn overview(&self, id: VaultId) -> VaultOverview {
        VaultOverview {
            id,
            name: self.name.clone(),
            description: self.description.clone(),
            items: self.active.count,
            attribute_version: self.attribute_version,
            content_version: self.content_version,
            created_at: timestamp(self.created),
            updated_at: timestamp(self.updated),
        }
    }
}

impl Members {
    /// Takes in the item with this mark.
    pub(super) fn add(&mut self, mark: u128) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(mark);
    }

    /// Takes out the item with this mark.
    pub(super) fn remove(&mut self, mark: u128) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(mark);
    }
}

/// Encodes the values of fields. An empty value counts as none.
pub(super) fn encode_details(fields: &[Field]) -> Zeroizing<Vec<u8>> {
    let values: Vec<_> = fields.iter().map(value).collect();
    // Room for all of it at once: growing would leave pieces of values behind.
    let room = values.iter().flatten().map(|v| v.len() + 11).sum::<usize>() + values.len() + 16;
    let mut bytes = Vec::with_capacity(room);
    bytes.push(FORMAT);
    append(bytes.into(), &Details { values })
}

/// Decodes the values of fields.
pub(super) fn decode_details(bytes: &[u8]) -> Result<Vec<Option<Secret>>, Unreadable> {
    let (details, _) = take::<Details<'_>>(body(bytes)?)?;
    let secret = |value: &str| Secret::new(value.to_owned());
    Ok(details.values.into_iter().map(|v| v.map(secret)).collect())
}

/// Tells whether a field has a value that is not empty.
pub(super) fn is_set(field: &Field) -> bool {
    value(field).is_some()
}

/// The present, as exact as the store keeps it.
pub(super) fn now() -> Timestamp {
    timestamp(microseconds(Timestamp::now()))
}

fn value(field: &Field) -> Option<&str> {
    field
        .value
        .as_ref()
        .map(Secret::expose_secret)
        .filter(|value| !value.is_empty())
}

fn append(mut bytes: Zeroizing<Vec<u8>>, record: &impl Serialize) -> Zeroizing<Vec<u8>> {
    let plain = std::mem::take(&mut *bytes);
    postcard::to_extend(record, plain)
        .expect("memory takes any record")
        .into()
}

fn take<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8]), Unreadable> {
    postcard::take_from_bytes(bytes).map_err(|_| Unreadable)
}

fn body(bytes: &[u8]) -> Result<&[u8], Unreadable> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => Ok(rest),
        _ => Err(Unreadable),
    }
}

fn microseconds(time: Timestamp) -> i64 {
    time.as_microsecond()
}

fn timestamp(microseconds: i64) -> Timestamp {
    // Out of range only if we had written it so.
    Timestamp::from_microsecond(microseconds).unwrap_or_default()
}
