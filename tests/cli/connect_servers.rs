//! Connect servers of one's own at the command line, and who may manage them.

use std::fs;

use data_encoding::BASE64URL_NOPAD;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::binary::Person;

/// Somebody with vaults `Dev` and `CI`, and a Connect server `Build` that has `Dev`, and `CI` to read.
fn builder() -> Person {
    let person = Person::new();
    person.types(["init"]).succeeds();
    person.types(["vault", "create", "CI"]).succeeds();
    let words = [
        "connect", "server", "create", "Build", "--vaults", "Dev,CI,r",
    ];
    person.types(words).succeeds();
    person
}

/// Makes a token; its text.
fn token(person: &Person, words: &[&str]) -> String {
    let create = ["connect", "token", "create"];
    let made = person.types([&create[..], words].concat()).succeeds();
    assert_eq!(made.stderr, "", "nothing but the token");
    made.stdout.trim_end().to_owned()
}

fn tokens(person: &Person) -> Value {
    person
        .types(["connect", "token", "list", "--format", "json"])
        .succeeds()
        .json()
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

fn vault_id(person: &Person, name: &str) -> String {
    let found = person
        .types(["vault", "get", name, "--json"])
        .succeeds()
        .json();
    found["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_server_is_made_shown_renamed_and_deleted_as_op_does() {
    let person = builder();
    let get = |name: &str| person.types(["connect", "server", "get", name, "--format", "json"]);

    let made = get("build").succeeds().json();
    let dev = vault_id(&person, "Dev").to_ascii_uppercase();
    let of_dev = json!({ "id": dev, "name": "Dev", "acl": ["allow_viewing", "allow_editing"] });
    let vaults = made["vaults"].as_array().unwrap();
    assert_eq!(made["state"], "ACTIVE");
    assert!(vaults.contains(&of_dev), "{made}");
    let read_only = |it: &&Value| it["acl"] == json!(["allow_viewing"]);
    assert_eq!(vaults.iter().filter(read_only).count(), 1);

    person
        .types(["connect", "server", "edit", "Build", "--name", "Builder"])
        .succeeds();
    get("Build").ends_with(4);
    let by_id = get(made["id"].as_str().unwrap()).succeeds().json();
    assert_eq!(by_id["name"], "Builder");
    let words = ["connect", "server", "create", "builder", "--force"];
    let taken = person.types(words).ends_with(1);
    assert_snapshot!(taken.said(), @"hushkey: there is a Connect server `builder` already; choose another name");

    let listed = person
        .types(["connect", "server", "list", "--json"])
        .succeeds();
    let words = ["connect", "server", "delete", "-"];
    let deleted = person.feeds(&listed.stdout, words).succeeds();
    assert_snapshot!(deleted.shown(), @"deleted Connect server Builder ([id]); its tokens open nothing any more");
    get("Builder").ends_with(4);
}

#[test]
fn the_credentials_are_in_a_private_file_that_is_not_overwritten_unasked() {
    use std::os::unix::fs::PermissionsExt;

    let person = builder();
    let file = person.path("1password-credentials.json");
    let mode = |file: &std::path::Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
    let first = fs::read_to_string(&file).unwrap();
    let id =
        |text: &str| -> Value { serde_json::from_str::<Value>(text).unwrap()["server_id"].take() };
    let get = ["connect", "server", "get", "Build", "--json"];
    assert_eq!(id(&first), person.types(get).succeeds().json()["id"]);
    assert_eq!(mode(&file), 0o600);

    let create = ["connect", "server", "create", "Second", "--vaults", "Dev"];
    let refused = person.types(create).ends_with(1);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), first);
    person
        .types(["connect", "server", "get", "Second"])
        .ends_with(4);
    let made = person
        .types([&create[..], &["--force"]].concat())
        .succeeds();

    let second = fs::read_to_string(&file).unwrap();
    assert_ne!(id(&second), id(&first));
    assert_eq!(mode(&file), 0o600);
    let key = serde_json::from_str::<Value>(&second).unwrap()["key"].take();
    let key = key.as_str().unwrap();
    assert_eq!(key.len(), 43);
    assert!(!made.stdout.contains(key) && !made.stderr.contains(key));
    let log = person.types(["log"]).succeeds().stdout;
    assert!(!log.contains(key));
}

