//! A store with a passphrase: locked, unlocked for a while, locked anew; set, changed and removed.

use std::{
    fs,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use hushkey::keys::{KeyFile, KeySource, LockedKey, Passphrase};
use rustix::process::{Pid, Signal, kill_process};
use zeroize::Zeroizing;

use crate::{
    binary::{Person, Ran},
    typed::Terminal,
};

const FIRST: &str = "canary correct horse battery";
const SECOND: &str = "canary staple of many words";
/// What a locked store says.
const LOCKED: &str = "the store is locked; its owner opens it with `hushkey unlock`";

/// Somebody whose store has the passphrase [`FIRST`], and `Stripe` in it. It is locked.
fn with_passphrase() -> Person {
    let person = Person::with_stripe();
    file(&person, "first", FIRST);
    file(&person, "second", SECOND);
    person
        .types(["passphrase", "set", "--passphrase-file", "first"])
        .succeeds();
    person
}

fn file(person: &Person, name: &str, text: &str) -> PathBuf {
    person.writes(name, &format!("{text}\n"))
}

fn unlock(person: &Person) -> Ran {
    person
        .types(["unlock", "--passphrase-file", "first"])
        .succeeds()
}

fn reads(person: &Person) -> Ran {
    person.types(["read", "-n", "op://Dev/Stripe/password"])
}

/// The process that holds the key, in `/proc`.
fn holder(person: &Person) -> PathBuf {
    let socket = person.home().join("unlocked.sock");
    let mut processes = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let holder = processes.find(|process| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(socket.to_str().unwrap())
    });
    holder.expect("somebody holds the key")
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
}

fn locked_key(person: &Person) -> LockedKey {
    match KeyFile::read(&person.home().join("key")).unwrap() {
        KeyFile::Locked(locked) => locked,
        KeyFile::Open(_) => panic!("the key lies in the clear"),
    }
}

#[test]
fn a_store_with_a_passphrase_is_locked_until_it_is_unlocked_and_then_until_it_is_locked() {
    let person = Person::new();
    file(&person, "first", FIRST);
    let init = ["init", "--passphrase", "--passphrase-file", "first"];
    person.types(init).succeeds();

    for words in [
        &["vault", "list"][..],
        &["log"],
        &["doctor"],
        &["policy", "check"],
    ] {
        let refused = person.types(words).ends_with(5);
        let told = refused.stdout + &refused.stderr;
        assert!(told.contains(LOCKED), "{words:?}: {told}");
    }
    person
        .types(["run", "--env", "A=op://Dev/x/y", "--", "true"])
        .ends_with(125);

    unlock(&person);
    person.types(["vault", "list"]).succeeds();
    let log = person.types(["log"]).succeeds();
    assert!(
        log.stdout.contains("the key, unlocked until"),
        "{}",
        log.stdout
    );
    person.types(["lock"]).succeeds();

    let refused = person.types(["vault", "list"]).ends_with(5);
    assert_eq!(refused.said().trim(), format!("hushkey: {LOCKED}"));
    let again = person.types(["lock"]).succeeds();
    assert!(again.stdout.contains("was not unlocked"));
}

#[test]
fn a_store_is_locked_again_when_its_time_is_over() {
    let person = with_passphrase();
    let words = ["unlock", "--for", "2s", "--passphrase-file", "first"];
    person.types(words).succeeds();
    person.types(["vault", "list"]).succeeds();
    let began = Instant::now();

    while person.types(["vault", "list"]).status == 0 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "it stays unlocked"
        );
        std::thread::sleep(Duration::from_millis(100));
    }

    assert!(!person.home().join("unlocked.sock").exists());
    for time in ["0s", "8d"] {
        person
            .types(["unlock", "--for", time, "--passphrase-file", "first"])
            .ends_with(2);
    }
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_says_nothing_else() {
    let person = with_passphrase();

    for words in [
        &["unlock"][..],
        &["passphrase", "remove"],
        &["passphrase", "change", "--new-passphrase-file", "first"],
    ] {
        let words = [words, &["--passphrase-file", "second"]].concat();
        let refused = person.types(&words).ends_with(5);
        assert_eq!(refused.stderr, "hushkey: that is not the passphrase\n");
    }
    let damaged = fs::read_to_string(person.home().join("key"))
        .unwrap()
        .replace("key=", "key=A");
    fs::write(person.home().join("key"), damaged).unwrap();
    let refused = person
        .types(["unlock", "--passphrase-file", "first"])
        .ends_with(5);
    assert!(refused.stderr.contains("damaged"), "{}", refused.stderr);
}

