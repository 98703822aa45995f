//! Templates: text with secret references and variables in it, as `op inject` reads them.
//!
//! ```text
//! password: op://prod/db/password        bare: not after a letter, digit, `-`, `+`, `\` or `.`; ends at the first
//!                                        character that is no letter, digit, `-`, `_`, `.`, `/`, or `?attribute=…`
//! password: {{ op://prod/my db/password }}            enclosed: names may have spaces
//! example:  {{ "{{ op://not/a/secret }} \" $HOME" }}  stands for what is between the quotes
//! host:     $HOST, ${HOST}, ${HOST:-localhost}        names in any case; a default where nothing is set
//! token:    op://${STAGE:-dev}/api/token              variables in a reference are replaced first
//! ```
//!
//! After <https://developer.1password.com/docs/cli/secrets-template-syntax/>. Braces and dollars of other languages
//! (`{{ .Values.x }}`, `${{ github.ref }}`) stay as they are. Where that page is silent, nothing is guessed: a variable
//! that nobody sets and that has no default is an error, and so is whatever begins like a reference and is none. The
//! module opens no file, looks nothing up, and does not know the process' environment.

use std::fmt;

use zeroize::Zeroizing;

use crate::vault::{ReferenceError, Secret, SecretReference};

/// The longest that a template may be, and become by its variables, in bytes.
pub const MAX_TEMPLATE_BYTES: usize = 16 * 1024 * 1024;

/// The longest default that a variable may have, in bytes.
const MAX_DEFAULT_BYTES: usize = 4096;
/// So many lines are told at most.
const MAX_LINES: usize = 20;

/// A template with its variables replaced.
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub enum Part {
    /// A secret takes its place.
    Reference(SecretReference),
    /// Text that stands for itself; not empty, and never two in a row.
    Text(Secret),
}

/// Why a text is no template; no message repeats the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The text is in another encoding.
    #[error("line {line} is not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        line: usize,
    },

    /// What begins like a secret reference is none.
    #[error("line {line}: {error}; where no secret is meant, write {{{{ \"op://…\" }}}}")]
    Reference {
        /// Counted from 1.
        line: usize,
        /// The rule that is broken.
        error: ReferenceError,
    },

    /// Text and variables are longer than anything that is meant to be a template.
    #[error("with its variables the template is longer than {} MiB", MAX_TEMPLATE_BYTES / 1024 / 1024)]
    TooLong,

    /// `{{ op://` is not closed.
    #[error("line {line}: a reference begins with `{{{{` and does not end with `}}}}`")]
    Unclosed {
        /// Counted from 1.
        line: usize,
    },

    /// Nobody sets a variable. Its name is not repeated: `pa$word` makes half of a password look like one.
    #[error(
        "{}: a variable is not set and has no default; set it, write ${{NAME:-default}}, or {{{{ \"$\" }}}} for a dollar sign",
        Lines(lines)
    )]
    Variable {
        /// Where, counted from 1; each line once.
        lines: Vec<usize>,
    },
}

impl Template {
    /// Reads a text and replaces its variables by what `variable` gives for a name.
    ///
    /// # Errors
    /// [`TemplateError`] for the first place that is not understood, and for all variables that are not set.
    pub fn parse(
        text: &str,
        variable: impl Fn(&str) -> Option<Zeroizing<String>>,
    ) -> Result<Self, TemplateError> {
        let mut reader = Reader::new(text, &variable);
        reader.read()?;
        reader.finish()
    }

    /// Reads a text in which only braces mean anything: `{{ op://… }}` and `{{ "…" }}`. Dollar signs and bare references in
    /// it are text, for whoever calls has replaced what there was to replace.
    ///
    /// # Errors
    /// As [`Template::parse`]; a dollar sign between the braces is a variable that nobody sets.
    pub fn between_braces(text: &str) -> Result<Self, TemplateError> {
        let mut reader = Reader::new(text, &|_| None);
        reader.read_braces()?;
        reader.finish()
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`Template::parse`], and when they are not UTF-8.
    pub fn from_bytes(
        bytes: &[u8],
        variable: impl Fn(&str) -> Option<Zeroizing<String>>,
    ) -> Result<Self, TemplateError> {
        let text = std::str::from_utf8(bytes).map_err(|error| TemplateError::NotUtf8 {
            line: line_at(bytes, error.valid_up_to()),
        })?;
        Self::parse(text, variable)
    }

    /// The pieces, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The references, in order, each once.
    #[must_use]
    pub fn references(&self) -> Vec<&SecretReference> {
        let mut references: Vec<&SecretReference> = Vec::new();
        for part in &self.parts {
            if let Part::Reference(reference) = part
                && !references.contains(&reference)
            {
                references.push(reference);
            }
        }
        references
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({} parts)", self.parts.len())
    }
}

