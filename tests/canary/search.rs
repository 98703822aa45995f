//! Looks for values in bytes, in every form that a program, a protocol or a log would commonly give them.
//!
//! Written apart from the redactor on purpose: a search by the same code would miss what the redactor misses.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};

/// As many bytes of a value in a row, in whatever form, count as the value.
const FRAGMENT: usize = 16;

/// One form of a value.
pub struct Form {
    /// `base64`.
    pub name: &'static str,
    /// The whole value in this form.
    pub whole: Vec<u8>,
    /// How many bytes of the form stand for a fragment.
    window: usize,
    /// From where to where fragments begin: at the bytes of the value, so to say.
    step: usize,
}

/// The forms of a value, each of them worth finding.
pub fn forms(value: &[u8]) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut add = |name, whole: Vec<u8>, window, step| {
        forms.push(Form {
            name,
            whole,
            window,
            step,
        });
    };
    add("raw", value.to_vec(), FRAGMENT, 1);
    let reversed = value.iter().rev().copied().collect();
    add("reversed", reversed, FRAGMENT, 1);
    add("hex", HEXLOWER.encode(value).into(), 2 * FRAGMENT, 2);
    add("HEX", HEXUPPER.encode(value).into(), 2 * FRAGMENT, 2);
    add(
        "percent",
        each(value, |b| format!("%{b:02x}")),
        3 * FRAGMENT,
        3,
    );
    add(
        "PERCENT",
        each(value, |b| format!("%{b:02X}")),
        3 * FRAGMENT,
        3,
    );
    add("base32", BASE32_NOPAD.encode(value).into(), 24, 8);
    for offset in 0..3 {
        for (name, encoding) in [("base64", BASE64_NOPAD), ("base64url", BASE64URL_NOPAD)] {
            add(name, aligned(value, offset, &encoding), 20, 4);
        }
    }
    if let Ok(text) = std::str::from_utf8(value) {
        let reversed: String = text.chars().rev().collect();
        add("reversed", reversed.into(), FRAGMENT, 1);
        let quoted = serde_json::Value::from(text).to_string();
        let quoted = &quoted[1..quoted.len() - 1];
        add("JSON", quoted.into(), FRAGMENT, 1);
        let twice = serde_json::Value::from(quoted).to_string();
        add(
            "JSON in JSON",
            twice[1..twice.len() - 1].into(),
            FRAGMENT,
            1,
        );
        add(
            "Rust's Debug",
            format!("{text:?}").trim_matches('"').into(),
            FRAGMENT,
            1,
        );
        add("URL", each(value, reserved), 3 * FRAGMENT, 1);
        let units: Vec<u16> = text.encode_utf16().collect();
        let escaped = |form: fn(&u16) -> String| units.iter().map(form).collect::<String>();
        add(
            "\\u",
            escaped(|it| format!("\\u{it:04x}")).into(),
            6 * FRAGMENT,
            6,
        );
        add(
            "\\U",
            escaped(|it| format!("\\u{it:04X}")).into(),
            6 * FRAGMENT,
            6,
        );
        let little = units.iter().flat_map(|it| it.to_le_bytes()).collect();
        add("UTF-16LE", little, 2 * FRAGMENT, 2);
        let big = units.iter().flat_map(|it| it.to_be_bytes()).collect();
        add("UTF-16BE", big, 2 * FRAGMENT, 2);
    }
    forms
}

impl Form {
    /// Every fragment of it; all of it where it is no longer than one.
    pub fn fragments(&self) -> impl Iterator<Item = &[u8]> {
        let window = self.window.min(self.whole.len());
        self.whole.windows(window).step_by(self.step)
    }
}

fn each(value: &[u8], form: impl Fn(u8) -> String) -> Vec<u8> {
    value
        .iter()
        .map(|byte| form(*byte))
        .collect::<String>()
        .into()
}

/// What a URL has: letters and digits as they are, the rest by its number.
fn reserved(byte: u8) -> String {
    match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).into()
        }
        other => format!("%{other:02X}"),
    }
}

