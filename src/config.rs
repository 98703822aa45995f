//! Where things lie and which backend is used: flags, environment and `config.toml` made one.
//!
//! A flag goes before a variable, a variable before the file. Everything is checked once, here; what
//! comes out is typed. The module opens no store and speaks to no server, and takes the environment as a function,
//! so that nothing in it depends on the process that it runs in.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{access::AgentName, keys::KeySource, vault::Secret, words};

mod error;
mod file;
mod places;

pub use error::ConfigError;
use file::ConfigFile;
pub use places::Places;

/// Seconds that a run may take when nobody says otherwise.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 60;
/// Seconds that a person has to decide when nobody says otherwise.
pub const DEFAULT_APPROVAL_SECONDS: u32 = 120;
/// The most that a person may have to type a value, in seconds; so long by default.
pub const MAX_TYPING_SECONDS: u32 = 300;
/// Seconds that a run may take at most.
pub const MAX_TIMEOUT_SECONDS: u32 = 3_600;

/// Bytes that a configuration or token file may have: a Connect token has about a thousand.
const MAX_BYTES: u64 = 64 * 1024;

/// What the command line says; `None` leaves it to variable and file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--home`: one directory for everything.
    pub home: Option<PathBuf>,
    /// `--backend`.
    pub backend: Option<BackendKind>,
    /// `--agent`.
    pub agent: Option<AgentName>,
    /// `--agent-token-file`.
    pub agent_token_file: Option<PathBuf>,
    /// `--refresh`.
    pub refresh: bool,
}

/// Everything that is settled before a vault is opened.
#[derive(Debug)]
pub struct Config {
    /// Where hushkey's own files lie.
    pub places: Places,
    /// Where secrets live.
    pub backend: Backend,
    /// Where the key of what is stored here comes from.
    pub key: KeySource,
    /// A file with the passphrase of a locked key, for servers that nobody unlocks.
    pub passphrase_file: Option<PathBuf>,
    /// The login's own directory for sockets, if there is one: `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// What an agent gets when it names nothing else.
    pub agent: AgentDefaults,
    /// More files that no agent may name: a server's TLS key.
    pub also_own: Vec<PathBuf>,
    /// The token by which an agent proves its name to this process, if one was given.
    pub agent_token: Option<AgentToken>,
    /// Whether Connect was chosen though a local store lies here too, and nobody said which: worth
    /// a line on stderr.
    pub local_store_passed_over: bool,
}

/// Which of the two backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendKind {
    /// A 1Password Connect server.
    Connect,
    /// The encrypted store on this machine.
    Local,
}

/// Where secrets live.
#[derive(Debug)]
pub enum Backend {
    /// On a 1Password Connect server.
    Connect(Connect),
    /// In the encrypted store.
    Local,
}

/// How a Connect server is reached.
#[derive(Debug)]
pub struct Connect {
    /// Its address, without a slash at the end: `http://127.0.0.1:8080`.
    pub host: String,
    /// The bearer token; printable ASCII, so that it fits in a header.
    pub token: Secret,
    /// The file that the token was read from, if it was: no agent may name it.
    pub token_file: Option<PathBuf>,
    /// A file with the certificates of a private authority, in PEM form; then no other is trusted.
    pub authority: Option<PathBuf>,
    /// Whether nothing that was just read may be kept, not even for seconds.
    pub refresh: bool,
}

/// A token by which an agent proves its name.
#[derive(Debug)]
pub struct AgentToken {
    /// The token.
    pub text: Secret,
    /// The file that it was read from, if it was: no agent may name it.
    pub file: Option<PathBuf>,
}

/// What an agent gets when it names nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentDefaults {
    /// Whom `hushkey mcp` serves.
    pub name: AgentName,
    /// Seconds that a run may take, from 1 to [`MAX_TIMEOUT_SECONDS`].
    pub timeout_seconds: u32,
    /// Seconds that a person has to decide, from 1 to [`MAX_TIMEOUT_SECONDS`].
    pub approval_seconds: u32,
    /// Seconds that a person has to type a value, from 1 to [`MAX_TYPING_SECONDS`].
    pub typing_seconds: u32,
}

