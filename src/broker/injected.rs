//! The values that a run's program gets, and what of its output is concealed because of them.

use crate::{
    policy::ShortValues,
    redact::{self, Concealed, Redactor},
    vault::Secret,
};

/// A value that a program gets, and what its mark names.
pub(super) struct Injected {
    pub reference: String,
    pub value: Secret,
    pub kind: Kind,
}

/// What kind of value it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It stands in a file that the caller can read, under a name that sounds secret: it is masked, and no reason to
    /// withhold anything.
    Literal,
    /// A field that is no secret: masked as it is, where it stands as a whole word.
    Plain,
    /// A secret.
    Secret,
}

impl Injected {
    /// As the redactor takes it.
    pub(super) fn concealed(&self) -> Concealed<'_> {
        Concealed {
            reference: &self.reference,
            value: &self.value,
        }
    }

    fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }
}

/// What conceals the values in a model's output, and the references of those for which all output has to be withheld.
pub(super) fn for_a_model(
    injected: &[Injected],
    short_values: ShortValues,
) -> (Redactor, Vec<String>) {
    let short = injected.iter().filter(|it| {
        it.is_secret()
            && redact::is_guessable(&it.value)
            && (short_values == ShortValues::Withhold || !redact::is_maskable(&it.value))
    });
    let short = references(short);
    (redactor(injected), short)
}

/// What conceals the values on a person's own terminal, and the references of those that are left alone: the mark of a
/// very short value would shred the text, and tell it all the same.
pub(super) fn for_a_person(injected: &mut Vec<Injected>) -> (Redactor, Vec<String>) {
    let short = injected
        .iter()
        .filter(|it| it.is_secret() && redact::is_guessable(&it.value));
    let short = references(short);
    injected.retain(|it| !redact::is_guessable(&it.value));
    (redactor(injected), short)
}

fn redactor(injected: &[Injected]) -> Redactor {
    let of = |plain: bool| {
        let chosen = injected
            .iter()
            .filter(move |it| (it.kind == Kind::Plain) == plain);
        chosen.map(Injected::concealed)
    };
    Redactor::with_plain(of(false), of(true))
}

fn references<'a>(injected: impl Iterator<Item = &'a Injected>) -> Vec<String> {
    let mut references: Vec<String> = injected.map(|it| it.reference.clone()).collect();
    references.sort_unstable();
    references.dedup();
    references
}
