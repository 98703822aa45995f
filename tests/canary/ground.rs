//! The values, and a store that holds them.

use std::path::Path;

use hushkey::generate::{Recipe, generate};
use serde_json::json;

use crate::{
    agent::{Program, Session},
    channels::Channels,
    search::Search,
};

/// A program whose vault, files and server's environment hold values that must not come out.
pub struct Ground {
    pub program: Program,
    pub canaries: Canaries,
}

/// Where each reference's value went in.
pub const REFERENCES: [(&str, &str); 8] = [
    ("PASSWORD", "op://Dev/Portal/password"),
    ("USER_NAME", "op://Dev/Portal/username"),
    ("SEED", "op://Dev/Portal/one-time password"),
    ("NOTE", "op://Dev/Portal/notesPlain"),
    ("CREDENTIAL", "op://Dev/Gateway/credential"),
    ("HOST", "op://Dev/Gateway/host"),
    ("PEM", "op://Dev/Server/private key"),
    ("ODD", "op://Dev/Odd/odd value"),
];

/// The values, each of them made for this run of the tests.
pub struct Canaries {
    pub password: String,
    pub user_name: String,
    pub seed: String,
    pub note: String,
    pub credential: String,
    pub host: String,
    pub pem: Vec<String>,
    pub odd: String,
    /// The value of a line of `.env`.
    pub dotenv: String,
    /// What the source `file` reads.
    pub file: String,
    /// What the source `command` prints.
    pub printed: String,
    /// What a model pastes where it does not belong.
    pub pasted: String,
    /// What the host gave the server in its environment.
    pub model_key: String,
    pub connect_token: String,
    /// In the key file; not known before there is one.
    pub key: String,
}

fn random(recipe: &str) -> String {
    let made = generate(&Recipe::parse(recipe).unwrap()).unwrap();
    made.value.expose_secret().to_owned()
}

impl Canaries {
    fn new() -> Self {
        let word = || random("letters,digits,40");
        let capitals = || word().to_uppercase();
        Self {
            password: random("letters,digits,symbols,48"),
            user_name: format!("{}@example.com", word()),
            seed: capitals(),
            note: format!(
                "The second door opens with {}\nand not with {}.",
                word(),
                word()
            ),
            credential: format!("sk_live_{}", word()),
            host: format!("db-{}.internal", word().to_lowercase()),
            pem: (0..4).map(|_| random("letters,digits,64")).collect(),
            odd: format!(
                "\"{}'%2F\\ ß\u{1f511}€<&>+= {}\t\u{e9}`$x{}",
                word(),
                word(),
                word()
            ),
            dotenv: word(),
            file: word(),
            printed: word(),
            pasted: word(),
            model_key: format!("sk-ant-{}", word()),
            connect_token: format!("eyJhbGciOi{}.{}", word(), word()),
            key: String::new(),
        }
    }

    /// The PEM as it is stored.
    pub fn pem_text(&self) -> String {
        let body = self.pem.join("\n");
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
    }

    /// Every value by its name. The armour lines of the PEM are no secret.
    pub fn all(&self) -> Vec<(&str, Vec<u8>)> {
        let body = self.pem.join("\n");
        let mut all: Vec<(&str, Vec<u8>)> = [
            ("password", &self.password),
            ("user name", &self.user_name),
            ("OTP seed", &self.seed),
            ("note", &self.note),
            ("API credential", &self.credential),
            ("host", &self.host),
            ("PEM", &body),
            ("odd value", &self.odd),
            (".env line", &self.dotenv),
            ("file source", &self.file),
            ("command source", &self.printed),
            ("pasted by the model", &self.pasted),
            ("model key", &self.model_key),
            ("connect token", &self.connect_token),
            ("key file", &self.key),
        ]
        .map(|(name, value)| (name, value.clone().into_bytes()))
        .into();
        all.extend(
            self.pem
                .iter()
                .map(|line| ("PEM line", line.clone().into_bytes())),
        );
        if let Ok(bytes) = data_encoding::HEXLOWER_PERMISSIVE.decode(self.key.as_bytes()) {
            all.push(("key", bytes));
        }
        all
    }
}

