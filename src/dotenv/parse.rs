//! The grammar of `.env` files.
//!
//! One pass from left to right. It keeps the place of each value, so that the text can be rewritten, and looks up
//! nothing.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{DotenvError, Entry, Piece, Quoting, newlines};

/// How deep `${A:-${B:-…}}` may go.
const MAX_DEPTH: usize = 8;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// All assignments of a text.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, DotenvError> {
    if let Some(at) = text.find('\0') {
        return Err(DotenvError::Nul {
            line: 1 + newlines(&text.as_bytes()[..at]),
        });
    }
    let mut scanner = Scanner {
        text,
        at: 0,
        line: 1,
    };
    scanner.take(BYTE_ORDER_MARK);
    let mut entries = Vec::new();
    loop {
        scanner.skip_blanks();
        match scanner.peek() {
            None => return Ok(entries),
            Some('\n') => {
                scanner.bump();
            }
            Some('#') => scanner.skip_line(),
            Some(_) => entries.push(scanner.entry()?),
        }
    }
}

/// Reads a text from left to right.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

/// What ends a value, and which escapes it knows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Double,
    Unquoted,
}

impl<'a> Scanner<'a> {
    fn entry(&mut self) -> Result<Entry, DotenvError> {
        let line = self.line;
        let name = self.name()?;
        let sign = self.at;
        self.skip_blanks();
        let (mut span, quoting, pieces) = self.value()?;
        if span.is_empty() {
            // White space must stay between what may come here and a comment.
            span = sign..sign;
        }
        Ok(Entry {
            name,
            line,
            span,
            quoting,
            pieces,
        })
    }

    /// `[export ]NAME =`, the sign included.
    fn name(&mut self) -> Result<String, DotenvError> {
        let line = self.line;
        let before = self.rest().lines().next().unwrap_or_default();
        let (before, _) = before
            .split_once('=')
            .ok_or(DotenvError::NoAssignment { line })?;
        let name = before.trim_matches(is_blank);
        let name = match name.strip_prefix("export") {
            Some(exported) if exported.starts_with(is_blank) => exported.trim_matches(is_blank),
            _ => name,
        };
        if name.chars().any(is_blank) {
            return Err(DotenvError::NoAssignment { line });
        }
        let fits = name.starts_with(may_begin_a_name)
            && name
                .chars()
                .all(|c| may_stand_in_a_name(c) || matches!(c, '.' | '-'));
        if !fits {
            return Err(DotenvError::Name { line });
        }
        self.at += before.len() + 1;
        Ok(name.to_owned())
    }

    fn value(&mut self) -> Result<(Range<usize>, Quoting, Vec<Piece>), DotenvError> {
        let line = self.line;
        let start = self.at;
        let unclosed = |_| DotenvError::UnclosedQuote { line };
        if self.take('\'') {
            let pieces = self.single_quoted().map_err(unclosed)?;
            let span = start..self.at;
            self.only_a_comment_follows()?;
            return Ok((span, Quoting::Single, pieces));
        }
        if self.take('"') {
            let pieces = self.pieces(Context::Double, 0)?;
            if !self.take('"') {
                return Err(DotenvError::UnclosedQuote { line });
            }
            let span = start..self.at;
            self.only_a_comment_follows()?;
            return Ok((span, Quoting::Double, pieces));
        }
        if self.peek() == Some('#') && self.text[..start].ends_with(is_blank) {
            self.skip_line();
            return Ok((start..start, Quoting::None, Vec::new()));
        }
        let pieces = self.pieces(Context::Unquoted, 0)?;
        let span = start..self.at;
        self.skip_blanks();
        if self.peek() == Some('#') {
            self.skip_line();
        }
        Ok((span, Quoting::None, pieces))
    }

    fn single_quoted(&mut self) -> Result<Vec<Piece>, Unclosed> {
        let mut pieces = Pieces::default();
        loop {
            match self.bump().ok_or(Unclosed)? {
                '\'' => return Ok(pieces.finish()),
                '\r' if self.peek() == Some('\n') => {}
                other => pieces.push(other),
            }
        }
    }

