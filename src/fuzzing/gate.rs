//! The gate on any bytes, with any secrets.

use arbitrary::{Result, Unstructured};

use crate::{
    fuzzing::secrets::{Given, bytes, shown},
    redact::{Concealed, Gate, is_guessable},
    vault::Secret,
};

const LONGEST_TEXT: usize = 400;

/// A value that has so many bytes of different kinds is one that the gate has to find.
const TELLING: usize = 16;

/// Looks at a text; panics if a value that stands in it in plain is not found, or if the gate is of two minds.
pub fn gate(data: &[u8]) {
    // An input that ends too early is no case.
    let _ = check(&mut Unstructured::new(data));
}

fn check(input: &mut Unstructured<'_>) -> Result<()> {
    let given = Given::new(input)?;
    let plain = plain(input)?;
    let forms = given.forms();
    let stdout = shown(input, &forms, LONGEST_TEXT)?;
    let stderr = bytes(input, 100)?;
    let gate = Gate::new(given.concealed());

    let found = gate.look(&stdout, &stderr).map(str::to_owned);

    assert_eq!(
        gate.look(&stdout, &stderr),
        found.as_deref(),
        "of two minds"
    );
    assert_eq!(
        Gate::new(given.concealed()).look(&stdout, &stderr),
        found.as_deref(),
        "two gates differ"
    );
    assert!(found.is_none_or(|found| given.names.contains(&found)));
    assert_eq!(Gate::new([]).look(&stdout, &stderr), None);
    finds_what_stands_there(&plain, &stdout, &stderr);
    Ok(())
}

/// A value without structure and without anything predictable.
fn plain(input: &mut Unstructured<'_>) -> Result<String> {
    let digits: Vec<u8> = (b'0'..=b'9')
        .chain(b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .collect();
    let length = input.int_in_range(TELLING..=48)?;
    (0..length)
        .map(|_| input.choose(&digits).map(|digit| char::from(*digit)))
        .collect()
}

fn finds_what_stands_there(value: &str, before: &[u8], after: &[u8]) {
    let secret = Secret::new(value.to_owned());
    let different = value
        .bytes()
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    if is_guessable(&secret) || different < TELLING {
        return;
    }
    let gate = Gate::new([Concealed {
        reference: "plain",
        value: &secret,
    }]);
    for stdout in [
        value.as_bytes(),
        &[before, b"\n", value.as_bytes(), after].concat(),
    ] {
        assert_eq!(
            gate.look(stdout, after),
            Some("plain"),
            "{}",
            stdout.escape_ascii()
        );
        assert_eq!(
            gate.look(after, stdout),
            Some("plain"),
            "on the other stream"
        );
    }
}
