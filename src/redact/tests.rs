pub(super) mod harmless;
mod properties;

use super::*;

const VALUE: &str = "s3cr$t+V4lue/with'quote\"";

fn redactor(values: &[&str]) -> Redactor {
    let secrets: Vec<_> = values
        .iter()
        .map(|v| Secret::new((*v).to_owned()))
        .collect();
    let names: Vec<_> = (0..values.len()).map(|i| format!("op://v/i/{i}")).collect();
    Redactor::new(
        secrets
            .iter()
            .zip(&names)
            .map(|(value, reference)| Concealed { reference, value }),
    )
}

fn redacted(values: &[&str], text: &[u8]) -> String {
    String::from_utf8_lossy(&redactor(values).redact(text)).into_owned()
}

/// The text with `~0` in the place of the first secret's mark.
fn brief(values: &[&str], text: &str) -> String {
    redacted(values, text.as_bytes())
        .replace("<concealed:op://v/i/", "~")
        .replace('>', "")
}

#[test]
fn a_value_is_replaced_by_its_mark() {
    let shown = redacted(&[VALUE], format!("token={VALUE}\n").as_bytes());

    assert_eq!(shown, "token=<concealed:op://v/i/0>\n");
}

#[test]
fn a_value_is_found_whatever_the_chunks() {
    let text = format!("a {VALUE} b {VALUE}{VALUE} {}", &VALUE[..7]);
    let redactor = redactor(&[VALUE]);
    let whole = redactor.redact(text.as_bytes());

    for size in 1..text.len() {
        let mut out = Vec::new();
        let mut stream = redactor.stream();
        for chunk in text.as_bytes().chunks(size) {
            stream.push(chunk, &mut out);
        }
        let counts = stream.finish(&mut out);

        assert_eq!(out, whole, "chunks of {size}");
        assert_eq!(counts["op://v/i/0"], 3);
    }
}

#[test]
fn overlapping_matches_give_one_mark() {
    assert_eq!(
        brief(&["secretABCD", "ABCDsecond"], "x secretABCDsecond y"),
        "x ~0 y"
    );
}

#[test]
fn a_secret_that_begins_another_does_not_leave_its_tail() {
    assert_eq!(
        brief(
            &["prefix-of-all", "prefix-of-all-and-more"],
            "(prefix-of-all-and-more)"
        ),
        "(~0)"
    );
}

#[test]
fn a_value_that_overlaps_itself_is_found_after_a_false_start() {
    assert_eq!(brief(&["aabXYZ12"], "aaabXYZ12"), "a~0");
    assert_eq!(brief(&["abcabd77"], "abcabcabd77"), "abc~0");
    assert_eq!(brief(&["abcdabcd"], "abcdabcdabcd."), "~0.");
}

#[test]
fn a_fragment_is_found_wherever_its_telling_bytes_stand() {
    for before in ["", ".", "..", "...", "....", "....."] {
        let text = format!("{before}BCABCABCABAB0");

        assert_eq!(
            brief(&["aabaababcabcabcabab0x"], &text),
            format!("{before}~0")
        );
    }
}

#[test]
fn a_value_that_tells_little_is_found_in_long_codes_wherever_it_stands() {
    for value in ["bbab", "password"] {
        let coded = |begin: &str, digits: usize| -> String {
            let codes = value.bytes();
            codes
                .map(|byte| format!("{begin}{byte:0digits$x}"))
                .collect()
        };
        for code in [coded("\\u", 4), coded("\\x", 2), coded("%", 2)] {
            for before in ["", ".", "..", "...", "....", ".....", "......"] {
                let text = format!("{before}{code}2");

                assert_eq!(brief(&[value], &text), format!("{before}~02"));
            }
        }
    }
}

#[test]
fn invalid_utf8_is_passed_on_as_it_is() {
    let shown = redactor(&["value-to-hide"]).redact(b"\xff\xfevalue-to-hide\x80\xc3");

    assert_eq!(shown, b"\xff\xfe<concealed:op://v/i/0>\x80\xc3");
}

#[test]
fn a_held_back_beginning_is_passed_on_at_the_end() {
    let mut out = Vec::new();
    let mut stream = redactor(&["value-to-hide"]).stream();

    stream.push(b"value-to", &mut out);
    assert_eq!(out, b"");
    stream.idle(&mut out);
    assert_eq!(out, b"");
    let counts = stream.finish(&mut out);

    assert_eq!(out, b"value-to");
    assert!(counts.is_empty());
}

#[test]
fn being_idle_passes_on_what_cannot_belong_to_a_match() {
    let mut out = Vec::new();
    let mut stream = redactor(&["value-to-hide"]).stream();

    stream.push(b"Password for value-", &mut out);
    stream.idle(&mut out);

    assert_eq!(out, b"Password for ");
}

#[test]
fn short_and_guessable_values_are_named() {
    let redactor = redactor(&["test", "long-enough-value", "password"]);

    assert_eq!(redactor.too_short(), ["op://v/i/0", "op://v/i/2"]);
    assert!(!redactor.is_empty());
}

#[test]
fn debug_tells_nothing() {
    assert_eq!(format!("{:?}", redactor(&[VALUE])), "Redactor(..)");
}