#[test]
fn a_passphrase_comes_from_a_file_a_descriptor_or_standard_input_and_never_from_an_argument() {
    let person = with_passphrase();
    let list = ["vault", "list"];
    let path = person.path("first");

    let from_file = person.types_with(&[("HUSHKEY_PASSPHRASE_FILE", path.to_str().unwrap())], list);
    let mut command = person.command(list);
    command
        .env("HUSHKEY_PASSPHRASE_FILE", "/dev/fd/0")
        .stdin(fs::File::open(&path).unwrap());
    let from_descriptor = person.runs(&mut command);
    let from_input = person.feeds(FIRST, ["unlock", "--passphrase-file", "-"]);

    from_file.succeeds();
    from_descriptor.succeeds();
    from_input.succeeds();
    person.types(["unlock", "--passphrase", FIRST]).ends_with(2);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let exposed = person
        .types(["unlock", "--passphrase-file", "first"])
        .ends_with(5);
    assert!(exposed.stderr.contains("chmod 600"), "{}", exposed.stderr);
}

#[test]
fn a_passphrase_is_typed_twice_and_never_shown() {
    let person = Person::with_stripe();
    let Some(mut terminal) = Terminal::open(&person, &["passphrase", "set"]) else {
        return;
    };
    terminal.answers("New passphrase: ", &format!("{FIRST}\n"));
    terminal.answers("New passphrase, once more: ", &format!("{FIRST}\n"));
    let (status, screen) = terminal.ends();
    assert_eq!(status, 0, "{screen}");
    assert!(!screen.contains("canary"), "{screen}");

    let Some(mut terminal) = Terminal::open(&person, &["unlock"]) else {
        return;
    };
    terminal.answers("Passphrase: ", &format!("{FIRST}\n"));
    let (status, screen) = terminal.ends();
    assert_eq!(status, 0, "{screen}");
    assert!(!screen.contains("canary"), "{screen}");
    reads(&person).succeeds();

    let Some(mut terminal) = Terminal::open(&person, &["passphrase", "change"]) else {
        return;
    };
    terminal.answers("Passphrase: ", &format!("{FIRST}\n"));
    terminal.answers("New passphrase: ", "too short\n");
    let (status, screen) = terminal.ends();
    assert_eq!(status, 2, "{screen}");
    assert!(screen.contains("12 characters at least"), "{screen}");
}

#[test]
fn a_passphrase_that_is_set_keeps_every_item_and_closes_old_copies_of_the_key() {
    let person = Person::with_stripe();
    let old = fs::read(person.home().join("key")).unwrap();
    file(&person, "first", FIRST);

    person
        .types(["passphrase", "set", "--passphrase-file", "first"])
        .succeeds();

    reads(&person).ends_with(5);
    unlock(&person);
    assert_eq!(reads(&person).stdout, Person::PASSWORD);
    person.types(["log", "--verify"]).succeeds();
    person.types(["lock"]).succeeds();
    fs::write(person.home().join("key"), old).unwrap();
    let refused = reads(&person).ends_with(5);
    assert!(refused.stderr.contains("not the key"), "{}", refused.stderr);
}

#[test]
fn a_changed_passphrase_locks_the_store_and_a_removed_one_opens_it_for_good() {
    let person = with_passphrase();
    unlock(&person);
    let change = [
        "passphrase",
        "change",
        "--passphrase-file",
        "first",
        "--new-passphrase-file",
        "second",
    ];

    person.types(change).succeeds();

    reads(&person).ends_with(5);
    person
        .types(["unlock", "--passphrase-file", "first"])
        .ends_with(5);
    person
        .types(["passphrase", "remove", "--passphrase-file", "second"])
        .succeeds();
    assert_eq!(reads(&person).stdout, Person::PASSWORD);
    let log = person.types(["log", "--verify"]).succeeds();
    assert!(
        log.stdout.contains("as they were written"),
        "{}",
        log.stdout
    );
}

#[test]
fn a_change_that_was_interrupted_anywhere_is_finished_by_the_next_unlock() {
    let person = Person::with_stripe();
    let key = person.home().join("key");
    let old = KeySource::File(key.clone()).load().unwrap();
    file(&person, "first", FIRST);

    // The file has both keys, and nothing is wrapped with the new one yet.
    let moved = KeyFile::set_passphrase(&key, &old, &passphrase(FIRST)).unwrap();
    unlock(&person);
    assert_eq!(reads(&person).stdout, Person::PASSWORD);
    assert!(
        locked_key(&person)
            .open(&passphrase(FIRST))
            .unwrap()
            .previous
            .is_none()
    );
    person.types(["lock"]).succeeds();

    // The store is wrapped with the new one, the audit log is not.
    let before = moved.opened.kek;
    let (from, to) = (passphrase(FIRST), passphrase(SECOND));
    file(&person, "first", SECOND);
    let moved = KeyFile::change_passphrase(&key, &locked_key(&person), &from, &to).unwrap();
    let store = person.home().join("store.db");
    hushkey::backend::local::LocalVault::rewrap(&store, &before, &moved.opened.kek).unwrap();
    unlock(&person);
    assert_eq!(reads(&person).stdout, Person::PASSWORD);
    person.types(["log", "--verify"]).succeeds();
}