/// What a variable's place holds.
enum Variable {
    Set(Zeroizing<String>),
    Lacking,
}

struct Reader<'a> {
    text: &'a str,
    /// The next byte to read; always between two characters.
    at: usize,
    variable: &'a dyn Fn(&str) -> Option<Zeroizing<String>>,
    parts: Vec<Part>,
    /// Text that is not a part yet.
    written: Zeroizing<String>,
    /// All that was written, references included.
    bytes: usize,
    /// How many bytes line breaks were counted in, and the line that they led to.
    counted: (usize, usize),
    lacking: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, variable: &'a dyn Fn(&str) -> Option<Zeroizing<String>>) -> Self {
        Self {
            text,
            at: 0,
            variable,
            parts: Vec::new(),
            written: Zeroizing::new(String::new()),
            bytes: 0,
            counted: (0, 1),
            lacking: Vec::new(),
        }
    }

    fn finish(mut self) -> Result<Template, TemplateError> {
        self.copy(self.rest().len())?;
        self.settle();
        if self.lacking.is_empty() {
            Ok(Template { parts: self.parts })
        } else {
            Err(TemplateError::Variable {
                lines: self.lacking,
            })
        }
    }

    fn read_braces(&mut self) -> Result<(), TemplateError> {
        while let Some(next) = self.rest().find("{{") {
            self.copy(next)?;
            self.braces()?;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), TemplateError> {
        if self.text.len() > MAX_TEMPLATE_BYTES {
            return Err(TemplateError::TooLong);
        }
        while let Some(next) = self.rest().find(['{', '$', 'o', 'O']) {
            self.copy(next)?;
            let rest = self.rest();
            if rest.starts_with("{{") {
                self.braces()?;
            } else if rest.starts_with('$') {
                match variable_at(rest) {
                    Some((length, name, default)) => {
                        let found = self.look_up(name, default);
                        self.at += length;
                        if let Variable::Set(value) = found {
                            self.put_value(&value)?;
                        }
                    }
                    None => self.copy(1)?,
                }
            } else if begins_reference(rest) && self.may_begin_reference() {
                let length = reference_length(rest);
                self.reference(&rest[..length])?;
                self.at += length;
            } else {
                self.copy(1)?;
            }
        }
        Ok(())
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// `{{ op://… }}`, `{{ "…" }}`, or braces of another language.
    fn braces(&mut self) -> Result<(), TemplateError> {
        let rest = self.rest();
        let inner = rest[2..].trim_start_matches([' ', '\t']);
        let padding = rest.len() - 2 - inner.len();
        if begins_reference(inner) {
            let Some(end) = inner.find("}}") else {
                return Err(TemplateError::Unclosed { line: self.line() });
            };
            let length = 2 + padding + end + 2;
            self.reference(&inner[..end])?;
            self.at += length;
            return Ok(());
        }
        if let Some((literal, length)) = inner.strip_prefix('"').and_then(literal) {
            self.at += 2 + padding + 1 + length;
            return self.put(&literal);
        }
        self.copy(2)
    }

    /// Replaces the variables in a reference's text, and reads it.
    fn reference(&mut self, text: &str) -> Result<(), TemplateError> {
        let mut expanded = Zeroizing::new(String::new());
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            expanded.push_str(&rest[..dollar]);
            rest = &rest[dollar..];
            match variable_at(rest) {
                Some((length, name, default)) => {
                    match self.look_up(name, default) {
                        Variable::Set(value) => expanded.push_str(&value),
                        // All that lack are told at once: any name does until then.
                        Variable::Lacking => expanded.push('_'),
                    }
                    rest = &rest[length..];
                }
                None => {
                    expanded.push('$');
                    rest = &rest[1..];
                }
            }
            if expanded.len() > MAX_TEMPLATE_BYTES {
                return Err(TemplateError::TooLong);
            }
        }
        expanded.push_str(rest);
        self.put_reference(&expanded)
    }

    fn put_reference(&mut self, text: &str) -> Result<(), TemplateError> {
        let line = self.line();
        let reference = SecretReference::parse(text)
            .map_err(|error| TemplateError::Reference { line, error })?;
        self.grow(text.len())?;
        self.settle();
        self.parts.push(Part::Reference(reference));
        Ok(())
    }

    /// Writes what stands in a variable's place; what begins like a reference stands for its secret.
    fn put_value(&mut self, text: &str) -> Result<(), TemplateError> {
        if SecretReference::looks_like(text) {
            return self.put_reference(text);
        }
        self.put(text)
    }

    fn put(&mut self, text: &str) -> Result<(), TemplateError> {
        self.grow(text.len())?;
        self.written.push_str(text);
        Ok(())
    }

    /// Copies so many bytes of the template as they are.
    fn copy(&mut self, length: usize) -> Result<(), TemplateError> {
        self.grow(length)?;
        let text = self.text;
        self.written.push_str(&text[self.at..self.at + length]);
        self.at += length;
        Ok(())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), TemplateError> {
        self.bytes += bytes;
        if self.bytes > MAX_TEMPLATE_BYTES {
            return Err(TemplateError::TooLong);
        }
        Ok(())
    }

    fn settle(&mut self) {
        if !self.written.is_empty() {
            let text = std::mem::take(&mut *self.written);
            self.parts.push(Part::Text(Secret::new(text)));
        }
    }

    fn look_up(&mut self, name: &str, default: Option<&str>) -> Variable {
        let set = (self.variable)(name);
        // As in a shell, `:-` also fills in for what is set and empty.
        let set = set.filter(|value| default.is_none() || !value.is_empty());
        match set.or_else(|| default.map(|text| Zeroizing::new(text.to_owned()))) {
            Some(value) => Variable::Set(value),
            None => {
                let line = self.line();
                if self.lacking.last() != Some(&line) && self.lacking.len() < MAX_LINES {
                    self.lacking.push(line);
                }
                Variable::Lacking
            }
        }
    }

    fn may_begin_reference(&self) -> bool {
        let before = self.text[..self.at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '+' | '\\' | '.'))
    }

    fn line(&mut self) -> usize {
        let (from, line) = self.counted;
        let more = line_at(&self.text.as_bytes()[from..self.at], self.at - from) - 1;
        self.counted = (self.at, line + more);
        line + more
    }
}

