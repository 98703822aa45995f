//! What many requests record at once: few commits, each answered after its own, and nothing acknowledged is lost.

use std::{
    collections::HashSet,
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use hushkey::{
    audit::{AuditLog, Event, Query},
    broker::{Broker, Grounds, PolicySource},
    keys::KeySource,
    policy::Policy,
};
use rusqlite::Connection;

use crate::fake_vault::FakeVault;

/// Set for a child process: where it records until it ends.
const RECORDER: &str = "RECORDER_TEST_HOME";
/// So many requests at once.
const MANY: usize = 64;

/// A directory with a log, and a broker that writes to it.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o700)).unwrap();
        Self { dir }
    }

    fn broker(&self) -> Broker {
        broker(self.dir.path())
    }

    /// The log as somebody else has it open.
    fn database(&self) -> Connection {
        Connection::open(self.dir.path().join("audit.db")).unwrap()
    }

    /// What is recorded, in order.
    fn recorded(&self) -> Vec<String> {
        let log = audit(self.dir.path());
        assert_eq!(log.verify().unwrap().fault, None);
        let entries = log.read(&Query::default()).unwrap().entries;
        let texts = entries.into_iter().map(|entry| match entry.event {
            Event::Denied { why, .. } => why,
            other => panic!("{other:?}"),
        });
        texts.collect()
    }

    /// The commits that lie in the write-ahead log: frames that tell the size of the database
    /// (<https://sqlite.org/fileformat2.html#walformat>).
    fn commits(&self) -> usize {
        let wal = fs::read(self.dir.path().join("audit.db-wal")).unwrap();
        let page = u32::from_be_bytes(wal[8..12].try_into().unwrap()) as usize;
        let frames = wal[32..].chunks_exact(24 + page);
        frames.filter(|frame| frame[4..8] != [0; 4]).count()
    }

    /// This test binary once more, as a process that does nothing but record, under a shell's settings.
    fn child(&self, settings: &str) -> Child {
        let command = format!("{settings} exec \"$0\" --exact together::record_until_ended");
        Command::new("sh")
            .arg("-c")
            .arg(command)
            .arg(std::env::current_exe().unwrap())
            .env(RECORDER, self.dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn acknowledged(&self) -> Vec<String> {
        let text = fs::read_to_string(self.dir.path().join("acknowledged")).unwrap_or_default();
        // The last line may have been cut off by the end of its writer.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(str::to_owned).collect()
    }
}

fn audit(home: &Path) -> AuditLog {
    let key = KeySource::File(home.join("key")).load_or_create().unwrap();
    AuditLog::open(&home.join("audit.db"), &key).unwrap()
}

fn broker(home: &Path) -> Broker {
    let vault = Arc::new(FakeVault::new());
    Broker::new(vault, Box::new(Nothing), audit(home), Grounds::default())
}

/// A policy that allows nobody anything.
struct Nothing;

impl PolicySource for Nothing {
    fn current(&self) -> Result<Policy, String> {
        Policy::parse("", None).map_err(|error| error.to_string())
    }
}

fn numbers() -> Vec<String> {
    (0..MANY).map(|number| number.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_share_a_few_commits() {
    let desk = Desk::new();
    let broker = Arc::new(desk.broker());
    broker.turned_away(None, "first").await.unwrap();
    // A reader keeps every commit in the write-ahead log.
    let reader = desk.database();
    reader.execute_batch("BEGIN").unwrap();
    let count = |connection: &Connection| {
        let sql = "SELECT count(*) FROM entry";
        connection
            .query_row(sql, (), |row| row.get::<_, usize>(0))
            .unwrap()
    };
    assert_eq!(count(&reader), 1);
    let before = desk.commits();

    let tasks = numbers().into_iter().map(|number| {
        let broker = Arc::clone(&broker);
        tokio::spawn(async move {
            for round in 0..4 {
                let text = format!("{number}/{round}");
                broker.turned_away(None, &text).await.unwrap();
            }
        })
    });
    for task in join_all(tasks.collect::<Vec<_>>()).await {
        task.unwrap();
    }

    let commits = desk.commits() - before;
    let entries = count(&desk.database()) - 1;
    assert_eq!(entries, 4 * MANY);
    assert!(commits * 4 <= entries, "{commits} commits of {entries}");
    let distinct: HashSet<_> = desk.recorded().into_iter().collect();
    assert_eq!(distinct.len(), entries + 1);
}

#[tokio::test]
async fn nobody_is_answered_before_the_commit_and_the_order_is_that_of_the_requests() {
    let desk = Desk::new();
    let broker = desk.broker();
    let other = desk.database();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let texts = numbers();
    let mut all = Box::pin(join_all(
        texts.iter().map(|text| broker.turned_away(None, text)),
    ));
    let early = tokio::time::timeout(Duration::from_millis(200), &mut all).await;
    assert!(early.is_err(), "somebody else was writing");
    other.execute_batch("ROLLBACK").unwrap();
    let answers = all.await;

    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(desk.recorded(), texts);
}

#[tokio::test]
async fn whoever_stops_waiting_takes_nothing_from_the_others() {
    let desk = Desk::new();
    let broker = desk.broker();
    let other = desk.database();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let texts = numbers();
    let patience = |number: usize| {
        Duration::from_millis(if number.is_multiple_of(2) {
            100
        } else {
            60_000
        })
    };
    let requests = texts.iter().enumerate().map(|(number, text)| {
        tokio::time::timeout(patience(number), broker.turned_away(None, text))
    });
    let release = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        other.execute_batch("ROLLBACK").unwrap();
    };
    let (answers, ()) = tokio::join!(join_all(requests), release);

    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.is_ok(), !number.is_multiple_of(2), "{number}");
    }
    broker.turned_away(None, "last").await.unwrap();
    let expected: Vec<_> = texts.into_iter().chain(["last".to_owned()]).collect();
    assert_eq!(desk.recorded(), expected);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_fails_all_who_wait_and_later_ones_are_answered_again() {
    let desk = Desk::new();
    let broker = desk.broker();
    broker.turned_away(None, "before").await.unwrap();
    let other = desk.database();
    let moved = "CREATE TABLE kept AS SELECT * FROM head; DELETE FROM head";
    other.execute_batch(moved).unwrap();

    let texts = numbers();
    let answers = join_all(texts.iter().map(|text| broker.turned_away(None, text))).await;

    for answer in answers {
        let told = answer.unwrap_err().to_string();
        assert!(told.contains("nothing is released"), "{told}");
    }
    let back = "INSERT INTO head SELECT * FROM kept; DROP TABLE kept";
    other.execute_batch(back).unwrap();
    broker.turned_away(None, "after").await.unwrap();
    assert_eq!(desk.recorded(), ["before", "after"]);
}

#[test]
fn a_kill_in_the_middle_loses_nothing_that_was_acknowledged_to_anybody() {
    let desk = Desk::new();
    for round in 1..=5 {
        let mut child = desk.child("");
        let patience = Instant::now() + Duration::from_secs(60);
        while desk.acknowledged().len() < round * 200 {
            assert!(Instant::now() < patience, "no process records");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();

        held(&desk);
    }
}

#[test]
fn a_disk_that_is_full_is_told_to_all_and_loses_nothing_that_was_acknowledged() {
    let desk = Desk::new();

    // So many blocks of 512 bytes; the signal is ignored as hushkey ignores it.
    let ended = desk.child("trap '' XFSZ; ulimit -f 2000;").wait().unwrap();

    assert!(ended.success());
    assert!(held(&desk) > MANY, "it recorded something before");
    let failed = fs::read_to_string(desk.dir.path().join("failed")).unwrap();
    assert_eq!(failed, MANY.to_string(), "all who waited were told");
}

/// Checks that what was acknowledged is in the log once, and tells how much it was.
fn held(desk: &Desk) -> usize {
    let recorded = desk.recorded();
    let distinct: HashSet<_> = recorded.iter().collect();
    assert_eq!(distinct.len(), recorded.len(), "something is there twice");
    let acknowledged = desk.acknowledged();
    for text in &acknowledged {
        assert!(distinct.contains(text), "{text} is lost");
    }
    acknowledged.len()
}

/// Not a test but another process's work; returns at once where nobody asked for it.
#[test]
fn record_until_ended() {
    let Some(home) = std::env::var_os(RECORDER).map(PathBuf::from) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let failed = runtime.block_on(async {
        let broker = Arc::new(broker(&home));
        let tasks = numbers()
            .into_iter()
            .map(|number| tokio::spawn(record(Arc::clone(&broker), home.clone(), number)));
        let ended = join_all(tasks.collect::<Vec<_>>()).await;
        ended.into_iter().filter(Result::is_ok).count()
    });
    fs::write(home.join("failed"), failed.to_string()).unwrap();
}

/// Records until that fails, and notes each entry that was acknowledged.
async fn record(broker: Arc<Broker>, home: PathBuf, number: String) {
    let mut notes = fs::OpenOptions::new();
    let mut notes = notes
        .create(true)
        .append(true)
        .open(home.join("acknowledged"))
        .unwrap();
    for round in 0_u32.. {
        let text = format!("{} {number}/{round}", std::process::id());
        if broker.turned_away(None, &text).await.is_err() {
            return;
        }
        notes.write_all(format!("{text}\n").as_bytes()).unwrap();
    }
}
