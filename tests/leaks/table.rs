//! The table in SECURITY.md, made from the rows.

use std::{fmt::Write as _, fs, path::Path};

use crate::{classes::classes, elsewhere, way::Verdict};

const BEGIN: &str = "<!-- leak ways -->\n";
const END: &str = "<!-- /leak ways -->\n";

/// Rewrites the table instead of comparing it.
const UPDATE: &str = "HUSHKEY_UPDATE_TABLES";

/// A class with the names of its ways and what becomes of them.
struct Row {
    letter: char,
    holds: &'static str,
    ways: Vec<(&'static str, Verdict)>,
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = classes()
        .into_iter()
        .map(|class| Row {
            letter: class.letter,
            holds: class.holds,
            ways: class
                .ways
                .iter()
                .map(|way| (way.name, way.verdict))
                .collect(),
        })
        .collect();
    rows.push(Row {
        letter: 'D',
        holds: "not in the output of that run",
        ways: elsewhere::WAYS
            .iter()
            .map(|way| (way.name, way.verdict))
            .collect(),
    });
    rows
}

fn table(rows: &[Row]) -> String {
    let mut text =
        "| class | tried | masked | withheld | come through |\n|---|---|---|---|---|\n".to_owned();
    for Row {
        letter,
        holds,
        ways,
    } in rows
    {
        let count =
            |is: fn(&Verdict) -> bool| ways.iter().filter(|(_, verdict)| is(verdict)).count();
        let _ = writeln!(
            text,
            "| {letter}: {holds} | {} | {} | {} | {} |",
            ways.len(),
            count(|verdict| *verdict == Verdict::Masked),
            count(|verdict| *verdict == Verdict::Withheld),
            count(|verdict| matches!(verdict, Verdict::Through(_))),
        );
    }
    text += "\nWhat comes through, and why:\n\n";
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for row in rows {
        for (name, verdict) in &row.ways {
            let Verdict::Through(reason) = verdict else {
                continue;
            };
            let name = format!("{name} ({})", row.letter);
            match reasons.iter_mut().find(|(other, _)| other == reason) {
                Some((_, names)) => names.push(name),
                None => reasons.push((reason, vec![name])),
            }
        }
    }
    for (reason, names) in reasons {
        let _ = writeln!(text, "- {}: {reason}.", names.join("; "));
    }
    text += "\nAll that were tried:\n\n";
    for row in rows {
        let names: Vec<&str> = row.ways.iter().map(|(name, _)| *name).collect();
        let _ = writeln!(text, "- **{}**: {}.", row.letter, names.join("; "));
    }
    text
}

#[test]
fn the_table_of_leak_ways_in_security_md_is_what_the_rows_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("SECURITY.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect(BEGIN);
    let (shown, after) = rest.split_once(END).expect(END);

    let made = format!("\n{}\n", table(&rows()));

    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, format!("{before}{BEGIN}{made}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(shown, made, "run this test again with {UPDATE}=1");
}

#[test]
fn each_way_has_a_name_of_its_own() {
    let rows = rows();
    let ways = rows.iter().flat_map(|row| &row.ways);
    let mut names: Vec<&str> = ways.map(|(name, _)| *name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();

    assert_eq!(names.len(), all);
    assert!(all >= 170, "the control: {all} ways");
}

#[test]
fn of_the_promised_classes_only_what_is_too_short_comes_through() {
    for row in rows() {
        let through = row
            .ways
            .iter()
            .filter(|(_, verdict)| matches!(verdict, Verdict::Through(_)));
        let names: Vec<&str> = through.map(|(name, _)| *name).collect();
        match row.letter {
            'A' => assert_eq!(names, ["the first nine", "the last four, as a card's"]),
            'B' => assert!(names.is_empty(), "{names:?}"),
            _ => assert!(!names.is_empty(), "the control"),
        }
    }
}
