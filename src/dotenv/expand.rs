//! From the lines of a `.env` file to what a program gets: variables replaced, the last line of a name kept.
//!
//! A line may put another line's secret into its own text (`postgres://app:${DB_PASSWORD}@db/app`).
//! The secret is not known here; so such a value stays in parts, until the broker has resolved its references.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::{Dotenv, DotenvError, Entry, Piece};
use crate::{
    template::{self, Template, TemplateError},
    vault::{Secret, SecretReference},
};

/// Bytes that one value may have: Linux gives a program no longer string (`MAX_ARG_STRLEN`).
pub const MAX_VALUE_BYTES: usize = 128 * 1024;
/// Bytes that all values of a file may have: Linux gives a program no more than 6 MiB.
pub const MAX_TOTAL_BYTES: usize = 6 * 1024 * 1024;

/// A variable and what it gets.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The variable's name.
    pub name: String,
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// What it gets.
    pub value: Value,
    /// Whether a variable in it was not set anywhere and left nothing: worth a warning to a person,
    /// which names the line only, since `pa$word` makes half of a password look like a variable.
    pub lacks_variable: bool,
}

/// What a variable gets.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text with secrets in it: the parts one after another.
    Composed(Vec<Part>),
    /// A secret.
    Reference(SecretReference),
    /// Text, which may be empty.
    Text(Secret),
}

/// A part of a composed value.
#[derive(Clone, Debug)]
pub enum Part {
    /// A secret.
    Reference(SecretReference),
    /// Text; not empty.
    Text(Secret),
}

impl Dotenv {
    /// Replaces variables, from earlier lines first and from `outer` second; `outer` may give references too.
    ///
    /// For a person's run `outer` is the shell's environment; for an agent it is what the request
    /// brought, never the server's own environment. A variable that nobody sets is replaced by nothing, or by its default.
    /// The last line of a name wins, in the place of the first.
    ///
    /// # Errors
    /// [`DotenvError`] when a value that begins like a reference is none, or grows too long.
    pub fn expand(
        &self,
        outer: impl Fn(&str) -> Option<Zeroizing<String>>,
    ) -> Result<Vec<Assignment>, DotenvError> {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut lines: Vec<(&Entry, Line)> = Vec::new();
        let mut total = 0;
        for entry in &self.entries {
            let earlier = |name: &str| Some(&lines[*known.get(name)?].1);
            let mut line = Line::default();
            line.append_pieces(&entry.pieces, entry, &earlier, &outer)?;
            line.settle(entry)?;
            total += line.bytes;
            if total > MAX_TOTAL_BYTES {
                return Err(DotenvError::TooMuch);
            }
            match known.get(&*entry.name) {
                Some(at) => lines[*at] = (entry, line),
                None => {
                    known.insert(&entry.name, lines.len());
                    lines.push((entry, line));
                }
            }
        }
        Ok(lines.into_iter().map(Assignment::from).collect())
    }
}

/// One line's value while it is put together.
#[derive(Default)]
struct Line {
    parts: Vec<Fragment>,
    bytes: usize,
    lacks_variable: bool,
}

#[derive(Clone)]
enum Fragment {
    Reference(SecretReference),
    Text(Zeroizing<String>),
}

