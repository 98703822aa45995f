//! The forms in which programs print a value: as it is, escaped, encoded, or turned.
//!
//! A form is bytes with a weight for each of them: how much of the value somebody learns who sees it, in eighths of a
//! byte. It does not know how forms are found.

mod encode;
mod escape;
mod stripped;

pub(super) use stripped::is_no_chance;

use zeroize::Zeroizing;

use crate::redact::{
    exempt,
    parts::Part,
    short::{self, MARKABLE, WORTH_FINDING},
};

/// What one whole byte of a value weighs.
pub(super) const BYTE: u8 = 8;

/// So many bytes of a form, next to each other, are a fragment.
pub(super) const FRAGMENT: usize = 10;

/// Of parts that are longer than this, the rarer forms have only longer fragments.
const LONG: usize = 256;

/// Of parts that are longer than this, there are no rarer forms, and no short fragments.
const HUGE: usize = 4096;

/// How long those longer fragments are.
const LONG_FRAGMENT: usize = 32;

/// All forms of one value, each of them once.
#[derive(Default)]
pub(super) struct Forms {
    bytes: Zeroizing<Vec<u8>>,
    weights: Zeroizing<Vec<u8>>,
    written: Vec<Written>,
}

struct Written {
    end: usize,
    plain: bool,
    fragment: usize,
}

/// One form.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    /// Whether it is a value as it is.
    pub(super) plain: bool,
    /// How many bytes of it next to each other count as found.
    pub(super) fragment: usize,
    /// What is printed.
    pub(super) bytes: &'a [u8],
    /// How much each byte tells of the value, in eighths of a byte.
    pub(super) weights: &'a [u8],
}

impl Form<'_> {
    /// The same form, of which no fragment counts. What stands after a value changes the last digits of its encodings.
    pub(super) fn as_a_whole(self) -> Self {
        Self {
            fragment: self.bytes.len().saturating_sub(4).max(FRAGMENT),
            ..self
        }
    }
}

/// Text to make forms of, with what each byte weighs.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    weights: &'a [u8],
}

impl Forms {
    /// Makes the forms of the parts of a value: of each whole, and of those lines that are too short to have fragments.
    pub(super) fn of(parts: &[Part]) -> Self {
        let mut forms = Self::default();
        for part in parts {
            forms.add_part(part);
            if part.contains('\n') {
                forms.add_lines(part);
            }
        }
        forms
    }

    /// Goes through the forms.
    pub(super) fn iter(&self) -> impl Iterator<Item = Form<'_>> {
        let starts = std::iter::once(0).chain(self.written.iter().map(|written| written.end));
        starts.zip(&self.written).map(|(start, written)| Form {
            plain: written.plain,
            fragment: written.fragment,
            bytes: &self.bytes[start..written.end],
            weights: &self.weights[start..written.end],
        })
    }

    fn add_part(&mut self, text: &str) {
        if text.len() < WORTH_FINDING {
            return;
        }
        let weights = Zeroizing::new(exempt::weights(text));
        let source = Source {
            text,
            weights: &weights,
        };
        let first = self.written.len();
        escape::add(self, source);
        if let Some(written) = self.written.get_mut(first) {
            written.plain = true;
        }
        encode::add(self, source);
        let rarer = self.written.len();
        if text.len() <= HUGE {
            encode::add_rarer(self, source);
        }
        if text.len() <= LONG {
            encode::add_codes(self, source);
        }
        if (MARKABLE..=HUGE).contains(&text.len()) {
            self.add_turned(source);
        }
        let from = match text.len() {
            length if length <= LONG => self.written.len(),
            length if length <= HUGE => rarer,
            _ => first,
        };
        for written in &mut self.written[from..] {
            written.fragment = LONG_FRAGMENT;
        }
    }

    /// Adds lines as parts of their own where no fragment would show them, and all lines with another end or none.
    fn add_lines(&mut self, part: &str) {
        for line in part.lines().map(str::trim) {
            if line.len() < FRAGMENT && !short::is_guessable(line) {
                self.add_part(line);
            }
        }
        if part.len() <= HUGE {
            let weights = Zeroizing::new(exempt::weights(part));
            let source = Source {
                text: part,
                weights: &weights,
            };
            for end in ["\r\n", " ", ""] {
                self.add_mapped(source, |c, out| {
                    if c == '\n' {
                        out.push_str(end)
                    } else {
                        out.push(c)
                    }
                });
            }
        }
    }

    /// Reversed, in one case, rotated by thirteen letters.
    fn add_turned(&mut self, source: Source<'_>) {
        for (at, c) in source.text.char_indices().rev() {
            let weight = usize::from(source.weights[at]) * c.len_utf8();
            self.put(c.encode_utf8(&mut [0; 4]).as_bytes(), weight);
        }
        self.close();
        self.add_mapped(source, |c, out| out.extend(c.to_lowercase()));
        self.add_mapped(source, |c, out| out.extend(c.to_uppercase()));
        self.add_mapped(source, |c, out| out.push(rotated(c)));
    }

    /// Adds a form that writes each character in its own way.
    fn add_mapped(&mut self, source: Source<'_>, write: impl Fn(char, &mut String)) {
        let mut written = Zeroizing::new(String::new());
        for (at, c) in source.text.char_indices() {
            let weights = &source.weights[at..at + c.len_utf8()];
            written.clear();
            write(c, &mut written);
            if written.len() == weights.len() {
                self.bytes.extend_from_slice(written.as_bytes());
                self.weights.extend_from_slice(weights);
            } else {
                let weight = weights.iter().copied().map(usize::from).sum();
                self.put(written.as_bytes(), weight);
            }
        }
        self.close();
    }

    /// Appends bytes to the form that is being written; somebody who sees all of them learns `weight`.
    fn put(&mut self, bytes: &[u8], weight: usize) {
        self.bytes.extend_from_slice(bytes);
        self.weights.resize(self.bytes.len(), 0);
        if let Some(last) = self.weights.last_mut() {
            *last = weight.min(usize::from(u8::MAX)) as u8;
        }
    }

    /// Drops the form that is being written.
    fn discard(&mut self) {
        let start = self.bytes.len() - self.open_length();
        self.bytes.truncate(start);
        self.weights.truncate(start);
    }

    /// How long the form is that is being written.
    fn open_length(&self) -> usize {
        self.bytes.len() - self.written.last().map_or(0, |written| written.end)
    }

    /// Ends the form that is being written, and drops it if it is not worth finding or is there already.
    fn close(&mut self) {
        let start = self.bytes.len() - self.open_length();
        let form = &self.bytes[start..];
        if form.len() < WORTH_FINDING || self.iter().any(|other| other.bytes == form) {
            self.discard();
        } else {
            self.written.push(Written {
                end: self.bytes.len(),
                plain: false,
                fragment: FRAGMENT,
            });
        }
    }
}

fn rotated(c: char) -> char {
    let base = match c {
        'a'..='z' => b'a',
        'A'..='Z' => b'A',
        _ => return c,
    };
    char::from((c as u8 - base + 13) % 26 + base)
}

#[cfg(test)]
mod tests;