#[test]
fn a_token_is_a_jwt_on_standard_output_and_lies_nowhere() {
    let person = builder();

    let text = token(
        &person,
        &[
            "web",
            "--server",
            "Build",
            "--vault",
            "Dev,r",
            "--expires-in",
            "2w",
        ],
    );

    let listed = tokens(&person);
    let listed = &listed[0];
    let claims = claims(&text);
    assert_eq!(claims["iss"], "hushkey");
    assert_eq!(claims["aud"], json!(["com.1password.connect"]));
    assert_eq!(claims["sub"], listed["integrationId"]);
    assert_eq!(claims["sub"], listed["integration_id"]);
    assert_eq!(claims["jti"], listed["id"]);
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!((14 * 86_400..=14 * 86_400 + 1).contains(&life), "{life}");
    let dev = vault_id(&person, "Dev");
    assert_eq!(claims["1password.com/vts"], json!([{ "u": dev, "a": 1 }]));
    assert_eq!(claims["1password.com/fts"], json!(["vaultaccess"]));
    assert_eq!(listed["state"], "ACTIVE");
    let acl = json!([{ "id": dev.to_ascii_uppercase(), "name": "Dev", "acl": ["allow_viewing"] }]);
    assert_eq!(listed["vaults"], acl);
    assert_eq!(listed["features"], json!(["vaultaccess"]));
    let signature = text.rsplit('.').next().unwrap();
    for file in fs::read_dir(person.home()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
        assert!(!holds(signature));
    }
    let log = person.types(["log"]).succeeds().stdout;
    assert!(log.contains("token web for Connect server Build") && !log.contains(signature));
}

#[test]
fn a_token_gets_what_its_server_has_and_never_more() {
    let person = builder();
    let create = |vaults: &str| {
        person.types([
            "connect", "token", "create", "t", "--server", "build", "--vaults", vaults,
        ])
    };

    let both = claims(create("Dev,CI").succeeds().stdout.trim_end());
    let bits = |claims: &Value| -> Vec<i64> {
        let vaults = claims["1password.com/vts"].as_array().unwrap();
        let mut bits: Vec<_> = vaults.iter().map(|it| it["a"].as_i64().unwrap()).collect();
        bits.sort_unstable();
        bits
    };
    assert_eq!(bits(&both), [1, 3], "CI to read, Dev to read and write");
    let beyond = create("CI,rw").ends_with(1);
    assert_snapshot!(beyond.said(), @"hushkey: the server has `r` in vault [id], which is less than the token is to have; `hushkey connect vault grant` gives it more");
    person.types(["vault", "create", "Private"]).succeeds();
    create("Private").ends_with(1);
    create("Nowhere").ends_with(4);
    create("Dev,").ends_with(2);
    let none = person.types(["connect", "token", "create", "t", "--server", "Build"]);
    none.ends_with(2);

    let words = |word| ["connect", "vault", word, "--server", "Build", "--vault"];
    let granted = person
        .types([&words("grant")[..], &["CI,rw"]].concat())
        .succeeds();
    assert!(granted.stdout.contains("CI (rw)"), "{}", granted.stdout);
    create("CI,rw").succeeds();
    let taken = person
        .types([&words("revoke")[..], &["CI"]].concat())
        .succeeds();
    assert_snapshot!(taken.shown(), @"Connect server Build has Dev (rw) now");
    create("CI,r").ends_with(1);
    person
        .types([&words("revoke")[..], &["CI"]].concat())
        .ends_with(4);
}

#[test]
fn a_token_is_renamed_and_revoked_but_its_vaults_can_not_be_changed() {
    let person = builder();
    token(&person, &["web", "--server", "Build", "--vault", "Dev"]);
    token(
        &person,
        &[
            "short",
            "--server",
            "Build",
            "--vault",
            "Dev",
            "--expires-in",
            "1",
        ],
    );
    let edit = |words: &[&str]| person.types([&["connect", "token", "edit"], words].concat());

    edit(&["web", "--name", "app", "--server", "Build"]).succeeds();
    edit(&["app", "--vault", "CI"]).ends_with(2);
    edit(&["web", "--name", "x"]).ends_with(4);
    person
        .types(["connect", "token", "delete", "app"])
        .succeeds();
    person
        .types(["connect", "token", "delete", "app", "--server", "Nope"])
        .ends_with(4);
    std::thread::sleep(std::time::Duration::from_millis(1100));

    let listed = tokens(&person);
    let states: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("app", "REVOKED"), ("short", "REVOKED")]);
    let words = [
        "connect",
        "token",
        "create",
        "t",
        "--server",
        "Build",
        "--vault",
        "Dev",
        "--expires-in",
    ];
    person.types([&words[..], &["0"]].concat()).ends_with(2);
    person.types([&words[..], &["soon"]].concat()).ends_with(2);
}

