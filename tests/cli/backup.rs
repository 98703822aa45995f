//! The store, copied and put back.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::binary::Person;

fn secret(person: &Person, value: &str) {
    person.writes("value.txt", value);
    let set = [
        "item",
        "edit",
        "Stripe",
        "--from-file",
        "password=value.txt",
    ];
    person.types(set).succeeds();
}

fn read(person: &Person) -> String {
    person
        .types(["read", "-n", "op://Dev/Stripe/password"])
        .succeeds()
        .stdout
}

#[test]
fn a_backup_is_private_sealed_and_opens_with_the_same_key() {
    let person = Person::with_stripe();

    person.types(["backup", "copy.db"]).succeeds();
    let again = person.types(["backup", "copy.db"]);
    person.types(["backup", "copy.db", "--force"]).succeeds();

    let copy = person.path("copy.db");
    let bytes = fs::read(&copy).unwrap();
    assert_eq!(
        fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(
        !bytes
            .windows(6)
            .any(|window| window == b"canary" || window == b"Stripe")
    );
    assert_eq!(again.status, 1, "{}", again.stderr);
    assert!(!fs::read_dir(person.path("")).unwrap().any(|entry| {
        entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".hushkey-copy")
    }));
}

#[test]
fn a_backup_that_is_put_back_is_noticed_as_older_until_it_is_accepted() {
    let person = Person::with_stripe();
    person.types(["backup", "copy.db"]).succeeds();
    secret(&person, "canary-later");

    let unforced = person.types(["restore", "copy.db"]);
    person.types(["restore", "copy.db", "--force"]).succeeds();
    let noticed = person
        .types(["read", "-n", "op://Dev/Stripe/password"])
        .succeeds();
    person.types(["doctor", "--accept-store"]);
    let accepted = person
        .types(["read", "-n", "op://Dev/Stripe/password"])
        .succeeds();

    assert_eq!(unforced.status, 1);
    assert!(unforced.stderr.contains("--force"), "{}", unforced.stderr);
    assert_eq!(noticed.stdout, Person::PASSWORD);
    assert!(
        noticed
            .stderr
            .contains("an older copy was put in its place"),
        "{}",
        noticed.stderr
    );
    assert!(
        !accepted.stderr.contains("older copy"),
        "{}",
        accepted.stderr
    );
    secret(&person, "canary-after");
    assert_eq!(read(&person), "canary-after");
}

#[test]
fn a_store_that_is_gone_comes_back_from_a_backup() {
    let person = Person::with_stripe();
    person.types(["backup", "copy.db"]).succeeds();
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let _ = fs::remove_file(person.home().join(name));
    }

    person.types(["restore", "copy.db"]).succeeds();

    assert_eq!(read(&person), Person::PASSWORD);
}

#[test]
fn what_is_damaged_or_of_another_key_takes_no_stores_place() {
    let person = Person::with_stripe();
    person.types(["backup", "copy.db"]).succeeds();
    let whole = fs::read(person.path("copy.db")).unwrap();
    let mut damaged = whole.clone();
    damaged[4096..]
        .iter_mut()
        .step_by(97)
        .for_each(|byte| *byte ^= 1);
    fs::write(person.path("damaged.db"), &damaged).unwrap();
    fs::write(person.path("cut.db"), &whole[..whole.len() / 2]).unwrap();
    person.writes("text.db", "canary");
    let other = Person::with_stripe();
    other.types(["backup", "other.db"]).succeeds();
    fs::copy(other.path("other.db"), person.path("other.db")).unwrap();

    for name in ["damaged.db", "cut.db", "text.db", "other.db", "missing.db"] {
        let refused = person.types(["restore", name, "--force"]);

        assert_ne!(refused.status, 0, "{name}");
        assert_eq!(read(&person), Person::PASSWORD, "{name}");
    }
}

#[test]
fn an_agents_shell_gets_no_backup() {
    let person = Person::with_stripe();

    for words in [["backup", "copy.db"], ["restore", "copy.db"]] {
        assert_eq!(person.types_with(&[("CLAUDECODE", "1")], words).status, 3);
    }
}
