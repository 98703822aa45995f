//! The table of ARCHITECTURE.md: which room may name which.

/// One top-level module and what it may name of the others.
pub(crate) struct Room {
    /// The module; `lib` and `main` are the crate's roots.
    pub(crate) name: &'static str,
    /// Paths in this crate that it may name, with all that lies beneath them.
    pub(crate) may: &'static [&'static str],
    /// Paths that it may not name, although its row or the language would let it.
    pub(crate) never: &'static [&'static str],
}

/// What only edges may name: wire formats, transports, storage.
const EDGES: &[&str] = &[
    "reqwest",
    "rmcp",
    "rusqlite",
    "serde",
    "serde_json",
    "tokio",
];

/// Everything that could make a pure function depend on where and when it runs; and values.
const WORLD: &[&str] = &[
    "jiff::Timestamp::now",
    "rustix",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "vault::FileContent",
    "vault::Secret",
];

/// Values, and what can lend them.
const VALUES: &[&str] = &["secrecy", "vault::FileContent", "vault::Secret"];

/// All rooms, in order of name.
pub(crate) const ROOMS: &[Room] = &[
    Room {
        name: "access",
        may: &["vault"],
        never: WORLD,
    },
    Room {
        name: "admin",
        may: &[
            "access",
            "audit::ManagerActor",
            "broker",
            "registry",
            "vault",
        ],
        never: &["reqwest", "rmcp", "rusqlite", "serde_json", "tokio"],
    },
    Room {
        name: "age",
        may: &["seal"],
        never: EDGES,
    },
    Room {
        name: "approvals",
        may: &[
            "access",
            "display_text",
            "private_file",
            "seal",
            "sqlite_file",
            "vault::StoreHead",
        ],
        never: &[
            "reqwest",
            "rmcp",
            "secrecy",
            "serde_json",
            "tokio",
            "vault::FileContent",
            "vault::Secret",
        ],
    },
    Room {
        name: "audit",
        may: &[
            "access",
            "display_text",
            "policy",
            "private_file",
            "seal",
            "sqlite_file",
            "vault",
        ],
        never: VALUES,
    },
    Room {
        name: "backend",
        may: &[
            "connect",
            "keys",
            "private_file",
            "seal",
            "sqlite_file",
            "vault",
        ],
        never: &["rmcp"],
    },
    Room {
        name: "broker",
        may: &[
            "access",
            "approvals",
            "audit",
            "display_text",
            "dotenv",
            "generate",
            "import",
            "launch",
            "otp",
            "policy",
            "portable",
            "redact",
            "ssh_key",
            "template",
            "vault",
        ],
        never: &["reqwest", "rmcp", "rusqlite", "serde_json"],
    },
    Room {
        name: "cli",
        may: &[
            "access",
            "admin",
            "age",
            "approvals",
            "audit",
            "backend::connect",
            "backend::local",
            "broker",
            "config",
            "display_text",
            "dotenv",
            "generate",
            "http",
            "import",
            "keys",
            "launch",
            "logging",
            "mcp",
            "policy",
            "policy_file",
            "portable",
            "private_file",
            "registry",
            "setup",
            "template",
            "unlocked",
            "vault",
        ],
        never: &["rmcp", "rusqlite", "seal"],
    },
    Room {
        name: "config",
        may: &["access", "keys::KeySource", "vault::Secret", "words"],
        never: &["rmcp", "rusqlite", "tokio"],
    },
    Room {
        name: "connect",
        may: &[],
        never: &["reqwest", "rmcp", "rusqlite", "serde_json", "tokio"],
    },
    Room {
        name: "display_text",
        may: &[],
        never: WORLD,
    },
    Room {
        name: "dotenv",
        may: &["template", "vault"],
        never: EDGES,
    },
    Room {
        name: "fuzzing",
        may: &[
            "access",
            "cli::assigned_value",
            "dotenv",
            "generate",
            "import",
            "otp",
            "policy",
            "portable",
            "redact",
            "ssh_key",
            "template",
            "vault",
        ],
        never: EDGES,
    },
    Room {
        name: "generate",
        may: &["seal", "ssh_key", "vault::Secret"],
        never: EDGES,
    },
    Room {
        name: "http",
        may: &[
            "access",
            "admin",
            "approvals",
            "audit",
            "broker",
            "connect",
            "display_text",
            "generate",
            "mcp",
            "policy::AgentDescription",
            "private_file",
            "registry",
            "vault",
        ],
        never: &["reqwest", "rmcp", "rusqlite"],
    },
    Room {
        name: "import",
        may: &["dotenv", "vault"],
        never: EDGES,
    },
    Room {
        name: "jwt",
        may: &["vault::Secret"],
        never: &["reqwest", "rmcp", "rusqlite", "tokio"],
    },
    Room {
        name: "keys",
        may: &["private_file", "seal", "vault::Secret"],
        never: EDGES,
    },
    Room {
        name: "launch",
        may: &["limits", "redact", "seal::random_bytes", "vault::Secret"],
        never: &["reqwest", "rmcp", "rusqlite", "serde_json"],
    },
    Room {
        name: "lib",
        may: &[],
        never: &[],
    },
    Room {
        name: "limits",
        may: &[],
        never: WORLD,
    },
    Room {
        name: "logging",
        may: &[],
        never: VALUES,
    },
    Room {
        name: "main",
        may: &["cli", "launch"],
        never: VALUES,
    },
    Room {
        name: "mcp",
        may: &[
            "access",
            "approvals",
            "broker",
            "display_text",
            "generate",
            "launch::Status",
            "policy::OutputMode",
            "policy::Scope",
            "policy::Right",
            "vault",
        ],
        never: VALUES,
    },
    Room {
        name: "otp",
        may: &["vault::Secret"],
        never: EDGES,
    },
    Room {
        name: "policy",
        may: &["access", "display_text", "limits", "vault"],
        never: WORLD,
    },
    Room {
        name: "policy_file",
        may: &["broker::PolicySource", "policy", "private_file"],
        never: VALUES,
    },
    Room {
        name: "portable",
        may: &["vault"],
        never: &["reqwest", "rmcp", "rusqlite", "std::fs", "tokio"],
    },
    Room {
        name: "private_file",
        may: &[],
        never: EDGES,
    },
    Room {
        name: "redact",
        may: &["vault::Secret"],
        never: &["reqwest", "rmcp", "rusqlite", "tokio"],
    },
    Room {
        name: "registry",
        may: &[
            "access",
            "jwt",
            "private_file",
            "seal",
            "sqlite_file",
            "vault",
        ],
        never: &["reqwest", "rmcp", "serde_json", "tokio"],
    },
    Room {
        name: "seal",
        may: &[],
        never: EDGES,
    },
    Room {
        name: "setup",
        may: &[],
        never: &[
            "reqwest",
            "rmcp",
            "rusqlite",
            "secrecy",
            "std::env::var",
            "std::process",
            "tokio",
        ],
    },
    Room {
        name: "sqlite_file",
        may: &["private_file", "seal::random_bytes"],
        never: VALUES,
    },
    Room {
        name: "ssh_key",
        may: &["seal::random_bytes", "vault::Secret"],
        never: EDGES,
    },
    Room {
        name: "template",
        may: &["vault"],
        never: EDGES,
    },
    Room {
        name: "unlocked",
        may: &["keys", "launch", "private_file"],
        never: EDGES,
    },
    Room {
        name: "vault",
        may: &["seal::system_rng"],
        never: EDGES,
    },
    Room {
        name: "words",
        may: &[],
        never: EDGES,
    },
];