impl Config {
    /// Settles the configuration, from the command line, an environment (as [`std::env::var_os`] gives it) and
    /// `config.toml`, which need not be there.
    ///
    /// An empty variable counts as unset.
    ///
    /// # Errors
    /// [`ConfigError`] when something can't be understood, read or trusted.
    pub fn load(
        overrides: &Overrides,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let variables = Variables(&environment);
        let places = Places::find(overrides.home.as_deref(), &variables)?;
        let file = read_file(&places.config)?;

        let key_command = variables
            .command("HUSHKEY_KEY_COMMAND")?
            .or(file.key_command.clone());
        let chosen = match overrides.backend {
            Some(kind) => Some(kind),
            None => variables.backend()?.or(file.backend),
        };
        let backend = match chosen {
            Some(BackendKind::Local) => Backend::Local,
            Some(BackendKind::Connect) => connect(&places, &file, &variables, overrides.refresh)?
                .ok_or(ConfigError::ConnectIncomplete {
                found: "backend `connect`",
                missing: "its address",
            })?,
            None => {
                connect(&places, &file, &variables, overrides.refresh)?.unwrap_or(Backend::Local)
            }
        };

        let agent_token = match &overrides.agent_token_file {
            Some(path) => Some(AgentToken {
                text: read_token(path)?,
                file: Some(path.clone()),
            }),
            None => variables
                .read(
                    "HUSHKEY_AGENT_TOKEN",
                    "an agent's token, as `hushkey agent create` printed it",
                    parse_token,
                )?
                .map(|text| AgentToken { text, file: None }),
        };

        Ok(Self {
            agent_token,
            also_own: Vec::new(),
            local_store_passed_over: chosen.is_none()
                && matches!(backend, Backend::Connect(_))
                && places.store.exists(),
            key: key_command
                .map_or_else(|| KeySource::File(places.key.clone()), KeySource::Command),
            agent: AgentDefaults {
                name: match &overrides.agent {
                    Some(name) => name.clone(),
                    None => variables
                        .agent()?
                        .or(file.agent_name)
                        .unwrap_or_else(default_agent),
                },
                timeout_seconds: file.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS),
                approval_seconds: file.approval_seconds.unwrap_or(DEFAULT_APPROVAL_SECONDS),
                typing_seconds: file.typing_seconds.unwrap_or(MAX_TYPING_SECONDS),
            },
            passphrase_file: variables.os("HUSHKEY_PASSPHRASE_FILE").map(PathBuf::from),
            runtime_dir: variables.os("XDG_RUNTIME_DIR").map(PathBuf::from),
            backend,
            places,
        })
    }

    /// Files and directories that belong to hushkey: no agent may name a path at or beneath one.
    #[must_use]
    pub fn own_paths(&self) -> Vec<&Path> {
        let token_file = match &self.backend {
            Backend::Connect(connect) => connect.token_file.as_deref(),
            Backend::Local => None,
        };
        let agent_token_file = self
            .agent_token
            .as_ref()
            .and_then(|token| token.file.as_deref());
        self.places
            .directories()
            .into_iter()
            .chain(token_file)
            .chain(agent_token_file)
            .chain(self.passphrase_file.as_deref())
            .chain(self.also_own.iter().map(PathBuf::as_path))
            .collect()
    }
}

impl BackendKind {
    /// Reads `local` or `connect`, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "connect" => Some(Self::Connect),
            "local" => Some(Self::Local),
            _ => None,
        }
    }
}

/// The environment, read with errors that name the variable only.
struct Variables<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl Variables<'_> {
    fn os(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn read<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.os(name) else {
            return Ok(None);
        };
        value
            .to_str()
            .and_then(parse)
            .map(Some)
            .ok_or(ConfigError::Variable { name, expected })
    }

    fn command(&self, name: &'static str) -> Result<Option<Vec<String>>, ConfigError> {
        self.read(
            name,
            "a program and its arguments, quoted as in a shell",
            |text| {
                words::split(text)
                    .ok()
                    .filter(|words| words.first().is_some_and(|program| !program.is_empty()))
            },
        )
    }

    fn backend(&self) -> Result<Option<BackendKind>, ConfigError> {
        self.read(
            "HUSHKEY_BACKEND",
            "`local` or `connect`",
            BackendKind::parse,
        )
    }

    fn agent(&self) -> Result<Option<AgentName>, ConfigError> {
        self.read(
            "HUSHKEY_AGENT",
            "an agent's name: 1 to 64 letters, digits, `-`, `_` or `.`",
            |text| AgentName::parse(text).ok(),
        )
    }
}

