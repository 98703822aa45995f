use std::os::unix::fs::PermissionsExt as _;

use super::*;

const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.canary.token";

/// A home directory of its own, and an environment that knows nothing else.
struct Home {
    directory: tempfile::TempDir,
    variables: Vec<(&'static str, OsString)>,
    overrides: Overrides,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            variables: vec![("HUSHKEY_HOME", directory.path().into())],
            overrides: Overrides::default(),
            directory,
        }
    }

    fn with_variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    fn with_file(self, name: &str, text: &str, mode: u32) -> Self {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    fn with_config(self, text: &str) -> Self {
        self.with_file("config.toml", text, 0o644)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.overrides, |name| {
            let found = self
                .variables
                .iter()
                .rev()
                .find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        })
    }

    fn refusal(&self) -> String {
        let message = self.load().unwrap_err().to_string();
        assert!(!message.contains("canary"), "{message}");
        message.replace(self.directory.path().to_str().unwrap(), "HOME")
    }
}

fn chosen(home: &Home) -> BackendKind {
    match home.load().unwrap().backend {
        Backend::Connect(_) => BackendKind::Connect,
        Backend::Local => BackendKind::Local,
    }
}

#[test]
fn without_any_setting_the_local_store_is_used_with_its_key_file() {
    let home = Home::new();

    let config = home.load().unwrap();

    assert!(matches!(config.backend, Backend::Local));
    assert_eq!(config.key, KeySource::File(config.places.key.clone()));
    assert_eq!(config.agent.name.as_str(), "default");
    assert_eq!(config.agent.timeout_seconds, 60);
    assert_eq!(config.places, Places::in_directory(home.directory.path()));
    assert_eq!(config.own_paths(), [home.directory.path()]);
}

#[test]
fn without_a_home_of_its_own_hushkey_follows_xdg() {
    let variables = |name: &str| match name {
        "HOME" => Some(OsString::from("/home/ann")),
        "XDG_STATE_HOME" => Some("/var/state".into()),
        "XDG_DATA_HOME" => Some("relative/is/ignored".into()),
        "HUSHKEY_HOME" => Some(OsString::new()),
        _ => None,
    };

    let places = Config::load(&Overrides::default(), variables)
        .unwrap()
        .places;

    assert_eq!(
        places.config,
        Path::new("/home/ann/.config/hushkey/config.toml")
    );
    assert_eq!(
        places.policy,
        Path::new("/home/ann/.config/hushkey/policy.toml")
    );
    assert_eq!(
        places.store,
        Path::new("/home/ann/.local/share/hushkey/store.db")
    );
    assert_eq!(places.key, Path::new("/home/ann/.local/share/hushkey/key"));
    assert_eq!(places.audit, Path::new("/var/state/hushkey/audit.db"));
    assert_eq!(
        places.approvals,
        Path::new("/var/state/hushkey/approvals.db")
    );
    assert_eq!(places.directories().len(), 3);
}

#[test]
fn without_any_home_hushkey_says_which_variable_to_set() {
    let error = Config::load(&Overrides::default(), |_| None).unwrap_err();

    assert_eq!(
        error.to_string(),
        "there is no home directory; set HOME or HUSHKEY_HOME"
    );
}

#[test]
fn a_flag_goes_before_a_variable_and_a_variable_before_the_file() {
    let mut home =
        Home::new().with_config("key_command = ['from', 'file']\n[agent]\nname = 'file'");
    assert_eq!(home.load().unwrap().agent.name.as_str(), "file");
    assert_eq!(
        home.load().unwrap().key,
        KeySource::Command(vec!["from".into(), "file".into()])
    );

    home = home
        .with_variable("HUSHKEY_AGENT", "variable")
        .with_variable("HUSHKEY_KEY_COMMAND", "pass show 'hush key'");
    assert_eq!(home.load().unwrap().agent.name.as_str(), "variable");
    assert_eq!(
        home.load().unwrap().key,
        KeySource::Command(vec!["pass".into(), "show".into(), "hush key".into()])
    );

    home.overrides.agent = AgentName::parse("flag").ok();
    assert_eq!(home.load().unwrap().agent.name.as_str(), "flag");

    home.overrides.home = Some("/elsewhere".into());
    assert_eq!(
        home.load().unwrap().places,
        Places::in_directory(Path::new("/elsewhere"))
    );
}

#[test]
fn connect_settings_choose_connect_and_an_explicit_choice_goes_before_them() {
    let mut home = Home::new()
        .with_variable("OP_CONNECT_HOST", "http://connect:8080/")
        .with_variable("OP_CONNECT_TOKEN", TOKEN);
    let Backend::Connect(connect) = home.load().unwrap().backend else {
        panic!("Connect was to be chosen");
    };
    assert_eq!(connect.host, "http://connect:8080");
    assert_eq!(connect.token.expose_secret(), TOKEN);

    home = home.with_variable("HUSHKEY_BACKEND", "local");
    assert_eq!(chosen(&home), BackendKind::Local);

    home.overrides.backend = Some(BackendKind::Connect);
    assert_eq!(chosen(&home), BackendKind::Connect);
}

