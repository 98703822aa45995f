//! The clients that setup knows: where each keeps its settings, under which key it lists servers, and how it writes an entry.
//!
//! A row is all that a client is. Paths are computed from what [`Surroundings`] say; the module looks at no file but to tell
//! whether a client is here.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::entry::{Remote, Shape, Token};

/// Where a person's settings lie on this machine, from the environment as a function.
#[derive(Debug)]
pub struct Surroundings {
    home: PathBuf,
    /// Settings of programs: `~/.config`, or `~/Library/Application Support`.
    applications: PathBuf,
    xdg: PathBuf,
    claude: Option<PathBuf>,
    codex: Option<PathBuf>,
    search_path: Vec<PathBuf>,
    /// The directory of the project, if its settings are meant.
    project: Option<PathBuf>,
}

impl Surroundings {
    /// Takes paths from variables; nothing if there is no home directory. `mac` says whose places hold.
    pub fn new(
        variable: &dyn Fn(&str) -> Option<OsString>,
        mac: bool,
        project: Option<PathBuf>,
    ) -> Option<Self> {
        let absolute = |name: &str| {
            variable(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let home = absolute("HOME")?;
        let xdg = absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        let applications = match mac {
            true => home.join("Library/Application Support"),
            false => xdg.clone(),
        };
        let search_path = variable("PATH").unwrap_or_default();
        let search_path = std::env::split_paths(&search_path).filter(|path| path.is_absolute());
        Some(Self {
            claude: absolute("CLAUDE_CONFIG_DIR"),
            codex: absolute("CODEX_HOME"),
            search_path: search_path.collect(),
            home,
            applications,
            xdg,
            project,
        })
    }

    /// The first program of that name on the search path.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let places = self
            .search_path
            .iter()
            .map(|directory| directory.join(name));
        places.into_iter().find(|path| path.is_file())
    }

    /// The project's directory, if its settings are meant.
    #[must_use]
    pub fn project(&self) -> Option<&Path> {
        self.project.as_deref()
    }
}

/// In which language settings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Toml,
}

/// A client of the protocol, and how it is told of a server.
#[derive(Debug)]
pub struct Client {
    /// What is typed for it.
    pub id: &'static str,
    /// What else may be typed.
    pub aliases: &'static [&'static str],
    /// Its name.
    pub title: &'static str,
    /// What makes it read its settings again.
    pub next: &'static str,
    pub(super) format: Format,
    /// The key of the object that holds the entries.
    pub(super) container: &'static str,
    pub(super) shape: Shape,
    /// Where it was seen to put a variable's value into what it sends.
    pub(super) remote: Option<Remote>,
    settings: fn(&Surroundings) -> PathBuf,
    /// Its file in a project.
    project: Option<&'static str>,
    /// Programs that tell that it is here.
    programs: &'static [&'static str],
}