#[test]
fn a_change_that_is_killed_at_any_moment_leaves_a_store_that_opens() {
    let person = with_passphrase();
    let mut words = [("first", FIRST), ("second", SECOND)];

    for round in 0..8 {
        let [(from, _), (to, _)] = words;
        let change = [
            "passphrase",
            "change",
            "--passphrase-file",
            from,
            "--new-passphrase-file",
            to,
        ];
        let mut command = person.command(change);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(250 * round));
        let _ = child.kill();
        child.wait().unwrap();

        if person.types(["unlock", "--passphrase-file", from]).status != 0 {
            words.reverse();
            person.types(["unlock", "--passphrase-file", to]).succeeds();
        }
        assert_eq!(reads(&person).stdout, Person::PASSWORD, "round {round}");
        person.types(["log", "--verify"]).succeeds();
    }
}

#[test]
fn a_passphrase_and_a_key_command_are_not_mixed() {
    let person = Person::new();
    file(&person, "first", FIRST);
    let command = format!("/bin/echo {}", "ab".repeat(32));
    let variables = [("HUSHKEY_KEY_COMMAND", command.as_str())];

    let init = ["init", "--passphrase", "--passphrase-file", "first"];
    let refused = person.types_with(&variables, init).ends_with(5);
    assert!(
        refused.stderr.contains("use one of the two"),
        "{}",
        refused.stderr
    );
    assert!(!person.home().join("store.db").exists());
    person.types_with(&variables, ["init"]).succeeds();
    let set = ["passphrase", "set", "--passphrase-file", "first"];
    let refused = person.types_with(&variables, set).ends_with(2);
    assert!(refused.stderr.contains("key_command"), "{}", refused.stderr);
}

#[test]
fn no_agents_shell_unlocks_and_none_sets_a_passphrase() {
    let person = with_passphrase();

    for words in [&["unlock"][..], &["passphrase", "remove"]] {
        let words = [words, &["--passphrase-file", "first"]].concat();
        person
            .types_with(&[("CLAUDECODE", "1")], &words)
            .ends_with(3);
    }
}

#[test]
fn whoever_holds_the_key_shows_it_to_nobody_who_looks() {
    let person = with_passphrase();
    unlock(&person);
    let socket = person.home().join("unlocked.sock");

    let holder = holder(&person);

    assert_eq!(fs::read(holder.join("environ")).unwrap_or_default(), b"");
    let status = fs::read_to_string(holder.join("stat")).unwrap();
    let fields: Vec<&str> = status
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(
        fields[3],
        holder.file_name().unwrap().to_str().unwrap(),
        "a session of its own"
    );
    let mode = fs::metadata(&socket).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777,
        0o600
    );
    if rustix::process::geteuid().is_root() {
        // Root reads everything; that others can't is `/proc`'s owner.
        let owner = fs::metadata(holder.join("environ")).unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::uid(&owner), 0);
    } else {
        assert!(fs::read(holder.join("mem")).is_err() && fs::read_dir(holder.join("fd")).is_err());
    }
}

#[test]
fn a_holder_that_was_stopped_hangs_nobody_and_is_locked_all_the_same() {
    let person = with_passphrase();
    unlock(&person);
    let holder = holder(&person);
    let id: i32 = holder
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let sends = |signal| kill_process(Pid::from_raw(id).unwrap(), signal);
    sends(Signal::STOP).unwrap();
    let began = Instant::now();

    let refused = person.types(["vault", "list"]).ends_with(5);
    person.types(["lock"]).succeeds();
    let _ = sends(Signal::CONT);

    assert!(
        refused.stderr.contains("does not answer"),
        "{}",
        refused.stderr
    );
    assert!(began.elapsed() < Duration::from_secs(25));
    person.types(["vault", "list"]).ends_with(5);
    unlock(&person);
    person.types(["vault", "list"]).succeeds();
}

#[test]
fn doctor_tells_whether_the_key_has_a_passphrase_and_whether_it_is_locked() {
    let person = with_passphrase();
    let locked = person.types(["doctor"]).ends_with(5);
    assert!(
        locked.stdout.contains("with a passphrase; locked now"),
        "{}",
        locked.stdout
    );

    unlock(&person);
    let unlocked = person.types(["doctor"]).succeeds();

    assert!(
        unlocked.stdout.contains("unlocked for 479 minutes yet"),
        "{}",
        unlocked.stdout
    );
    assert!(
        unlocked
            .stdout
            .contains("ask for the key while the store is unlocked")
    );
}
