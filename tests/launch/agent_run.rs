//! Misbehaving programs: after each, no process is left and no private directory.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use hushkey::{
    launch::{Keep, Launch, LaunchError, Status},
    vault::Secret,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    lab::{Lab, SOON, eventually, lives, processes_with, redactor, runtime, secret, text},
    roles,
};

const LONG: &str = "while :; do sleep 1; done";

#[test]
fn a_program_runs_and_its_end_is_told() {
    let lab = Lab::open();

    let finished = lab
        .run(lab.script("echo out; echo err >&2; exit 3"))
        .unwrap();

    assert_eq!(finished.status, Status::Exited(3));
    assert_eq!(text(&finished.stdout), "out\n");
    assert_eq!(text(&finished.stderr), "err\n");
    assert!(!finished.timed_out && !finished.cancelled);
}

#[test]
fn every_end_is_told_as_it_was() {
    let lab = Lab::open();
    let end = |script: &str| lab.run(lab.script(script)).unwrap().status;

    assert_eq!(end("exit 0"), Status::Exited(0));
    assert_eq!(end("exit 1"), Status::Exited(1));
    assert_eq!(end("exit 255"), Status::Exited(255));
    assert_eq!(end("kill -TERM $$"), Status::Signaled(15));
    assert_eq!(end("kill -KILL $$"), Status::Signaled(9));
    assert_eq!(end("kill -SEGV $$"), Status::Signaled(11));
}

