//! Derives secrets, and texts that nearly or really show them, from the fuzzer's bytes.

use arbitrary::{Result, Unstructured};

use crate::{
    redact::{Concealed, forms_of},
    vault::Secret,
};

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const ALPHANUMERIC: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const WIDE: &str = "abcdefgé☃𝄞ẞİ'\"<&\\ ";

/// Secrets with the references that their marks name; several may have the same one.
pub(super) struct Given {
    pub(super) values: Vec<String>,
    pub(super) names: Vec<String>,
    secrets: Vec<Secret>,
}

impl Given {
    /// Derives one to three secrets.
    pub(super) fn new(input: &mut Unstructured<'_>) -> Result<Self> {
        let mut values: Vec<String> = Vec::new();
        for _ in 0..input.int_in_range(1..=3)? {
            let value = value(input, &values)?;
            if !value.trim().is_empty() {
                values.push(value);
            }
        }
        let shared = input.ratio(1, 8)?;
        let name = |i: usize| if shared { i / 2 } else { i }.to_string();
        Ok(Self {
            names: (0..values.len()).map(name).collect(),
            secrets: values.iter().cloned().map(Secret::new).collect(),
            values,
        })
    }

    /// The secrets, as a redactor takes them.
    pub(super) fn concealed(&self) -> impl Iterator<Item = Concealed<'_>> {
        let pairs = self.secrets.iter().zip(&self.names);
        pairs.map(|(value, reference)| Concealed { reference, value })
    }

    /// All forms of all secrets.
    pub(super) fn forms(&self) -> Vec<Vec<u8>> {
        self.values
            .iter()
            .flat_map(|value| forms_of(value))
            .collect()
    }
}

/// Derives a value; some are made from earlier ones.
fn value(input: &mut Unstructured<'_>, earlier: &[String]) -> Result<String> {
    Ok(match input.int_in_range(0..=14)? {
        0 => text(input, "ab", 4, 14)?,
        1 => text(input, "abc", 8, 40)?,
        2 => blocks(input, 9)?,
        3 => text(input, ALPHANUMERIC, 4, 48)?,
        4 => printable(input, 8, 40)?,
        5 => lines(input, LOWER, 3, 12)?,
        6 => text(input, WIDE, 8, 24)?,
        7 => words(input)?,
        8 if !earlier.is_empty() => relative(input, earlier)?,
        9 => armoured(input)?,
        10 => format!(
            r#"{{"type": "service_account", "project_id": "shop", "private_key": {:?}, "token": "{}"}}"#,
            armoured(input)?,
            text(input, ALPHANUMERIC, 4, 20)?
        ),
        11 => format!(
            "postgres://app:{}@db.example.com/shop?api_key={}",
            text(input, "abc%40+", 4, 20)?,
            text(input, LOWER, 0, 12)?
        ),
        12 => format!(
            "DB_HOST=db.example.com\nDB_PASSWORD={}\nexport API_TOKEN=\"{}\"\n",
            printable(input, 4, 20)?,
            blocks(input, 5)?
        ),
        13 => format!("{}{}", text(input, "abz", 240, 270)?, blocks(input, 3)?),
        _ => String::from_utf8_lossy(&bytes(input, 40)?).into_owned(),
    })
}

fn text(input: &mut Unstructured<'_>, alphabet: &str, least: usize, most: usize) -> Result<String> {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let length = input.int_in_range(least..=most)?;
    (0..length)
        .map(|_| input.choose(&alphabet).copied())
        .collect()
}

fn printable(input: &mut Unstructured<'_>, least: usize, most: usize) -> Result<String> {
    let alphabet: String = ('!'..='~').collect();
    text(input, &alphabet, least, most)
}

