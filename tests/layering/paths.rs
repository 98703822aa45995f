//! Which names of this crate a file reaches for: `use` trees unfolded, `super` and imported names resolved.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;

/// A path from the crate's root, or from another crate's name: `["vault", "Secret"]`, `["std", "fs"]`.
pub(crate) type Path = Vec<String>;

/// What a file names outside its test code.
pub(crate) struct Named {
    /// Paths in this crate, from its root.
    pub(crate) own: BTreeSet<Path>,
    /// Paths that begin with another crate.
    pub(crate) foreign: BTreeSet<Path>,
}

impl Named {
    /// Tells whether anything named begins with `path`, written as `vault::Secret`.
    pub(crate) fn names(&self, path: &str) -> bool {
        let wanted: Path = path.split("::").map(str::to_owned).collect();
        let both = self.own.iter().chain(&self.foreign);
        both.into_iter().any(|named| named.starts_with(&wanted))
    }
}

/// Collects what a file names. A relative path is resolved through the file's own `use` declarations.
pub(crate) fn named(source: &Source) -> Named {
    let words: Vec<&str> = source.words.iter().map(String::as_str).collect();
    let mut imports = BTreeMap::new();
    let mut written = BTreeSet::new();
    let mut at = 0;
    while at < words.len() {
        if words[at] == "use" {
            let mut tree = Tree {
                words: &words,
                at: at + 1,
                found: Vec::new(),
            };
            tree.unfold(&mut Vec::new());
            at = tree.at;
            for (name, path) in tree.found {
                imports.insert(name, path.clone());
                written.insert(path);
            }
        } else if is_name(words[at]) && at.checked_sub(1).is_none_or(|i| words[i] != "::") {
            let path = run(&words, &mut at);
            written.insert(path);
        } else {
            at += 1;
        }
    }
    let mut named = Named {
        own: BTreeSet::new(),
        foreign: BTreeSet::new(),
    };
    for path in written {
        match resolve(&path, source, &imports) {
            Resolved::Foreign(path) => drop(named.foreign.insert(path)),
            Resolved::Own(path) => drop(named.own.insert(path)),
            Resolved::Unknown => {}
        }
    }
    named
}

enum Resolved {
    Foreign(Path),
    Own(Path),
    Unknown,
}

fn resolve(path: &[String], source: &Source, imports: &BTreeMap<String, Path>) -> Resolved {
    let is_root = matches!(path[0].as_str(), "crate" | "hushkey" | "self" | "super");
    let path = match imports.get(&path[0]) {
        Some(import) if !is_root && import != path => [import.as_slice(), &path[1..]].concat(),
        _ => path.to_vec(),
    };
    match path[0].as_str() {
        "crate" | "hushkey" => Resolved::Own(path[1..].to_vec()),
        "self" => Resolved::Own([source.module.as_slice(), &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            let depth = source.module.len().saturating_sub(ups);
            Resolved::Own([&source.module[..depth], &path[ups..]].concat())
        }
        first if imports.contains_key(first) || path.len() > 1 => Resolved::Foreign(path),
        _ => Resolved::Unknown,
    }
}

/// Takes `a::b::c`; `at` ends behind it.
fn run(words: &[&str], at: &mut usize) -> Path {
    let mut path = vec![words[*at].to_owned()];
    *at += 1;
    while words.get(*at) == Some(&"::") && words.get(*at + 1).is_some_and(|word| is_name(word)) {
        path.push(words[*at + 1].to_owned());
        *at += 2;
    }
    path
}

fn is_name(word: &str) -> bool {
    let first = word.bytes().next().unwrap_or(b' ');
    first.is_ascii_alphabetic() || first == b'_'
}

/// A `use` tree that is being unfolded.
struct Tree<'a> {
    words: &'a [&'a str],
    at: usize,
    found: Vec<(String, Path)>,
}

impl Tree<'_> {
    /// Takes one branch: a path that ends in a name, `*`, `as other` or a group of branches.
    fn unfold(&mut self, stem: &mut Path) {
        let depth = stem.len();
        loop {
            match self.next() {
                "::" => {}
                "{" => {
                    while self.peek() != "}" {
                        self.unfold(stem);
                        if self.peek() == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    break;
                }
                word => {
                    if word != "self" || stem.is_empty() {
                        stem.push(word.to_owned());
                    }
                    if self.peek() != "::" {
                        self.leaf(stem);
                        break;
                    }
                }
            }
        }
        stem.truncate(depth);
    }

    fn leaf(&mut self, path: &[String]) {
        let mut name = path.last().cloned().unwrap_or_default();
        if self.peek() == "as" {
            name = self.words[self.at + 1].to_owned();
            self.at += 2;
        }
        self.found.push((name, path.to_vec()));
    }

    fn peek(&self) -> &str {
        self.words.get(self.at).copied().unwrap_or(";")
    }

    fn next(&mut self) -> &str {
        self.at += 1;
        self.words.get(self.at - 1).copied().unwrap_or(";")
    }
}
