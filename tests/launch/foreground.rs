//! A person's run: as if hushkey were not there, but for what it conceals.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    lab::{Lab, SOON, processes_with},
    roles::{self, CURTAIN},
};

const VALUE: &str = "canary-Zq81LmX04v";

/// A person's run of a script, with a secret to conceal.
fn run(lab: &Lab, script: &str) -> Command {
    let mut command = roles::start("foreground");
    roles::piped(&mut command)
        .env("LAB_SCRIPT", script)
        .env("LAB_SECRET", VALUE)
        .env("LAB", &lab.mark)
        .env("HOME_OF_TEST", &lab.root);
    command
}

/// The same, from start to end: status, standard output, standard error.
fn ended(command: &mut Command) -> (ExitStatus, String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    (
        output.status,
        stdout.split_once(CURTAIN).unwrap().1.to_owned(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Reads past what is not the program's.
fn raise_curtain(child: &mut Child) -> BufReader<std::process::ChildStdout> {
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.ends_with(CURTAIN) {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "no curtain");
    }
    stdout
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn output_is_concealed_and_the_status_is_the_programs() {
    let lab = Lab::open();

    let (status, stdout, stderr) =
        ended(&mut run(&lab, "echo a $SECRET b; echo $SECRET >&2; exit 3"));

    assert_eq!(status.code(), Some(3));
    assert_eq!(stdout, "a <concealed:op://Lab/it> b\n");
    assert_eq!(stderr, "<concealed:op://Lab/it>\n");
}

#[test]
fn a_signals_status_is_that_of_a_shell() {
    let lab = Lab::open();

    let (status, ..) = ended(&mut run(&lab, "kill -TERM $$"));

    assert_eq!(status.code(), Some(128 + 15));
}

#[test]
fn a_program_that_cannot_be_started_has_its_own_status() {
    let lab = Lab::open();
    let file = lab.path("file");
    fs::write(&file, "").unwrap();

    let not_there = ended(run(&lab, "").env("LAB_PROGRAM", "/nowhere/program"));
    let not_executable = ended(run(&lab, "").env("LAB_PROGRAM", &file));

    assert_eq!(not_there.0.code(), Some(127));
    assert!(not_there.2.contains("/nowhere/program"), "{}", not_there.2);
    assert_eq!(not_executable.0.code(), Some(126));
}

#[test]
fn a_prompt_does_not_wait_for_the_next_output() {
    let lab = Lab::open();
    let mut child = run(&lab, "printf 'name? '; read name; echo hello $name; cat")
        .spawn()
        .unwrap();
    let mut stdout = raise_curtain(&mut child);
    let mut stdin = child.stdin.take().unwrap();

    let mut prompt = [0; 6];
    stdout.read_exact(&mut prompt).unwrap();
    stdin.write_all(b"you\n").unwrap();
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    stdin
        .write_all(format!("say {VALUE}\n").as_bytes())
        .unwrap();
    let mut echoed = String::new();
    stdout.read_line(&mut echoed).unwrap();
    drop(stdin);

    assert_eq!(&prompt, b"name? ");
    assert_eq!(line, "hello you\n");
    assert_eq!(echoed, "say <concealed:op://Lab/it>\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn signals_are_passed_on() {
    for (name, number) in [
        ("TERM", Signal::TERM),
        ("HUP", Signal::HUP),
        ("USR1", Signal::USR1),
        ("INT", Signal::INT),
    ] {
        let lab = Lab::open();
        let script = format!(
            "trap 'echo got {name}; exit 9' {name}; echo ready >$HOME_OF_TEST/ready;
             while :; do sleep 0.05; done"
        );
        let mut command = run(&lab, &script);
        // Without a terminal: then an INT can only be meant for us, and is passed on.
        let mut child = std::os::unix::process::CommandExt::process_group(&mut command, 0)
            .spawn()
            .unwrap();
        let mut stdout = raise_curtain(&mut child);
        lab.line("ready");

        signal(&child, number);

        let mut shown = String::new();
        stdout.read_to_string(&mut shown).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(9), "{name}");
        assert_eq!(shown, format!("got {name}\n"));
    }
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let lab = Lab::open();
    let role = run(&lab, "kill -HUP $$ $PPID; echo alive");
    let mut nohup = Command::new("sh");
    nohup
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
        .arg(role.get_program())
        .args(role.get_args())
        .envs(
            role.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );

    let (status, stdout, _) = ended(roles::piped(&mut nohup));

    assert_eq!(status.code(), Some(0));
    assert_eq!(stdout, "alive\n");
}

#[test]
fn a_parent_that_ignores_its_children_does_not_hide_the_status() {
    let lab = Lab::open();
    let role = run(&lab, "exit 3");
    let mut careless = Command::new("sh");
    careless
        .args(["-c", "trap '' CHLD; exec \"$@\"", "sh"])
        .arg(role.get_program())
        .args(role.get_args())
        .envs(
            role.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );

    let (status, ..) = ended(roles::piped(&mut careless));

    assert_eq!(status.code(), Some(3));
}

#[test]
fn a_daemon_is_left_alone_after_a_normal_end_and_its_pipe_does_not_hang_us() {
    let lab = Lab::open();
    let script = "LAB_ROLE=setsid $SELF_ROLE & until [ -e $HOME_OF_TEST/setsid ]; do sleep 0.01; done; echo up";
    let own = std::env::current_exe().unwrap();
    let began = Instant::now();

    let (status, stdout, _) = ended(run(&lab, script).env(
        "SELF_ROLE",
        format!(
            "{} roles::role --exact --nocapture --test-threads=1",
            own.display()
        ),
    ));

    assert_eq!(status.code(), Some(0));
    assert!(stdout.ends_with("up\n"), "{stdout}");
    assert!(began.elapsed() < SOON);
    let daemons = processes_with(lab.mark.as_bytes());
    assert_eq!(daemons.len(), 1);
    let pid = daemons[0].file_name().unwrap().to_str().unwrap();
    kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_time_out_ends_all_of_it() {
    let lab = Lab::open();

    let (status, stdout, _) = ended(
        run(
            &lab,
            "echo begin; sleep 1000 & trap '' TERM; sleep 1000; sleep 1000",
        )
        .env("LAB_TIMEOUT_MS", "200"),
    );

    assert_eq!(status.code(), Some(124));
    assert_eq!(stdout, "begin\n");
    lab.assert_no_process_is_left();
}

#[test]
fn a_signal_that_ends_a_run_ends_all_of_it() {
    let lab = Lab::open();
    let mut child = run(
        &lab,
        "sleep 1000 & echo $SECRET_FILE >$HOME_OF_TEST/ready; sleep 1000",
    )
    .env("LAB_FILE", "yes")
    .stdout(Stdio::null())
    .spawn()
    .unwrap();
    let file = lab.line("ready");
    assert_eq!(fs::read_to_string(&file).unwrap(), VALUE);

    signal(&child, Signal::TERM);

    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    lab.assert_no_process_is_left();
    assert!(!fs::exists(&file).unwrap());
}

#[test]
fn secret_files_are_gone_afterwards() {
    let lab = Lab::open();

    let (status, stdout, _) = ended(
        run(
            &lab,
            "stat -c %a $SECRET_FILE; cat $SECRET_FILE; echo; echo $SECRET_FILE",
        )
        .env("LAB_FILE", "yes"),
    );

    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(status.code(), Some(0));
    assert_eq!(lines[..2], ["600", "<concealed:op://Lab/it>"]);
    assert!(lines[2].contains("hushkey-run-") && !fs::exists(lines[2]).unwrap());
}

#[test]
fn without_masking_the_program_takes_our_place() {
    let lab = Lab::open();
    let mut child = run(&lab, "echo $$ $SECRET")
        .env("LAB_NO_MASKING", "yes")
        .spawn()
        .unwrap();

    let mut shown = String::new();
    raise_curtain(&mut child)
        .read_to_string(&mut shown)
        .unwrap();

    assert_eq!(shown, format!("{} {VALUE}\n", child.id()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn without_masking_secret_files_are_refused() {
    let lab = Lab::open();

    let (status, _, stderr) = ended(
        run(&lab, "true")
            .env("LAB_NO_MASKING", "yes")
            .env("LAB_FILE", "yes"),
    );

    assert_eq!(status.code(), Some(125));
    assert!(stderr.contains("--no-masking"), "{stderr}");
}

#[test]
fn a_reader_that_goes_away_ends_the_program_as_ever() {
    let lab = Lab::open();
    let mut child = run(&lab, "exec yes").spawn().unwrap();

    let mut line = String::new();
    raise_curtain(&mut child).read_line(&mut line).unwrap();

    assert_eq!(line, "y\n");
    assert_eq!(child.wait().unwrap().code(), Some(128 + 13));
}

#[test]
fn a_slow_reader_gets_everything() {
    let lab = Lab::open();
    let mut child = run(
        &lab,
        "head -c 400000 /dev/zero | tr '\\0' x; echo; echo end",
    )
    .spawn()
    .unwrap();
    let mut stdout = raise_curtain(&mut child);

    std::thread::sleep(Duration::from_millis(700));
    let mut all = Vec::new();
    stdout.read_to_end(&mut all).unwrap();

    assert_eq!(all.len(), 400_005);
    assert!(all.ends_with(b"\nend\n"));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_never_reads_does_not_keep_us_from_ending() {
    let lab = Lab::open();
    let mut child = run(&lab, "echo ready >$HOME_OF_TEST/ready; exec yes")
        .spawn()
        .unwrap();
    let _unread = raise_curtain(&mut child);
    lab.line("ready");
    std::thread::sleep(Duration::from_millis(100));

    signal(&child, Signal::TERM);

    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
}