/// Overlaps itself in many ways.
fn blocks(input: &mut Unstructured<'_>, most: usize) -> Result<String> {
    let mut value = String::new();
    for _ in 0..input.int_in_range(3..=most)? {
        value.push_str(input.choose(&["aab", "abc", "ab"])?);
    }
    value.push_str(&text(input, "xyz0123456789", 0, 2)?);
    Ok(value)
}

fn lines(
    input: &mut Unstructured<'_>,
    alphabet: &str,
    least: usize,
    most: usize,
) -> Result<String> {
    let lines: Result<Vec<_>> = (0..input.int_in_range(2..=5)?)
        .map(|_| text(input, alphabet, least, most))
        .collect();
    Ok(lines?.join("\n"))
}

/// Holds texts that tell nothing.
fn words(input: &mut Unstructured<'_>) -> Result<String> {
    let mut value = String::new();
    for _ in 0..input.int_in_range(1..=3)? {
        value.push_str(input.choose(&["password", "production", "token", "0123456789"])?);
        value.push_str(input.choose(&["-", "_", "        ", "aaaaaaaaaaaa"])?);
        value.push_str(&text(input, LOWER, 0, 9)?);
    }
    Ok(value)
}

/// Begins or ends an earlier value, holds it twice, or shares a fragment with it.
fn relative(input: &mut Unstructured<'_>, earlier: &[String]) -> Result<String> {
    let whole = input.choose(earlier)?;
    let characters: Vec<char> = whole.chars().collect();
    let (before, after) = characters.split_at(input.int_in_range(0..=characters.len())?);
    let (before, after) = (String::from_iter(before), String::from_iter(after));
    Ok(match input.int_in_range(0..=5)? {
        0 => before,
        1 => after,
        2 => format!("{whole}{before}"),
        3 => format!("x{before}-and-more"),
        4 => format!("{after}{before}"),
        _ => whole.to_uppercase(),
    })
}

fn armoured(input: &mut Unstructured<'_>) -> Result<String> {
    Ok(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines(input, BASE64, 4, 32)?
    ))
}

/// Up to `most` bytes of any kind.
pub(super) fn bytes(input: &mut Unstructured<'_>, most: usize) -> Result<Vec<u8>> {
    let length = input.int_in_range(0..=most)?.min(input.len());
    Ok(input.bytes(length)?.to_vec())
}

/// Derives a text of at most `most` bytes out of forms, fragments, near misses and noise.
pub(super) fn shown(
    input: &mut Unstructured<'_>,
    forms: &[Vec<u8>],
    most: usize,
) -> Result<Vec<u8>> {
    let mut shown = Vec::new();
    while !input.is_empty() && shown.len() < most {
        match input.int_in_range(0..=9)? {
            0 => break,
            1 => shown.extend(bytes(input, 30)?),
            2 => shown.extend(text(input, "ab\n", 0, 20)?.bytes()),
            3 => shown.extend_from_slice(b"<concealed:0>"),
            4 if !forms.is_empty() => shown.extend_from_slice(input.choose(forms)?),
            5 => {
                let mut piece = fragment(input, forms)?.to_vec();
                if !piece.is_empty() {
                    let at = input.int_in_range(0..=piece.len() - 1)?;
                    piece[at] = piece[at].wrapping_add(input.int_in_range(0..=3)?);
                }
                shown.extend(piece);
            }
            6 => {
                let piece = fragment(input, forms)?.to_vec();
                for _ in 0..input.int_in_range(2..=4)? {
                    shown.extend_from_slice(&piece);
                }
            }
            _ => shown.extend_from_slice(fragment(input, forms)?),
        }
    }
    shown.truncate(most);
    Ok(shown)
}

fn fragment<'f>(input: &mut Unstructured<'_>, forms: &'f [Vec<u8>]) -> Result<&'f [u8]> {
    if forms.is_empty() {
        return Ok(&[]);
    }
    let form = input.choose(forms)?;
    let start = input.int_in_range(0..=form.len())?;
    let end = input.int_in_range(start..=form.len())?;
    Ok(&form[start..end])
}
