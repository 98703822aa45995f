//! What a run may be given, and what it can find around it.

use serde_json::json;

use crate::den::{Den, REFERENCE, TOKEN, VALUE, assert_nothing_in, leaks};

#[test]
fn loader_variables_are_refused_wherever_they_stand() {
    let mut den = Den::open();

    for name in [
        "LD_PRELOAD",
        "LD_AUDIT",
        "LD_LIBRARY_PATH",
        "GCONV_PATH",
        "PATH",
        "HOME",
        "TMPDIR",
        "BASH_ENV",
        "ENV",
        "IFS",
        "PS4",
        "PROMPT_COMMAND",
        "NODE_OPTIONS",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PERL5OPT",
        "RUBYOPT",
        "JAVA_TOOL_OPTIONS",
        "GIT_SSH_COMMAND",
        "GIT_CONFIG_GLOBAL",
        "EDITOR",
        "PAGER",
        "http_proxy",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
        "SSLKEYLOGFILE",
        "OP_CONNECT_TOKEN",
        "HUSHKEY_HOME",
        "npm_config_registry",
    ] {
        den.program
            .file("loader.env", &format!("{name}=./evil.so\n"));
        den.program
            .file("loader-secret.env", &format!("{name}={REFERENCE}\n"));
        for run in [
            json!({ "command": ["true"], "env": { name: "./evil.so" } }),
            json!({ "command": ["true"], "env": { name: REFERENCE } }),
            json!({ "command": ["true"], "files": { name: REFERENCE } }),
            json!({ "command": ["true"], "env_file": "loader.env" }),
            json!({ "command": ["true"], "env_file": "loader-secret.env" }),
        ] {
            let answer = den.call("run_command", run.clone());

            assert!(
                answer.contains("\"isError\":true") && answer.contains(name),
                "{run}: {answer}"
            );
        }
    }
}

#[test]
fn the_servers_environment_is_not_expanded_into_anything() {
    let mut den = Den::open();
    den.program.file(
        "expand.env",
        "A=$OP_CONNECT_TOKEN\nB=\"x${ANTHROPIC_API_KEY}\"\nC=${OP_CONNECT_TOKEN:-none}\nD=op://Dev/$OP_CONNECT_TOKEN/key\n",
    );

    for run in [
        json!({ "command": ["env"], "env": { "A": "$OP_CONNECT_TOKEN", "B": "${ANTHROPIC_API_KEY}", "C": "%OP_CONNECT_TOKEN%" } }),
        json!({ "command": ["env"], "env_file": "expand.env" }),
        json!({ "command": ["env"], "env": { "A": "op://Dev/$OP_CONNECT_TOKEN/key" } }),
        json!({ "command": ["sh", "-c", "echo $OP_CONNECT_TOKEN $ANTHROPIC_API_KEY; env; set"] }),
        json!({ "command": ["echo", "$OP_CONNECT_TOKEN", "${ANTHROPIC_API_KEY}"] }),
        json!({ "command": ["true"], "cwd": "$OP_CONNECT_TOKEN" }),
    ] {
        let answer = den.call("run_command", run.clone());
        assert_nothing_in(&answer, &den, &run.to_string());
    }
    let checked = den.call(
        "check_references",
        json!({ "references": ["op://Dev/$OP_CONNECT_TOKEN/key"], "env_file": "expand.env" }),
    );
    assert_nothing_in(&checked, &den, "check_references");
}

/// Tries to read the environment, memory and descriptors of the server and of all that is between it and the program.
fn spy(den: &mut Den) -> String {
    let server = den.agent.pid();
    den.shell(&format!(
        "for p in $PPID {server} $(awk '{{print $4}}' /proc/$PPID/stat); do
             tr '\\0' '\\n' </proc/$p/environ; cat /proc/$p/cmdline; ls -l /proc/$p/fd
             head -c 100 /proc/$p/mem; for f in /proc/$p/fd/*; do timeout 0.2 head -c 4096 $f; done
         done"
    ))
}

#[test]
fn an_ordinary_users_run_cannot_look_into_server_and_supervisor() {
    let mut den = Den::of_an_ordinary_user();

    let answer = spy(&mut den);

    assert_nothing_in(&answer, &den, "/proc");
    assert!(answer.contains("ermission denied"), "{answer}");
    assert!(!answer.contains("OP_CONNECT_HOST="), "{answer}");
}

#[test]
fn root_reads_the_servers_environment_as_security_md_says() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can show what root can do");
        return;
    }
    let mut den = Den::open();
    let server = den.agent.pid();

    let answer = den.shell(&format!("tr '\\0' '\\n' </proc/{server}/environ"));

    assert!(
        leaks(&answer, TOKEN),
        "this is closed now: say so in SECURITY.md; {answer}"
    );
    assert!(!leaks(&answer, VALUE), "{answer}");
}

/// Starts a run that has the value and waits; where it wrote down its process.
fn waiting_run(den: &mut Den) -> u64 {
    let run = json!({
        "command": ["sh", "-c", "sleep 0.2; echo $$ >pid; sleep 20"],
        "env": { "KEY": REFERENCE }, "files": { "KEY_FILE": REFERENCE },
    });
    den.agent.send_call("run_command", run)
}

/// Waits for that process, then prints its environment and the file that it names.
const READS_THE_OTHER: &str =
    "until [ -s pid ]; do sleep 0.02; done; p=$(cat pid); tr '\\0' '\\n' </proc/$p/environ;
    cat $(tr '\\0' '\\n' </proc/$p/environ | sed -n s/^KEY_FILE=//p)";

#[test]
fn the_environment_of_another_run_is_concealed_too() {
    let mut den = Den::of_an_ordinary_user();
    let slow = waiting_run(&mut den);

    let answer = den.shell(READS_THE_OTHER);
    den.agent
        .notify("notifications/cancelled", json!({ "requestId": slow }));

    assert!(
        answer.contains("KEY_FILE="),
        "it was not read at all: {answer}"
    );
    assert_nothing_in(&answer, &den, "another run's environment");
}

#[test]
fn the_environment_of_a_run_that_began_later_is_concealed_too() {
    let mut den = Den::of_an_ordinary_user();
    let reader = den.agent.send_call(
        "run_command",
        json!({ "command": ["sh", "-c", READS_THE_OTHER] }),
    );
    let slow = waiting_run(&mut den);

    let answer = den.agent.answer(reader).to_string();
    den.agent
        .notify("notifications/cancelled", json!({ "requestId": slow }));

    assert!(
        answer.contains("KEY_FILE="),
        "it was not read at all: {answer}"
    );
    assert_nothing_in(&answer, &den, "a later run's environment");
}

#[test]
fn another_servers_run_can_be_read_by_the_same_user_as_security_md_says() {
    let mut den = Den::of_an_ordinary_user();
    waiting_run(&mut den);
    let mut second = den.program.serve(&[], &[]);

    let answer = second
        .call(
            "run_command",
            json!({ "command": ["sh", "-c", READS_THE_OTHER] }),
        )
        .to_string();

    // Each server conceals what it released itself. Rules that name programs, or a user a server, close it.
    assert!(
        leaks(&answer, VALUE),
        "this is closed now: say so in SECURITY.md; {answer}"
    );
}
