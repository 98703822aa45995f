//! For every text and every chunking: the engine conceals what the slow reference conceals.

use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    redact::{Concealed, Redactor, forms_of, reference},
    vault::Secret,
};

fn redactor(values: &[String]) -> Redactor {
    let secrets: Vec<_> = values.iter().cloned().map(Secret::new).collect();
    let names = names(values);
    Redactor::new(
        secrets
            .iter()
            .zip(&names)
            .map(|(value, reference)| Concealed { reference, value }),
    )
}

fn names(values: &[String]) -> Vec<String> {
    (0..values.len()).map(|i| i.to_string()).collect()
}

/// Values that overlap themselves and each other, and ordinary ones.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{4,14}",
        "[abc]{8,40}",
        "(aab|abc|ab){3,9}[x-z0-9]{2}",
        "[a-zA-Z0-9]{4,48}",
        "[!-~]{8,40}",
        "[a-z0-9]{3,12}(\n[a-z0-9]{3,12}){1,4}",
        "[a-zé☃𝄞'\"<&\\\\ ]{8,24}",
        "(password|production)[-_](token|[a-z0-9]{1,9})",
    ]
}

/// Values, some of which begin others or share a fragment with them.
fn values() -> impl Strategy<Value = Vec<String>> {
    (vec(value(), 1..4), any::<(Index, Index)>(), 0..4_u8).prop_map(
        |(mut values, (one, at), kind)| {
            let shared = one.get::<String>(&values).clone();
            let cut: String = shared
                .chars()
                .take(at.index(shared.chars().count()) + 1)
                .collect();
            match kind {
                0 => values.push(cut),
                1 => values.push(format!("{shared}{cut}")),
                2 => values.insert(0, format!("x{cut}-and-more")),
                _ => {}
            }
            values.retain(|value| !value.trim().is_empty());
            values
        },
    )
}

/// What a text is made of, before it is known which forms there are.
#[derive(Clone, Debug)]
enum Piece {
    Form(Index),
    Fragment(Index, Index, Index),
    Noise(Vec<u8>),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        any::<Index>().prop_map(Piece::Form),
        any::<(Index, Index, Index)>()
            .prop_map(|(form, start, end)| Piece::Fragment(form, start, end)),
        vec(
            prop_oneof![Just(b'a'), Just(b'b'), Just(b'\n'), any::<u8>()],
            0..30
        )
        .prop_map(Piece::Noise),
    ]
}

fn text(values: &[String], pieces: &[Piece]) -> Vec<u8> {
    let forms: Vec<_> = values.iter().flat_map(|value| forms_of(value)).collect();
    let mut text = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Form(form) if !forms.is_empty() => {
                text.extend_from_slice(form.get::<Vec<u8>>(&forms))
            }
            Piece::Fragment(form, start, end) if !forms.is_empty() => {
                let form = form.get::<Vec<u8>>(&forms);
                let (start, end) = (start.index(form.len()), end.index(form.len()));
                text.extend_from_slice(&form[start.min(end)..=start.max(end)]);
            }
            Piece::Form(_) | Piece::Fragment(..) => {}
            Piece::Noise(noise) => text.extend_from_slice(noise),
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_agrees_with_the_reference_over_every_chunking(
        values in values(),
        pieces in vec(piece(), 0..10),
        sizes in vec(1..40_usize, 1..20),
    ) {
        let text = text(&values, &pieces);
        let redactor = redactor(&values);
        let ranges = reference::ranges(&values, &text);
        let expected = reference::marked(&ranges, &names(&values), &text);

        let mut out = Vec::new();
        let mut stream = redactor.stream();
        let mut rest = &text[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at(*size.min(&rest.len()));
            stream.push(chunk, &mut out);
            rest = after;
        }
        let counts = stream.finish(&mut out);

        let whole = redactor.redact(&text);

        prop_assert_eq!(String::from_utf8_lossy(&whole), String::from_utf8_lossy(&expected));
        prop_assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&expected));
        prop_assert_eq!(counts.values().sum::<u64>(), ranges.len() as u64);
    }

    #[test]
    fn whole_words_are_masked_alike_over_every_chunking(
        secret in "[a-z0-9]{8,20}",
        words in vec("[a-c][a-c.-]{1,5}", 1..4),
        text in "[a-c.:_ \n-]{0,120}",
        sizes in vec(1..9_usize, 1..9),
    ) {
        let secret = Secret::new(secret);
        let values: Vec<_> = words.iter().cloned().map(Secret::new).collect();
        let redactor = Redactor::with_plain(
            [Concealed { reference: "secret", value: &secret }],
            values.iter().map(|value| Concealed { reference: "word", value }),
        );
        let text = format!("{text}{} {text}", secret.expose_secret());
        let expected = reference::mask_words(&words, &text).replace(secret.expose_secret(), "<concealed:secret>");

        let mut out = Vec::new();
        let mut stream = redactor.stream();
        let mut rest = text.as_bytes();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at(*size.min(&rest.len()));
            stream.push(chunk, &mut out);
            rest = after;
        }
        stream.finish(&mut out);
        let whole = redactor.redact(text.as_bytes());

        prop_assert_eq!(String::from_utf8_lossy(&whole), expected.as_str());
        prop_assert_eq!(String::from_utf8_lossy(&out), expected.as_str());
    }

    #[test]
    fn an_impatient_reader_sees_at_most_three_bytes_of_a_match(
        values in values(),
        pieces in vec(piece(), 0..6),
        sizes in vec((1..12_usize, any::<bool>()), 1..20),
    ) {
        let text = text(&values, &pieces);

        let mut out = Vec::new();
        let mut stream = redactor(&values).stream();
        let mut rest = &text[..];
        for (size, idle) in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at(*size.min(&rest.len()));
            stream.push(chunk, &mut out);
            if *idle {
                stream.idle(&mut out);
            }
            rest = after;
        }
        stream.finish(&mut out);

        prop_assert!(
            reference::may_come_out(&reference::ranges(&values, &text), &names(&values), &text, &out),
            "{:?} became {:?}",
            String::from_utf8_lossy(&text),
            String::from_utf8_lossy(&out)
        );
    }
}

/// How many cases are tried: `PROPTEST_CASES`, or a number that an unoptimised build does in a few seconds.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(64)
}
