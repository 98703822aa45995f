use data_encoding::{BASE32, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

use super::*;
use crate::{
    redact::{Concealed, Redactor},
    vault::Secret,
};

const VALUE: &str = "s3cr$t+V4lue/with'quote\"";

/// What of the text is still there when the value is concealed.
fn left_of(value: &str, text: &str) -> String {
    let value = Secret::new(value.to_owned());
    let redactor = Redactor::new([Concealed {
        reference: "r",
        value: &value,
    }]);
    String::from_utf8_lossy(&redactor.redact(text.as_bytes())).replace("<concealed:r>", "")
}

#[test]
fn base64_is_found_at_each_alignment_and_with_anything_after_it() {
    for before in ["", "u", "u:", "us:"] {
        for after in ["", "\n", "x", "xy"] {
            let text = format!("{before}{VALUE}{after}");
            for text in [
                BASE64.encode(text.as_bytes()),
                BASE64_NOPAD.encode(text.as_bytes()),
                BASE64URL_NOPAD.encode(text.as_bytes()),
            ] {
                let unknown = before.len() + after.trim().len();
                let most = unknown * 4 / 3 + 5;
                let left = left_of(VALUE, &text);

                assert!(left.len() <= most, "{text}: {left}");
            }
        }
    }
}

#[test]
fn base32_is_found_at_each_alignment() {
    for before in ["", "u", "u:", "us:", "use:"] {
        let text = BASE32.encode(format!("{before}{VALUE}\n").as_bytes());
        let left = left_of(VALUE, &text);

        assert!(left.len() <= before.len() * 8 / 5 + 1, "{text}: {left}");
    }
}

#[test]
fn hexadecimal_is_found_in_both_cases() {
    assert_eq!(left_of(VALUE, &HEXLOWER.encode(VALUE.as_bytes())), "");
    assert_eq!(left_of(VALUE, &HEXUPPER.encode(VALUE.as_bytes())), "");
}

#[test]
fn escapes_of_many_languages_are_found() {
    let value = "it's <\"a\\b\"> & $c\u{e9}/d e`\t\u{1}";
    for text in [
        r#"it's <\"a\\b\"> & $cé/d e`\t\u0001"#,
        r#"it's <\"a\\b\"> & $cé\/d e`\t\u0001"#,
        r#"it's <\"a\\b\"> & $c\u00e9/d e`\t\u0001"#,
        r#"it's \u003c\"a\\b\"\u003e \u0026 $cé/d e`\t\u0001"#,
        r#"it's <\"a\\b\"> & $cé/d e`\t\x01"#,
        r#"it\'s <"a\\b"> & $cé/d e`\t\x01"#,
        r#"it's <\"a\\b\"> & $cé/d e`\t\u{1}"#,
        "it'\\''s <\"a\\b\"> & $cé/d e`\t\u{1}",
        "it'\"'\"'s <\"a\\b\"> & $cé/d e`\t\u{1}",
        r#"it\'s <"a\\b"> & $cé/d e`\t\001"#,
        "it's <\\\"a\\\\b\\\"> & \\$cé/d e\\`\t\u{1}",
        "it''s <\"a\\b\"> & $cé/d e`\t\u{1}",
        "it&#39;s &lt;&quot;a\\b&quot;&gt; &amp; $cé/d e`\t\u{1}",
        "it%27s%20%3C%22a%5Cb%22%3E%20%26%20%24c%C3%A9%2Fd%20e%60%09%01",
        "it%27s+%3c%22a%5cb%22%3e+%26+%24c%c3%a9%2fd+e%60%09%01",
    ] {
        assert_eq!(left_of(value, text), "", "{text}");
    }
}

#[test]
fn turned_and_coded_forms_are_found() {
    for text in [
        "eulav-eht",
        "THE-VALUE",
        "gur-inyhr",
        "t\0h\0e\0-\0v\0a\0l\0u\0e\0",
        "\0t\0h\0e\0-\0v\0a\0l\0u\0e",
        "%74%68%65%2d%76%61%6c%75%65",
        "\\x74\\x68\\x65\\x2D\\x76\\x61\\x6C\\x75\\x65",
        "\\u0074\\u0068\\u0065\\u002d\\u0076\\u0061\\u006c\\u0075\\u0065",
    ] {
        assert_eq!(left_of("the-value", text), "", "{text}");
    }
}

#[test]
fn each_long_line_is_found_and_armour_is_not() {
    let value = "-----BEGIN KEY-----\nb0dy-of-the-k3y\nab\n8-byte5!\n-----END KEY-----\n";

    assert_eq!(left_of(value, "x|b0dy-of-the-k3y|y|8-byte5!|z"), "x||y||z");
    assert_eq!(left_of(value, "b0dy-of-the-k3y\r\nab\r\n8-byte5!"), "");
    for text in ["-----BEGIN KEY-----", "-----END KEY-----", "ab"] {
        assert_eq!(left_of(value, text), text);
    }
}

#[test]
fn a_form_is_there_once() {
    let forms = Forms::of(&[Part::new("onlyLetters".to_owned())]);

    let mut all: Vec<_> = forms.iter().map(|form| form.bytes).collect();
    all.sort_unstable();
    let count = all.len();
    all.dedup();

    assert_eq!(all.len(), count);
}

#[test]
fn a_long_value_has_fewer_grams_and_is_still_found_in_its_rarer_forms() {
    let value: String = (0..600_u32)
        .map(|i| char::from(b'!' + (i * i % 89 + i % 3) as u8))
        .collect();

    assert_eq!(
        left_of(&value, &value.chars().rev().collect::<String>()),
        ""
    );
    assert_eq!(left_of(&value, &value[40..80]), "");
}
