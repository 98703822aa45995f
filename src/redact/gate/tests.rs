use std::fmt::Write as _;

use data_encoding::{BASE32, BASE64, HEXLOWER};
use miniz_oxide::deflate::compress_to_vec_zlib;

use super::*;
use crate::{redact::tests::harmless, vault::Secret};

const VALUE: &str = "xK9_pQ7-zW2m&Lr5tVb8";

fn gate(values: &[&str]) -> Gate {
    let secrets: Vec<_> = values
        .iter()
        .map(|value| Secret::new((*value).to_owned()))
        .collect();
    let names: Vec<_> = (0..values.len()).map(|i| format!("op://v/i/{i}")).collect();
    Gate::new(
        secrets
            .iter()
            .zip(&names)
            .map(|(value, reference)| Concealed { reference, value }),
    )
}

fn each(separator: &str, mut show: impl FnMut(usize, char) -> String) -> String {
    VALUE
        .chars()
        .enumerate()
        .map(|(i, c)| show(i, c) + separator)
        .collect()
}

fn numbers(separator: &str, show: impl Fn(u8) -> String) -> String {
    VALUE.bytes().map(|byte| show(byte) + separator).collect()
}

fn wrapped(text: &str, width: usize) -> String {
    let mut wrapped = String::new();
    for line in text.as_bytes().chunks(width) {
        let _ = writeln!(wrapped, "{}", String::from_utf8_lossy(line));
    }
    wrapped
}

fn hex_dump(width: usize) -> String {
    let mut dump = String::new();
    for (i, line) in VALUE.as_bytes().chunks(width).enumerate() {
        let _ = write!(dump, "{:08x}:", i * width);
        for pair in line.chunks(2) {
            let _ = write!(dump, " {}", HEXLOWER.encode(pair));
        }
        let _ = writeln!(dump, "  {}", String::from_utf8_lossy(line));
    }
    dump
}

/// How long the pieces of harmless outputs are that are looked at: as long as what an agent gets of a stream. An
/// unoptimised build is slow.
const PIECE: usize = if cfg!(debug_assertions) { 4 } else { 48 } * 1024;

/// How many pieces of each are looked at.
const PIECES: usize = if cfg!(debug_assertions) {
    2
} else {
    usize::MAX
};

