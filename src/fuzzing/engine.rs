//! The streaming engine against the slow reference, over every chunking.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};

use crate::{
    fuzzing::secrets::{Given, shown},
    redact::{Redactor, Stream, reference},
};

/// How much text the slow reference is given.
const LONGEST_TEXT: usize = 256;

/// A stream takes longer chunks in pieces of so many bytes.
const PIECE: usize = 64 * 1024;

/// Redacts a text whole, in chunks and for an impatient reader; panics if anything else comes out than the reference
/// says.
pub fn engine(data: &[u8]) {
    // An input that ends too early is no case.
    let _ = check(&mut Unstructured::new(data));
}

fn check(input: &mut Unstructured<'_>) -> Result<()> {
    let given = Given::new(input)?;
    let mut sizes = Vec::new();
    for _ in 0..input.int_in_range(1..=8)? {
        sizes.push((input.int_in_range(1..=40_usize)?, input.arbitrary()?));
    }
    let lead = input.ratio(1, 16)?.then_some(input.int_in_range(0..=64)?);
    let forms = given.forms();
    let text = shown(input, &forms, LONGEST_TEXT)?;

    let redactor = Redactor::new(given.concealed());
    let ranges = reference::ranges(&given.values, &text);
    let expected = reference::marked(&ranges, &given.names, &text);
    let mut counts = BTreeMap::new();
    for (_, _, owner) in &ranges {
        *counts.entry(given.names[*owner].clone()).or_default() += 1;
    }

    assert_eq!(told(&redactor.redact(&text)), told(&expected), "whole");
    let mut out = Vec::new();
    let mut stream = redactor.stream();
    pushed(&mut stream, &text, &sizes, false, &mut out, |out| {
        assert!(expected.starts_with(out), "too early: {}", told(out));
    });
    assert_eq!(stream.finish(&mut out), counts);
    assert_eq!(told(&out), told(&expected), "in chunks");

    let mut out = Vec::new();
    let mut stream = redactor.stream();
    pushed(&mut stream, &text, &sizes, true, &mut out, |_| {});
    assert_eq!(stream.finish(&mut out), counts, "for an impatient reader");
    assert!(
        reference::may_come_out(&ranges, &given.names, &text, &out),
        "an impatient reader got {} for {}",
        told(&out),
        told(&text)
    );

    if let Some(lead) = lead {
        across_a_piece(&redactor, &forms, &text, &expected, lead);
    }
    Ok(())
}

fn pushed(
    stream: &mut Stream,
    text: &[u8],
    sizes: &[(usize, bool)],
    impatient: bool,
    out: &mut Vec<u8>,
    look: impl Fn(&[u8]),
) {
    let mut rest = text;
    for (size, idle) in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at(*size.min(&rest.len()));
        stream.push(chunk, out);
        look(out);
        if impatient && *idle {
            stream.idle(out);
        }
        rest = after;
    }
}

/// Puts the end of a stream's piece into the text, by a long lead of a byte that no form has.
fn across_a_piece(
    redactor: &Redactor,
    forms: &[Vec<u8>],
    text: &[u8],
    expected: &[u8],
    lead: usize,
) {
    let used = |byte: &u8| forms.iter().any(|form| form.contains(byte));
    let Some(filler) = (0..=u8::MAX).find(|byte| !used(byte)) else {
        return;
    };
    let lead = vec![filler; PIECE - lead];
    let out = redactor.redact(&[&lead, text].concat());
    assert!(out.starts_with(&lead));
    assert_eq!(told(&out[lead.len()..]), told(expected), "across a piece");
}

fn told(text: &[u8]) -> String {
    text.escape_ascii().to_string()
}
