//! Reads values out of what was printed. Shares no code with the redactor.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, Encoding};

/// As it is.
pub fn plain(text: &str) -> String {
    text.to_owned()
}

/// Without white space.
pub fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Letters and digits.
pub fn bare(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Backwards.
pub fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// Without these characters.
pub fn without(text: &str, characters: &str) -> String {
    text.chars().filter(|c| !characters.contains(*c)).collect()
}

/// The last character of each line.
pub fn last_column(text: &str) -> String {
    text.lines()
        .filter_map(|line| line.trim_end().chars().last())
        .collect()
}

/// The first character of each line.
pub fn first_column(text: &str) -> String {
    text.lines()
        .filter_map(|line| line.trim_start().chars().next())
        .collect()
}

/// The last word of each line.
pub fn last_words(text: &str) -> String {
    text.lines()
        .filter_map(|line| line.split_whitespace().last())
        .collect()
}

/// Letters so many places further.
pub fn rotated(text: &str, places: u8) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='z' => char::from((c as u8 - b'a' + places) % 26 + b'a'),
            'A'..='Z' => char::from((c as u8 - b'A' + places) % 26 + b'A'),
            _ => c,
        })
        .collect()
}

/// Pairs of hexadecimal digits, whatever stands between them.
pub fn hex(text: &str) -> String {
    let mut text = text.to_lowercase();
    for prefix in ["0x", "\\x", "\\u00", "u+00", "%u00", "%", "&#x"] {
        text = text.replace(prefix, " ");
    }
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    let bytes = digits
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok());
    latin(&bytes.collect::<Vec<_>>())
}

/// All numbers of that base, each as a byte.
pub fn numbers(text: &str, radix: u32) -> String {
    let words = text
        .split(|c: char| !c.is_digit(radix))
        .filter(|word| !word.is_empty());
    let bytes: Vec<u8> = words
        .filter_map(|word| u64::from_str_radix(word, radix).ok())
        .map(|it| it as u8)
        .collect();
    latin(&bytes)
}

/// All decimal numbers, each as a byte.
pub fn decimal(text: &str) -> String {
    numbers(text, 10)
}

/// All octal numbers, each as a byte.
pub fn octal(text: &str) -> String {
    numbers(text, 8)
}

/// All binary digits, eight to a byte.
pub fn binary(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(|c| matches!(c, '0' | '1')).collect();
    let bytes: Vec<u8> = digits
        .chunks(8)
        .filter_map(|eight| u8::from_str_radix(&eight.iter().collect::<String>(), 2).ok())
        .collect();
    latin(&bytes)
}

/// Each run of base64 digits, in either alphabet, from each of its first four digits.
pub fn base64(text: &str) -> String {
    let text = text.replace('-', "+").replace('_', "/");
    runs(&text, &BASE64_NOPAD, 4, |c| {
        c.is_ascii_alphanumeric() || "+/".contains(c)
    })
}

/// Without white space, as base64.
pub fn solid_base64(text: &str) -> String {
    base64(&solid(text))
}

/// Each run of base32 digits in either case, from each of its first eight digits.
pub fn base32(text: &str) -> String {
    runs(&text.to_uppercase(), &BASE32_NOPAD, 8, |c| {
        c.is_ascii_uppercase() || ('2'..='7').contains(&c)
    })
}

fn runs(text: &str, encoding: &Encoding, group: usize, is_digit: fn(char) -> bool) -> String {
    let mut undone = String::new();
    for run in text.split(|c| !is_digit(c)) {
        for skip in 0..group {
            let digits = run.as_bytes().get(skip..).unwrap_or_default();
            // What is left of the last group may be a shorter one.
            for cut in 0..group.min(digits.len()) {
                if let Ok(bytes) = encoding.decode(&digits[..digits.len() - cut]) {
                    undone += &latin(&bytes);
                    undone.push('\n');
                    break;
                }
            }
        }
    }
    undone
}

/// Without the sequences that colour a terminal's text.
pub fn colourless(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part
            .split_once(|c: char| c.is_ascii_alphabetic())
            .map_or("", |(_, rest)| rest)
    })
}

/// One byte a character.
pub fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// What a shell script makes of a text.
pub fn script(script: &str, text: &str) -> String {
    let mut child = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // A tool that sees at once that this is nothing for it does not read all.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
}
