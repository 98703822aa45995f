//! What a program gets, and what nobody else does.

use std::{fs, os::fd::AsFd, os::unix::fs::PermissionsExt, path::Path};

use hushkey::{
    launch::{LaunchError, Stdin},
    vault::Secret,
};
use rustix::io::FdFlags;

use crate::lab::{Lab, holds, plain, processes_with, secret, text};

const VALUE: &str = "canary-handed-over-Zq81LmX04v";

#[test]
fn the_environment_is_exactly_what_was_given() {
    let lab = Lab::open();
    let mut launch = lab.script("");
    launch.program = "/usr/bin/env".into();
    launch.argv = vec!["env".into()];
    launch.env = vec![
        plain("A", "one"),
        secret("TOKEN", VALUE),
        plain("A", "two words\nand a line"),
        plain("EMPTY", ""),
    ];
    launch.files = vec![("FILE".into(), Secret::new(VALUE.into()))];

    let finished = lab.run(launch).unwrap();

    let shown = text(&finished.stdout);
    let private = shown
        .lines()
        .find_map(|line| line.strip_prefix("TMPDIR="))
        .and_then(|tmp| tmp.strip_suffix("/tmp"))
        .unwrap();
    let run = Path::new(private).file_name().unwrap().to_str().unwrap();
    let mut lines: Vec<_> = shown.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "A=two words",
            "EMPTY=",
            &format!("FILE={private}/files/FILE"),
            &format!("HUSHKEY_RUN={run}"),
            &format!("TMPDIR={private}/tmp"),
            &format!("TOKEN={VALUE}"),
            "and a line",
        ]
    );
}

#[test]
fn a_value_is_in_no_command_line_and_only_in_the_programs_environment() {
    let lab = Lab::open();
    let mut launch = lab.script(
        "echo $$ $PPID >$HOME_OF_TEST/pids; until [ -e $HOME_OF_TEST/go ]; do sleep 0.01; done",
    );
    launch.env.push(secret("TOKEN", VALUE));
    launch.files = vec![("FILE".into(), Secret::new(VALUE.into()))];
    launch.stdin = Stdin::Secret(Secret::new(VALUE.into()));

    std::thread::scope(|scope| {
        let run = scope.spawn(|| lab.run(launch));
        let pids = lab.line("pids");
        let (program, supervisor) = pids.split_once(' ').unwrap();
        let in_command_lines: Vec<_> = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter(|entry| holds(&entry.path(), "cmdline", VALUE.as_bytes()))
            .collect();
        let strangers: Vec<_> = processes_with(VALUE.as_bytes())
            .into_iter()
            .filter(|path| path.exists() && !holds(path, "environ", lab.mark.as_bytes()))
            .collect();
        let in_program = holds(
            &Path::new("/proc").join(program),
            "environ",
            VALUE.as_bytes(),
        );
        let in_own = holds(Path::new("/proc/self"), "environ", VALUE.as_bytes());
        let supervisor = fs::read(format!("/proc/{supervisor}/cmdline")).unwrap();
        fs::write(lab.path("go"), "").unwrap();
        run.join().unwrap().unwrap();

        assert!(in_command_lines.is_empty(), "{in_command_lines:?}");
        assert!(in_program, "the positive control");
        assert!(strangers.is_empty(), "{strangers:?}");
        assert!(!in_own);
        assert_eq!(supervisor, b"hushkey\0__run\0");
    });
}

#[test]
fn other_descriptors_are_not_inherited() {
    let lab = Lab::open();
    let leaky = fs::File::create(lab.path("leaky")).unwrap();
    rustix::io::fcntl_setfd(leaky.as_fd(), FdFlags::empty()).unwrap();

    let finished = lab
        .run(lab.script("for fd in /proc/$$/fd/*; do echo ${fd##*/} $(readlink $fd); done"))
        .unwrap();

    let shown = text(&finished.stdout);
    assert!(
        !shown.contains("leaky") && !shown.contains("socket:"),
        "{shown}"
    );
    let kept: Vec<_> = shown
        .lines()
        .filter(|line| line.contains(' ') && !line.contains("/fd"))
        .map(|line| line.split_once(' ').unwrap().0)
        .filter(|fd| fd.parse::<u32>().unwrap() < 3)
        .collect();
    assert_eq!(kept, ["0", "1", "2"]);
}

#[test]
fn a_program_leads_a_session_without_a_terminal_and_cannot_gain_privileges() {
    let lab = Lab::open();

    let finished = lab
        .run(
            lab.script(
                "grep NoNewPrivs /proc/$$/status; ulimit -c; cut -d' ' -f1,6,7 /proc/$$/stat",
            ),
        )
        .unwrap();

    let shown = text(&finished.stdout);
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[..2], ["NoNewPrivs:\t1", "0"]);
    let [pid, session, terminal] = lines[2].split(' ').collect::<Vec<_>>()[..] else {
        panic!("{shown}");
    };
    assert_eq!((pid, terminal), (session, "0"));
}

#[test]
fn a_program_cannot_read_its_supervisor() {
    let lab = Lab::open();
    if rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: root may read any process");
        return;
    }

    let finished = lab
        .run(
            lab.script(
                "for f in environ mem maps; do cat /proc/$PPID/$f; done; ls /proc/$PPID/fd/",
            ),
        )
        .unwrap();

    assert_eq!(text(&finished.stdout), "");
    assert_eq!(
        text(&finished.stderr).matches("Permission denied").count(),
        4
    );
}