/// Ways to print the value that the stream redactor doesn't know, with names.
fn disguises() -> Vec<(&'static str, String)> {
    let base64 = BASE64.encode(VALUE.as_bytes());
    let hex = HEXLOWER.encode(VALUE.as_bytes());
    let plane = |c: char| {
        if c.is_ascii_alphanumeric() {
            char::from_u32(0xff01 + c as u32 - 0x21).unwrap_or(c)
        } else {
            c
        }
    };
    vec![
        ("wrapped at 5", wrapped(VALUE, 5)),
        ("one character a line", wrapped(VALUE, 1)),
        ("spaces between", each(" ", |_, c| c.to_string())),
        (
            "commas and quotes between",
            each(", ", |_, c| format!("'{c}'")),
        ),
        ("dots between", each(".", |_, c| c.to_string())),
        (
            "colour between",
            each("", |i, c| format!("\u{1b}[3{}m{c}\u{1b}[0m", i % 8)),
        ),
        (
            "titles between",
            each("", |_, c| format!("\u{1b}]0;x\u{7}{c}")),
        ),
        ("backspaces erase", each("", |_, c| format!("z\u{8}{c}"))),
        ("backspaces only", each("\u{8}", |_, c| c.to_string())),
        ("zero-width between", each("\u{200b}", |_, c| c.to_string())),
        ("soft hyphens between", each("\u{ad}", |_, c| c.to_string())),
        ("full-width", VALUE.chars().map(plane).collect()),
        (
            "cases changed",
            each("", |i, c| {
                if i % 2 == 0 {
                    c.to_lowercase().to_string()
                } else {
                    c.to_uppercase().to_string()
                }
            }),
        ),
        (
            "line numbers and five characters",
            VALUE
                .as_bytes()
                .chunks(5)
                .enumerate()
                .fold(String::new(), |mut all, (i, five)| {
                    let _ = writeln!(all, "{i}: {}", String::from_utf8_lossy(five));
                    all
                }),
        ),
        (
            "a column of last characters",
            each("\n", |i, c| format!("char {i} is {c}")),
        ),
        (
            "a column of first characters",
            each("\n", |i, c| format!("{c} is char {i}")),
        ),
        ("hex with colons", numbers(":", |b| format!("{b:02x}"))),
        ("hex with prefix", numbers(", ", |b| format!("0x{b:02x}"))),
        ("upper hex wrapped", wrapped(&hex.to_uppercase(), 7)),
        ("xxd", hex_dump(16)),
        ("xxd narrow", hex_dump(6)),
        (
            "decimal list",
            format!("[{}]", numbers(", ", |b| b.to_string())),
        ),
        ("decimal lines", numbers("\n", |b| b.to_string())),
        ("octal list", numbers(" ", |b| format!("{b:03o}"))),
        ("octal escapes", numbers("", |b| format!("\\{b:03o}"))),
        ("binary list", numbers(" ", |b| format!("{b:08b}"))),
        ("binary string", numbers("", |b| format!("{b:08b}"))),
        ("code points", numbers(" ", |b| format!("U+{b:04X}"))),
        ("decimal entities", numbers("", |b| format!("&#{b};"))),
        ("hex entities", numbers("", |b| format!("&#x{b:x};"))),
        ("quoted-printable", numbers("", |b| format!("={b:02X}"))),
        (
            "counted, in one line",
            format!("{{{}}}", each(", ", |i, c| format!("{i}: '{c}'"))),
        ),
        (
            "numbered pieces",
            VALUE
                .as_bytes()
                .chunks(4)
                .enumerate()
                .fold(String::new(), |mut all, (i, four)| {
                    let _ = writeln!(all, "part {i}: {}", String::from_utf8_lossy(four));
                    all
                }),
        ),
        (
            "every second character a line",
            [0, 1]
                .map(|from| {
                    VALUE
                        .chars()
                        .skip(from)
                        .step_by(2)
                        .chain(['\n'])
                        .collect::<String>()
                })
                .concat(),
        ),
        ("titles only", each("", |_, c| format!("\u{1b}]0;{c}\u{7}"))),
        (
            "numbers from a thousand on",
            numbers(", ", |b| (1000 + u32::from(b)).to_string()),
        ),
        (
            "numbers before their index",
            VALUE
                .bytes()
                .enumerate()
                .fold(String::new(), |mut all, (i, b)| {
                    let _ = writeln!(all, "{b} is code {i}");
                    all
                }),
        ),
        ("binary without zeros", numbers(" ", |b| format!("0b{b:b}"))),
        ("uuencoded", "4>$LY7W!1-RUZ5S)M)DQR-7168C@".to_owned()),
        ("base85", "cuP57a8WlcdRH=SCQNcQbXH<G".to_owned()),
        (
            "one integer",
            "686756446265168738175915329452261037603558941240".to_owned(),
        ),
        ("base64 wrapped", wrapped(&base64, 6)),
        (
            "base64 spaced",
            base64.chars().map(|c| format!("{c} ")).collect(),
        ),
        ("base64 twice", BASE64.encode(base64.as_bytes())),
        (
            "base64 thrice",
            BASE64.encode(BASE64.encode(base64.as_bytes()).as_bytes()),
        ),
        ("base64 of hex", BASE64.encode(hex.as_bytes())),
        ("hex of base64", HEXLOWER.encode(base64.as_bytes())),
        ("hex twice", HEXLOWER.encode(hex.as_bytes())),
        ("percent twice", numbers("", |b| format!("%25{b:02x}"))),
        (
            "base32 in lower case",
            BASE32.encode(VALUE.as_bytes()).to_lowercase(),
        ),
        ("base64 backwards", base64.chars().rev().collect()),
        (
            "zlib in base64",
            BASE64.encode(&compress_to_vec_zlib(VALUE.as_bytes(), 6)),
        ),
        (
            "zlib in base64, wrapped",
            wrapped(
                &BASE64.encode(&compress_to_vec_zlib(VALUE.as_bytes(), 6)),
                9,
            ),
        ),
        (
            "zlib in hex",
            HEXLOWER.encode(&compress_to_vec_zlib(VALUE.as_bytes(), 9)),
        ),
        (
            "xor in hex",
            HEXLOWER.encode(&VALUE.bytes().map(|b| b ^ 0x5a).collect::<Vec<_>>()),
        ),
        (
            "xor in base64",
            BASE64.encode(&VALUE.bytes().map(|b| b ^ 0xa5).collect::<Vec<_>>()),
        ),
        (
            "added to",
            VALUE.bytes().map(|b| char::from(b + 1)).collect(),
        ),
        (
            "rotated by 47",
            VALUE
                .bytes()
                .map(|b| char::from((b - 33 + 47) % 94 + 33))
                .collect(),
        ),
        (
            "rotated by 5",
            VALUE
                .bytes()
                .map(|b| {
                    char::from(match b {
                        b'a'..=b'z' => (b - b'a' + 5) % 26 + b'a',
                        b'A'..=b'Z' => (b - b'A' + 5) % 26 + b'A',
                        b => b,
                    })
                })
                .collect(),
        ),
        (
            "JSON in JSON",
            format!("\"\\\"{}\\\"\"", VALUE.replace('&', "\\\\u0026")),
        ),
    ]
}

