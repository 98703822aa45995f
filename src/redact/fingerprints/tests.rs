use proptest::prelude::*;

use super::*;
use crate::redact::{Concealed, Redactor, forms_of};

const VALUE: &str = "s3cr$t+V4lue/with'quote\"";

fn fingerprints(values: &[&str]) -> Fingerprints {
    let mut fingerprints = Fingerprints::default();
    for (at, value) in values.iter().enumerate() {
        fingerprints.add(&format!("op://v/i/{at}"), &Secret::new((*value).to_owned()));
    }
    fingerprints
}

#[test]
fn what_was_released_is_found_in_each_of_its_forms() {
    let known = fingerprints(&["another-value-entirely", VALUE]);

    for form in forms_of(VALUE) {
        let Ok(form) = String::from_utf8(form) else {
            continue;
        };
        let shown = known.redact(&format!("a {form} b"), None).unwrap();

        assert_eq!(shown, "a <concealed:op://v/i/1> b", "{form}");
    }
    assert_eq!(
        known.redact(&format!("{VALUE} {}", &VALUE[3..14]), Some("a secret")),
        Some("<concealed:a secret> <concealed:a secret>".to_owned())
    );
    assert_eq!(known.redact("another value, nothing else", None), None);
}

#[test]
fn what_can_be_guessed_is_not_remembered() {
    let known = fingerprints(&["test", "password", "12345678"]);

    assert!(known.is_empty());
    assert_eq!(known.redact("test password 12345678", None), None);
}

#[test]
fn the_oldest_value_is_forgotten_first() {
    let values: Vec<_> = (0..=MOST_VALUES as u64)
        .map(|n| format!("{:016x}", hash(n)))
        .collect();
    let known = fingerprints(&values.iter().map(String::as_str).collect::<Vec<_>>());

    assert_eq!(known.redact(&values[0], None), None);
    assert!(known.redact(&values[1], None).is_some());
    assert!(known.redact(&values[MOST_VALUES], None).is_some());
    assert_eq!(known.values.len(), MOST_VALUES);
}

/// A number without likeness to its neighbours.
fn hash(n: u64) -> u64 {
    let x = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (x ^ x >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[test]
fn of_a_very_long_value_fewer_windows_are_kept_and_all_of_it_is_found() {
    let value: String = (0..60_000_u64)
        .map(|n| char::from(b'!' + (n.wrapping_mul(n) % 1_000_003 % 89) as u8))
        .collect();
    let known = fingerprints(&[&value]);

    assert!(known.windows.len() < 2 * MOST_WINDOWS);
    assert_eq!(
        known.redact(&format!("\n{value}\n"), None).as_deref(),
        Some("<concealed:op://v/i/0>")
    );
    assert!(known.redact(&value[20_000..20_100], None).is_some());
}

#[test]
fn debug_tells_nothing() {
    assert_eq!(format!("{:?}", fingerprints(&[VALUE])), "Fingerprints(..)");
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abc]{8,40}",
        "(aab|abc|ab){3,9}[x-z0-9]{2}",
        "[a-zA-Z0-9]{8,48}",
        "[!-~]{8,40}",
        "[a-z0-9]{3,12}(\n[a-z0-9]{3,12}){1,4}",
        "[a-zé☃𝄞'\"<&\\\\ ]{8,24}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fingerprints_conceal_what_the_redactor_conceals(
        value in value(),
        pieces in proptest::collection::vec((any::<proptest::sample::Index>(), any::<[proptest::sample::Index; 2]>(), "[ab\n]{0,9}"), 1..6),
    ) {
        let secret = Secret::new(value.clone());
        let mut known = Fingerprints::default();
        known.add("r", &secret);
        prop_assume!(parts::parts(&value).iter().all(|part| !short::is_guessable(part)));
        let forms: Vec<_> = forms_of(&value).into_iter().filter_map(|form| String::from_utf8(form).ok()).collect();
        let mut text = String::new();
        for (form, ends, noise) in &pieces {
            let form = form.get::<String>(&forms);
            let [one, other] = ends.map(|end| form.floor_char_boundary(end.index(form.len() + 1)));
            text += &form[one.min(other)..one.max(other)];
            text += noise;
        }
        let redactor = Redactor::new([Concealed { reference: "r", value: &secret }]);

        let expected = redactor.redact(text.as_bytes());
        let shown = known.redact(&text, None).unwrap_or(text);

        prop_assert_eq!(shown, String::from_utf8_lossy(&expected).into_owned());
    }
}
