//! Entries in settings written as JSON, with comments and trailing commas as many clients allow them.
//!
//! A parser says where everything stands, and only those places are touched: comments, order, indentation, line ends and
//! the form of everything else are the owner's. The module knows objects and members, and no client.

use jsonc_parser::{
    CollectOptions, CommentCollectionStrategy, ParseOptions,
    ast::{self, Object, ObjectProp},
    common::Range,
    errors::{ParseError, ParseErrorKind},
    parse_to_ast,
    tokens::{Token, TokenAndRange},
};

use super::{
    entry::{Members, Value},
    error::TextError,
    splice::{Splice, applied, line_end, line_of, line_start},
};

mod tree;

use tree::{Style, Tree, quoted};

/// What clients read: comments and trailing commas, and nothing more of JSON5.
const FORMS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The entry's members, if there is one.
pub(super) fn read(text: &str, container: &str, name: &str) -> Result<Option<Members>, TextError> {
    let document = Document::parse(text)?;
    let Some(entry) = document.entry(container, name)? else {
        return Ok(None);
    };
    let ast::Value::Object(entry) = &entry.value else {
        return Ok(Some(Vec::new()));
    };
    let members = entry.properties.iter();
    Ok(Some(
        members
            .map(|member| (member.name.as_str().to_owned(), understood(&member.value)))
            .collect(),
    ))
}

/// The text with an entry of these members; one that is there keeps what else it has.
pub(super) fn with(
    text: &str,
    container: &str,
    name: &str,
    members: &Members,
) -> Result<String, TextError> {
    let document = Document::parse(text)?;
    if document.entry(container, name)?.is_some() {
        return updated(text, container, name, members);
    }
    let entry = Tree::entry(members);
    let splice = match (&document.root, document.container(container)?) {
        (_, Some(container)) => document.insertion(container, name, &entry),
        (Some(root), None) => document.insertion(
            root,
            container,
            &Tree::Object(vec![(name.to_owned(), entry)]),
        ),
        (None, None) => {
            document.beginning(container, &Tree::Object(vec![(name.to_owned(), entry)]))
        }
    };
    Ok(applied(text, splice))
}

/// The text without the entry, or nothing if there is none. What held it stays, empty if need be.
pub(super) fn without(
    text: &str,
    container: &str,
    name: &str,
) -> Result<Option<String>, TextError> {
    let document = Document::parse(text)?;
    let Some(container) = document.container(container)? else {
        return Ok(None);
    };
    let Some(index) = container
        .properties
        .iter()
        .position(|entry| entry.name.as_str() == name)
    else {
        return Ok(None);
    };
    document.member(container, name)?;
    Ok(Some(applied(text, document.removal(container, index))))
}

/// Brings an entry's members up to date, one after the other: each change moves the places of the next.
fn updated(
    text: &str,
    container: &str,
    name: &str,
    members: &Members,
) -> Result<String, TextError> {
    let mut text = text.to_owned();
    for (member, value) in members {
        text = match value {
            Value::Map(texts) if has_object(&text, &[container, name, member])? => {
                texts.iter().try_fold(text, |text, (key, value)| {
                    let value = Value::Text(value.clone());
                    set(&text, &[container, name, member], key, &value)
                })?
            }
            value => set(&text, &[container, name], member, value)?,
        };
    }
    Ok(text)
}

fn has_object(text: &str, path: &[&str]) -> Result<bool, TextError> {
    Ok(Document::parse(text)?.object(path)?.is_some())
}

/// Sets one member of the object at a path.
fn set(text: &str, path: &[&str], member: &str, value: &Value) -> Result<String, TextError> {
    let document = Document::parse(text)?;
    let Some(object) = document.object(path)? else {
        return Err(TextError::Form {
            line: 1,
            problem: "the entry can't be changed where it stands",
        });
    };
    let tree = Tree::of(value);
    let splices = match document.member(object, member)? {
        Some(there) if understood(&there.value) == *value => Vec::new(),
        Some(there) => vec![Splice {
            range: range(ranged(&there.value)),
            text: tree.written(&document.style(object)),
        }],
        None => document.insertion(object, member, &tree),
    };
    Ok(applied(text, splices))
}

