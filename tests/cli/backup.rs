//! The store, copied and put back.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

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
    assert_eq!(asides(person.path("")), 0);
}

/// How many copies in the making are in a directory.
fn asides(directory: impl AsRef<Path>) -> usize {
    let entries = fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with(".hushkey-new-"))
        .count()
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
    let log = person.types(["log"]).succeeds().stdout;
    assert!(log.contains("put where none was"), "{log}");
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

#[test]
fn a_restore_that_is_killed_at_any_moment_leaves_the_old_store_or_the_new_one() {
    let person = Person::with_stripe();
    // Enough that putting it in place takes a while.
    person.writes("ballast", &"x".repeat(1 << 20));
    let attach = ["file", "attach", "Stripe", "ballast", "--vault", "Dev"];
    person.types(attach).succeeds();
    person.types(["backup", "old.db"]).succeeds();
    secret(&person, "canary-later");
    person.types(["backup", "new.db"]).succeeds();
    let began = Instant::now();
    person.types(["restore", "new.db", "--force"]).succeeds();
    let lasts = began.elapsed();

    let mut seen = [0; 2];
    for round in 0..10_u32 {
        let from = ["old.db", "new.db"][round as usize % 2];
        let mut restore = person.command(["restore", from, "--force"]);
        let restore = restore.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = restore.spawn().unwrap();
        // The last two may end by themselves, however slow the machine is.
        if round < 8 {
            std::thread::sleep(lasts.mul_f64(f64::from(round) / 7.0));
            let _ = child.kill();
        }
        child.wait().unwrap();

        let value = read(&person);
        let known = [Person::PASSWORD, "canary-later"].map(|it| it == value);
        assert!(known.contains(&true), "round {round}: {value}");
        seen[usize::from(known[1])] += 1;
        person.types(["doctor", "--accept-store"]);
    }
    // Sealed as the store is, what a killed one leaves goes with the next.
    person.types(["restore", "new.db", "--force"]).succeeds();
    assert_eq!(asides(person.home()), 0);
    person.types(["log", "--verify"]).succeeds();
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[test]
fn a_backup_that_is_made_while_others_write_is_whole() {
    let person = Person::with_stripe();
    let over = AtomicBool::new(false);

    std::thread::scope(|scope| {
        for writer in 0..2 {
            let (person, over) = (&person, &over);
            scope.spawn(move || {
                let mut count = 0;
                while !over.load(Ordering::Relaxed) {
                    let title = format!("item {writer} {count}");
                    let create = ["item", "create", "--vault", "Dev", "--title", &title];
                    person
                        .types([&create[..], &["--generate-password"]].concat())
                        .succeeds();
                    count += 1;
                }
            });
        }
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(100));
            person.types(["backup", "copy.db", "--force"]).succeeds();
        }
        over.store(true, Ordering::Relaxed);
    });
    person.types(["restore", "copy.db", "--force"]).succeeds();
    person.types(["doctor", "--accept-store"]);

    let found = person
        .types(["--json", "item", "list", "--vault", "Dev"])
        .succeeds();
    assert!(found.stdout.contains("item 0 0"), "{}", found.stdout);
    assert_eq!(read(&person), Person::PASSWORD);
    let checked = person.types(["--json", "doctor"]);
    assert!(
        !checked.stdout.contains("does not match"),
        "{}",
        checked.stdout
    );
}