#[test]
fn secret_files_are_private() {
    let lab = Lab::open();
    let mut launch =
        lab.script("cat $FILE; stat -c '%a' $FILE $TMPDIR ${TMPDIR%/tmp}; echo $TMPDIR");
    launch.files = vec![("FILE".into(), Secret::new(VALUE.into()))];

    let finished = lab.run(launch).unwrap();

    let shown = text(&finished.stdout);
    let (modes, private) = shown.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(modes, format!("{VALUE}600\n700\n700"));
    lab.assert_nothing_is_left_now(private);
}

#[test]
fn a_secret_comes_by_standard_input_whatever_its_size() {
    let lab = Lab::open();
    let read = |value: String| {
        let mut launch = lab.script("wc -c");
        launch.stdin = Stdin::Secret(Secret::new(value));
        text(&lab.run(launch).unwrap().stdout).trim().to_owned()
    };

    assert_eq!(read(VALUE.into()), VALUE.len().to_string());
    assert_eq!(read("x".repeat(3_000_000)), "3000000");
    assert_eq!(read(String::new()), "0");
}

#[test]
fn a_program_that_does_not_read_its_input_ends_all_the_same() {
    let lab = Lab::open();
    let mut launch = lab.script("exec <&-; sleep 0.1; echo done");
    launch.stdin = Stdin::Secret(Secret::new("x".repeat(3_000_000)));

    let finished = lab.run(launch).unwrap();

    assert_eq!(text(&finished.stdout), "done\n");
}

#[test]
fn without_an_input_a_program_reads_the_end_at_once() {
    let lab = Lab::open();

    let finished = lab.run(lab.script("cat; echo $?")).unwrap();

    assert_eq!(text(&finished.stdout), "0\n");
}

#[test]
fn large_environments_and_files_arrive() {
    let lab = Lab::open();
    let mut launch = lab.script("echo ${#BIG} $(wc -c <$FILE)");
    launch.env.push(secret("BIG", &"e".repeat(100_000)));
    launch.files = vec![("FILE".into(), Secret::new("f".repeat(5_000_000)))];

    let finished = lab.run(launch).unwrap();

    assert_eq!(text(&finished.stdout), "100000 5000000\n");
}

#[test]
fn a_value_that_no_variable_can_hold_is_refused_without_being_told() {
    let lab = Lab::open();
    let refused = |name: &str, value: &str| {
        let mut launch = lab.script("true");
        launch.env.push(secret(name, value));
        lab.run(launch).unwrap_err()
    };

    let error = refused("TOKEN", "canary\0value");
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("TOKEN") && !shown.contains("canary"),
        "{shown}"
    );
    for name in ["", "A=B", "A\0B"] {
        let error = refused(name, "x");
        assert!(matches!(error, LaunchError::Variable { .. }), "{error}");
    }
}

#[test]
fn what_is_too_long_for_the_system_is_told_without_being_repeated() {
    let lab = Lab::open();
    let mut launch = lab.script("true");
    launch.env.push(secret("BIG", &"canary".repeat(500_000)));

    let error = lab.run(launch).unwrap_err();

    assert!(matches!(error, LaunchError::TooLong), "{error}");
    assert!(!error.to_string().contains("canary"));
}

#[test]
fn a_directory_that_cannot_be_entered_is_told_apart() {
    let lab = Lab::open();
    let refused = |cwd: &Path| {
        let mut launch = lab.script("true");
        launch.cwd = cwd.to_owned();
        match lab.run(launch).unwrap_err() {
            LaunchError::Directory { reason, .. } => reason,
            other => panic!("{other}"),
        }
    };
    let (file, closed) = (lab.path("file"), lab.path("closed"));
    fs::write(&file, "").unwrap();
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();

    assert!(refused(Path::new("relative")).contains("absolute"));
    assert!(refused(&lab.path("nowhere")).starts_with("no such file"));
    assert!(refused(&file).starts_with("not a directory"));
    if rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: root may enter any directory");
    } else {
        assert!(refused(&closed).starts_with("permission denied"));
    }
}

#[test]
fn a_program_that_cannot_be_executed_is_told_apart_from_one_that_is_not_there() {
    let lab = Lab::open();
    let refused = |program: &Path| {
        let mut launch = lab.script("true");
        launch.program = program.to_owned();
        lab.run(launch).unwrap_err()
    };
    let (plain, script) = (lab.path("plain"), lab.path("script"));
    fs::write(&plain, "").unwrap();
    fs::write(&script, "#!/nowhere/interpreter\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();

    let not_there = refused(Path::new("/nowhere/program"));
    let not_executable = refused(&plain);
    let no_interpreter = refused(&script);

    assert!(matches!(not_there, LaunchError::NotFound { .. }));
    assert!(matches!(not_executable, LaunchError::NotExecutable { .. }));
    assert!(no_interpreter.to_string().contains("interpreter"));
    assert_eq!(not_there.exit_status(), 127);
    assert_eq!(not_executable.exit_status(), 126);
}

#[test]
fn arguments_arrive_as_they_are() {
    let lab = Lab::open();
    let mut launch = lab.script("");
    launch.argv = [
        "name",
        "-c",
        "printf '%s|' \"$0\" \"$@\"",
        "a b",
        "",
        "$HOME",
        "ö",
    ]
    .map(String::from)
    .into();

    let finished = lab.run(launch).unwrap();

    assert_eq!(text(&finished.stdout), "a b||$HOME|ö|");
}
