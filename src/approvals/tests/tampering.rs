//! Somebody with a database tool and without the key.

use super::*;

/// A file with one request that was decided with yes, and one that waits.
fn decided(desk: &Desk) -> (Approvals, Request, Request) {
    let approvals = desk.open();
    let first = approvals.ask(run("-c"), at(100)).unwrap();
    let second = approvals.ask(run("-d"), at(100)).unwrap();
    approvals
        .decide(&first, &decision(Verdict::Yes, 101), at(101))
        .unwrap();
    (approvals, first, second)
}

#[test]
fn a_yes_cannot_be_moved_to_another_request() {
    let desk = Desk::new();
    let (approvals, _, second) = decided(&desk);

    desk.tamper(
        "UPDATE request SET decision = (SELECT decision FROM request WHERE decision IS NOT NULL)
         WHERE decision IS NULL",
    );

    let taken = approvals.take(&second.id, &second.digest, at(102));
    assert!(matches!(taken, Err(ApprovalsError::Broken)), "{taken:?}");
}

#[test]
fn a_request_cannot_be_put_in_anothers_place() {
    let desk = Desk::new();
    let (approvals, first, second) = decided(&desk);

    desk.tamper(
        "UPDATE request SET sealed = (SELECT sealed FROM request WHERE decision IS NULL),
                            decision = NULL",
    );

    assert!(matches!(
        approvals.find(&first.code, at(102)),
        Err(ApprovalsError::Broken)
    ));
    assert!(approvals.take(&first.id, &first.digest, at(102)).is_err());
    assert_eq!(
        approvals.pending(at(102)).unwrap(),
        [Request {
            ticket: None,
            ..second
        }]
    );
}

#[test]
fn no_changed_byte_turns_a_no_into_a_yes_or_anything_into_something_else() {
    let desk = Desk::new();
    let approvals = desk.open();
    let request = approvals.ask(run("-c"), at(100)).unwrap();
    let no = decision(Verdict::No, 101);
    approvals.decide(&request, &no, at(101)).unwrap();
    let sealed: Vec<u8> = approvals
        .connection()
        .query_row("SELECT decision FROM request", (), |row| row.get(0))
        .unwrap();

    for byte in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[byte] ^= 1;
        approvals
            .connection()
            .execute("UPDATE request SET decision = ?", [&changed])
            .unwrap();

        let taken = approvals.take(&request.id, &request.digest, at(102));

        assert!(matches!(taken, Err(ApprovalsError::Broken)), "{byte}");
    }
}

#[test]
fn a_longer_life_in_the_clear_column_is_none() {
    let desk = Desk::new();
    let (approvals, first, second) = decided(&desk);

    desk.tamper("UPDATE request SET expires = 99999999999");

    assert!(approvals.pending(at(300)).unwrap().is_empty());
    assert!(
        approvals
            .decide(&second, &decision(Verdict::Yes, 300), at(300))
            .is_err()
    );
    assert!(approvals.take(&first.id, &first.digest, at(300)).is_err());
}

#[test]
fn what_is_taken_away_is_a_no() {
    let desk = Desk::new();
    let (approvals, first, _) = decided(&desk);
    approvals
        .remember(|lasting| lasting.add(&first, &decision(Verdict::Yes, 101)))
        .unwrap();

    desk.tamper("DELETE FROM request; UPDATE lasting SET sealed = x''");

    assert!(approvals.is_answered(&first.id).unwrap());
    assert!(approvals.take(&first.id, &first.digest, at(102)).is_err());
    assert!(approvals.lasting().unwrap().grants.is_empty());
}

#[test]
fn a_changed_memory_counts_for_nothing_and_says_so() {
    let desk = Desk::new();
    let (approvals, first, _) = decided(&desk);
    approvals
        .remember(|lasting| lasting.add(&first, &decision(Verdict::Yes, 101)))
        .unwrap();

    desk.tamper("UPDATE lasting SET sealed = CAST(sealed || x'00' AS BLOB)");

    assert!(matches!(approvals.lasting(), Err(ApprovalsError::Broken)));
}

#[test]
fn another_key_opens_nothing() {
    let desk = Desk::new();
    decided(&desk);

    let opened = Approvals::open(&desk.path(), &Holder::new(2));

    assert!(matches!(opened, Err(ApprovalsError::WrongKey)));
}

#[test]
fn nothing_that_is_asked_is_readable_on_disk() {
    let desk = Desk::new();
    let (approvals, first, _) = decided(&desk);
    approvals
        .remember(|lasting| lasting.add(&first, &decision(Verdict::Yes, 101)))
        .unwrap();

    let files = fs::read_dir(desk.dir.path()).unwrap();
    let bytes: Vec<u8> = files
        .flat_map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();

    let has = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(has("wrapped_key"), "the search finds nothing at all");
    for text in [
        "psql",
        "PGPASSWORD",
        "codex",
        "to look",
        "op://",
        "ann",
        first.code.as_str(),
    ] {
        assert!(!has(text), "{text}");
    }
}
