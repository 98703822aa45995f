//! Every command of the owner's that does not reveal by design, well and badly.

use crate::ground::{Ground, REFERENCES};

/// Prints all that it has to both streams.
const PRINTS_ALL: &str = "env; printenv ODD PEM PASSWORD >&2; printf %s \"$ODD\" | base64 -w0; printf %s \"$PEM\" | od -An -v -tx1 | tr -d ' \\n'";

#[test]
fn no_value_comes_out_of_a_command_that_does_not_reveal() {
    let (ground, mut channels) = Ground::plant();
    let (program, canaries) = (&ground.program, &ground.canaries);
    let pasted = canaries.pasted.as_str();
    let given = |field: &str, value: &str| format!("{field}={value}");
    let (typed, host, odd) = (
        given("password", pasted),
        given("host[text]", &canaries.host),
        given("x.y", &canaries.odd),
    );
    let (wrong_type, no_name) = (given("a[b]", pasted), given("", pasted));

    for (name, arguments) in [
        (
            "item create",
            &[
                "item", "create", "--vault", "Dev", "--title", "New", &typed, &host, &odd,
            ][..],
        ),
        (
            "item create",
            &[
                "--json",
                "item",
                "create",
                "--vault",
                "Dev",
                "--title",
                "New 2",
                &typed,
                "--generate-password",
                "--from-file",
                "token=token.txt",
            ],
        ),
        (
            "item create badly",
            &[
                "item",
                "create",
                "--vault",
                "Dev",
                "--title",
                "Bad",
                &wrong_type,
            ],
        ),
        (
            "item create badly",
            &[
                "item", "create", "--vault", "Dev", "--title", "Bad", &no_name,
            ],
        ),
        (
            "item create badly",
            &["item", "create", "--vault", "Dev", "--title", "Bad", pasted],
        ),
        (
            "item create badly",
            &[
                "item", "create", "--vault", "Nowhere", "--title", "Bad", &typed,
            ],
        ),
        (
            "item create badly",
            &[
                "item", "create", "--vault", "Dev", "--title", "Bad", &typed, &typed,
            ],
        ),
        ("item edit", &["item", "edit", "New", &odd, "other[delete]"]),
        ("item edit", &["item", "edit", "New", &odd, "--tags", "a,b"]),
        ("item edit badly", &["item", "edit", "Twin", &typed]),
        ("item get", &["item", "get", "Portal"]),
        ("item get", &["item", "get", "Odd", "--json"]),
        (
            "item get",
            &["item", "get", "Server", "--fields", "label=private key"],
        ),
        ("item get badly", &["item", "get", "Twin"]),
        (
            "item get badly",
            &["item", "get", "Portal", "--fields", "label=nothing"],
        ),
        ("item list", &["item", "list"]),
        ("item list", &["item", "list", "--json"]),
        ("item delete", &["item", "delete", "New"]),
        ("item restore", &["item", "restore", "New"]),
        (
            "item delete",
            &["item", "delete", "New", "--permanent", "--force"],
        ),
        ("vault create", &["vault", "create", "Other"]),
        ("vault list", &["vault", "list"]),
        ("vault get", &["vault", "get", "Dev", "--json"]),
        (
            "vault edit",
            &["vault", "edit", "Other", "--name", "Others"],
        ),
        ("vault delete", &["vault", "delete", "Others", "--force"]),
        ("read badly", &["read", pasted]),
        ("read badly", &["read", "op://Dev/Portal/nothing"]),
        ("read badly", &["read", "op://Dev/Twin/password"]),
        (
            "read into a file",
            &["read", "-o", "read-out", "op://Dev/Portal/password"],
        ),
        (
            "run",
            &[
                "run",
                "--env-file",
                ".env",
                "--",
                "sh",
                "-c",
                "env; printenv API_TOKEN DB_PASSWORD BOTH >&2",
            ],
        ),
        (
            "run badly",
            &["run", "--env-file", ".env", "--", "no-such-program", pasted],
        ),
        ("run badly", &["run", "--env", pasted, "--", "true"]),
        (
            "run badly",
            &[
                "run",
                "--env",
                "A=op://Dev/Portal/nothing",
                "--env-file",
                ".env",
                "--",
                "env",
            ],
        ),
        (
            "run badly",
            &["run", "--env-file", "token.txt", "--", "env"],
        ),
        (
            "import badly",
            &[
                "import",
                "dotenv",
                "printed.txt",
                "--vault",
                "Dev",
                "--title",
                "x",
            ],
        ),
        (
            "import",
            &[
                "import",
                "dotenv",
                ".env",
                "--vault",
                "Dev",
                "--title",
                "imported",
                "--rewrite",
            ],
        ),
        (
            "import",
            &[
                "--json", "import", "dotenv", ".env", "--vault", "Dev", "--title", "imported",
                "--update",
            ],
        ),
        (
            "agent allow",
            &[
                "agent",
                "allow",
                "codex",
                "--vault",
                "Dev=use",
                "--command",
                "npm *",
                "--secrets",
                "op://Dev/**",
            ],
        ),
        (
            "agent allow badly",
            &[
                "agent",
                "allow",
                "codex",
                "--command",
                "npm *",
                "--secrets",
                "nothing",
            ],
        ),
        ("policy show", &["policy", "show"]),
        ("policy check", &["policy", "check"]),
        ("doctor", &["doctor"]),
        ("doctor --json", &["doctor", "--json"]),
        ("init again", &["init", "--if-missing"]),
        ("demo", &["demo"]),
        ("completions", &["completions", "bash"]),
        ("log", &["log"]),
        ("log --json", &["log", "--json"]),
        ("log --verify", &["log", "--verify"]),
    ] {
        channels.command(name, &program.run(arguments));
    }
    for item in [
        format!("{{ \"title\": \"x\", \"fields\": [{{ \"label\": \"a\", \"value\": \"{pasted}\" "),
        format!("{{ \"title\": \"x\", \"fields\": \"{pasted}\" }}"),
        format!("{{ \"title\": \"x\", \"category\": [\"{pasted}\"] }}"),
        format!(
            "{{ \"title\": \"x\", \"fields\": [{{ \"label\": \"a\", \"value\": [\"{pasted}\"] }}] }}"
        ),
        format!("{{ \"title\": \"x\", \"fields\": [{{ \"value\": \"{pasted}\" }}] }}"),
        pasted.to_owned(),
    ] {
        channels.command(
            "item create - badly",
            &program.run_reading(&["item", "create", "--vault", "Dev", "-"], &item),
        );
    }
    let mut masked = program.command(&["run", "--", "sh", "-c", PRINTS_ALL]);
    channels.command("run, masked", &masked.envs(REFERENCES).output().unwrap());
    channels.add(
        "the rewritten .env",
        &std::fs::read(program.work.join(".env")).unwrap(),
    );
    ground.collect_files(&mut channels, &program.home);

    let search = ground.search();
    let revealed = program.done(&["read", "op://Dev/Odd/odd value"]);
    let written = std::fs::read(program.work.join("read-out")).unwrap();
    assert!(
        !search.found_in(revealed.as_bytes()).is_empty() && !search.found_in(&written).is_empty(),
        "it would not be found"
    );
    channels.assert_clean(
        &search,
        &[
            "item create",
            "item edit",
            "item get",
            "item list",
            "item delete",
            "item restore",
            "vault",
            "read badly",
            "run, masked",
            "run badly",
            "import",
            "the rewritten .env",
            "agent allow",
            "policy show",
            "policy check",
            "doctor",
            "demo",
            "completions",
            "log",
            "log --json",
            "log --verify",
            "item create - badly",
            "file store.db",
        ],
    );
    assert!(
        channels.bytes_of("run, masked") > 500,
        "the program printed nothing"
    );
}
