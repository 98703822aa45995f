//! `hushkey file`: attach, list, save, delete.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::{
    BACKEND,
    binary::{Backend, Person},
};

const CONTENT: &str = "canary-certificate-31f0\n";

/// A person whose `Stripe` has the file `cert.pem`.
fn with_file() -> Person {
    let person = Person::with_stripe();
    person.writes("cert.pem", CONTENT);
    let words = ["file", "attach", "Stripe", "cert.pem", "--vault", "Dev"];
    match &person.server {
        Some(server) => {
            let refused = person.types(words).ends_with(1);
            assert!(
                refused.stderr.contains("can't take files"),
                "{}",
                refused.stderr
            );
            let item = person.types(["item", "get", "Stripe", "--json"]).json();
            server.file(item["id"].as_str().unwrap(), "cert.pem", CONTENT.as_bytes());
        }
        None => drop(person.types(words).succeeds()),
    }
    std::fs::remove_file(person.path("cert.pem")).unwrap();
    person
}

#[test]
fn a_file_is_listed_saved_and_read_by_its_reference() {
    let person = with_file();

    let list = person
        .types(["file", "list", "Stripe", "--json"])
        .succeeds()
        .json();
    let saved = person
        .types([
            "file",
            "save",
            "Stripe",
            "cert.pem",
            "--vault",
            "Dev",
            "-o",
            "out.pem",
            "--file-mode",
            "0640",
        ])
        .succeeds();
    let taken = person
        .types(["file", "save", "Stripe", "cert.pem", "-o", "out.pem"])
        .ends_with(1);
    person
        .types([
            "file", "save", "Stripe", "cert.pem", "-o", "out.pem", "--force",
        ])
        .succeeds();
    let read = person
        .types(["read", "-n", "op://Dev/Stripe/cert.pem"])
        .succeeds();
    let by_reference = person
        .types(["read", "-n", list[0]["reference"].as_str().unwrap()])
        .succeeds();

    assert_eq!(
        (&list[0]["name"], &list[0]["size"]),
        (&json!("cert.pem"), &json!(24))
    );
    assert!(saved.stdout.trim_end().ends_with("out.pem"));
    assert_eq!(
        std::fs::read_to_string(person.path("out.pem")).unwrap(),
        CONTENT
    );
    assert_eq!(
        std::fs::metadata(person.path("out.pem"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600,
        "--force takes the mode that is asked for"
    );
    assert!(taken.stderr.contains("--force"), "{}", taken.stderr);
    assert_eq!(
        (read.stdout.as_str(), by_reference.stdout.as_str()),
        (CONTENT, CONTENT)
    );
}

#[test]
fn a_document_is_made_where_it_can_be_given_its_file() {
    let person = Person::with_stripe();
    person.writes("scan.pdf", "canary-scan-7315");
    let create = [
        "item",
        "create",
        "--vault",
        "Dev",
        "--title",
        "Scan",
        "--category",
        "document",
    ];

    if BACKEND == Backend::Connect {
        let refused = person.types(create).ends_with(1);
        assert!(
            refused
                .stderr
                .contains("can't make items of the category DOCUMENT"),
            "{}",
            refused.stderr
        );
        return;
    }
    person.types(create).succeeds();
    person
        .types(["file", "attach", "Scan", "scan.pdf", "--vault", "Dev"])
        .succeeds();
    let read = person
        .types(["read", "-n", "op://Dev/Scan/scan.pdf"])
        .succeeds();

    assert_eq!(read.stdout, "canary-scan-7315");
}

#[test]
fn a_file_is_deleted_where_that_can_be() {
    let person = with_file();

    let deleted = person.types([
        "file", "delete", "Stripe", "cert.pem", "--vault", "Dev", "--force",
    ]);

    if BACKEND == Backend::Connect {
        assert!(deleted.ends_with(1).stderr.contains("can't remove files"));
        return;
    }
    deleted.succeeds();
    assert_eq!(
        person.types(["file", "list", "Stripe", "--json"]).json(),
        json!([])
    );
    person
        .types(["file", "save", "Stripe", "cert.pem", "-o", "x"])
        .ends_with(4);
}

#[test]
fn a_file_is_not_saved_in_an_agents_shell() {
    let person = with_file();

    let refused = person.types_with(
        &[("CLAUDECODE", "1")],
        ["file", "save", "Stripe", "cert.pem", "-o", "x"],
    );

    assert!(refused.ends_with(3).stderr.contains("is for a person"));
    assert!(!person.path("x").exists());
}
