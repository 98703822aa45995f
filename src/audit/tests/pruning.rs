//! Pruning, and what it leaves provable.

use super::*;

/// A log of so many entries, an hour apart.
fn hourly(desk: &Desk, count: i64) -> AuditLog {
    let log = desk.log();
    for hour in 1..=count {
        let entry = NewEntry {
            time: at(hour * 3600),
            ..allowed()
        };
        log.append(&entry).unwrap();
    }
    log
}

fn numbers(log: &AuditLog) -> Vec<u64> {
    let page = log.read(&Query::default()).unwrap();
    page.entries.iter().map(|entry| entry.seq).collect()
}

#[test]
fn a_pruned_log_proves_what_is_left_and_tells_what_is_gone() {
    let desk = Desk::new();
    let log = hourly(&desk, 10);

    let removed = log.prune(Keeping::Newest(4), "owner", at(9)).unwrap();

    assert_eq!(removed, 6);
    let found = desk.log().verify().unwrap();
    assert_eq!((found.sound, found.fault), (4, None));
    let cut = found.cut.unwrap();
    assert_eq!((cut.seq, cut.by.as_str(), cut.time), (6, "owner", 9));
    log.append(&allowed()).unwrap();
    assert_eq!(numbers(&log), [7, 8, 9, 10, 11]);
    assert_eq!(log.verify().unwrap().sound, 5);
    assert_eq!(log.prune(Keeping::Newest(100), "owner", at(9)).unwrap(), 0);
    assert_eq!(log.prune(Keeping::Newest(0), "owner", at(9)).unwrap(), 5);
    assert_eq!(log.verify().unwrap().fault, None);
    assert_eq!(log.append(&allowed()).unwrap().seq, 12);
    assert_eq!(desk.log().verify().unwrap().sound, 1);
}

#[test]
fn entries_are_pruned_up_to_a_time() {
    let desk = Desk::new();
    let log = hourly(&desk, 10);

    let removed = log
        .prune(Keeping::Since(at(4 * 3600)), "owner", at(9))
        .unwrap();

    assert_eq!(removed, 3);
    assert_eq!(numbers(&log), [4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn a_removed_entry_is_no_cut_and_a_pruned_one_put_back_is_noticed() {
    let desk = Desk::new();
    let log = hourly(&desk, 6);
    desk.tamper("CREATE TABLE kept AS SELECT * FROM entry WHERE seq = 2");
    log.prune(Keeping::Newest(3), "owner", at(9)).unwrap();
    assert_eq!(desk.fault(), None);

    desk.tamper("INSERT INTO entry SELECT * FROM kept");
    assert_eq!(desk.fault(), Some(Fault::Surplus(2)));
    desk.tamper("DELETE FROM entry WHERE seq IN (2, 4)");

    assert_eq!(desk.fault(), Some(Fault::Missing(4)));
    let refused = log.prune(Keeping::Newest(1), "owner", at(9));
    assert!(matches!(refused, Err(AuditError::Tampered)), "{refused:?}");
    assert_eq!(numbers(&log), [5, 6], "nothing was pruned");
}

#[test]
fn a_head_from_before_the_cut_does_not_fit_any_more() {
    let desk = Desk::new();
    let log = hourly(&desk, 6);
    desk.tamper("CREATE TABLE kept AS SELECT * FROM head");
    log.prune(Keeping::Newest(3), "owner", at(9)).unwrap();

    desk.tamper("DELETE FROM head; INSERT INTO head SELECT * FROM kept");

    assert_eq!(desk.fault(), Some(Fault::Missing(1)));
}

#[test]
fn a_store_is_anchored_across_a_cut() {
    let desk = Desk::new();
    let log = hourly(&desk, 3);
    log.note_head(&head(7, 7)).unwrap();

    log.prune(Keeping::Newest(1), "owner", at(9)).unwrap();

    assert_eq!(
        desk.log().known_head("the store").unwrap(),
        Some(head(7, 7))
    );
}
