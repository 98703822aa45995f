use data_encoding::{BASE64, HEXLOWER};

use super::*;
use crate::{redact::tests::harmless, vault::Secret};

const VALUE: &str = "Vq7rT2mXk9LzPw4sNc8bHd3yJf6gQa5e";

/// How many texts come through before the first that does not; all of them if none is refused.
fn admitted<'t, T: AsRef<[u8]> + ?Sized + 't>(
    value: &str,
    texts: impl IntoIterator<Item = &'t T>,
) -> usize {
    let value = Secret::new(value.to_owned());
    let mut ledger = Ledger::default();
    let secret = || Concealed {
        reference: "op://v/i/f",
        value: &value,
    };
    texts
        .into_iter()
        .take_while(|text| ledger.admit([secret()], &[text.as_ref(), b""]).is_ok())
        .count()
}

fn chunks(text: &str, length: usize) -> Vec<String> {
    let chunks = text.as_bytes().chunks(length);
    chunks
        .map(|chunk| String::from_utf8_lossy(chunk).into_owned())
        .collect()
}

#[test]
fn a_value_that_is_told_piece_by_piece_is_refused_at_the_half() {
    let reversed: String = VALUE.chars().rev().collect();
    for (spelled, length, most) in [
        (VALUE.to_owned(), 4, 4),
        (VALUE.to_owned(), 5, 3),
        (VALUE.to_owned(), 3, 5),
        (reversed, 6, 2),
        (HEXLOWER.encode(VALUE.as_bytes()), 9, 4),
        (BASE64.encode(VALUE.as_bytes()), 8, 3),
    ] {
        let pieces = chunks(&spelled, length);
        // The more text there is, the more a piece has to tell.
        let before = if length > 3 { "part: " } else { "" };
        let lines: Vec<_> = pieces
            .iter()
            .map(|piece| format!("{before}{piece}\n"))
            .collect();

        let came_through = admitted(VALUE, lines.iter().map(String::as_str));

        assert!(
            came_through <= most,
            "{length} of {spelled}: {came_through}"
        );
        assert!(came_through > 0, "{length} of {spelled}");
    }
}

#[test]
fn pieces_in_different_spellings_add_up() {
    let hex = HEXLOWER.encode(&VALUE.as_bytes()[16..]);
    let mut pieces = chunks(&VALUE[..16], 4);
    pieces.extend(chunks(&hex, 8));

    let came_through = admitted(VALUE, pieces.iter().map(String::as_str));

    assert_eq!(came_through, 4);
}

#[test]
fn the_same_piece_again_and_again_comes_through() {
    let text = "using the key that ends in Qa5e, begins with Vq7r\n";

    assert_eq!(admitted(VALUE, [text; 50]), 50);
}

#[test]
fn what_was_refused_is_not_noted() {
    let value = Secret::new(VALUE.to_owned());
    let mut ledger = Ledger::default();
    let mut admit = |text: &str| {
        let secret = Concealed {
            reference: "op://v/i/f",
            value: &value,
        };
        ledger.admit([secret], &[text.as_bytes()])
    };

    assert_eq!(admit("Vq7rT2m Xk9LzPw"), Ok(()));
    assert_eq!(
        admit("4sNc8bH"),
        Err(TooMuch {
            reference: "op://v/i/f"
        })
    );
    assert_eq!(admit("Vq7rT2m Xk9LzPw"), Ok(()));
    assert_eq!(admit("nothing of it"), Ok(()));
}

#[test]
fn a_changed_value_begins_anew() {
    let mut ledger = Ledger::default();
    let mut admit = |value: &str, text: &str| {
        let value = Secret::new(value.to_owned());
        let secret = Concealed {
            reference: "op://v/i/f",
            value: &value,
        };
        ledger.admit([secret], &[text.as_bytes()]).is_ok()
    };

    assert!(admit(VALUE, "Vq7rT2m Xk9LzPw"));
    assert!(admit(
        "Zq7rT2mXk9LzPw4sNc8bHd3yJf6gQa5e",
        "4sNc8bH d3yJf6gQ"
    ));
}

#[test]
fn what_stands_in_a_mark_does_not_count() {
    let value = "Stripe-key-Vq7rT2mXk9LzPw4s";
    let text = "<concealed:op://v/i/f> <concealed:op://v/i/f>\n";

    assert_eq!(admitted(value, [text; 20]), 20);
}

#[test]
fn harmless_outputs_come_through_however_often() {
    let outputs = harmless::outputs();
    for value in harmless::secrets() {
        let texts = || {
            outputs
                .iter()
                .map(|(_, text)| &text[..text.len().min(8 * 1024)])
        };

        let came_through = admitted(&value, texts().chain(texts()));

        assert_eq!(came_through, 2 * outputs.len(), "{}", &value[..8]);
    }
}

#[test]
fn debug_tells_nothing() {
    assert_eq!(format!("{:?}", Ledger::default()), "Ledger(..)");
}
