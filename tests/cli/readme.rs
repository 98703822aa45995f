//! What README says of the command line, held against the command line.

use clap::{Command, CommandFactory};
use hushkey::cli::Arguments;

/// Rows of the table that begins with this line, as cells.
fn table(head: &str) -> Vec<Vec<String>> {
    let readme = include_str!("../../README.md");
    let (_, table) = readme.split_once(head).expect("README has the table");
    let rows = table
        .lines()
        .skip(1)
        .skip_while(|line| line.starts_with("|---"));
    let cells = |row: &str| {
        row.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    rows.take_while(|line| line.starts_with('|'))
        .map(cells)
        .collect()
}

/// What stands between backticks.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn whole() -> Command {
    let mut command = Arguments::command();
    // What a subcommand takes is made when it is asked for.
    command.build();
    command
}

fn takes(command: &Command, flag: &str) -> bool {
    command.get_arguments().any(|argument| {
        let short = argument
            .get_short()
            .is_some_and(|short| flag == format!("-{short}"));
        short
            || argument
                .get_long()
                .is_some_and(|long| flag == format!("--{long}"))
    })
}

#[test]
fn each_flag_of_op_is_here_or_absent_as_the_table_says() {
    let hushkey = whole();
    let rows = table("| `op` | here |\n");
    let mut flags = 0;

    for row in &rows {
        let verdict = row[1].split(|c: char| !c.is_alphabetic()).next().unwrap();
        let words: Vec<&str> = code(&row[0])
            .into_iter()
            .flat_map(str::split_whitespace)
            .collect();
        let names = words
            .iter()
            .take_while(|word| word.chars().all(char::is_alphabetic));
        let command = names.fold(&hushkey, |command, name| {
            command.find_subcommand(name).unwrap_or(command)
        });
        for flag in words
            .iter()
            .filter(|word| word.starts_with('-') && **word != "--")
        {
            flags += 1;
            match verdict {
                "same" | "differs" => assert!(takes(command, flag), "{flag} is not there: {row:?}"),
                "absent" => assert!(!takes(command, flag), "{flag} is there: {row:?}"),
                other => panic!("`{other}` is none of same, differs, absent: {row:?}"),
            }
        }
    }
    assert!(
        rows.len() >= 10 && flags >= 15,
        "the control: {flags} flags in {} rows",
        rows.len()
    );
}

#[test]
fn each_command_has_its_line() {
    let rows = table("| command | does |\n");
    let told: Vec<&str> = rows.iter().flat_map(|row| code(&row[0])).collect();
    let told = |name: &str| {
        told.iter()
            .any(|words| words.split(' ').next() == Some(name))
    };

    let hushkey = whole();
    let shown = hushkey
        .get_subcommands()
        .filter(|it| !it.is_hide_set() && it.get_name() != "help");
    for command in shown {
        assert!(
            told(command.get_name()),
            "README's table lacks `{}`",
            command.get_name()
        );
    }
}
