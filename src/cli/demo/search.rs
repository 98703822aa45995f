//! Looks for a value in a text, in every form that a program or protocol would commonly give it.
//!
//! Written apart from the redactor on purpose: a search by the same code would miss what the redactor misses.

use data_encoding::{BASE32, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// As many characters of the raw value in a row count as the value.
const FRAGMENT: usize = 8;

/// A form of the value, and what it is called.
pub(super) struct Form {
    /// `base64`.
    pub(super) name: &'static str,
    texts: Vec<String>,
}

/// The forms of a value.
pub(super) fn forms(value: &str) -> Vec<Form> {
    let bytes = value.as_bytes();
    let percent: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    let quoted = serde_json::Value::from(value).to_string();
    let mut forms = vec![
        Form {
            name: "raw",
            texts: vec![value.to_owned()],
        },
        Form {
            name: "fragments",
            texts: fragments(value),
        },
        Form {
            name: "reversed",
            texts: vec![value.chars().rev().collect()],
        },
        Form {
            name: "JSON",
            texts: vec![quoted.trim_matches('"').to_owned()],
        },
        Form {
            name: "percent",
            texts: vec![percent.to_lowercase(), percent, percent_reserved(value)],
        },
        Form {
            name: "hex",
            texts: vec![HEXLOWER.encode(bytes), HEXUPPER.encode(bytes)],
        },
        Form {
            name: "base32",
            texts: vec![BASE32.encode(bytes).trim_end_matches('=').to_owned()],
        },
    ];
    for (name, encoding) in [("base64", BASE64_NOPAD), ("base64url", BASE64URL_NOPAD)] {
        forms.push(Form {
            name,
            texts: (0..3)
                .map(|offset| aligned(bytes, offset, &encoding))
                .collect(),
        });
    }
    forms
}

impl Form {
    /// Tells whether a text holds the value in this form.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.texts.iter().any(|form| text.contains(form))
    }

    /// Tells whether the search finds each text of this form where it is put on purpose.
    pub(super) fn is_found_when_planted(&self, text: &str) -> bool {
        let middle = (0..=text.len() / 2)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        let (before, after) = text.split_at(middle);
        !self.texts.is_empty()
            && self
                .texts
                .iter()
                .all(|form| self.is_in(&format!("{before}{form}{after}")))
    }
}

fn fragments(value: &str) -> Vec<String> {
    let characters: Vec<char> = value.chars().collect();
    characters
        .windows(FRAGMENT)
        .map(|window| window.iter().collect())
        .collect()
}

/// What a URL has: letters and digits as they are, the rest by its number.
fn percent_reserved(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// The digits that the value has wherever it stands in a longer text that is encoded as a whole: those that
/// hold bits of its neighbours are cut off.
fn aligned(bytes: &[u8], offset: usize, encoding: &data_encoding::Encoding) -> String {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(bytes);
    let digits = encoding.encode(&padded);
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    digits[first..last].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "Zk7#pQ-2v&Lw9!xR";

    #[test]
    fn every_form_is_found_inside_of_something_longer() {
        let inside = |text: &str| format!("key={text};");
        let encoded: Vec<(&str, String)> = vec![
            ("raw", inside(VALUE)),
            ("fragments", VALUE[3..11].to_owned()),
            ("base64", BASE64_NOPAD.encode(inside(VALUE).as_bytes())),
            (
                "base64",
                BASE64_NOPAD.encode(format!("x{}", inside(VALUE)).as_bytes()),
            ),
            (
                "base64",
                BASE64_NOPAD.encode(format!("xy{}", inside(VALUE)).as_bytes()),
            ),
            ("base64url", BASE64URL_NOPAD.encode(VALUE.as_bytes())),
            ("hex", HEXLOWER.encode(inside(VALUE).as_bytes())),
            ("percent", "Zk7%23pQ-2v%26Lw9%21xR".to_owned()),
            ("reversed", "Rx!9wL&v2-Qp#7kZ".to_owned()),
        ];

        for (name, text) in encoded {
            let found = forms(VALUE)
                .iter()
                .any(|form| form.name == name && form.is_in(&text));
            assert!(found, "{name}: {text}");
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is_and_everything_where_it_was_put() {
        let text = "<concealed:op://Demo/Stripe/password> – 32 characters";

        for form in forms(VALUE) {
            assert!(!form.is_in(text), "{}", form.name);
            assert!(form.is_found_when_planted(text), "{}", form.name);
        }
    }
}
