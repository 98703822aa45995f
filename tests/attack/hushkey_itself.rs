//! Starting hushkey from a run, so that it opens the vault for the agent.

use serde_json::json;

use crate::{
    agent::{HUSHKEY, text},
    den::{Den, REFERENCE, assert_nothing_in},
};

/// What a hushkey beneath a run says.
const REFUSES: &str = "opens no vault there";

/// Puts a copy and a link of the program, and a copy that is not the same file any more, where the agent works.
fn with_copies(den: &Den) {
    let work = &den.program.work;
    std::fs::copy(HUSHKEY, work.join("copy")).unwrap();
    std::os::unix::fs::symlink(HUSHKEY, work.join("link")).unwrap();
    let mut changed = std::fs::read(HUSHKEY).unwrap();
    changed.push(0);
    std::fs::write(work.join("changed"), changed).unwrap();
    let mode = std::fs::metadata(HUSHKEY).unwrap().permissions();
    std::fs::set_permissions(work.join("changed"), mode).unwrap();
    std::fs::create_dir(work.join("bin")).unwrap();
    std::os::unix::fs::symlink(HUSHKEY, work.join("bin/hushkey")).unwrap();
}

#[test]
fn hushkey_is_not_run_as_the_program_by_any_name() {
    let mut den = Den::open();
    with_copies(&den);

    for program in [
        HUSHKEY,
        "./copy",
        "./link",
        "bin/hushkey",
        "bin/../link",
        "/proc/self/exe",
    ] {
        for arguments in [
            &["read", REFERENCE][..],
            &["run", "--", "env"],
            &["mcp"],
            &["--version"],
        ] {
            let command: Vec<&str> = [program].iter().chain(arguments).copied().collect();

            let answer = den.call(
                "run_command",
                json!({ "command": command, "env": { "X": REFERENCE } }),
            );

            assert!(
                answer.contains("does not run itself"),
                "{command:?}: {answer}"
            );
            assert_nothing_in(&answer, &den, program);
        }
        let field = json!({ "label": "k", "command": [program, "read", REFERENCE] });
        let answer = den.call(
            "create_item",
            json!({ "vault": "Dev", "title": "x", "fields": [field] }),
        );
        assert!(answer.contains("does not run itself"), "{answer}");
    }
}

#[test]
fn a_changed_copy_is_run_and_opens_no_vault() {
    let mut den = Den::open();
    with_copies(&den);

    for command in [
        json!(["./changed", "read", REFERENCE]),
        json!(["./changed", "run", "--", "env"]),
        json!(["./changed", "item", "get", "Stripe", "--reveal"]),
        json!([
            "./changed",
            "--home",
            text(&den.program.home),
            "read",
            REFERENCE
        ]),
        json!(["env", "./changed", "read", REFERENCE]),
        json!([
            "env",
            "-i",
            HUSHKEY,
            "--home",
            text(&den.program.home),
            "read",
            REFERENCE
        ]),
    ] {
        let answer = den.call("run_command", json!({ "command": command }));

        assert!(answer.contains(REFUSES), "{command}: {answer}");
        assert_nothing_in(&answer, &den, &command.to_string());
    }
}

#[test]
fn from_a_shell_hushkey_opens_no_vault_whatever_is_done_to_hide_the_run() {
    opens_no_vault_from_a_shell(Den::open());
}

#[test]
fn from_an_ordinary_users_shell_it_does_not_either() {
    opens_no_vault_from_a_shell(Den::of_an_ordinary_user());
}