fn default_agent() -> AgentName {
    AgentName::parse("default").expect("`default` is an agent's name")
}

/// How Connect is reached, or nothing where nothing speaks of it. Half of it is an error: whoever set a
/// token would not expect the local store to answer.
fn connect(
    places: &Places,
    file: &ConfigFile,
    variables: &Variables<'_>,
    refresh: bool,
) -> Result<Option<Backend>, ConfigError> {
    let host = variables.read(
        "OP_CONNECT_HOST",
        "the address of a Connect server: http://HOST:8080 or https://HOST",
        parse_host,
    )?;
    let token = variables.read(
        "OP_CONNECT_TOKEN",
        "the token of a Connect server: one line of printable characters",
        parse_token,
    )?;
    let token_file = file
        .connect_token_file
        .as_deref()
        .map(|path| places.beside_config(path, variables));

    let (host, token, token_file) = match (host, &file.connect_host, token, token_file) {
        (None, None, None, None) => return Ok(None),
        (None, None, ..) => {
            return Err(ConfigError::ConnectIncomplete {
                found: "the token of a Connect server",
                missing: "its address",
            });
        }
        (_, _, None, None) => {
            return Err(ConfigError::ConnectIncomplete {
                found: "the address of a Connect server",
                missing: "its token",
            });
        }
        (Some(host), Some(named), None, Some(path)) if host == *named => {
            (host, read_token(&path)?, Some(path))
        }
        (Some(_), _, None, Some(_)) => return Err(ConfigError::ConnectMixed),
        (Some(host), _, Some(token), _) => (host, token, None),
        (None, Some(host), Some(token), _) => (host.clone(), token, None),
        (None, Some(host), None, Some(path)) => (host.clone(), read_token(&path)?, Some(path)),
    };
    let named = variables.os("HUSHKEY_CONNECT_CA_FILE").map(PathBuf::from);
    let authority = named.or_else(|| {
        let path = file.connect_ca_file.as_deref()?;
        Some(places.beside_config(path, variables))
    });
    Ok(Some(Backend::Connect(Connect {
        host,
        token,
        token_file,
        authority,
        refresh,
    })))
}

/// An `http` or `https` address of a host, with or without a path before `/v1`; without user name, query and
/// the slash at its end.
fn parse_host(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    let (scheme, rest) = text.split_once("://")?;
    let http = ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    let host = rest
        .split(['/', ':'])
        .next()
        .filter(|host| !host.is_empty());
    let odd = rest.contains(|c: char| {
        !c.is_ascii_graphic() || matches!(c, '@' | '?' | '#' | '\\' | '"' | '<' | '>')
    });
    (http && host.is_some() && !odd).then(|| text.to_owned())
}

fn parse_token(text: &str) -> Option<Secret> {
    let text = text.trim();
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| Secret::new(text.to_owned()))
}

fn read_token(path: &Path) -> Result<Secret, ConfigError> {
    let text =
        read_private(path, "read", 0o077, "600")?.ok_or_else(|| ConfigError::Unreadable {
            path: path.to_owned(),
            source: io::ErrorKind::NotFound.into(),
        })?;
    parse_token(&text).ok_or_else(|| ConfigError::NoToken {
        path: path.to_owned(),
    })
}

/// Whoever may change the file chooses the program that prints the key.
fn read_file(path: &Path) -> Result<ConfigFile, ConfigError> {
    match read_private(path, "change", 0o022, "go-w")? {
        Some(text) => ConfigFile::parse(path, &text),
        None => Ok(ConfigFile::default()),
    }
}

/// The text of a file none of whose `forbidden` mode bits are set; `None` where there is no file.
fn read_private(
    path: &Path,
    what: &'static str,
    forbidden: u32,
    chmod: &'static str,
) -> Result<Option<Zeroizing<String>>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    // The open file's mode, not the path's: the path may mean another file a moment later.
    let mode = file.metadata().map_err(unreadable)?.mode();
    if mode & forbidden != 0 {
        return Err(ConfigError::Exposed {
            path: path.to_owned(),
            what,
            chmod,
        });
    }
    let mut text = Zeroizing::new(String::new());
    let read = file
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if read as u64 > MAX_BYTES {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests;