fn begins_reference(text: &str) -> bool {
    text.get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("op://"))
}

/// How long a bare reference is.
fn reference_length(text: &str) -> usize {
    let mut at = "op://".len();
    let mut query = false;
    while let Some(next) = text[at..].chars().next() {
        at += match next {
            '-' | '_' | '.' | '/' => 1,
            '=' if query => 1,
            '?' => {
                query = true;
                1
            }
            '$' => match variable_at(&text[at..]) {
                Some((length, _, _)) => length,
                None => break,
            },
            c if c.is_ascii_alphanumeric() => 1,
            _ => break,
        };
    }
    at
}

/// Reads `$NAME`, `${ NAME }` or `${NAME:-default}` at the beginning of a text: its length, name and default.
fn variable_at(text: &str) -> Option<(usize, &str, Option<&str>)> {
    let after = text.strip_prefix('$')?;
    let Some(inner) = after.strip_prefix('{') else {
        let length = name_length(after);
        return (length > 0).then(|| (1 + length, &after[..length], None));
    };
    let name = inner.trim_start_matches([' ', '\t']);
    let (name, rest) = name.split_at(name_length(name));
    let rest = rest.trim_start_matches([' ', '\t']);
    let used = |rest: &str| text.len() - rest.len();
    if name.is_empty() {
        None
    } else if let Some(rest) = rest.strip_prefix('}') {
        Some((used(rest), name, None))
    } else {
        let default = rest.strip_prefix(":-")?;
        let within = default.as_bytes().iter().take(MAX_DEFAULT_BYTES);
        let end = within.copied().position(|byte| byte == b'}')?;
        Some((used(&default[end + 1..]), name, Some(&default[..end])))
    }
}

fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}

/// Reads what follows `{{ "`, up to `" }}`: the text with `\"` as `"`, and how many bytes that took.
fn literal(text: &str) -> Option<(Zeroizing<String>, usize)> {
    let mut found = Zeroizing::new(String::new());
    let mut at = 0;
    loop {
        let next = at + text[at..].find(['"', '\\'])?;
        found.push_str(&text[at..next]);
        if text[next..].starts_with("\\\"") {
            found.push('"');
            at = next + 2;
        } else if text[next..].starts_with('\\') {
            found.push('\\');
            at = next + 1;
        } else {
            let rest = &text[next + 1..];
            let close = rest.trim_start_matches([' ', '\t']);
            let padding = rest.len() - close.len();
            return close
                .starts_with("}}")
                .then_some((found, next + 1 + padding + 2));
        }
    }
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count()
}

/// `line 3` or `lines 3, 7`.
struct Lines<'a>(&'a [usize]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.len() == 1 { "line " } else { "lines " })?;
        for (n, line) in self.0.iter().enumerate() {
            write!(f, "{}{line}", if n == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
