//! An item as a program gets it: with its values, and with what can be told of them only now.

use jiff::Timestamp;

use crate::{
    generate, otp,
    vault::{Field, FieldType, Item, ItemMetadata, Purpose, Secret},
};

/// An item with its values.
#[derive(Debug)]
pub struct OpenItem {
    /// The item.
    pub item: Item,
    /// For each of its fields, in order: the code of the moment, if it is one for one-time passwords.
    pub codes: Vec<Option<Secret>>,
    /// For each of its fields, in order: how many bits an attacker would have to guess, if it is a password.
    pub bits: Vec<Option<f64>>,
}

/// What a program gets of an item that it has written.
#[derive(Debug)]
pub enum ItemAnswer {
    /// All but values, for those who may not read.
    Bare(Box<ItemMetadata>),
    /// All of it.
    Open(Box<OpenItem>),
    /// As [`ItemAnswer::Bare`], and to be shown without version and dates too.
    Sparse(Box<ItemMetadata>),
}

impl OpenItem {
    pub(super) fn of(item: Item, now: Timestamp) -> Self {
        let now = u64::try_from(now.as_second()).unwrap_or(0);
        Self {
            codes: item.fields.iter().map(|field| code(field, now)).collect(),
            bits: item.fields.iter().map(bits).collect(),
            item,
        }
    }
}

/// Puts an item together from what a backend tells of it and from what it was sent.
pub(super) fn filled(metadata: ItemMetadata, mut sent: Vec<Field>) -> Item {
    let fields = metadata.fields.into_iter().map(|metadata| {
        let mut sent = sent.iter_mut();
        let own = sent.find(|field| field.metadata.id == metadata.id);
        Field {
            value: own.and_then(|field| field.value.take()),
            metadata,
        }
    });
    Item {
        fields: fields.collect(),
        overview: metadata.overview,
        sections: metadata.sections,
        files: metadata.files,
    }
}

/// A field may hold something that makes no codes; it is shown as it is then, without one.
fn code(field: &Field, now: u64) -> Option<Secret> {
    let holds = field.metadata.kind == FieldType::Otp;
    let secret = field.value.as_ref().filter(|_| holds)?;
    otp::code(secret, now).ok()
}

fn bits(field: &Field) -> Option<f64> {
    let is_password = field.metadata.purpose == Some(Purpose::Password);
    let secret = field.value.as_ref().filter(|_| is_password)?;
    Some(generate::most_bits(secret))
}