#[test]
fn a_program_that_never_ends_is_ended_at_its_time_out() {
    let lab = Lab::open();
    let mut launch = lab.script(&format!("echo $TMPDIR; {LONG}"));
    launch.timeout = Some(Duration::from_millis(300));

    let finished = lab.run(launch).unwrap();

    assert!(finished.timed_out);
    assert_eq!(finished.status, Status::Signaled(15));
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn a_program_may_clean_up_when_its_time_is_out() {
    let lab = Lab::open();
    let mut launch = lab.script(&format!("trap 'echo tidied; exit 4' TERM; {LONG}"));
    launch.timeout = Some(Duration::from_millis(300));

    let finished = lab.run(launch).unwrap();

    assert_eq!(finished.status, Status::Exited(4));
    assert_eq!(text(&finished.stdout), "tidied\n");
}

#[test]
fn a_program_that_ignores_term_is_killed_after_a_grace() {
    let lab = Lab::open();
    let mut launch = lab.script(&format!("trap '' TERM; echo $TMPDIR; {LONG}"));
    launch.timeout = Some(Duration::from_millis(300));

    let finished = lab.run(launch).unwrap();

    assert!(finished.timed_out);
    assert_eq!(finished.status, Status::Signaled(9));
    assert!(finished.duration >= Duration::from_secs(2));
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn a_program_that_stops_itself_is_ended_at_its_time_out() {
    let lab = Lab::open();
    let mut launch = lab.script("echo $TMPDIR; kill -STOP $$; echo never");
    launch.timeout = Some(Duration::from_millis(300));

    let finished = lab.run(launch).unwrap();

    assert!(finished.timed_out);
    lab.assert_nothing_is_left_now(text(&finished.stdout).lines().next().unwrap());
}

#[test]
fn endless_output_is_cut_and_memory_stays_flat() {
    let lab = Lab::open();
    let mut launch =
        lab.script("echo $TMPDIR; head -c 100000000 /dev/zero | tr '\\0' 'y'; echo; echo end");
    launch.timeout = Some(5 * SOON);
    let before = peak_memory();

    let finished = lab.run(launch).unwrap();

    let grown = peak_memory() - before;
    assert_eq!(finished.status, Status::Exited(0));
    assert!(finished.stdout.truncated);
    assert!(finished.stdout.total_bytes > 100_000_000);
    assert_eq!(finished.stdout.total_lines, 3);
    let shown = text(&finished.stdout);
    assert!(shown.ends_with("y\nend\n") && shown.contains(" bytes cut …]\n"));
    assert!(shown.len() < 70_000, "{}", shown.len());
    assert!(grown < 48 << 20, "grew by {grown} bytes");
    lab.assert_nothing_is_left_now(shown.lines().next().unwrap());
}

#[test]
fn yes_is_ended_at_its_time_out() {
    let lab = Lab::open();
    let mut launch = lab.script("exec yes");
    launch.timeout = Some(Duration::from_millis(300));
    launch.keep = Keep::Tail(10);

    let finished = lab.run(launch).unwrap();

    assert!(finished.timed_out);
    assert_eq!(finished.stdout.bytes, b"y\ny\ny\ny\ny\n");
    lab.assert_no_process_is_left();
}

#[test]
fn a_program_that_closes_its_output_and_lives_is_waited_for() {
    let lab = Lab::open();

    let finished = lab
        .run(lab.script(
            "echo $TMPDIR; exec >&- 2>&-; sleep 0.3; echo done >$HOME_OF_TEST/done; exit 7",
        ))
        .unwrap();

    assert_eq!(finished.status, Status::Exited(7));
    assert_eq!(lab.line("done"), "done");
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn a_grandchild_in_a_session_of_its_own_that_holds_the_output_is_swept() {
    let lab = Lab::open();
    let script = "echo $TMPDIR; LAB_ROLE=setsid $SELF >&2 &
        until [ -e $HOME_OF_TEST/setsid ]; do sleep 0.01; done";

    let finished = lab.run(lab.script(script)).unwrap();

    assert_eq!(finished.status, Status::Exited(0));
    assert!(finished.duration < SOON);
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn a_double_fork_is_swept() {
    let lab = Lab::open();
    let script = "echo $TMPDIR; LAB_ROLE=double-fork $SELF >&2
        until [ -e $HOME_OF_TEST/setsid ]; do sleep 0.01; done";

    let finished = lab.run(lab.script(script)).unwrap();

    assert_eq!(finished.status, Status::Exited(0));
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn a_stopped_grandchild_is_swept() {
    let lab = Lab::open();
    let script = "echo $TMPDIR; sh -c 'kill -STOP $$' & sleep 0.1";

    let finished = lab.run(lab.script(script)).unwrap();

    assert_eq!(finished.status, Status::Exited(0));
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn a_program_that_forks_all_the_time_is_swept() {
    let lab = Lab::open();
    let script = "echo $TMPDIR; hop() { sleep 0.001; hop & }; hop & hop & hop & sleep 0.2";

    let finished = lab.run(lab.script(script)).unwrap();

    assert_eq!(finished.status, Status::Exited(0));
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn what_a_program_leaves_in_its_temporary_directory_is_removed() {
    let lab = Lab::open();
    let script = "echo $TMPDIR; cd $TMPDIR && mkdir -p a/b && echo x >a/b/c && chmod 0 a/b a && ln -s / root";

    let finished = lab.run(lab.script(script)).unwrap();

    assert_eq!(finished.status, Status::Exited(0));
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn invalid_utf8_is_kept_as_it_is() {
    let lab = Lab::open();

    let finished = lab.run(lab.script(r"printf '\377\376a\0b\300'")).unwrap();

    assert_eq!(finished.stdout.bytes, b"\xff\xfea\0b\xc0");
}

#[test]
fn a_secret_that_is_written_in_pieces_is_concealed() {
    let lab = Lab::open();
    let value = Secret::new("canary-6a0fT7sKq2".into());
    let mut launch = lab.script(
        "printf 'it is %s' canary-6a; sleep 0.1; printf %s 0fT7; sleep 0.1; echo sKq2.; echo $TOKEN >&2",
    );
    launch.env.push(secret("TOKEN", value.expose_secret()));

    let finished = lab
        .run_concealing(launch, &redactor(&[("op://Lab/it", &value)]))
        .unwrap();

    assert_eq!(text(&finished.stdout), "it is <concealed:op://Lab/it>.\n");
    assert_eq!(text(&finished.stderr), "<concealed:op://Lab/it>\n");
    assert_eq!(finished.concealed["op://Lab/it"], 2);
}

#[test]
fn a_secret_is_concealed_before_the_output_is_cut() {
    let lab = Lab::open();
    let value = Secret::new("canary-6a0fT7sKq2".into());
    let mut launch = lab.script("printf 'abcdefgh%sabcdefgh' $TOKEN");
    launch.env.push(secret("TOKEN", value.expose_secret()));
    launch.keep = Keep::Ends(24);

    let finished = lab
        .run_concealing(launch, &redactor(&[("op://Lab/it", &value)]))
        .unwrap();

    let shown = text(&finished.stdout);
    assert!(!shown.contains("cana") && !shown.contains("Kq2"), "{shown}");
}

#[test]
fn a_cancelled_run_is_killed_at_once() {
    let lab = Lab::open();
    let script = format!("echo $TMPDIR; echo ready >$HOME_OF_TEST/ready; trap '' TERM; {LONG}");
    let ready = lab.path("ready");
    let until_ready = async {
        while !ready.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };

    let finished = lab.run_until(lab.script(&script), until_ready).unwrap();

    assert!(finished.cancelled && !finished.timed_out);
    assert_eq!(finished.status, Status::Signaled(9));
    assert!(finished.duration < Duration::from_secs(5));
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn a_run_that_is_cancelled_before_it_began_never_begins() {
    let lab = Lab::open();

    let finished = lab
        .run_until(
            lab.script("echo $TMPDIR; sleep 100"),
            std::future::ready(()),
        )
        .unwrap();

    assert!(finished.cancelled);
    assert_eq!(finished.status, Status::Signaled(9));
    lab.assert_no_process_is_left();
}

#[test]
fn a_run_that_nobody_waits_for_any_more_is_killed() {
    let lab = Lab::open();
    let script = format!("echo $TMPDIR >$HOME_OF_TEST/tmp; {LONG}");
    let none = redactor(&[]);

    runtime().block_on(async {
        let run = hushkey::launch::run(lab.script(&script), &none, std::future::pending());
        let tmp = lab.path("tmp");
        tokio::select! {
            _ = run => panic!("it ended by itself"),
            () = async { while !tmp.exists() { tokio::time::sleep(Duration::from_millis(5)).await } } => {}
        }
    });

    let private = lab.line("tmp");
    lab.assert_no_process_is_left();
    eventually("its directory is gone", || !fs::exists(&private).unwrap());
}

#[test]
fn nothing_survives_when_the_server_is_killed() {
    let lab = Lab::open();
    let script = format!(
        "LAB_ROLE=double-fork $SELF; until [ -e $HOME_OF_TEST/setsid ]; do sleep 0.01; done;
         echo $PPID $TMPDIR >$HOME_OF_TEST/ready; {LONG}"
    );
    let mut server = roles::start("server")
        .env("LAB", &lab.mark)
        .env("HOME_OF_TEST", &lab.root)
        .env("LAB_SCRIPT", script)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let ready = lab.line("ready");
    let (supervisor, private) = ready.split_once(' ').unwrap();

    server.kill().unwrap();
    server.wait().unwrap();

    lab.assert_no_process_is_left();
    eventually("the supervisor is gone", || !lives(supervisor));
    assert!(!fs::exists(private).unwrap());
}

#[test]
fn nothing_survives_when_a_program_kills_its_supervisor() {
    let lab = Lab::open();
    let script = format!(
        "LAB_ROLE=double-fork $SELF; until [ -e $HOME_OF_TEST/setsid ]; do sleep 0.01; done;
         echo $TMPDIR >$HOME_OF_TEST/tmp; kill -9 $PPID; {LONG}"
    );

    let error = lab.run(lab.script(&script)).unwrap_err();

    assert!(matches!(error, LaunchError::Lost), "{error}");
    lab.assert_nothing_is_left_now(&lab.line("tmp"));
}

#[test]
fn a_program_that_stops_its_supervisor_does_not_outlive_its_cancellation() {
    let lab = Lab::open();
    let script = format!(
        "echo $TMPDIR >$HOME_OF_TEST/tmp; kill -STOP $PPID; echo >$HOME_OF_TEST/ready; {LONG}"
    );
    let ready = lab.path("ready");

    let finished = lab
        .run_until(lab.script(&script), async {
            while !ready.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .unwrap();

    assert!(finished.cancelled);
    assert_eq!(finished.status, Status::Signaled(9));
    lab.assert_nothing_is_left_now(&lab.line("tmp"));
}

#[test]
fn a_program_that_signals_its_supervisor_is_ended() {
    let lab = Lab::open();
    let script = format!("echo $TMPDIR; kill -TERM $PPID; {LONG}");

    let finished = lab.run(lab.script(&script)).unwrap();

    assert_eq!(finished.status, Status::Signaled(9));
    lab.assert_nothing_is_left_now(&text(&finished.stdout));
}

#[test]
fn runs_at_once_do_not_disturb_each_other() {
    let (one, two) = (Lab::open(), Lab::open());
    let none = redactor(&[]);
    let lost = one.script("echo $TMPDIR >$HOME_OF_TEST/tmp; kill -9 $PPID; sleep 100");
    let other = two.script("sleep 0.5; echo still here");

    let (lost, other) = runtime().block_on(async {
        tokio::join!(
            hushkey::launch::run(lost, &none, std::future::pending()),
            hushkey::launch::run(other, &none, std::future::pending()),
        )
    });

    assert!(matches!(lost, Err(LaunchError::Lost)));
    assert_eq!(text(&other.unwrap().stdout), "still here\n");
}

#[test]
fn a_run_leaves_no_descriptor_and_no_zombie_in_the_server() {
    let lab = Lab::open();
    let state = || {
        let zombies = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
            .filter(|stat| stat.contains("hushkey-run") && stat.contains(") Z "))
            .count();
        (lab.own_sockets(), zombies)
    };
    let before = state();

    for _ in 0..5 {
        lab.run(lab.script("true")).unwrap();
    }

    eventually("all is as before", || state() <= before);
    assert!(processes_with(lab.mark.as_bytes()).is_empty());
}

/// The most memory that this process ever had, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib << 10
}

#[test]
fn a_supervisor_that_is_killed_from_outside_takes_its_run_with_it() {
    let lab = Lab::open();
    let script = format!("echo $PPID >$HOME_OF_TEST/ppid; echo $TMPDIR >$HOME_OF_TEST/tmp; {LONG}");

    std::thread::scope(|scope| {
        let run = scope.spawn(|| lab.run(lab.script(&script)));
        let supervisor = Pid::from_raw(lab.line("ppid").parse().unwrap()).unwrap();
        let private = lab.line("tmp");
        kill_process(supervisor, Signal::KILL).unwrap();

        let error = run.join().unwrap().unwrap_err();

        assert!(matches!(error, LaunchError::Lost), "{error}");
        lab.assert_nothing_is_left_now(&private);
    });
}

#[test]
fn a_program_whose_file_is_another_than_the_digest_says_is_not_started() {
    let lab = Lab::open();
    let program = lab.root.join("tool");
    fs::write(&program, "#!/bin/sh\necho ran as $0\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let digest = hushkey::launch::sha256(&program).unwrap();
    let launch = |sha256| Launch {
        program: program.clone(),
        argv: vec!["tool".into()],
        sha256: Some(sha256),
        ..lab.script("")
    };

    let ran = lab.run(launch(digest)).unwrap();
    let elf = lab.run(Launch {
        sha256: Some(hushkey::launch::sha256(Path::new("/bin/sh")).unwrap()),
        ..lab.script("echo an ELF file")
    });
    fs::write(&program, "#!/bin/sh\necho canary\n").unwrap();
    let refused = lab.run(launch(digest)).unwrap_err();

    assert!(
        text(&ran.stdout).contains("ran as /proc/self/fd/"),
        "{ran:?}"
    );
    assert_eq!(text(&elf.unwrap().stdout), "an ELF file\n");
    assert!(matches!(refused, LaunchError::Altered { .. }), "{refused}");
}
