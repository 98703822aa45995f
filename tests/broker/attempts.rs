//! Attempts to get round the policy, as a table: each is denied, or decided by the rule that is meant, and recorded.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use hushkey::{access::Caller, broker::UpdateItem};

use crate::house::{House, text};

/// What becomes of an attempt.
#[derive(Clone, Copy)]
enum End {
    /// It is refused, and the owner's log has these words about it.
    Denied(&'static str),
    /// It is decided by this rule, and runs the program that is meant.
    Rule(u32),
}
use End::{Denied, Rule};

/// What the log says when no rule has command and references.
const NO_RULE: &str = "no rule has this command with these references";

struct Ground {
    house: House,
    ids: String,
}

impl Ground {
    /// A program `tool` on the policy's path, one of that name in the agent's directory and one on the server's PATH.
    async fn prepare() -> Self {
        let house = House::with_environment("", &[("PATH", "/nowhere/evil:/usr/bin")]).await;
        let bin = house.home.with_file_name("bin");
        fs::create_dir(&bin).unwrap();
        program(&bin.join("tool"), "meant");
        program(&house.work.join("tool"), "evil");
        symlink(bin.join("tool"), house.work.join("link")).unwrap();
        symlink(&bin, house.work.join("dir")).unwrap();
        symlink("/bin/sh", house.work.join("safe")).unwrap();
        fs::write(house.work.join("build.sh"), "echo built\n").unwrap();
        house.set_policy(&format!(
            r#"
            path = ["{}", "/usr/bin", "/bin"]
            [agents.codex.vaults]
            Dev = "use"
            Lax = "use"
            [[agents.codex.commands]] # 1
            run = ["tool", "--file", "*"]
            secrets = ["op://Dev/DB/password"]
            env = ["MODE"]
            [[agents.codex.commands]] # 2
            run = ["tool", "--version"]
            [[agents.codex.commands]] # 3
            run = ["sh", "build.sh"]
            [[agents.codex.commands]] # 4
            run = ["tool", "**"]
            secrets = ["op://Dev/Test/**"]
            [[agents.codex.commands]] # 5: decides nothing that rule 1 does
            run = ["tool", "--file", "*"]
            secrets = ["op://Dev/**"]
            env = ["*"]
            "#,
            bin.display()
        ));
        let mut ids = String::new();
        for (vault, title) in [
            ("Dev", "DB"),
            ("Dev", "Test"),
            ("Dev", "Was DB"),
            ("Lax", "DB"),
            ("Board", "DB"),
        ] {
            let value = format!("canary-{vault}-{title}-7hK2");
            let made = house.item(vault, title, &[("password", &value)]).await;
            if (vault, title) == ("Dev", "DB") {
                let item = &made.metadata;
                ids = format!(
                    "op://{}/{}/{}",
                    made.vault.id.as_str(),
                    item.overview.id.as_str(),
                    item.fields[0].id.as_str()
                );
            }
        }
        Self { house, ids }
    }

