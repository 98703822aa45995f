//! Paging through one server's requests, and what was used by whom.

use super::{
    clients::{client, item_in},
    *,
};
use crate::access::ConnectClient;

fn read_of(client: &ConnectClient, second: i64, target: Target) -> NewEntry {
    NewEntry::client_allowed(at(second), client, Verb::Reveal, target)
}

/// A log in which two programs and an agent take turns, so many times each; the second program is `cron`.
fn busy(desk: &Desk, rounds: i64) -> (AuditLog, ConnectClient, ConnectClient) {
    let (web, cron) = (client("web"), client("cron"));
    let log = desk.log();
    for round in 0..rounds {
        let second = round * 3600;
        let target = Target::default;
        let of = log.newest().unwrap() + 1;
        let entries = [
            read_of(&web, second, target()),
            NewEntry::client_ended(at(second), &web, Verb::Reveal, target(), of, Outcome::Done),
            allowed_at(second, "codex"),
            NewEntry::client_denied(at(second), &cron, Verb::Reveal, target(), "no"),
        ];
        log.append_all(&entries, None).unwrap();
    }
    (log, web, cron)
}

fn page(log: &AuditLog, client: &ConnectClient, limit: u64, offset: u64) -> (Vec<u64>, u64) {
    let page = log.requests(&client.server, limit, offset).unwrap();
    let seqs = page.entries.iter().map(|entry| entry.seq).collect();
    (seqs, page.total)
}

#[test]
fn a_servers_requests_are_paged_newest_first_with_their_number() {
    let desk = Desk::new();
    let (log, web, cron) = busy(&desk, 5);

    assert_eq!(page(&log, &web, 2, 0), (vec![17, 13], 5));
    assert_eq!(page(&log, &web, 2, 2), (vec![9, 5], 5));
    assert_eq!(page(&log, &web, 50, 4), (vec![1], 5));
    assert_eq!(page(&log, &web, 50, 5), (vec![], 5));
    assert_eq!(page(&log, &web, 0, 0), (vec![], 5));
    assert_eq!(page(&log, &web, u64::MAX, u64::MAX), (vec![], 5));
    assert_eq!(page(&log, &cron, 1, 0), (vec![20], 5), "denied ones too");
    assert_eq!(page(&log, &client("web"), 50, 0), (vec![], 0), "by its id");
    assert_eq!(desk.fault(), None);
}

#[test]
fn pruning_leaves_the_requests_that_are_left() {
    let desk = Desk::new();
    let (log, web, cron) = busy(&desk, 5);

    log.prune(Keeping::Newest(7), "owner", at(9)).unwrap();

    assert_eq!(page(&log, &web, 50, 0), (vec![17], 1));
    assert_eq!(page(&log, &cron, 50, 0), (vec![20, 16], 2));
    assert_eq!(desk.fault(), None);
    log.append(&read_of(&web, 0, Target::default())).unwrap();
    assert_eq!(page(&log, &web, 1, 0), (vec![21], 2));
    log.prune(Keeping::Newest(0), "owner", at(9)).unwrap();
    log.append(&read_of(&web, 0, Target::default())).unwrap();
    assert_eq!(page(&log, &web, 50, 0), (vec![22], 1));
    assert_eq!(desk.fault(), None);
}

#[test]
fn rows_that_were_changed_removed_or_put_in_are_noticed() {
    for (sql, told_by_paging) in [
        ("DELETE FROM request", false),
        ("DELETE FROM request WHERE seq = 17", false),
        ("DELETE FROM request WHERE seq = 9", true),
        ("DELETE FROM request WHERE seq = 1", false),
        ("DELETE FROM request WHERE seq IN (4, 8)", false),
        ("UPDATE request SET seq = 3 WHERE seq = 9", true),
        ("UPDATE request SET seq = 10 WHERE seq = 9", true),
        ("UPDATE request SET seq = 4 WHERE seq = 9", true),
        ("UPDATE request SET seq = 99 WHERE seq = 9", true),
        ("UPDATE request SET n = n - 9", true),
        ("UPDATE request SET n = n + 9", false),
        (
            "UPDATE request SET n = 9223372036854775807 WHERE n = 5",
            true,
        ),
        ("INSERT INTO request VALUES (zeroblob(32), 1, 1)", false),
        (
            "INSERT INTO request SELECT server, 6, 19 FROM request WHERE seq = 17",
            true,
        ),
    ] {
        let desk = Desk::new();
        let (log, web, _) = busy(&desk, 5);

        desk.tamper(sql);

        assert_eq!(desk.fault(), Some(Fault::Requests), "{sql}");
        let paged = log.requests(&web.server, 50, 0);
        let told = matches!(paged, Err(AuditError::Tampered));
        assert_eq!(told, told_by_paging, "{sql}: {paged:?}");
    }
}

