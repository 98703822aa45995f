//! Whole vaults in and out: exports of other password managers, and our own.

use serde_json::{Value, json};

use crate::{
    BACKEND,
    binary::{Backend, Person},
};

const PASSPHRASE: &str = "correct horse battery staple";

const BITWARDEN: &str = r#"{ "encrypted": false, "folders": [{ "id": "f1", "name": "Work" }], "items": [
    { "type": 1, "name": "GitHub", "folderId": "f1", "login": { "uris": [{ "uri": "https://github.com" }],
      "username": "ops", "password": "canary-bw-1", "totp": "GEZDGNBVGY3TQOJQ" } },
    { "type": 2, "name": "Note", "notes": "canary-bw-2", "secureNote": { "type": 0 } } ] }"#;

fn person() -> Person {
    let person = Person::new();
    person.types(["init"]).succeeds();
    person.writes("bw.json", BITWARDEN);
    person.writes("pass.txt", PASSPHRASE);
    person
}

fn titles(person: &Person) -> Vec<String> {
    let listed = person.types(["item", "list", "--json"]).succeeds();
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let titles = listed.as_array().unwrap().iter();
    titles
        .map(|item| item["title"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_dry_run_tells_what_would_happen_without_a_value_and_changes_nothing() {
    let person = person();

    let text = person
        .types([
            "import",
            "bitwarden",
            "bw.json",
            "--vault",
            "Dev",
            "--dry-run",
        ])
        .succeeds();
    let told = person
        .types(["import", "bitwarden", "bw.json", "--dry-run", "--json"])
        .succeeds();

    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["items"][0]["title"], "GitHub");
    assert_eq!(
        (&told["items"][0]["fields"], &told["items"][0]["concealed"]),
        (&json!(3), &json!(2))
    );
    assert!(!text.stdout.contains("canary") && !told.to_string().contains("canary"));
    assert!(titles(&person).is_empty());
}

#[test]
fn an_export_of_bitwarden_is_taken_in_once() {
    let person = person();
    let import = ["import", "bitwarden", "bw.json", "--vault", "Dev"];

    let first = person.types(import).succeeds();
    let again = person.types(import);
    let skipping = person
        .types(import.into_iter().chain(["--skip-existing"]))
        .succeeds();

    assert!(!first.stdout.contains("canary"), "{}", first.stdout);
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains("--skip-existing"), "{}", again.stderr);
    assert!(skipping.stdout.contains("0 items") && skipping.stdout.contains("2 were there"));
    assert_eq!(titles(&person), ["GitHub", "Note"]);
    let read = person
        .types(["read", "-n", "op://Dev/GitHub/password"])
        .succeeds();
    assert_eq!(read.stdout, "canary-bw-1");
    person.types(["item", "get", "GitHub", "--otp"]).succeeds();
}

#[test]
fn one_item_that_cannot_be_stored_and_nothing_is() {
    let person = person();
    let fields: Vec<_> = (0..300)
        .map(|at| json!({ "name": format!("f{at}"), "value": "canary", "type": 1 }))
        .collect();
    let items = json!({ "items": [{ "type": 1, "name": "Fine" }, { "type": 1, "name": "Many", "fields": fields }] });
    person.writes("many.json", &items.to_string());

    let refused = person.types(["import", "bitwarden", "many.json", "--vault", "Dev"]);

    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("item `Many`"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("canary"));
    assert!(titles(&person).is_empty());
}

#[test]
fn what_is_encrypted_or_malformed_is_refused_and_not_repeated() {
    let person = person();
    person.writes("locked.json", r#"{ "encrypted": true, "data": "canary" }"#);
    person.writes(
        "bad.json",
        r#"{ "items": [{ "name": 743337, "x": "canary" }] }"#,
    );
    person.writes("bad.1pux", "canary");

    for (kind, file, said) in [
        ("bitwarden", "locked.json", "file format .json"),
        ("bitwarden", "bad.json", "at line 1 column"),
        ("1pux", "bad.1pux", "no zip archive"),
    ] {
        let refused = person.types(["import", kind, file, "--vault", "Dev"]);

        assert_eq!((refused.status, refused.stdout.as_str()), (2, ""), "{file}");
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
        assert!(!refused.stderr.contains("canary") && !refused.stderr.contains("743337"));
    }
}

#[test]
fn an_export_is_sealed_and_comes_back_whole_elsewhere() {
    let person = person();
    person
        .types(["import", "bitwarden", "bw.json", "--vault", "Dev"])
        .succeeds();
    if BACKEND == Backend::Local {
        person.writes("cert.pem", "canary-file");
        person
            .types(["file", "attach", "GitHub", "cert.pem"])
            .succeeds();
    }
    let export = [
        "export",
        "out.age",
        "--vault",
        "Dev",
        "--passphrase-file",
        "pass.txt",
    ];

    let exported = person.types(export).succeeds();
    let twice = person.types(export);

    assert!(!exported.stdout.contains("canary"));
    assert_eq!(
        twice.status, 1,
        "an export is never written over another unasked: {}",
        twice.stderr
    );
    let sealed = std::fs::read(person.path("out.age")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    assert!(!sealed.windows(6).any(|window| window == b"canary"));
    let other = Person::new();
    other.types(["init"]).succeeds();
    std::fs::copy(person.path("out.age"), other.path("in.age")).unwrap();
    other.writes("pass.txt", PASSPHRASE);
    other.writes("wrong.txt", "another horse battery staple");
    let wrong = other.types(["import", "1pux", "in.age", "--passphrase-file", "wrong.txt"]);
    other
        .types(["import", "1pux", "in.age", "--passphrase-file", "pass.txt"])
        .succeeds();
    assert_eq!(wrong.status, 2);
    assert!(
        wrong.stderr.contains("not the file's passphrase"),
        "{}",
        wrong.stderr
    );
    assert_eq!(titles(&other), ["GitHub", "Note"]);
    let read = |reference: &str| other.types(["read", "-n", reference]).succeeds().stdout;
    assert_eq!(read("op://Dev/GitHub/password"), "canary-bw-1");
    assert_eq!(read("op://Dev/Note/notesPlain"), "canary-bw-2");
    if BACKEND == Backend::Local {
        assert_eq!(read("op://Dev/GitHub/cert.pem"), "canary-file");
    }
}

#[test]
fn an_export_is_for_a_person_and_on_record() {
    let person = person();

    let refused = person.types_with(
        &[("CLAUDECODE", "1")],
        ["export", "out.age", "--passphrase-file", "pass.txt"],
    );
    person
        .types(["export", "out.age", "--passphrase-file", "pass.txt"])
        .succeeds();
    let log = person.types(["log"]).succeeds();

    assert_eq!(refused.status, 3);
    assert!(log.stdout.contains("owner exported Dev"), "{}", log.stdout);
}

#[test]
fn a_weak_passphrase_exports_nothing() {
    let person = person();
    person.writes("weak.txt", "hunter2");

    let refused = person.types(["export", "out.age", "--passphrase-file", "weak.txt"]);

    assert_eq!(refused.status, 2);
    assert!(!person.path("out.age").exists());
}