/// A text, and where everything stands in it.
struct Document<'a> {
    text: &'a str,
    root: Option<Object<'a>>,
    /// Comments too, in their order.
    tokens: Vec<TokenAndRange<'a>>,
}

impl<'a> Document<'a> {
    fn parse(text: &'a str) -> Result<Self, TextError> {
        let collect = CollectOptions {
            comments: CommentCollectionStrategy::AsTokens,
            tokens: true,
        };
        let parsed = parse_to_ast(text, &collect, &FORMS).map_err(|error| TextError::Broken {
            line: error.line_display(),
            problem: problem(&error),
        })?;
        let root = match parsed.value {
            None => None,
            Some(ast::Value::Object(root)) => Some(root),
            Some(other) => {
                return Err(TextError::Form {
                    line: line_of(text, ranged(&other).start),
                    problem: "settings are an object, and this is none",
                });
            }
        };
        Ok(Self {
            text,
            root,
            tokens: parsed.tokens.unwrap_or_default(),
        })
    }

    /// The one member of that name.
    fn member<'o>(
        &self,
        object: &'o Object<'a>,
        name: &str,
    ) -> Result<Option<&'o ObjectProp<'a>>, TextError> {
        let mut found = object
            .properties
            .iter()
            .filter(|member| member.name.as_str() == name);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(second) => Err(TextError::Form {
                line: line_of(self.text, second.range.start),
                problem: "a member stands there a second time",
            }),
        }
    }

    /// The object at a path from the root; nothing if there is no such member.
    fn object(&self, path: &[&str]) -> Result<Option<&Object<'a>>, TextError> {
        let mut object = self.root.as_ref();
        for name in path {
            let Some(above) = object else {
                return Ok(None);
            };
            object = match self.member(above, name)?.map(|member| &member.value) {
                None => None,
                Some(ast::Value::Object(inner)) => Some(inner),
                Some(other) => {
                    return Err(TextError::Form {
                        line: line_of(self.text, ranged(other).start),
                        problem: "an object belongs here, and this is none",
                    });
                }
            };
        }
        Ok(object)
    }

    /// The object that holds the entries.
    fn container(&self, name: &str) -> Result<Option<&Object<'a>>, TextError> {
        self.object(&[name])
    }

    fn entry(&self, container: &str, name: &str) -> Result<Option<&ObjectProp<'a>>, TextError> {
        match self.container(container)? {
            None => Ok(None),
            Some(container) => self.member(container, name),
        }
    }

    /// Adds a member at an object's end, after whatever comment stands there.
    fn insertion(&self, object: &Object<'a>, key: &str, tree: &Tree) -> Vec<Splice> {
        let style = self.style(object);
        let close = object.range.end - 1;
        let member =
            |style: &Style<'_>| format!("{}:{}{}", quoted(key), style.space, tree.written(style));
        let Some(last) = object.properties.last() else {
            return vec![self.first_insertion(object, &style, member)];
        };

        let mut tail = self.tokens_within(last.range.end, close).peekable();
        let mut comma = false;
        let mut anchor = last.range.end;
        let mut in_comment = false;
        for token in &mut tail {
            comma |= token.token == Token::Comma;
            anchor = token.range.end;
            in_comment = matches!(token.token, Token::CommentLine(_));
        }
        let lead = if style.inline && !in_comment {
            style.space.to_owned()
        } else {
            format!("{}{}", style.line_end, style.indent)
        };
        let (before, after) = if comma { ("", ",") } else { (",", "") };
        vec![
            Splice::insert(last.range.end, before),
            Splice::insert(anchor, format!("{lead}{}{after}", member(&style))),
        ]
    }

    /// Adds the first member of an object that has none, on a line of its own.
    fn first_insertion(
        &self,
        object: &Object<'a>,
        style: &Style<'_>,
        member: impl Fn(&Style<'_>) -> String,
    ) -> Splice {
        let close = object.range.end - 1;
        let comments = self.tokens_within(object.range.start + 1, close);
        let anchor = comments
            .last()
            .map_or(object.range.start + 1, |comment| comment.range.end);
        if style.inline {
            return Splice::insert(anchor, member(style));
        }
        let lead = format!("{}{}", style.line_end, style.indent);
        if self.text[anchor..close].contains('\n') {
            return Splice::insert(anchor, format!("{lead}{}", member(style)));
        }
        let base = self.indent_of(object.range.start);
        Splice {
            range: anchor..close,
            text: format!("{lead}{}{}{base}", member(style), style.line_end),
        }
    }

    /// Begins the settings, in a text that has at most comments.
    fn beginning(&self, key: &str, tree: &Tree) -> Vec<Splice> {
        let line_end = line_end(self.text);
        let style = Style {
            inline: false,
            indent: "  ".to_owned(),
            line_end,
            space: " ",
            unit: "  ",
        };
        let lead = match self.text.is_empty() || self.text.ends_with('\n') {
            true => "",
            false => line_end,
        };
        let member = format!("{}: {}", quoted(key), tree.written(&style));
        let text = format!("{lead}{{{line_end}  {member}{line_end}}}{line_end}");
        vec![Splice::insert(self.text.len(), text)]
    }

    /// Takes a member out, with the comma that it needed.
    fn removal(&self, object: &Object<'a>, index: usize) -> Vec<Splice> {
        let member = &object.properties[index];
        let close = object.range.end - 1;
        let alone = object.properties.len() == 1;
        let has_comment = |token: &TokenAndRange<'_>| {
            matches!(token.token, Token::CommentLine(_) | Token::CommentBlock(_))
        };
        let mut outside = self
            .tokens_within(object.range.start + 1, member.range.start)
            .chain(self.tokens_within(member.range.end, close));
        if alone && !outside.any(has_comment) {
            return vec![Splice::remove(object.range.start + 1..close)];
        }

        let next = object
            .properties
            .get(index + 1)
            .map(|next| next.range.start);
        let comma = self
            .tokens_within(member.range.end, next.unwrap_or(close))
            .find(|token| token.token == Token::Comma);
        let before = self
            .tokens
            .iter()
            .take_while(|token| token.range.end <= member.range.start)
            .last()
            .map_or(object.range.start + 1, |token| token.range.end);
        let gap = &self.text[before..member.range.start];
        let own_line = gap.rfind('\n');
        let start = match own_line {
            Some(feed) => before + gap[..feed].strip_suffix('\r').unwrap_or(&gap[..feed]).len(),
            None if next.is_some() => member.range.start,
            None => before,
        };
        let mut splices = Vec::new();
        let mut end = member.range.end;
        match comma {
            // A comment between value and comma is the owner's.
            Some(comma) if self.text[end..comma.range.start].trim().is_empty() => {
                end = comma.range.end
            }
            Some(comma) => splices.push(Splice::remove(range(comma.range))),
            None if index > 0 => {
                let previous = object.properties[index - 1].range.end;
                let needless = self.tokens_within(previous, member.range.start);
                let needless = needless.filter(|token| token.token == Token::Comma);
                splices.extend(needless.map(|comma| Splice::remove(range(comma.range))));
            }
            None => {}
        }
        if let (None, Some(next)) = (own_line, next)
            && self.text[end..next]
                .bytes()
                .all(|byte| matches!(byte, b' ' | b'\t'))
        {
            end = next;
        }
        splices.push(Splice::remove(start..end));
        splices
    }

    /// How a new member of this object is written.
    fn style(&self, object: &Object<'a>) -> Style<'a> {
        let line_end = line_end(self.text);
        let root = self.root.as_ref().unwrap_or(object);
        let first = root.properties.first();
        let unit = first
            .filter(|first| self.begins_line(first.range.start))
            .map(|first| self.indent_of(first.range.start))
            .filter(|indent| !indent.is_empty())
            .unwrap_or("  ");
        let inline = match object.properties.last() {
            Some(last) => !self.begins_line(last.range.start),
            // Where all settings stand on one line, an empty object is filled there.
            None => first.is_some() && !self.text[range(root.range)].contains('\n'),
        };
        let body = &self.text[range(root.range)];
        let tight =
            inline && !body.contains(": ") && !body.contains(", ") && !root.properties.is_empty();
        let indent = match object.properties.last() {
            Some(last) if !inline => self.indent_of(last.range.start).to_owned(),
            _ => format!("{}{unit}", self.indent_of(object.range.start)),
        };
        Style {
            inline,
            indent,
            line_end,
            space: if tight { "" } else { " " },
            unit,
        }
    }

    fn tokens_within(&self, start: usize, end: usize) -> impl Iterator<Item = &TokenAndRange<'a>> {
        self.tokens
            .iter()
            .filter(move |token| token.range.start >= start && token.range.end <= end)
    }

    /// Whether nothing but blanks stands before a place on its line.
    fn begins_line(&self, at: usize) -> bool {
        let start = line_start(self.text, at);
        (start > 0 || at == 0) && self.text[start..at].trim().is_empty()
    }

    /// The blanks that begin the line of a place.
    fn indent_of(&self, at: usize) -> &'a str {
        let line = &self.text[line_start(self.text, at)..at];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }
}

