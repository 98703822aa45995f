//! What a client is told about hushkey: a program and its arguments, in the members that this client reads.
//!
//! An entry holds no secret: what a client keeps in its settings lies there in clear.

/// How a client starts hushkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The program, by its absolute path: clients search another PATH than the shell, or none.
    pub program: String,
    /// Its arguments, from `mcp` on.
    pub arguments: Vec<String>,
}

/// How a client writes an entry down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `command` and `args`.
    Command,
    /// `type` and one list `command`.
    List,
    /// `type`, `command` and `args`.
    Typed,
}

/// The value of one member, as far as setup has to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A list of texts.
    List(Vec<String>),
    /// Anything else: never written by setup, and never repeated.
    Other,
    /// A text.
    Text(String),
}

/// An entry's members in their order.
pub(super) type Members = Vec<(String, Value)>;

/// Members that tell that an entry is for a server elsewhere.
const ELSEWHERE: [&str; 3] = ["httpUrl", "serverUrl", "url"];

/// How the entry in a file compares with the one that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none of that name.
    Absent,
    /// It differs in these members, named without their values.
    Differs(Vec<String>),
    /// It is for a server elsewhere, which this member names.
    Elsewhere(String),
    /// It says what is wanted; whatever else it says is its owner's.
    Same,
}

impl Shape {
    /// The members that say what the entry says.
    pub(super) fn members(self, entry: &Entry) -> Members {
        let program = Value::Text(entry.program.clone());
        let arguments = Value::List(entry.arguments.clone());
        let kind = |word: &str| ("type".to_owned(), Value::Text(word.to_owned()));
        match self {
            Self::Command => vec![
                ("command".to_owned(), program),
                ("args".to_owned(), arguments),
            ],
            Self::List => {
                let words = [std::slice::from_ref(&entry.program), &entry.arguments].concat();
                vec![kind("local"), ("command".to_owned(), Value::List(words))]
            }
            Self::Typed => vec![
                kind("stdio"),
                ("command".to_owned(), program),
                ("args".to_owned(), arguments),
            ],
        }
    }
}

/// Compares what a file has with what is wanted.
pub(super) fn standing(found: Option<&Members>, wanted: &Members) -> Standing {
    let Some(found) = found else {
        return Standing::Absent;
    };
    let elsewhere = found
        .iter()
        .find(|(name, _)| ELSEWHERE.contains(&name.as_str()));
    if let Some((name, _)) = elsewhere {
        return Standing::Elsewhere(name.clone());
    }
    let differing = wanted.iter().filter(|member| !found.contains(member));
    let differing: Vec<String> = differing.map(|(name, _)| name.clone()).collect();
    if differing.is_empty() {
        Standing::Same
    } else {
        Standing::Differs(differing)
    }
}