#[test]
fn a_value_in_disguise_is_recognized() {
    let gate = gate(&["another-value-entirely", VALUE]);
    assert_eq!(
        gate.look(b"Compiling shop v0.1.0\n\nFinished in 0.3s\n", b"ok\n"),
        None
    );

    let missed: Vec<_> = disguises()
        .into_iter()
        .filter(|(_, text)| {
            let output = format!("Compiling shop v0.1.0\n{text}\nFinished in 0.3s\n");
            gate.look(output.as_bytes(), b"") != Some("op://v/i/1")
                || gate.look(b"ok\n", output.as_bytes()) != Some("op://v/i/1")
        })
        .map(|(name, _)| name)
        .collect();

    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn a_value_that_is_split_over_both_streams_is_recognized() {
    let gate = gate(&[VALUE]);
    let every = |from: usize| -> String { VALUE.chars().skip(from).step_by(2).collect() };
    let lines: Vec<_> = VALUE
        .as_bytes()
        .chunks(4)
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    let of = |from: usize| -> String {
        lines
            .iter()
            .skip(from)
            .step_by(2)
            .map(|line| format!("{line}\n"))
            .collect()
    };

    for (stdout, stderr) in [
        (VALUE[..9].to_owned(), VALUE[9..].to_owned()),
        (VALUE[9..].to_owned(), VALUE[..9].to_owned()),
        (every(0), every(1)),
        (of(0), of(1)),
    ] {
        assert!(
            gate.look(stdout.as_bytes(), stderr.as_bytes()).is_some(),
            "{stdout} {stderr}"
        );
    }
}

#[test]
fn what_only_looks_like_a_mark_hides_nothing() {
    let text: String = each("", |_, c| format!("<concealed:{c}>"));
    let commented: String = each("", |_, c| format!("<concealed:op://v/i/0>{c}"));

    assert!(
        gate(&[VALUE])
            .look(text.replace("<concealed:", "<").as_bytes(), b"")
            .is_some()
    );
    assert!(gate(&[VALUE]).look(commented.as_bytes(), b"").is_some());
    assert!(
        gate(&[VALUE])
            .look(wrapped_marks().as_bytes(), b"")
            .is_some()
    );
}

/// The value in pieces, each dressed up as a mark on its own line.
fn wrapped_marks() -> String {
    VALUE
        .as_bytes()
        .chunks(5)
        .map(|five| format!("<concealed:{}>\n", String::from_utf8_lossy(five)))
        .collect()
}

#[test]
fn the_rest_of_a_value_beside_its_mark_is_recognized() {
    let gate = gate(&["another-value-entirely", VALUE]);

    assert_eq!(
        gate.look(b"<concealed:op://v/i/1>\nr5tVb8\n", b""),
        Some("op://v/i/1")
    );
    assert_eq!(
        gate.look(b"xK9_pQ\n<concealed:op://v/i/1>", b""),
        Some("op://v/i/1")
    );
    assert_eq!(gate.look(b"<concealed:op://v/i/0>\nr5tVb8\n", b""), None);
    assert_eq!(gate.look(b"<concealed:op://v/i/1>", b"r5tVb8\n"), None);
}

#[test]
fn a_passphrase_without_its_spaces_is_recognized() {
    let gate = gate(&["correct horse battery staple"]);

    assert!(gate.look(b"correct\nhorse\nbattery\nstaple", b"").is_some());
    assert!(gate.look(b"4@CC64E 9@CD6 32EE6CJ DE2A=6", b"").is_some());
    assert!(
        gate.look(
            b"part0=correct \npart1=horse ba\npart2=ttery st\npart3=aple\n",
            b""
        )
        .is_some()
    );
    assert!(
        gate.look(
            b"chunk 'correc'\nchunk 't hors'\nchunk 'e batt'\nchunk 'ery st'\n",
            b""
        )
        .is_some()
    );
    assert_eq!(gate.look(b"correct: battery; status", b""), None);
}

#[test]
fn only_long_stretches_are_told_to_be_printable() {
    let mut told = View::default();

    view::printable(
        b"\0\x01short\xff\xfelong enough\0          \0another one",
        &mut told,
    );

    assert_eq!(told.as_slice(), b"long enough\nanother one\n");
}

#[test]
fn compressed_bytes_on_a_stream_are_recognized() {
    let packed = compress_to_vec_zlib(format!("token {VALUE}").as_bytes(), 6);

    assert!(gate(&[VALUE]).look(&packed, b"").is_some());
}

#[test]
fn marks_and_harmless_outputs_pass() {
    let secrets = harmless::secrets();
    let values: Vec<_> = secrets.iter().map(String::as_str).collect();
    let gate = gate(&values);

    for (name, output) in harmless::outputs() {
        for part in output.chunks(PIECE).take(PIECES) {
            assert_eq!(gate.look(part, b""), None, "{name}");
        }
    }
    assert_eq!(
        gate.look(
            b"token <concealed:op://v/i/1> <concealed:op://v/i/1>\n",
            b"<concealed:op://v/i/2>"
        ),
        None
    );
}

#[test]
fn what_cannot_be_looked_at_counts_as_a_find() {
    let gate = gate(&[VALUE]);
    let long = vec![b'.'; LONGEST_TEXT];
    let bomb = compress_to_vec_zlib(&vec![0; 8 << 20], 9);

    assert_eq!(gate.look(&long, b""), None);
    assert!(gate.look(&long, b".").is_some());
    assert!(gate.look(&bomb, b"").is_some());
    assert!(gate.look(BASE64.encode(&bomb).as_bytes(), b"").is_some());
}

#[test]
fn nothing_is_found_without_secrets() {
    assert_eq!(gate(&[]).look(&vec![b'.'; LONGEST_TEXT + 1], b""), None);
    assert_eq!(gate(&["test"]).look(b"test", b""), None);
}

#[test]
fn debug_tells_nothing() {
    assert_eq!(format!("{:?}", gate(&[VALUE])), "Gate(..)");
}
