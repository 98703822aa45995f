//! Whatever JSON a client puts in a change, until it is known what it is to be: a tree whose texts are wiped.
//!
//! The value of a change stands in any order beside the path that tells its type, so that it has to be kept untyped for a
//! moment. A general tree of JSON would leave values in memory and print them.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{MapDeserializer, SeqDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{Text, list::MOST};

/// JSON of any form.
#[derive(Clone)]
pub enum Given {
    /// True or false.
    Bool(bool),
    /// A number that is not whole, or very large.
    Float(f64),
    /// A number below zero.
    Integer(i64),
    /// Elements in order.
    List(Vec<Given>),
    /// Nothing.
    Null,
    /// A whole number.
    Number(u64),
    /// Members in order.
    Object(Vec<(String, Given)>),
    /// A text.
    Text(Text),
}

/// What was given is not what is needed; it tells nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no JSON of the form that is needed here")]
pub struct NotThat;

impl Given {
    /// Reads it as a type.
    ///
    /// # Errors
    /// [`NotThat`] if it is of another form.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, NotThat> {
        T::deserialize(self)
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given(..)")
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Given, E> {
        Ok(Given::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Given, E> {
        Ok(Given::Number(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Given, E> {
        Ok(Given::Integer(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Given, E> {
        Ok(Given::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Given, E> {
        Ok(Given::Text(Text::new(value.to_owned())))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Given, E> {
        Ok(Given::Text(Text::new(value)))
    }

    fn visit_unit<E: Error>(self) -> Result<Given, E> {
        Ok(Given::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Given, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            if all.len() == MOST {
                return Err(A::Error::custom("the list is too long"));
            }
            all.push(one);
        }
        Ok(Given::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
        let mut names = BTreeSet::new();
        let mut all: Vec<(String, Given)> = Vec::new();
        while let Some((name, given)) = map.next_entry::<String, Given>()? {
            if all.len() == MOST || !names.insert(name.clone()) {
                return Err(A::Error::custom(
                    "a member is there twice, or there are too many",
                ));
            }
            all.push((name, given));
        }
        Ok(Given::Object(all))
    }
}

/// Without serde's own words, which would repeat what was given.
impl Error for NotThat {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Given {
    type Error = NotThat;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotThat> {
        match self {
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Integer(value) => visitor.visit_i64(value),
            Self::List(all) => visitor.visit_seq(SeqDeserializer::new(all.into_iter())),
            Self::Null => visitor.visit_unit(),
            Self::Number(value) => visitor.visit_u64(value),
            Self::Object(all) => visitor.visit_map(MapDeserializer::new(
                all.into_iter().map(|(name, given)| (Name(name), given)),
            )),
            Self::Text(text) => visitor.visit_string(text.into_string()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotThat> {
        match self {
            Self::Null => visitor.visit_none(),
            given => visitor.visit_some(given),
        }
    }

    /// Serde would take a list for a struct, too: its members in order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NotThat> {
        match self {
            object @ Self::Object(_) => object.deserialize_any(visitor),
            _ => Err(NotThat),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, NotThat> for Given {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A member's name.
struct Name(String);

impl<'de> IntoDeserializer<'de, NotThat> for Name {
    type Deserializer = StringDeserializer<NotThat>;

    fn into_deserializer(self) -> Self::Deserializer {
        self.0.into_deserializer()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::{Field, Item};

    fn given(text: &str) -> Given {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_was_given_reads_as_it_would_have_at_once() {
        let text = r#"{"id":"a","label":null,"value":7,"generate":true,"recipe":{"length":20,"characterSets":["DIGITS"]},"new":[{}]}"#;

        let field: Field = given(text).read().unwrap();

        assert_eq!(field.id, "a");
        assert_eq!(field.label, None);
        assert_eq!(field.value.unwrap().into_string(), "7");
        assert_eq!(field.recipe.unwrap().length, Some(20));
        assert!(
            given(r#"{"fields":[{"id":"a"}],"favorite":true}"#)
                .read::<Item>()
                .is_ok()
        );
        assert_eq!(given("true").read::<bool>(), Ok(true));
    }

    #[test]
    fn another_form_is_refused_without_a_word_of_it() {
        for text in [
            r#""canary""#,
            r#"{"id":["canary"]}"#,
            r#"{"label":-1}"#,
            r#"{"label":0.5}"#,
            r#"["canary"]"#,
            "[]",
            "true",
        ] {
            let error = given(text).read::<Field>().unwrap_err();

            assert!(!error.to_string().contains("canary"));
            assert!(!format!("{:?}", given(text)).contains("canary"));
        }
        assert!(serde_json::from_str::<Given>(r#"{"a":1,"a":2}"#).is_err());
    }
}