#[test]
fn a_request_whose_entry_was_changed_or_removed_is_not_shown() {
    for sql in [
        "DELETE FROM entry WHERE seq = 9",
        "UPDATE entry SET sealed = zeroblob(200) WHERE seq = 9",
    ] {
        let desk = Desk::new();
        let (log, web, _) = busy(&desk, 5);

        desk.tamper(sql);

        let paged = log.requests(&web.server, 50, 0);
        assert!(matches!(paged, Err(AuditError::Tampered)), "{sql}");
    }
}

#[test]
fn a_log_of_the_form_before_is_brought_into_this_one_when_it_is_opened() {
    let desk = Desk::new();
    let (log, web, cron) = busy(&desk, 3);
    drop(log);
    desk.tamper("DROP TABLE request; PRAGMA user_version = 1");

    let opened = std::thread::scope(|scope| {
        let open = || scope.spawn(|| desk.log());
        let logs = [open(), open(), open()];
        logs.map(|log| log.join().unwrap())
    });

    for log in &opened {
        assert_eq!(page(log, &web, 50, 0), (vec![9, 5, 1], 3));
        assert_eq!(page(log, &cron, 50, 0), (vec![12, 8, 4], 3));
    }
    opened[0]
        .append(&read_of(&web, 0, Target::default()))
        .unwrap();
    assert_eq!(page(&opened[1], &web, 1, 0), (vec![13], 4));
    assert_eq!(desk.fault(), None);
}

#[test]
fn a_log_of_a_newer_form_is_left_alone() {
    let desk = Desk::new();
    drop(desk.log_of(1));
    desk.tamper("PRAGMA user_version = 3");

    let refused = AuditLog::open(&desk.path(), &Holder::new(1)).unwrap_err();

    assert!(matches!(refused, AuditError::Form), "{refused:?}");
}

#[test]
fn usage_counts_what_was_handed_out_by_item_and_server() {
    let desk = Desk::new();
    let log = desk.log();
    let (web, cron) = (client("web"), client("cron"));
    let (stripe, mail) = (item_in("Dev", "Stripe"), item_in("Dev", "Mail"));
    let mut renamed = stripe.clone();
    renamed.item.as_mut().unwrap().name = "Stripe live".into();
    let failed = Outcome::Failed("the vault could not be reached".into());
    let entries = [
        read_of(&web, 0, stripe.clone()),
        read_of(&web, 100_000, stripe.clone()),
        read_of(&cron, 200_000, stripe.clone()),
        read_of(&web, 300_000, renamed),
        read_of(&web, 300_001, mail.clone()),
        NewEntry::client_ended(at(300_002), &web, Verb::Reveal, mail.clone(), 5, failed),
        NewEntry::client_denied(at(300_003), &cron, Verb::Reveal, mail.clone(), "no"),
        NewEntry::client_allowed(at(300_004), &cron, Verb::ListItems, mail),
        allowed_at(300_005, "codex"),
    ];
    log.append_all(&entries, None).unwrap();
    let seen = |server: Option<&ConnectClient>, since: Option<i64>| {
        let uses = log.usage(server.map(|client| &client.server), since.map(at));
        let line = |it: Usage| {
            let (item, vault, server) = (it.item.name, it.vault.name, it.server.name);
            format!(
                "{server} {vault}/{item} {}× {}",
                it.count,
                it.last.as_second()
            )
        };
        uses.unwrap().into_iter().map(line).collect::<Vec<_>>()
    };

    assert_eq!(
        seen(None, None),
        ["web Dev/Stripe live 3× 300000", "cron Dev/Stripe 1× 200000"]
    );
    assert_eq!(seen(Some(&cron), None), ["cron Dev/Stripe 1× 200000"]);
    assert_eq!(
        seen(Some(&web), Some(100_000)),
        ["web Dev/Stripe live 2× 300000"]
    );
    assert_eq!(seen(None, Some(300_001)), [] as [&str; 0]);
}