fn opens_no_vault_from_a_shell(mut den: Den) {
    with_copies(&den);
    let hushkey = text(&den.program.executable).to_owned();
    let home = text(&den.program.home).to_owned();
    let read = format!("--home {home} read {REFERENCE}");

    for script in [
        format!("{hushkey} read {REFERENCE}"),
        format!("{hushkey} {read}"),
        format!("./copy {read}"),
        format!("./link {read}"),
        format!("PATH=bin hushkey {read}"),
        format!("HUSHKEY_HOME={home} {hushkey} read {REFERENCE}"),
        format!("export HUSHKEY_HOME={home}; unset HUSHKEY_RUN; exec {hushkey} read {REFERENCE}"),
        format!("env -i {hushkey} {read}"),
        format!("env -i HUSHKEY_HOME={home} ./changed read {REFERENCE}"),
        format!("setsid -w {hushkey} {read}"),
        format!("env -i setsid -w ./changed {read}"),
        format!("nohup {hushkey} {read}; cat nohup.out"),
        format!("( ( env -i setsid {hushkey} {read} >out 2>&1 & ) & ); sleep 1; cat out"),
        format!(
            "mkfifo p; ( setsid sh -c 'sleep 0.3; env -i ./changed {read} >p 2>&1' & ) ; cat p"
        ),
        format!("(exec -a sh {hushkey} {read}) 2>&1 || bash -c \"exec -a sh {hushkey} {read}\""),
        format!("prlimit --locks=unlimited --pid $$; env -u HUSHKEY_RUN {hushkey} {read}"),
        format!(
            "perl -e 'fork and exit; setpgrp; delete $ENV{{HUSHKEY_RUN}}; $0=q(init); exec @ARGV' {hushkey} {read} 2>&1; sleep 1"
        ),
        format!(
            "/lib64/ld-linux-x86-64.so.2 {hushkey} {read} 2>&1 || /lib/ld-linux-aarch64.so.1 {hushkey} {read}"
        ),
        format!("{hushkey} --home {home} item get Stripe --reveal"),
        format!("{hushkey} --home {home} run --env K={REFERENCE} --no-masking -- printenv K"),
        format!("{hushkey} --home {home} agent allow default --vault Dev=full"),
    ] {
        let answer = den.shell(&script);

        assert_nothing_in(&answer, &den, &script);
        assert!(answer.contains(REFUSES), "{script}: {answer}");
    }
}

#[test]
fn hushkey_is_not_found_on_the_policys_path() {
    let mut den = Den::open();
    let bin = den.program.base.join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(HUSHKEY, bin.join("hushkey")).unwrap();
    let policy = den.program.home.join("policy.toml");
    let written = std::fs::read_to_string(&policy).unwrap();
    let path = format!("path = [\"{}\", ", text(&bin));
    std::fs::write(&policy, written.replace("path = [", &path)).unwrap();

    let direct = den.call(
        "run_command",
        json!({ "command": ["hushkey", "read", REFERENCE] }),
    );
    let shell = den.shell(&format!(
        "HUSHKEY_HOME={} hushkey read {REFERENCE}",
        text(&den.program.home)
    ));

    assert!(direct.contains("does not run itself"), "{direct}");
    assert!(shell.contains(REFUSES), "{shell}");
    for answer in [direct, shell] {
        assert_nothing_in(&answer, &den, "PATH");
    }
}

#[test]
fn a_server_beneath_a_run_serves_nothing() {
    let mut den = Den::open();
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "run_command", "arguments": { "command": ["sh", "-c", "echo $K | tr A-Za-z B-ZAb-za"], "env": { "K": REFERENCE } },
        "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} },
    } });
    den.program.file("request", &format!("{request}\n"));
    let home = text(&den.program.home).to_owned();

    let answer = den.shell(&format!(
        "(cat request; sleep 1) | env -i {HUSHKEY} --home {home} mcp"
    ));

    assert!(
        answer.contains(REFUSES) && !answer.contains("structuredContent\\\""),
        "{answer}"
    );
}

#[test]
fn a_script_that_one_run_leaves_for_the_next_opens_no_vault_either() {
    let mut den = Den::open();
    let home = text(&den.program.home).to_owned();

    den.shell(&format!("printf '#!/bin/sh\\nexec env -i {HUSHKEY} --home {home} read {REFERENCE}\\n' >later; chmod +x later"));
    let answer = den.call("run_command", json!({ "command": ["./later"] }));

    assert!(answer.contains(REFUSES), "{answer}");
    assert_nothing_in(&answer, &den, "a script");
}

#[test]
fn hushkeys_variables_are_not_taken_from_an_agent() {
    let mut den = Den::open();
    let home = text(&den.program.home).to_owned();
    den.program
        .file("home.env", &format!("HUSHKEY_HOME={home}\n"));

    for run in [
        json!({ "command": ["true"], "env": { "HUSHKEY_HOME": home } }),
        json!({ "command": ["true"], "env": { "HUSHKEY_RUN": "" } }),
        json!({ "command": ["true"], "env_file": "home.env" }),
    ] {
        let answer = den.call("run_command", run.clone());

        assert!(answer.contains("\"isError\":true"), "{run}: {answer}");
    }
}

#[test]
fn the_helpers_of_a_run_do_not_serve_another_master() {
    let mut den = Den::open();

    for word in ["__supervise", "__exec", "__run"] {
        let answer = den.shell(&format!("{HUSHKEY} {word} </dev/null; echo ended with $?"));

        assert_nothing_in(&answer, &den, word);
        assert!(answer.contains("ended with"), "{word}: {answer}");
    }
}