fn understood(value: &ast::Value<'_>) -> Value {
    match value {
        ast::Value::StringLit(text) => Value::Text(text.value.clone().into_owned()),
        ast::Value::Array(list) => {
            let texts = list.elements.iter().map(|element| match element {
                ast::Value::StringLit(text) => Some(text.value.clone().into_owned()),
                _ => None,
            });
            texts
                .collect::<Option<_>>()
                .map_or(Value::Other, Value::List)
        }
        ast::Value::Object(object) => {
            let texts = object.properties.iter().map(|member| match &member.value {
                ast::Value::StringLit(text) => {
                    let name = member.name.as_str().to_owned();
                    Some((name, text.value.clone().into_owned()))
                }
                _ => None,
            });
            texts
                .collect::<Option<_>>()
                .map_or(Value::Other, Value::Map)
        }
        _ => Value::Other,
    }
}

fn ranged(value: &ast::Value<'_>) -> Range {
    use jsonc_parser::common::Ranged;

    value.range()
}

fn range(range: Range) -> std::ops::Range<usize> {
    range.start..range.end
}

/// What is wrong, in words that repeat nothing of the text.
fn problem(error: &ParseError) -> &'static str {
    match error.kind() {
        ParseErrorKind::ExpectedColonAfterObjectKey => "a colon is missing",
        ParseErrorKind::ExpectedComma => "a comma is missing",
        ParseErrorKind::ExpectedStringObjectProperty
        | ParseErrorKind::SingleQuotedStringsNotAllowed => "double quotes are missing",
        ParseErrorKind::MultipleRootJsonValues => "there is more after the settings' end",
        ParseErrorKind::NestingDepthExceeded => "it is nested too deeply",
        ParseErrorKind::String(_) => "a text in quotes is malformed",
        ParseErrorKind::UnexpectedComma => "a comma is out of place",
        ParseErrorKind::UnterminatedArray => "a list is not closed",
        ParseErrorKind::UnterminatedCommentBlock => "a comment is not closed",
        ParseErrorKind::UnterminatedObject => "an object is not closed",
        _ => "this is no JSON",
    }
}