/// The digits that the value has wherever it stands in a longer text that is encoded as a whole: those that hold bits
/// of its neighbours are cut off.
fn aligned(value: &[u8], offset: usize, encoding: &Encoding) -> Vec<u8> {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(value);
    let digits = encoding.encode(&padded);
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    digits[first..last].into()
}

/// Finds any of many values at once.
pub struct Search {
    automaton: AhoCorasick,
    /// Whose pattern each is, and in which form.
    patterns: Vec<(String, &'static str)>,
}

impl Search {
    /// Prepares to look for named values.
    pub fn new<'a>(values: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        let mut patterns = Vec::new();
        let mut known = BTreeSet::new();
        for (name, value) in values {
            assert!(
                value.len() >= FRAGMENT,
                "{name} is too short to be a canary"
            );
            for form in forms(value) {
                for fragment in form.fragments() {
                    if known.insert(fragment.to_vec()) {
                        texts.push(fragment.to_vec());
                        patterns.push((name.to_owned(), form.name));
                    }
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build(texts)
            .unwrap();
        Self {
            automaton,
            patterns,
        }
    }

    /// Names what is found in some bytes, each name once: `login password (base64)`.
    pub fn found_in(&self, bytes: &[u8]) -> BTreeSet<String> {
        self.automaton
            .find_iter(bytes)
            .map(|found| {
                let (name, form) = &self.patterns[found.pattern().as_usize()];
                format!("{name} ({form})")
            })
            .collect()
    }

    /// Where the first of them stands, with what is around it.
    pub fn first_in(&self, bytes: &[u8]) -> Option<String> {
        let found = self.automaton.find(bytes)?;
        let around = found.start().saturating_sub(120)..(found.end() + 60).min(bytes.len());
        Some(String::from_utf8_lossy(&bytes[around]).into_owned())
    }
}

mod tests {
    use super::*;

    const VALUE: &str = "Zk7#pQ-2v&Lw9!xR\"0aTn\\cE7yß/41";

    #[test]
    fn what_is_planted_is_found_in_every_form_and_from_every_fragment() {
        let search = Search::new([("it", VALUE.as_bytes())]);

        for form in forms(VALUE.as_bytes()) {
            let mut planted = 0;
            for fragment in form.fragments() {
                let text = [b"before=".as_slice(), fragment, b"&after"].concat();
                let found = search.found_in(&text);
                assert!(!found.is_empty(), "{}: {text:?}", form.name);
                planted += 1;
            }
            assert!(planted > 0, "{} has no fragment", form.name);
        }
    }

    #[test]
    fn what_other_programs_make_of_a_value_is_found() {
        let search = Search::new([("it", VALUE.as_bytes())]);
        let around = |value: &str| format!("{{\"key\":\"{value}\"}}");
        let json = serde_json::json!({ "key": VALUE }).to_string();
        let written: Vec<u8> = format!("x{VALUE}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();

        let made: Vec<(&str, Vec<u8>)> = vec![
            ("raw", around(VALUE).into()),
            ("JSON", json.clone().into()),
            (
                "JSON in JSON",
                serde_json::json!({ "text": json }).to_string().into(),
            ),
            ("Rust's Debug", format!("{:?}", Some(VALUE)).into()),
            (
                "base64 of more",
                BASE64_NOPAD.encode(around(VALUE).as_bytes()).into(),
            ),
            (
                "base64 of more",
                BASE64_NOPAD.encode(format!("x{VALUE}").as_bytes()).into(),
            ),
            (
                "base64 of more",
                BASE64URL_NOPAD
                    .encode(format!("xy{VALUE}").as_bytes())
                    .into(),
            ),
            (
                "hex of more",
                HEXLOWER.encode(around(VALUE).as_bytes()).into(),
            ),
            ("UTF-16 of more", written),
            ("a third of it", VALUE[5..5 + FRAGMENT].into()),
        ];

        for (name, bytes) in made {
            assert!(!search.found_in(&bytes).is_empty(), "{name}: {bytes:?}");
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let search = Search::new([("it", VALUE.as_bytes())]);

        let text =
            "<concealed:op://Dev/Stripe/password> has 31 characters, of which Zk7#pQ-2v is a start";

        assert!(search.found_in(text.as_bytes()).is_empty());
    }
}
