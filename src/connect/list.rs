//! Lists on the wire, with a bound: a short text of `{},{},…` must not become a hundred times its size.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

/// More than anybody's item has.
pub(super) const MOST: usize = 10_000;

/// Reads a list of at most [`MOST`]; null is an empty one.
pub(super) fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(Bounded(PhantomData))
}

struct Bounded<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Bounded<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_none<E: Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            if all.len() == MOST {
                return Err(A::Error::custom("the list is too long"));
            }
            all.push(one);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use crate::connect::Item;

    #[test]
    fn a_list_longer_than_anybody_has_is_refused() {
        let item = |fields: usize| {
            let fields = vec!["{}"; fields].join(",");
            serde_json::from_str::<Item>(&format!(r#"{{"fields":[{fields}]}}"#))
        };

        assert!(item(super::MOST).is_ok());
        assert!(item(super::MOST + 1).is_err());
    }
}
