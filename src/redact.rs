//! Puts a mark in the place of every secret that a program prints.
//!
//! What is looked for is decided in `variants`; how it is found in a stream, whatever its chunks, in `engine` and
//! `index`. Behind that stands [`Gate`], which looks for what the stream redactor cannot see. None of them knows who
//! reads the output, or what a policy makes of it. A filter on output is a net and not a wall: a program that wants to
//! can always write a value in a form that nobody looks for.

mod engine;
mod exempt;
mod fingerprints;
mod gate;
mod index;
mod ledger;
mod parts;
mod short;
mod stream;
mod tail;
mod variants;
mod words;

use std::{collections::BTreeMap, fmt, sync::Arc};

pub use fingerprints::Fingerprints;
pub use gate::{Gate, LONGEST_TEXT};
pub use ledger::{Ledger, TooMuch};
pub use stream::Stream;

use crate::{
    redact::{engine::Engine, variants::Forms, words::Words},
    vault::Secret,
};

/// How often each reference was concealed.
pub type Counts = BTreeMap<String, u64>;

/// One secret to conceal, and the reference that its mark names.
pub struct Concealed<'a> {
    /// The reference, without `<concealed:` and `>`: `op://Dev/Stripe/secret key`.
    pub reference: &'a str,
    /// The value.
    pub value: &'a Secret,
}

/// Finds secrets in bytes and puts marks in their place. Cloning it is cheap, and its patterns are wiped when the
/// last clone is dropped.
#[derive(Clone)]
pub struct Redactor(Arc<Prepared>);

struct Prepared {
    references: Vec<String>,
    too_short: Vec<String>,
    engine: Engine,
    words: Words,
}

impl Redactor {
    /// Prepares all variants of all secrets.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = Concealed<'a>>) -> Self {
        Self::with_plain(secrets, [])
    }

    /// Prepares all variants of all secrets, and values of fields that are no secrets: these are masked where they stand as
    /// whole words, and where they stand encoded as a whole, if they can't be guessed.
    #[must_use]
    pub fn with_plain<'a>(
        secrets: impl IntoIterator<Item = Concealed<'a>>,
        plain: impl IntoIterator<Item = Concealed<'a>>,
    ) -> Self {
        let mut prepared = Prepared {
            references: Vec::new(),
            too_short: Vec::new(),
            engine: Engine::default(),
            words: Words::default(),
        };
        for secret in secrets {
            let value = secret.value.expose_secret();
            if value.is_empty() {
                continue;
            }
            let parts = parts::parts(value);
            if parts.iter().all(|part| short::is_guessable(part))
                && !prepared.too_short.iter().any(|r| r == secret.reference)
            {
                prepared.too_short.push(secret.reference.to_owned());
            }
            let owner = prepared.references.len() as u32;
            for form in Forms::of(&parts).iter() {
                prepared.engine.add(owner, form);
            }
            prepared.references.push(secret.reference.to_owned());
        }
        for value in plain {
            let owner = prepared.references.len() as u32;
            let text = value.value.expose_secret();
            if !prepared.words.add(owner, text) {
                continue;
            }
            prepared.references.push(value.reference.to_owned());
            let mut parts = parts::parts(text);
            parts.retain(|part| !short::is_guessable(part));
            for form in Forms::of(&parts).iter().filter(|form| !form.plain) {
                prepared.engine.add(owner, form.as_a_whole());
            }
        }
        prepared.words.build();
        prepared.engine.add_words(&prepared.words);
        prepared.engine.build();
        Self(Arc::new(prepared))
    }

    /// Tells whether there is nothing to conceal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.references.is_empty()
    }

    /// Names the references whose values are too short or too easily guessed to be concealed by a mark: the
    /// mark's place would tell them. Output that is meant for a model has to be withheld when there are any.
    #[must_use]
    pub fn too_short(&self) -> &[String] {
        &self.0.too_short
    }

    /// Begins one stream of output.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream::new(Arc::clone(&self.0))
    }

    /// Redacts one whole text.
    #[must_use]
    pub fn redact(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut stream = self.stream();
        stream.push(text, &mut out);
        stream.finish(&mut out);
        out
    }
}

/// Returns every form that is looked for when `value` is a secret: for benches, and for tests that look for leaks.
#[must_use]
pub fn forms_of(value: &str) -> Vec<Vec<u8>> {
    Forms::of(&parts::parts(value))
        .iter()
        .map(|form| form.bytes.to_vec())
        .collect()
}

/// Tells whether a value is too short or too easily guessed to be concealed by a mark.
#[must_use]
pub fn is_guessable(value: &Secret) -> bool {
    let parts = parts::parts(value.expose_secret());
    parts.iter().all(|part| short::is_guessable(part))
}

/// Tells whether a value is looked for at all: one of very few characters isn't, since its marks would shred the text.
#[must_use]
pub fn is_maskable(value: &Secret) -> bool {
    let parts = parts::parts(value.expose_secret());
    Forms::of(&parts).iter().next().is_some()
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod reference;
#[cfg(test)]
mod tests;