#[test]
fn passing_over_a_local_store_that_nobody_chose_against_is_worth_a_word() {
    let home = Home::new()
        .with_variable("OP_CONNECT_HOST", "http://connect:8080")
        .with_variable("OP_CONNECT_TOKEN", TOKEN);
    assert!(!home.load().unwrap().local_store_passed_over);

    let home = home.with_file("store.db", "", 0o600);
    assert!(home.load().unwrap().local_store_passed_over);

    let home = home.with_variable("HUSHKEY_BACKEND", "connect");
    assert!(!home.load().unwrap().local_store_passed_over);
}

#[test]
fn the_token_can_come_from_a_private_file_beside_the_configuration() {
    let home = Home::new()
        .with_config("[connect]\nhost = 'https://connect'\ntoken_file = 'token'")
        .with_file("token", &format!("{TOKEN}\n"), 0o600);

    let Backend::Connect(connect) = home.load().unwrap().backend else {
        panic!("Connect was to be chosen");
    };

    assert_eq!(connect.token.expose_secret(), TOKEN);
    assert_eq!(connect.token_file, Some(home.path("token")));
}

#[test]
fn half_of_the_connect_settings_is_refused_rather_than_ignored() {
    let config = "[connect]\nhost = 'https://connect'\n";
    for home in [
        Home::new().with_variable("OP_CONNECT_HOST", "http://connect"),
        Home::new().with_variable("OP_CONNECT_TOKEN", TOKEN),
        Home::new().with_variable("HUSHKEY_BACKEND", "connect"),
        Home::new().with_config(config),
    ] {
        let message = home.refusal();

        assert!(message.contains("is there but its"), "{message}");
    }
}

#[test]
fn a_token_from_the_file_is_not_sent_to_a_host_from_the_environment() {
    let config = "[connect]\nhost = 'https://connect'\ntoken_file = 'token'";
    let home = Home::new()
        .with_config(config)
        .with_file("token", TOKEN, 0o600)
        .with_variable("OP_CONNECT_HOST", "https://evil");
    assert!(matches!(home.load(), Err(ConfigError::ConnectMixed)));

    let home = home.with_variable("OP_CONNECT_HOST", "https://connect");
    assert_eq!(chosen(&home), BackendKind::Connect);
}

#[test]
fn files_that_others_could_misuse_are_refused_with_the_chmod_to_run() {
    let token = Home::new()
        .with_config("[connect]\nhost = 'https://connect'\ntoken_file = 'token'")
        .with_file("token", TOKEN, 0o640);
    assert_eq!(
        token.refusal(),
        "others can read HOME/token; run: chmod 600 HOME/token"
    );

    let config = Home::new().with_file("config.toml", "", 0o664);
    assert_eq!(
        config.refusal(),
        "others can change HOME/config.toml; run: chmod go-w HOME/config.toml"
    );
}

#[test]
fn a_token_file_that_is_missing_or_holds_no_token_is_named() {
    let home = Home::new().with_config("[connect]\nhost = 'https://connect'\ntoken_file = 'token'");
    assert_eq!(
        home.refusal(),
        "HOME/token cannot be read: entity not found"
    );

    for text in ["", "\n", "canary with spaces"] {
        let home = Home::new()
            .with_config("[connect]\nhost = 'https://connect'\ntoken_file = 'token'")
            .with_file("token", text, 0o600);
        assert!(home.refusal().starts_with("HOME/token holds no token"));
    }
}

#[test]
fn a_variable_that_is_not_understood_is_named_and_not_repeated() {
    for (name, value) in [
        ("HUSHKEY_BACKEND", "canary"),
        ("HUSHKEY_AGENT", "can ary canary"),
        ("HUSHKEY_KEY_COMMAND", "'canary"),
        ("OP_CONNECT_HOST", "canary"),
        ("OP_CONNECT_TOKEN", "canary with spaces"),
    ] {
        let message = Home::new().with_variable(name, value).refusal();

        assert!(message.starts_with(&format!("{name} is ")), "{message}");
    }
}

#[test]
fn a_host_is_an_http_address_without_user_name_or_query() {
    for good in [
        "http://h",
        "HTTPS://h:8080",
        "http://[::1]:8080/",
        "https://h/connect",
    ] {
        assert!(parse_host(good).is_some(), "{good}");
    }
    for bad in [
        "h",
        "h:8080",
        "ftp://h",
        "http://",
        "http://:80",
        "http://u:p@h",
        "http://h?x",
        "http://h h",
    ] {
        assert!(parse_host(bad).is_none(), "{bad}");
    }
}

#[test]
fn debug_of_a_configuration_does_not_tell_the_token() {
    let home = Home::new()
        .with_variable("OP_CONNECT_HOST", "http://connect")
        .with_variable("OP_CONNECT_TOKEN", TOKEN);

    assert!(!format!("{:?}", home.load().unwrap()).contains("canary"));
}