/// All clients, in order of name.
pub const CLIENTS: [Client; 9] = [
    Client {
        id: "claude-code",
        aliases: &["claude"],
        title: "Claude Code",
        next: "start `claude` again; `/mcp` shows it",
        format: Format::Json,
        container: "mcpServers",
        shape: Shape::Typed,
        remote: Some(Remote {
            kind: Some("http"),
            url: "url",
            token: Token::Header("${", "}"),
        }),
        settings: |around| match &around.claude {
            Some(directory) => directory.join(".claude.json"),
            None => around.home.join(".claude.json"),
        },
        project: Some(".mcp.json"),
        programs: &["claude"],
    },
    Client {
        id: "claude-desktop",
        aliases: &[],
        title: "Claude Desktop",
        next: "quit Claude Desktop and start it again",
        format: Format::Json,
        container: "mcpServers",
        shape: Shape::Command,
        remote: None,
        settings: |around| {
            around
                .applications
                .join("Claude/claude_desktop_config.json")
        },
        project: None,
        programs: &["claude-desktop"],
    },
    Client {
        id: "codex",
        aliases: &[],
        title: "Codex",
        next: "start `codex` again; `codex mcp list` shows it",
        format: Format::Toml,
        container: "mcp_servers",
        shape: Shape::Command,
        remote: Some(Remote {
            kind: None,
            url: "url",
            token: Token::Variable("bearer_token_env_var"),
        }),
        settings: |around| match &around.codex {
            Some(directory) => directory.join("config.toml"),
            None => around.home.join(".codex/config.toml"),
        },
        project: Some(".codex/config.toml"),
        programs: &["codex"],
    },
    Client {
        id: "cursor",
        aliases: &[],
        title: "Cursor",
        next: "restart Cursor; its settings list the tools",
        format: Format::Json,
        container: "mcpServers",
        shape: Shape::Command,
        remote: None,
        settings: |around| around.home.join(".cursor/mcp.json"),
        project: Some(".cursor/mcp.json"),
        programs: &["cursor", "cursor-agent"],
    },
    Client {
        id: "gemini",
        aliases: &["gemini-cli"],
        title: "Gemini CLI",
        next: "start `gemini` again; `/mcp` shows it",
        format: Format::Json,
        container: "mcpServers",
        shape: Shape::Command,
        remote: Some(Remote {
            kind: None,
            url: "httpUrl",
            token: Token::Header("${", "}"),
        }),
        settings: |around| around.home.join(".gemini/settings.json"),
        project: Some(".gemini/settings.json"),
        programs: &["gemini"],
    },
    Client {
        id: "opencode",
        aliases: &[],
        title: "opencode",
        next: "start `opencode` again; `opencode mcp list` shows it",
        format: Format::Json,
        container: "mcp",
        shape: Shape::List,
        remote: Some(Remote {
            kind: Some("remote"),
            url: "url",
            token: Token::Header("{env:", "}"),
        }),
        settings: |around| with_comments(around.xdg.join("opencode/opencode.json")),
        project: Some("opencode.json"),
        programs: &["opencode"],
    },
    Client {
        id: "vscode",
        aliases: &["code", "vs-code"],
        title: "VS Code",
        next: "run `MCP: List Servers` in VS Code and start it there",
        format: Format::Json,
        container: "servers",
        shape: Shape::Typed,
        remote: None,
        settings: |around| around.applications.join("Code/User/mcp.json"),
        project: Some(".vscode/mcp.json"),
        programs: &["code"],
    },
    Client {
        id: "windsurf",
        aliases: &[],
        title: "Windsurf",
        next: "restart Windsurf, or refresh its list of servers",
        format: Format::Json,
        container: "mcpServers",
        shape: Shape::Command,
        remote: None,
        settings: |around| around.home.join(".codeium/windsurf/mcp_config.json"),
        project: None,
        programs: &["windsurf"],
    },
    Client {
        id: "zed",
        aliases: &[],
        title: "Zed",
        next: "Zed reads it at once; the agent panel's settings list it",
        format: Format::Json,
        container: "context_servers",
        shape: Shape::Command,
        remote: None,
        settings: |around| around.xdg.join("zed/settings.json"),
        project: None,
        programs: &["zed", "zeditor"],
    },
];

impl Client {
    /// The client that somebody means.
    #[must_use]
    pub fn named(word: &str) -> Option<&'static Self> {
        CLIENTS
            .iter()
            .find(|client| client.id == word || client.aliases.contains(&word))
    }

    /// Its settings: the person's, or a project's if one is meant. Nothing where it has none for projects.
    #[must_use]
    pub fn settings(&self, around: &Surroundings) -> Option<PathBuf> {
        match &around.project {
            Some(project) => Some(with_comments(project.join(self.project?))),
            None => Some((self.settings)(around)),
        }
    }

    /// Tells whether the client seems to be here: its settings or their directory, or a program of its name.
    #[must_use]
    pub fn is_here(&self, around: &Surroundings) -> bool {
        let settings = (self.settings)(around);
        let directory = settings
            .parent()
            .filter(|directory| *directory != around.home);
        settings.exists()
            || directory.is_some_and(Path::is_dir)
            || self
                .programs
                .iter()
                .any(|program| around.program(program).is_some())
    }
}

/// `opencode.jsonc` where there is that and no `opencode.json`.
fn with_comments(path: PathBuf) -> PathBuf {
    let commented = path.with_extension("jsonc");
    let is_opencodes = path.file_name().is_some_and(|name| name == "opencode.json");
    if is_opencodes && !path.exists() && commented.exists() {
        commented
    } else {
        path
    }
}
