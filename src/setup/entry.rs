//! What a client is told about hushkey: a program and its arguments, in the members that this client reads.
//!
//! An entry holds no secret: what a client keeps in its settings lies there in clear.

/// How a client comes to hushkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// By a server that runs already, over HTTP.
    Served {
        /// Its address.
        url: String,
        /// The variable in the client's own environment that holds the agent's token.
        token_variable: String,
    },
    /// By starting it.
    Started {
        /// The program, by its absolute path: clients search another PATH than the shell, or none.
        program: String,
        /// Its arguments, from `mcp` on.
        arguments: Vec<String>,
    },
}

/// How a client writes down a server that it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `command` and `args`.
    Command,
    /// `type` and one list `command`.
    List,
    /// `type`, `command` and `args`.
    Typed,
}

/// How a client writes down a server elsewhere, and the token by its variable's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    /// Its word for HTTP, if it wants one.
    pub(super) kind: Option<&'static str>,
    /// The member with the address.
    pub(super) url: &'static str,
    pub(super) token: Token,
}

/// How a client is told of a variable that holds a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// In a header, with these marks around the variable's name.
    Header(&'static str, &'static str),
    /// By its name, in this member.
    Variable(&'static str),
}

/// The value of one member, as far as setup has to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A list of texts.
    List(Vec<String>),
    /// Texts by name.
    Map(Vec<(String, String)>),
    /// Anything else: never written by setup, and never repeated.
    Other,
    /// A text.
    Text(String),
}

/// An entry's members in their order.
pub(super) type Members = Vec<(String, Value)>;

/// Members that tell that an entry is for a server elsewhere, and the one that tells that it is not.
const KINDS: [&str; 4] = ["command", "httpUrl", "serverUrl", "url"];

/// Options that bound what a client is offered, or say where the secrets lie: worth a word when they go.
const BOUNDS: [&str; 7] = [
    "--agent",
    "--agent-token-file",
    "--backend",
    "--exclude-tools",
    "--home",
    "--read-only",
    "--tools",
];

/// How the entry in a file compares with the one that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none of that name.
    Absent,
    /// It differs in these members, named without their values.
    Differs(Vec<String>),
    /// It is of the other kind, started or served, as this member tells.
    OtherKind(String),
    /// It says what is wanted; whatever else it says is its owner's.
    Same,
}

impl Shape {
    /// The members of a server that is started.
    pub(super) fn members(self, program: &str, arguments: &[String]) -> Members {
        let command = || member("command", Value::Text(program.to_owned()));
        let args = || member("args", Value::List(arguments.to_vec()));
        match self {
            Self::Command => vec![command(), args()],
            Self::List => {
                let words = [&[program.to_owned()], arguments].concat();
                vec![text("type", "local"), member("command", Value::List(words))]
            }
            Self::Typed => vec![text("type", "stdio"), command(), args()],
        }
    }
}

impl Remote {
    /// The members of a server elsewhere.
    pub(super) fn members(self, url: &str, variable: &str) -> Members {
        let kind = self.kind.map(|kind| text("type", kind));
        let token = match self.token {
            Token::Header(before, after) => {
                let header = format!("Bearer {before}{variable}{after}");
                member(
                    "headers",
                    Value::Map(vec![("Authorization".to_owned(), header)]),
                )
            }
            Token::Variable(name) => text(name, variable),
        };
        kind.into_iter()
            .chain([text(self.url, url), token])
            .collect()
    }
}

fn text(name: &str, text: &str) -> (String, Value) {
    member(name, Value::Text(text.to_owned()))
}

fn member(name: &str, value: Value) -> (String, Value) {
    (name.to_owned(), value)
}

/// Compares what a file has with what is wanted.
pub(super) fn standing(found: Option<&Members>, wanted: &Members) -> Standing {
    let Some(found) = found else {
        return Standing::Absent;
    };
    let has = |members: &Members, kind: &str| members.iter().any(|(name, _)| name == kind);
    let other = KINDS
        .into_iter()
        .find(|kind| has(found, kind) && !has(wanted, kind));
    if let Some(kind) = other {
        return Standing::OtherKind(kind.to_owned());
    }
    let differing = wanted.iter().filter(|(name, wanted)| {
        let there = found.iter().find(|(found, _)| found == name);
        !there.is_some_and(|(_, there)| says(there, wanted))
    });
    let differing: Vec<String> = differing.map(|(name, _)| name.clone()).collect();
    if differing.is_empty() {
        Standing::Same
    } else {
        Standing::Differs(differing)
    }
}

/// The options that an entry had and would have no longer, by their names alone.
pub(super) fn dropped(found: &Members, wanted: &Members) -> Vec<&'static str> {
    let has = |members: &Members, option: &str| {
        members.iter().any(|(_, value)| match value {
            Value::List(words) => words.iter().any(|word| {
                let rest = word.strip_prefix(option);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            }),
            _ => false,
        })
    };
    let gone = BOUNDS.into_iter();
    gone.filter(|option| has(found, option) && !has(wanted, option))
        .collect()
}

/// Whether a value says what is wanted; among texts by name others may stand, which are their owner's.
fn says(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Map(there), Value::Map(wanted)) => wanted.iter().all(|text| there.contains(text)),
        _ => there == wanted,
    }
}