impl Ground {
    /// Makes the store and puts everything in.
    pub fn plant() -> (Self, Channels) {
        let program = Program::new();
        let mut canaries = Canaries::new();
        let mut channels = Channels::default();
        channels.command("init", &program.run(&["init"]));
        for environment in ["canaries=write", "birds=write"] {
            let allow = ["agent", "allow", "default", "--environment", environment];
            channels.command("agent allow", &program.run(&allow));
        }
        canaries.key = std::fs::read_to_string(program.home.join("key"))
            .unwrap()
            .trim()
            .to_owned();
        let allowed = program.run(&["agent", "allow", "default", "--vault", "Dev=full"]);
        channels.command("agent allow", &allowed);
        // Nobody is there to say yes to a deletion.
        let policy = program.home.join("policy.toml");
        let text = std::fs::read_to_string(&policy).unwrap();
        let own = "[agents.default.vaults]";
        assert!(text.contains(own), "{text}");
        let unasked = format!("[agents.default]\nconfirm = []\n\n{own}");
        std::fs::write(&policy, text.replacen(own, &unasked, 1)).unwrap();
        assert_eq!(canaries.key.len(), 64, "the key file has another form now");

        let field = |label: &str, kind: &str, value: &str| json!({ "label": label, "type": kind, "value": value });
        let items = [
            json!({ "title": "Portal", "category": "LOGIN", "fields": [
                { "id": "username", "label": "username", "type": "STRING", "purpose": "USERNAME", "value": canaries.user_name },
                { "id": "password", "label": "password", "type": "CONCEALED", "purpose": "PASSWORD", "value": canaries.password },
                { "id": "notesPlain", "label": "notesPlain", "type": "STRING", "purpose": "NOTES", "value": canaries.note },
                field("one-time password", "OTP", &canaries.seed),
            ] }),
            json!({ "title": "Gateway", "category": "API_CREDENTIAL", "fields": [
                field("credential", "CONCEALED", &canaries.credential), field("host", "STRING", &canaries.host),
            ] }),
            json!({ "title": "Server", "category": "SERVER", "fields": [field("private key", "CONCEALED", &canaries.pem_text())] }),
            json!({ "title": "Odd", "category": "PASSWORD", "fields": [field("odd value", "CONCEALED", &canaries.odd)] }),
            json!({ "title": "Twin", "fields": [field("password", "CONCEALED", &canaries.password)] }),
            json!({ "title": "Twin", "fields": [field("password", "CONCEALED", &canaries.password)] }),
        ];
        for item in items {
            let made = program.run_reading(
                &["item", "create", "--vault", "Dev", "-"],
                &item.to_string(),
            );
            assert!(
                made.status.success(),
                "{}",
                String::from_utf8_lossy(&made.stderr)
            );
            channels.command("item create -", &made);
        }
        program.file("token.txt", &format!("{}\n", canaries.file));
        program.file("printed.txt", &format!("{}\n", canaries.printed));
        let lines = format!(
            "# secrets\nAPI_TOKEN={}\nDB_PASSWORD=op://Dev/Portal/password\nBOTH=\"user:${{DB_PASSWORD}}@h\"\nMODE=dev\n",
            canaries.dotenv
        );
        program.file(".env", &lines);
        (Self { program, canaries }, channels)
    }

    /// A search for all of the values.
    pub fn search(&self) -> Search {
        let all = self.canaries.all();
        Search::new(all.iter().map(|(name, value)| (*name, value.as_slice())))
    }

    /// What an agent's host gives to the servers that it starts.
    pub fn environment(&self) -> [(&str, &str); 4] {
        [
            ("ANTHROPIC_API_KEY", &self.canaries.model_key),
            ("HUSHKEY_BACKEND", "local"),
            ("OP_CONNECT_HOST", "http://127.0.0.1:1"),
            ("OP_CONNECT_TOKEN", &self.canaries.connect_token),
        ]
    }

    /// A server with that environment.
    pub fn serve(&self, arguments: &[&str]) -> Session {
        self.program.serve(arguments, &self.environment())
    }

    /// Collects all files beneath a directory, but for the key and the owner's own.
    pub fn collect_files(&self, channels: &mut Channels, directory: &Path) {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                self.collect_files(channels, &path);
            } else if path != self.program.home.join("key") {
                let name = format!("file {}", path.file_name().unwrap().display());
                // Others' files in a shared place come and go.
                channels.add(name, &std::fs::read(&path).unwrap_or_default());
            }
        }
    }
}
