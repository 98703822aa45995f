//! What somebody with a database tool could do to the file.

use super::*;

#[test]
fn a_sound_log_is_found_sound() {
    let desk = Desk::new();
    let log = desk.log_of(20);
    log.append(&denied()).unwrap();

    assert_eq!(
        log.verify().unwrap(),
        Verification {
            sound: 21,
            fault: None,
            cut: None,
        }
    );
    assert_eq!(Desk::new().fault(), None, "an empty one too");
}

#[test]
fn an_edited_entry_is_noticed() {
    let desk = Desk::new();
    drop(desk.log_of(5));
    for (column, at_byte) in [("sealed", 0), ("sealed", 30), ("chain", 0), ("chain", 31)] {
        let copy = Desk::new();
        fs::copy(desk.path(), copy.path()).unwrap();
        fs::copy(
            desk.dir.path().join("audit.db-wal"),
            copy.dir.path().join("audit.db-wal"),
        )
        .unwrap();
        let log = copy.log();
        let read = |log: &AuditLog| {
            let sql = format!("SELECT {column} FROM entry WHERE seq = 3");
            log.connection()
                .query_row(&sql, (), |row| row.get::<_, Vec<u8>>(0))
                .unwrap()
        };
        let mut bytes = read(&log);
        bytes[at_byte] ^= 1;

        let sql = format!("UPDATE entry SET {column} = ? WHERE seq = 3");
        log.connection().execute(&sql, [bytes]).unwrap();

        assert_eq!(
            log.verify().unwrap(),
            Verification {
                sound: 2,
                fault: Some(Fault::Changed(3)),
                cut: None,
            }
        );
    }
}

#[test]
fn an_edited_entry_is_not_read_as_data() {
    let desk = Desk::new();
    drop(desk.log_of(5));
    desk.tamper("UPDATE entry SET sealed = zeroblob(80) WHERE seq = 3");

    let page = desk.log().read(&Query::default()).unwrap();

    assert_eq!(page.unreadable, [3]);
    assert_eq!(page.entries.len(), 4);
}

#[test]
fn a_removed_entry_is_noticed() {
    for (removed, missing) in [
        ("seq = 1", 1),
        ("seq = 3", 3),
        ("seq = 5", 5),
        ("seq > 3", 4),
        ("seq > 0", 1),
    ] {
        let desk = Desk::new();
        drop(desk.log_of(5));

        desk.tamper(&format!("DELETE FROM entry WHERE {removed}"));

        assert_eq!(desk.fault(), Some(Fault::Missing(missing)), "{removed}");
    }
}

#[test]
fn a_removed_entry_whose_gap_was_closed_is_noticed() {
    let desk = Desk::new();
    drop(desk.log_of(5));

    desk.tamper("DELETE FROM entry WHERE seq = 3; UPDATE entry SET seq = 3 WHERE seq = 4; UPDATE entry SET seq = 4 WHERE seq = 5;");

    assert_eq!(desk.fault(), Some(Fault::Changed(3)));
}

#[test]
fn exchanged_entries_are_noticed() {
    let desk = Desk::new();
    drop(desk.log_of(5));

    desk.tamper("UPDATE entry SET seq = 99 WHERE seq = 2; UPDATE entry SET seq = 2 WHERE seq = 3; UPDATE entry SET seq = 3 WHERE seq = 99;");

    assert_eq!(desk.fault(), Some(Fault::Changed(2)));
}

#[test]
fn a_head_that_was_put_back_is_noticed() {
    let desk = Desk::new();
    drop(desk.log_of(3));
    desk.tamper("CREATE TABLE kept AS SELECT * FROM head");
    drop(desk.log_of(2));

    desk.tamper("REPLACE INTO head SELECT * FROM kept");

    assert_eq!(desk.fault(), Some(Fault::Surplus(4)));
    assert!(matches!(
        desk.log().append(&allowed()),
        Err(AuditError::Tampered)
    ));
}

#[test]
fn without_a_sound_head_nothing_is_written_and_so_nothing_released() {
    for sql in [
        "DELETE FROM head",
        "UPDATE head SET seq = 2",
        "UPDATE head SET mac = zeroblob(32)",
    ] {
        let desk = Desk::new();
        drop(desk.log_of(3));

        desk.tamper(sql);

        assert!(
            matches!(desk.log().append(&allowed()), Err(AuditError::Tampered)),
            "{sql}"
        );
        assert_eq!(
            desk.fault().map(|fault| fault == Fault::Missing(3)),
            Some(false),
            "{sql}"
        );
    }
}