    /// Text and variables up to what ends them, which is left to be read: the closing quote, the brace of the
    /// `depth`th default, the end of the line, or the white space before it.
    fn pieces(&mut self, context: Context, depth: usize) -> Result<Vec<Piece>, DotenvError> {
        let line = self.line;
        let mut pieces = Pieces::default();
        while let Some(c) = self.peek() {
            match c {
                '}' if depth > 0 => return Ok(pieces.finish()),
                '"' if context == Context::Double => break,
                '\n' if context == Context::Unquoted => break,
                c if is_blank(c) && context == Context::Unquoted && depth == 0 => {
                    if self.ends_after_blanks() {
                        break;
                    }
                    self.bump();
                    pieces.push(c);
                }
                '\r' if self.rest().starts_with("\r\n") => {
                    self.bump();
                }
                '\\' => {
                    self.bump();
                    pieces.push(self.escaped(context, depth).unwrap_or('\\'));
                }
                '$' => {
                    self.bump();
                    match self.variable(context, depth)? {
                        Some(variable) => pieces.push_variable(variable),
                        None => pieces.push('$'),
                    }
                }
                other => {
                    self.bump();
                    pieces.push(other);
                }
            }
        }
        if depth > 0 {
            return Err(DotenvError::Variable { line });
        }
        Ok(pieces.finish())
    }

    /// What a backslash and the next character stand for; `None` where the backslash is one.
    fn escaped(&mut self, context: Context, depth: usize) -> Option<char> {
        let next = self.peek()?;
        let meant = match (context, next) {
            (_, '\\' | '"' | '\'' | '$' | '`') => next,
            (_, '}') if depth > 0 => next,
            (Context::Double, 'n') => '\n',
            (Context::Double, 'r') => '\r',
            (Context::Double, 't') => '\t',
            (Context::Unquoted, '#' | ' ' | '\t') => next,
            _ => return None,
        };
        self.bump();
        Some(meant)
    }

    /// What follows a `$`; `None` where the `$` is one.
    fn variable(&mut self, context: Context, depth: usize) -> Result<Option<Piece>, DotenvError> {
        let line = self.line;
        let refused = DotenvError::Variable { line };
        if !self.take('{') {
            let name = self.variable_name();
            return Ok((!name.is_empty()).then_some(Piece::Variable {
                name,
                default: None,
            }));
        }
        self.skip_blanks();
        let name = self.variable_name();
        self.skip_blanks();
        if name.is_empty() || depth == MAX_DEPTH {
            return Err(refused);
        }
        let default = if self.take(':') {
            if !self.take('-') {
                return Err(refused);
            }
            Some(self.pieces(context, depth + 1)?)
        } else {
            None
        };
        if !self.take('}') {
            return Err(refused);
        }
        Ok(Some(Piece::Variable { name, default }))
    }

    fn variable_name(&mut self) -> Zeroizing<String> {
        let rest = self.rest();
        let end = if rest.starts_with(may_begin_a_name) {
            rest.find(|c| !may_stand_in_a_name(c)).unwrap_or(rest.len())
        } else {
            0
        };
        let name = Zeroizing::new(rest[..end].to_owned());
        self.at += end;
        name
    }

    /// Whether nothing but a comment follows the white space here.
    fn ends_after_blanks(&self) -> bool {
        let rest = self.rest().trim_start_matches(is_blank);
        rest.is_empty() || rest.starts_with(['\n', '#'])
    }

    fn only_a_comment_follows(&mut self) -> Result<(), DotenvError> {
        let line = self.line;
        let after = self.rest();
        self.skip_blanks();
        match self.peek() {
            None | Some('\n') => Ok(()),
            Some('#') if after.starts_with(is_blank) => {
                self.skip_line();
                Ok(())
            }
            Some(_) => Err(DotenvError::AfterQuote { line }),
        }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_blank).len();
    }

    /// Goes to the end of the line, which is left to be read.
    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.bump();
        }
        found
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        self.line += usize::from(next == '\n');
        Some(next)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

struct Unclosed;

/// Builds a value; puts characters in a row together.
#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn push(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Piece::Text(text)) => text.push(c),
            _ => self.0.push(Piece::Text(Zeroizing::new(c.into()))),
        }
    }

    fn push_variable(&mut self, variable: Piece) {
        self.0.push(variable);
    }

    fn finish(self) -> Vec<Piece> {
        self.0
    }
}

/// White space within a line; the `\r` of a line end counts as such.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

fn may_begin_a_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn may_stand_in_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