    async fn attempt(&self, name: &str, command: &[&str], env: &[(&str, &str)], end: End) {
        let codex = self.house.agent("codex");
        let before = self.house.log("codex").await;

        let answer = self.house.run(&codex, command, env).await;

        let log = self.house.log("codex").await;
        assert_eq!(log[..before.len()], before, "oldest first");
        let new = log[before.len()..].join("\n");
        match end {
            Denied(words) => {
                let refused = answer.err().unwrap_or_else(|| panic!("{name}: it ran"));
                assert!(!new.is_empty(), "{name}: not recorded");
                assert!(new.contains("was denied"), "{name}: {new}");
                assert!(new.contains(words), "{name}: {refused}: {new}");
            }
            Rule(number) => {
                let answer = answer.unwrap_or_else(|error| panic!("{name}: {error}: {new}"));
                let shown = format!("{}{}", answer.stdout, answer.stderr);
                assert!(!shown.contains("evil"), "{name}: {shown}");
                assert!(
                    new.contains(&format!("allowed by rule {number}")),
                    "{name}: {new}"
                );
                assert!(!shown.contains("canary"), "{name}: {shown}");
            }
        }
    }
}

fn program(path: &Path, name: &str) {
    fs::write(path, format!("#!/bin/sh\necho {name} $K\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

const DB: &[(&str, &str)] = &[("K", "op://Dev/DB/password")];
const TEST: &[(&str, &str)] = &[("K", "op://Dev/Test/password")];

#[tokio::test]
async fn each_attempt_to_get_round_the_policy_is_denied_or_decided_by_the_rule_that_is_meant() {
    let ground = Ground::prepare().await;
    let work = &ground.house.work;
    let (own_tool, ids) = (work.join("tool"), [("K", ground.ids.as_str())]);
    let file = ["tool", "--file", "a"];

    for (name, command, env, end) in [
        // The program.
        ("what is meant", &file[..], DB, Rule(1)),
        (
            "a relative program",
            &["./tool", "--file", "a"],
            DB,
            Denied(NO_RULE),
        ),
        (
            "its absolute twin",
            &[text(&own_tool), "--file", "a"],
            DB,
            Denied(NO_RULE),
        ),
        (
            "a link to the program",
            &["./link", "--file", "a"],
            DB,
            Denied(NO_RULE),
        ),
        (
            "through a linked directory",
            &["./dir/tool", "--file", "a"],
            DB,
            Rule(1),
        ),
        (
            "a link to a shell",
            &["./safe", "-c", "echo $K"],
            DB,
            Denied(NO_RULE),
        ),
        (
            "another case",
            &["TOOL", "--file", "a"],
            DB,
            Denied("there is no program"),
        ),
        (
            "a look-alike",
            &["tооl", "--file", "a"],
            DB,
            Denied("there is no program"),
        ),
        (
            "a space more",
            &["tool ", "--file", "a"],
            DB,
            Denied("there is no program"),
        ),
        // What starts another.
        (
            "env before it",
            &["env", "X=1", "tool", "--file", "a"],
            DB,
            Denied(NO_RULE),
        ),
        (
            "a shell before it",
            &["sh", "-c", "tool --file a"],
            DB,
            Denied(NO_RULE),
        ),
        (
            "a shell that is allowed without secrets",
            &["sh", "build.sh"],
            DB,
            Denied(NO_RULE),
        ),
        ("and without them", &["sh", "build.sh"], &[], Rule(3)),
        (
            "more for that shell",
            &["sh", "build.sh", "x"],
            &[],
            Denied(NO_RULE),
        ),
        (
            "another script for it",
            &["sh", "./build.sh"],
            &[],
            Denied(NO_RULE),
        ),
        (
            "nice before it",
            &["nice", "tool", "--file", "a"],
            DB,
            Denied(NO_RULE),
        ),
        // The arguments.
        (
            "an argument more",
            &["tool", "--file", "a", "b"],
            DB,
            Denied(NO_RULE),
        ),
        ("an argument less", &["tool", "--file"], DB, Denied(NO_RULE)),
        ("two in one", &["tool", "--file a"], DB, Denied(NO_RULE)),
        ("joined by =", &["tool", "--file=a"], DB, Denied(NO_RULE)),
        (
            "another case of an option",
            &["tool", "--FILE", "a"],
            DB,
            Denied(NO_RULE),
        ),
        (
            "a look-alike of an option",
            &["tool", "--fiⅼe", "a"],
            DB,
            Denied(NO_RULE),
        ),
        (
            "an invisible sign",
            &["tool", "--file\u{200b}", "a"],
            DB,
            Denied(NO_RULE),
        ),
        (
            "an option in the free place",
            &["tool", "--file", "--version"],
            DB,
            Rule(1),
        ),
        (
            "a line feed in the free place",
            &["tool", "--file", "a\n--x"],
            DB,
            Rule(1),
        ),
        (
            "the harmless command with a secret",
            &["tool", "--version"],
            DB,
            Denied(NO_RULE),
        ),
        // Rules and their order.
        (
            "a rule that another shadows",
            &file,
            &[("MODE", "x"), DB[0]],
            Rule(1),
        ),
        (
            "what only the shadowed rule lets",
            &file,
            &[("OTHER", "x"), DB[0]],
            Denied("may not set"),
        ),
        ("the first that has both", &file, TEST, Rule(4)),
        (
            "references of two rules at once",
            &file,
            &[DB[0], ("L", "op://Dev/Test/password")],
            Rule(5),
        ),
        (
            "two that no one rule has",
            &["tool", "x"],
            &[DB[0], ("L", "op://Dev/Test/password")],
            Denied(NO_RULE),
        ),
        // Variables.
        (
            "a search path",
            &file,
            &[("PATH", text(work)), DB[0]],
            Denied("may not set the variable `PATH`"),
        ),
        (
            "a loader's variable",
            &file,
            &[("LD_PRELOAD", "./x.so"), DB[0]],
            Denied("may not set the variable `LD_PRELOAD`"),
        ),
        (
            "a secret as a loader's variable",
            &file,
            &[("LD_PRELOAD", DB[0].1)],
            Denied("may not set the variable `LD_PRELOAD`"),
        ),
        (
            "another case of a variable",
            &file,
            &[("mode", "x"), DB[0]],
            Denied("may not set the variable `mode`"),
        ),
        // References.
        ("ids for names", &file, &ids, Rule(1)),
        (
            "another case of names",
            &file,
            &[("K", "op://dev/db/PASSWORD")],
            Rule(1),
        ),
        (
            "a step up",
            &file,
            &[("K", "op://Dev/Test/../DB/password")],
            Denied("was denied"),
        ),
        (
            "a step up to another vault",
            &file,
            &[("K", "op://Dev/../Board/DB/password")],
            Denied("was denied"),
        ),
        (
            "a step in place",
            &file,
            &[("K", "op://Dev/./DB/password")],
            Denied("was denied"),
        ),
        (
            "a look-alike of a vault",
            &file,
            &[("K", "op://Dеv/DB/password")],
            Denied("was denied"),
        ),
        (
            "a look-alike of an item",
            &file,
            &[("K", "op://Dev/DВ/password")],
            Denied("was denied"),
        ),
        (
            "percent signs",
            &file,
            &[("K", "op://Dev/%44B/password")],
            Denied("was denied"),
        ),
        (
            "a star",
            &file,
            &[("K", "op://Dev/*/password")],
            Denied("was denied"),
        ),
        (
            "an attribute",
            &file,
            &[("K", "op://Dev/DB/password?attribute=type")],
            Denied("was denied"),
        ),
        (
            "a namesake in another vault",
            &file,
            &[("K", "op://Lax/DB/password")],
            Denied("no one rule and right cover"),
        ),
        (
            "a vault of no right",
            &file,
            &[("K", "op://Board/DB/password")],
            Denied("was denied"),
        ),
    ] {
        ground.attempt(name, command, env, end).await;
    }
}

#[tokio::test]
async fn a_renamed_item_and_one_that_was_moved_leave_their_rules() {
    let ground = Ground::prepare().await;
    let house = &ground.house;
    let file = ["tool", "--file", "a"];
    ground.attempt("before", &file, DB, Rule(1)).await;

    // The owner gives the name to another item, and moves a third to another vault.
    for (from, to) in [("DB", "Old DB"), ("Was DB", "DB")] {
        let rename = UpdateItem {
            item: from.into(),
            vault: Some("Dev".into()),
            title: Some(to.into()),
            ..UpdateItem::default()
        };
        let renamed = house
            .broker
            .update_item(&Caller::Owner, rename, std::future::pending());
        renamed.await.unwrap();
    }
    house
        .item("Lax", "Test", &[("password", "canary-moved-5Rt")])
        .await;
    let gone = house
        .broker
        .delete_item(&Caller::Owner, "Test", Some("Dev"), true);
    gone.await.unwrap();

    let old = [("K", "op://Dev/Old DB/password")];
    let by_id = [("K", ground.ids.as_str())];
    let moved = [("K", "op://Lax/Test/password")];
    for (name, env, end) in [
        ("the new bearer of the name", DB, Rule(1)),
        ("the old item by its new name", &old, Rule(5)),
        ("the old item by its id", &by_id, Rule(5)),
        ("the moved item where it was", TEST, Denied("was denied")),
        (
            "the moved item where it is",
            &moved,
            Denied("no one rule and right cover"),
        ),
    ] {
        ground.attempt(name, &file, env, end).await;
    }
}

#[tokio::test]
async fn a_program_with_a_digest_runs_while_its_file_is_the_same() {
    let ground = Ground::prepare().await;
    let house = &ground.house;
    let codex = house.agent("codex");
    let tool = house.home.with_file_name("bin").join("tool");
    let digest = hushkey::launch::sha256(&tool).unwrap();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    house.set_policy(&format!(
        "path = [\"{}\"]\n[[agents.codex.commands]]\nrun = \"tool\"\nsha256 = \"{digest}\"\n\
         set = {{ K = \"set by the policy\" }}\nenv = [\"*\"]\n",
        tool.parent().unwrap().display()
    ));

    let ran = house
        .run(&codex, &["tool"], &[("K", "set by the agent")])
        .await
        .unwrap();
    program(&tool, "evil");
    let refused = house.run(&codex, &["tool"], &[]).await.unwrap_err();

    assert_eq!(ran.stdout, "meant set by the policy\n");
    assert!(
        refused.to_string().contains("its SHA-256 is another"),
        "{refused}"
    );
    let log = house.log("codex").await.join("\n");
    assert!(log.contains("its SHA-256 is another"), "{log}");
}

#[tokio::test]
async fn a_rule_may_let_a_variable_of_the_server_through_and_never_its_own_credentials() {
    let environment = [
        ("SSH_AUTH_SOCK", "/run/agent"),
        ("MODEL_KEY", "canary-model"),
    ];
    let house = House::with_environment(
        "path = [\"/usr/bin\", \"/bin\"]\n[[agents.codex.commands]]\nrun = \"env\"\ninherit = [\"SSH_AUTH_SOCK\"]\n",
        &environment,
    )
    .await;

    let ran = house
        .run(&house.agent("codex"), &["env"], &[])
        .await
        .unwrap();

    assert!(
        ran.stdout.contains("SSH_AUTH_SOCK=/run/agent"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
}
