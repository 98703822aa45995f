//! `init`, and what any other command does where nothing is yet.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use insta::assert_snapshot;

use crate::binary::Person;

#[test]
fn init_makes_everything_and_tells_what() {
    let person = Person::new();

    let made = person.types(["init"]).succeeds();

    assert_snapshot!(made.shown(), @"
    Made vault Dev in [dir]/home/store.db
    Key:    [dir]/home/key (whoever has it and the store has your secrets)
    Audit:  [dir]/home/audit.db
    Policy: [dir]/home/policy.toml
            Agent `default` may write in this vault and run any program with its secrets. To narrow it, edit the file: it says how; `hushkey policy check` reads it.
    ");
    for file in ["key", "store.db", "audit.db", "policy.toml"] {
        let mode = fs::metadata(person.home().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(
        fs::metadata(person.home()).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[test]
fn init_leaves_alone_what_is_there() {
    let person = Person::with_stripe();
    let key = fs::read(person.home().join("key")).unwrap();

    let refused = person.types(["init"]).ends_with(1);
    let content = person.types(["init", "--if-missing"]).succeeds();

    assert_snapshot!(refused.said(), @"hushkey: there is a store already: [dir]/home/store.db; --if-missing is content with it, --home DIR makes another");
    assert_snapshot!(content.shown(), @"everything is there already");
    assert_eq!(fs::read(person.home().join("key")).unwrap(), key);
    person.types(["item", "get", "Stripe"]).succeeds();
}

#[test]
fn a_strict_policy_grants_nothing() {
    let person = Person::new();

    person
        .types(["init", "--strict", "--vault", "Work"])
        .succeeds();

    let policy = person.types(["policy", "show", "--json"]).succeeds().json();
    assert_eq!(policy["agents"], serde_json::json!([]));
    assert_eq!(
        person.types(["vault", "list", "--json"]).json()[0]["name"],
        "Work"
    );
}

#[test]
fn the_first_command_makes_the_store_and_says_so_once() {
    let person = Person::new();

    let first = person.types(["vault", "list"]).succeeds();
    let second = person.types(["vault", "list"]).succeeds();

    assert_snapshot!(first.said(), @"hushkey: first use: made vault Dev in [dir]/home/store.db; `hushkey init --help` tells what else can be chosen");
    assert_eq!(second.stderr, "");
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn processes_that_start_at_once_find_all_of_it_made_or_make_it_once() {
    for _ in 0..5 {
        let person = Person::new();

        let said: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| person.types(["vault", "list", "--json"]).succeeds()))
                .collect();
            starts.into_iter().map(|it| it.join().unwrap()).collect()
        });

        assert!(said.iter().all(|it| it.json() == said[0].json()));
        assert_eq!(said[0].json()[0]["name"], "Dev");
        let makers = said.iter().filter(|it| it.stderr.contains("first use"));
        assert_eq!(makers.count(), 1);
    }
}

#[test]
fn a_start_that_was_interrupted_is_finished_by_the_next() {
    // What a crash leaves: the first files of a start, in the order in which they are made.
    let whole = Person::new();
    whole.types(["init"]).succeeds();
    let order = ["key", "policy.toml"];
    for made in 0..=order.len() {
        let person = Person::new();
        fs::create_dir(person.home()).unwrap();
        fs::set_permissions(person.home(), fs::Permissions::from_mode(0o700)).unwrap();
        for file in &order[..made] {
            fs::copy(whole.home().join(file), person.home().join(file)).unwrap();
        }

        person
            .types(["item", "create", "--vault", "Dev", "--title", "x"])
            .succeeds();
    }
}

#[test]
fn a_store_or_log_that_is_gone_is_not_quietly_made_anew() {
    let person = Person::with_stripe();
    let (home, audit, store) = (person.home(), "audit.db", "store.db");
    let away = |file: &str| {
        for suffix in ["", "-wal", "-shm"] {
            let path = home.join(format!("{file}{suffix}"));
            if path.exists() {
                fs::rename(&path, person.path(&format!("{file}{suffix}"))).unwrap();
            }
        }
    };

    away(audit);
    let refused = person.types(["item", "list"]).ends_with(5);
    assert_snapshot!(refused.said(), @"hushkey: the audit log `[dir]/home/audit.db` is gone, and nothing is released without one; put it back, or begin a new one with `hushkey init --if-missing`");
    person.types(["init", "--if-missing"]).succeeds();
    person.types(["item", "get", "Stripe"]).succeeds();

    away(store);
    let refused = person.types(["item", "list"]).ends_with(5);
    assert_snapshot!(refused.said(), @"hushkey: the store `[dir]/home/store.db` is gone though the audit log `[dir]/home/audit.db` is there; put the store back, or move the audit log away to begin anew");
    assert_eq!(
        fs::read_dir(&home)
            .unwrap()
            .flatten()
            .filter(|e| e.file_name() == store)
            .count(),
        0
    );
    assert!(fs::metadata(home.join(audit)).unwrap().size() > 0);
}

#[test]
fn a_connect_server_is_never_passed_over_for_the_local_store() {
    let person = Person::with_stripe();
    let connect = [
        ("OP_CONNECT_HOST", "http://127.0.0.1:9"),
        ("OP_CONNECT_TOKEN", "token-canary"),
    ];

    let refused = person.types_with(&connect, ["item", "list"]).ends_with(5);
    person
        .types_with(&connect, ["--backend", "local", "item", "list"])
        .succeeds();
    let half = person
        .types_with(&connect[..1], ["item", "list"])
        .ends_with(5);

    assert_snapshot!(refused.said(), @"
    hushkey: OP_CONNECT_HOST and OP_CONNECT_TOKEN select the Connect server; --backend local uses the store here
    hushkey: the Connect server can't be reached; check OP_CONNECT_HOST, the network, and that the server runs
    ");
    assert_snapshot!(half.said(), @"hushkey: the address of a Connect server is there but its token is not; set OP_CONNECT_HOST and OP_CONNECT_TOKEN (or `[connect] host` and `token_file` in config.toml), or say --backend local");
    assert!(!refused.stderr.contains("canary"));
}
