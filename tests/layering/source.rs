//! Source files as words, without comments, literals' contents and test code.
//!
//! Enough of Rust's lexical grammar to tell code from text; it knows nothing of types.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

/// One `.rs` file.
pub(crate) struct Source {
    /// Its path from the project's root, with `/`: `src/vault/id.rs`.
    pub(crate) path: String,
    /// Its module: `["vault", "id"]`; empty for `lib.rs` and `main.rs`.
    pub(crate) module: Vec<String>,
    /// The whole text.
    pub(crate) text: String,
    /// Its words, test code left out.
    pub(crate) words: Vec<String>,
    /// How many lines are not test code.
    pub(crate) lines: usize,
}

impl Source {
    /// Reads a file.
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let relative = path.strip_prefix(root()).unwrap().to_str().unwrap();
        Self::parse(relative, text)
    }

    /// Takes a text for the file at `path`.
    pub(crate) fn parse(path: &str, text: String) -> Self {
        let inside = path.strip_prefix("src/").unwrap_or(path);
        let stem = inside.strip_suffix(".rs").unwrap();
        let module = match stem {
            "lib" | "main" => Vec::new(),
            _ => stem.split('/').map(str::to_owned).collect(),
        };
        let words = lex(&text);
        let tests = test_items(&words);
        let is_test = module.iter().any(|part| part == "tests");
        let all_lines = text.lines().count();
        let test_lines: usize = tests.iter().map(|range| lines_of(&words, range)).sum();
        let kept = |(i, word): (usize, Word)| {
            let in_test = tests.iter().any(|range| range.contains(&i));
            (!in_test && !is_test).then_some(word.text)
        };
        Self {
            path: path.to_owned(),
            module,
            lines: if is_test { 0 } else { all_lines - test_lines },
            words: words.into_iter().enumerate().filter_map(kept).collect(),
            text,
        }
    }

    /// The top-level module that the file belongs to: `vault`; `lib` and `main` for themselves.
    pub(crate) fn room(&self) -> &str {
        match self.module.first() {
            Some(first) => first,
            None => self.path.trim_start_matches("src/").trim_end_matches(".rs"),
        }
    }

    /// Tells whether all of the file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.module.iter().any(|part| part == "tests")
    }

    /// Tells whether these words stand next to each other anywhere.
    pub(crate) fn has(&self, sequence: &[&str]) -> bool {
        self.count(sequence) > 0
    }

    /// How often these words stand next to each other.
    pub(crate) fn count(&self, sequence: &[&str]) -> usize {
        let windows = self.words.windows(sequence.len());
        windows.filter(|window| window.iter().eq(sequence)).count()
    }
}

/// The project's directory.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All source files of the crate, in order of path.
pub(crate) fn sources() -> Vec<Source> {
    rust_files(&root().join("src"))
        .iter()
        .map(|path| Source::read(path))
        .collect()
}

/// All `.rs` files beneath a directory, in order of path.
pub(crate) fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A name, a number, one sign (`::` and `=>` are one each), or `""` for a literal text.
struct Word {
    text: String,
    line: usize,
}

fn lex(text: &str) -> Vec<Word> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (length, word) = match rest[0] {
            b'/' if rest.starts_with(b"//") => (until(rest, b"\n"), None),
            b'/' if rest.starts_with(b"/*") => (block_comment(rest), None),
            b'"' => (quoted(rest, 1), Some(r#""""#)),
            b'r' | b'b' | b'c' if raw_string(rest).is_some() => {
                (raw_string(rest).unwrap(), Some(r#""""#))
            }
            b'b' | b'c' if rest.get(1) == Some(&b'"') => (quoted(rest, 2), Some(r#""""#)),
            b'\'' if !is_lifetime(rest) => (character(rest), Some("''")),
            b'\'' => (1 + name(&rest[1..]), None),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                let length = name(rest);
                (length, Some(&text[at..at + length]))
            }
            _ if rest.starts_with(b"::") || rest.starts_with(b"=>") => (2, Some(&text[at..at + 2])),
            byte if byte.is_ascii_punctuation() => (1, Some(&text[at..at + 1])),
            _ => (1, None),
        };
        if let Some(word) = word {
            words.push(Word {
                text: word.to_owned(),
                line,
            });
        }
        line += rest[..length].iter().filter(|byte| **byte == b'\n').count();
        at += length;
    }
    words
}

fn until(bytes: &[u8], end: &[u8]) -> usize {
    let found = bytes.windows(end.len()).position(|window| window == end);
    found.unwrap_or(bytes.len())
}

fn name(bytes: &[u8]) -> usize {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    bytes.iter().take_while(|byte| part(byte)).count()
}

fn block_comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// Length of a literal whose content begins at `at`.
fn quoted(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// Length of `r"…"`, `r#"…"#`, `br"…"` and their like.
fn raw_string(bytes: &[u8]) -> Option<usize> {
    let prefix = bytes
        .iter()
        .take_while(|byte| b"rbc".contains(byte))
        .count();
    let hashes = bytes[prefix..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    let is_raw = bytes[..prefix].contains(&b'r') && bytes.get(prefix + hashes) == Some(&b'"');
    is_raw.then(|| {
        let begin = prefix + hashes + 1;
        let end: Vec<u8> = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
        begin + until(&bytes[begin..], &end) + end.len()
    })
}

fn is_lifetime(bytes: &[u8]) -> bool {
    let length = name(&bytes[1..]);
    length > 0 && bytes.get(1 + length) != Some(&b'\'')
}

fn character(bytes: &[u8]) -> usize {
    let begin = if bytes.get(1) == Some(&b'\\') { 3 } else { 2 };
    begin + until(&bytes[begin.min(bytes.len())..], b"'") + 1
}

/// The words of each item that stands under `#[cfg(test)]`.
fn test_items(words: &[Word]) -> Vec<Range<usize>> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let marked = words[at..]
            .iter()
            .take(MARK.len())
            .map(|word| word.text.as_str());
        if !marked.eq(MARK) {
            at += 1;
            continue;
        }
        let end = item_end(words, at + MARK.len());
        found.push(at..end);
        at = end;
    }
    found
}

/// An item ends with its `;` or with the brace that closes its body.
fn item_end(words: &[Word], begin: usize) -> usize {
    let mut depth = 0;
    for (i, word) in words.iter().enumerate().skip(begin) {
        match word.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return i + 1;
                }
            }
            ";" if depth == 0 => return i + 1,
            _ => {}
        }
    }
    words.len()
}

fn lines_of(words: &[Word], range: &Range<usize>) -> usize {
    words[range.end - 1].line - words[range.start].line + 1
}