#[test]
fn managing_connect_servers_is_for_a_person_and_is_on_record() {
    let person = builder();
    let agent = [("CLAUDECODE", "1")];

    for words in [
        &["connect", "server", "create", "X"][..],
        &["connect", "server", "list"],
        &[
            "connect", "token", "create", "t", "--server", "Build", "--vault", "Dev",
        ],
        &[
            "connect", "vault", "grant", "--server", "Build", "--vault", "CI",
        ],
        &["connect", "group", "grant", "--group", "ops"],
        &["group", "create", "ops"],
    ] {
        let refused = person.types_with(&agent, words).ends_with(3);
        assert!(refused.stderr.contains("is for a person"), "{words:?}");
    }
    assert_eq!(tokens(&person), json!([]));
    let log = person.types(["log", "--json"]).succeeds().json();
    let told: Vec<&str> = log
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["sentence"].as_str())
        .collect();
    let before = told
        .iter()
        .any(|it| it.contains("a new Connect server Build with Dev (rw), CI (r)"));
    assert!(before, "{told:?}");
}

#[test]
fn groups_say_who_may_manage_beside_the_owner() {
    let person = builder();
    person.types(["group", "create", "ops"]).succeeds();

    let added = person.types(["group", "add", "ops", "ann"]).succeeds();
    assert!(added.stdout.starts_with("hkm_") && added.stdout.trim_end().len() == 63);
    person.types(["group", "add", "OPS", "Ann"]).ends_with(1);
    let grant = |word: &str, words: &[&str]| {
        person.types([&["connect", "group", word, "--group", "ops"], words].concat())
    };
    grant("grant", &["--server", "Build"]).succeeds();
    let both = grant("grant", &["--server", "Build", "--all-servers"]);
    both.ends_with(2);
    let all = grant("grant", &["--all-servers"]).succeeds();
    assert_snapshot!(all.shown(), @"group ops manages all servers, Build now");
    let whole = grant("grant", &[]).succeeds();
    assert_snapshot!(whole.shown(), @"group ops manages everything now");
    grant("revoke", &[]).succeeds();
    grant("grant", &["--server", "Nope"]).ends_with(4);

    let listed = person.types(["group", "list", "--json"]).succeeds().json();
    assert_eq!(listed[0]["members"][0]["name"], "ann");
    assert_eq!(listed[0]["manages_all_servers"], true);
    assert_eq!(listed[0]["manages_everything"], false);
    person.types(["group", "remove", "ops", "ann"]).succeeds();
    person.types(["group", "remove", "ops", "ann"]).ends_with(4);
    person.types(["group", "delete", "ops"]).succeeds();
    person.types(["group", "delete", "ops"]).ends_with(4);
}

#[test]
fn an_older_copy_of_the_connect_servers_is_refused() {
    let person = builder();
    let file = person.home().join("connect.db");
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        for suffix in ["", "-wal"] {
            let name = |path: &std::path::Path| format!("{}{suffix}", path.display());
            let _ = fs::remove_file(name(to));
            if fs::exists(name(from)).unwrap() {
                fs::copy(name(from), name(to)).unwrap();
            }
        }
        let _ = fs::remove_file(format!("{}-shm", to.display()));
    };
    let aside = person.path("old.db");
    copy(&file, &aside);
    person
        .types(["connect", "server", "delete", "Build"])
        .succeeds();

    copy(&aside, &file);

    let refused = person.types(["connect", "token", "list"]).ends_with(5);
    assert!(
        refused
            .stderr
            .contains("an older copy of the Connect servers"),
        "{}",
        refused.stderr
    );
}