impl Line {
    fn append_pieces<'a>(
        &mut self,
        pieces: &[Piece],
        entry: &Entry,
        earlier: &dyn Fn(&str) -> Option<&'a Line>,
        outer: &dyn Fn(&str) -> Option<Zeroizing<String>>,
    ) -> Result<(), DotenvError> {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.append_text(text, entry)?,
                Piece::Variable { name, default } => {
                    let found = match earlier(name) {
                        Some(line) => Some(line.parts.clone()),
                        None => outer(name).map(|text| fragments(text, entry)).transpose()?,
                    };
                    match (found, default) {
                        (Some(found), None) => self.append(found, entry)?,
                        (Some(found), Some(_)) if !found.is_empty() => self.append(found, entry)?,
                        (_, Some(default)) => self.append_pieces(default, entry, earlier, outer)?,
                        (None, None) => self.lacks_variable = true,
                    }
                }
            }
        }
        Ok(())
    }

    fn append(&mut self, fragments: Vec<Fragment>, entry: &Entry) -> Result<(), DotenvError> {
        for fragment in fragments {
            match fragment {
                Fragment::Text(text) => self.append_text(&text, entry)?,
                Fragment::Reference(reference) => {
                    self.grow(reference.to_string().len(), entry)?;
                    self.parts.push(Fragment::Reference(reference));
                }
            }
        }
        Ok(())
    }

    fn append_text(&mut self, text: &str, entry: &Entry) -> Result<(), DotenvError> {
        self.grow(text.len(), entry)?;
        match self.parts.last_mut() {
            Some(Fragment::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self
                .parts
                .push(Fragment::Text(Zeroizing::new(text.to_owned()))),
        }
        Ok(())
    }

    /// Checked while the value grows: lines that double one another would fill any memory.
    fn grow(&mut self, bytes: usize, entry: &Entry) -> Result<(), DotenvError> {
        self.bytes += bytes;
        if self.bytes > MAX_VALUE_BYTES {
            return Err(DotenvError::TooLong {
                line: entry.line,
                name: entry.name.clone(),
            });
        }
        Ok(())
    }

    /// Makes references of what has become the text of some: the whole value, or what stands between braces in it.
    fn settle(&mut self, entry: &Entry) -> Result<(), DotenvError> {
        let is_reference = match self.parts.first() {
            Some(Fragment::Text(text)) => SecretReference::looks_like(text),
            _ => false,
        };
        if !is_reference {
            return self.fill_braces(entry);
        }
        let Some(Fragment::Text(text)) = self.parts.first() else {
            return Ok(());
        };
        if self.parts.len() > 1 {
            return Err(DotenvError::ReferenceInReference {
                line: entry.line,
                name: entry.name.clone(),
            });
        }
        self.parts = vec![Fragment::Reference(parse_reference(text, entry)?)];
        Ok(())
    }

    fn fill_braces(&mut self, entry: &Entry) -> Result<(), DotenvError> {
        let has_braces =
            |part: &Fragment| matches!(part, Fragment::Text(text) if text.contains("{{"));
        if !self.parts.iter().any(has_braces) {
            return Ok(());
        }
        let mut filled = Vec::new();
        for part in self.parts.drain(..) {
            match part {
                Fragment::Text(text) => {
                    let template =
                        Template::between_braces(&text).map_err(|error| in_braces(error, entry))?;
                    filled.extend(template.parts().iter().map(Fragment::from));
                }
                reference => filled.push(reference),
            }
        }
        self.parts = filled;
        Ok(())
    }
}

/// Which part of a line a piece of a template is.
impl From<&template::Part> for Fragment {
    fn from(part: &template::Part) -> Self {
        match part {
            template::Part::Reference(reference) => Self::Reference(reference.clone()),
            template::Part::Text(text) => {
                Self::Text(Zeroizing::new(text.expose_secret().to_owned()))
            }
        }
    }
}

/// What a variable from outside holds.
fn fragments(text: Zeroizing<String>, entry: &Entry) -> Result<Vec<Fragment>, DotenvError> {
    if text.is_empty() {
        Ok(Vec::new())
    } else if SecretReference::looks_like(&text) {
        Ok(vec![Fragment::Reference(parse_reference(&text, entry)?)])
    } else {
        Ok(vec![Fragment::Text(text)])
    }
}

fn parse_reference(text: &str, entry: &Entry) -> Result<SecretReference, DotenvError> {
    SecretReference::parse(text).map_err(|error| DotenvError::Reference {
        line: entry.line,
        name: entry.name.clone(),
        error,
    })
}

/// The template's error as one of this file: its own lines count from the value's beginning.
fn in_braces(error: TemplateError, entry: &Entry) -> DotenvError {
    let (line, name) = (entry.line, entry.name.clone());
    match error {
        TemplateError::Reference { error, .. } => DotenvError::Reference { line, name, error },
        TemplateError::TooLong => DotenvError::TooLong { line, name },
        TemplateError::NotUtf8 { .. }
        | TemplateError::Unclosed { .. }
        | TemplateError::Variable { .. } => DotenvError::Braces { line, name },
    }
}

impl From<(&Entry, Line)> for Assignment {
    fn from((entry, mut line): (&Entry, Line)) -> Self {
        let value = if line.parts.len() > 1 {
            Value::Composed(line.parts.into_iter().map(Part::from).collect())
        } else {
            match line.parts.pop().map(Part::from) {
                None => Value::Text(Secret::new(String::new())),
                Some(Part::Reference(reference)) => Value::Reference(reference),
                Some(Part::Text(text)) => Value::Text(text),
            }
        };
        Self {
            name: entry.name.clone(),
            line: entry.line,
            value,
            lacks_variable: line.lacks_variable,
        }
    }
}

impl From<Fragment> for Part {
    fn from(fragment: Fragment) -> Self {
        match fragment {
            Fragment::Reference(reference) => Self::Reference(reference),
            Fragment::Text(mut text) => Self::Text(Secret::new(std::mem::take(&mut *text))),
        }
    }
}
