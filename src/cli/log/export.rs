//! `hushkey log export`: entries for other programs.
//!
//! ```text
//! syslog    <PRI>1 TIME - hushkey PID ACTION [hushkey@32473 seq="…" agent="…" …] SENTENCE      RFC 5424, a datagram each
//! journald  FIELD=VALUE lines, a datagram each                                         its native protocol
//! ```
//!
//! What is told is what `hushkey log --json` shows. An entry that can't be handed over ends the export with its number, so
//! that the next one can go on from there.

use std::{os::unix::net::UnixDatagram, path::Path};

use crate::{
    audit::{AuditLog, Query},
    cli::{
        failure::{Failure, reason},
        guard,
        log::{EntryJson, GLANCE, query},
        log_arguments::{LogExport, Receiver},
        output::Output,
        session::Session,
    },
    display_text::escaped,
};

/// How many entries are read at once.
const BATCH: usize = 1000;
/// Facility `authpriv` (RFC 5424, section 6.2.1), times eight.
const FACILITY: u8 = 10 * 8;
const WARNING: u8 = 4;
const INFORMATIONAL: u8 = 6;

/// Does what the command says.
pub(super) fn perform(arguments: &LogExport, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey log export`")?;
    let log = session.audit()?;
    let sink = Sink::open(arguments, session.output)?;
    let mut query = Query {
        after: Some(arguments.after.unwrap_or(0)),
        limit: Some(BATCH),
        ..query(&arguments.wanted)?
    };
    loop {
        let more = batch(&log, &mut query, &sink)?;
        match (more, arguments.follow) {
            (true, _) => {}
            (false, true) => std::thread::sleep(GLANCE),
            (false, false) => return Ok(()),
        }
    }
}

/// Hands over what comes next, and tells whether anything did.
fn batch(log: &AuditLog, query: &mut Query, sink: &Sink) -> anyhow::Result<bool> {
    let page = log.read(query)?;
    if let Some(number) = page.unreadable.first() {
        return Err(Failure::Failed(format!(
            "entry {number} does not match its seal, and is not exported; `hushkey log --verify` tells more"
        ))
        .into());
    }
    for entry in &page.entries {
        sink.take(&EntryJson::from(entry))?;
    }
    query.after = page.last.or(query.after);
    Ok(page.last.is_some())
}

/// Where entries go.
enum Sink {
    Journald(UnixDatagram),
    Jsonl(Output),
    Syslog(UnixDatagram),
}

impl Sink {
    fn open(arguments: &LogExport, output: Output) -> Result<Self, Failure> {
        let path =
            |default: &'static str| arguments.socket.as_deref().unwrap_or(Path::new(default));
        Ok(match arguments.to {
            Receiver::Journald => Self::Journald(connected(path("/run/systemd/journal/socket"))?),
            Receiver::Jsonl => Self::Jsonl(output),
            Receiver::Syslog => Self::Syslog(connected(path("/dev/log"))?),
        })
    }

    fn take(&self, entry: &EntryJson) -> anyhow::Result<()> {
        let (socket, message) = match self {
            Self::Jsonl(output) => return output.json_line(entry),
            Self::Journald(socket) => (socket, journald(entry)),
            Self::Syslog(socket) => (socket, syslog(entry).into_bytes()),
        };
        socket.send(&message).map_err(|error| {
            let seq = entry.seq;
            Failure::Failed(format!(
                "entry {seq} could not be handed over: {}; go on with --after {}",
                reason(&error),
                seq - 1
            ))
        })?;
        Ok(())
    }
}

fn connected(path: &Path) -> Result<UnixDatagram, Failure> {
    let socket = UnixDatagram::unbound().and_then(|socket| {
        socket.connect(path)?;
        Ok(socket)
    });
    socket.map_err(|error| {
        Failure::Failed(format!(
            "nobody listens at `{}`: {}; --socket names another place",
            path.display(),
            reason(&error)
        ))
    })
}

/// The fields of an entry beside its sentence.
fn fields(entry: &EntryJson) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("seq", entry.seq.to_string()),
        ("agent", entry.agent.clone()),
        ("action", entry.action.clone()),
        ("decision", entry.decision.clone()),
        ("target", entry.target.clone()),
    ];
    if let Some(program) = &entry.connect {
        fields.extend([
            ("server_id", program.server_id.clone()),
            ("token_id", program.token_id.clone()),
            ("address", program.address.clone()),
            ("request_id", program.request_id.clone()),
        ]);
        // What others wrote must not move or hide anything where it is shown.
        let user_agent = program.user_agent.as_deref().map(escaped);
        fields.extend(user_agent.map(|text| ("user_agent", text)));
    }
    fields
}

fn severity(entry: &EntryJson) -> u8 {
    match entry.decision.as_str() {
        "denied" | "failed" => WARNING,
        _ => INFORMATIONAL,
    }
}

fn syslog(entry: &EntryJson) -> String {
    let data: String = fields(entry)
        .into_iter()
        .map(|(name, value)| format!(" {name}=\"{}\"", quoted(&value)))
        .collect();
    format!(
        "<{}>1 {} - hushkey {} {} [hushkey@32473{}] {}",
        FACILITY + severity(entry),
        entry.time,
        std::process::id(),
        entry.action,
        data,
        entry.sentence
    )
}

/// A parameter's value (RFC 5424, section 6.3.3).
fn quoted(value: &str) -> String {
    let mut quoted = String::new();
    for c in value.chars() {
        if matches!(c, '"' | '\\' | ']') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

fn journald(entry: &EntryJson) -> Vec<u8> {
    let mut message = Vec::new();
    let mut field = |name: &str, value: &str| {
        message.extend(name.as_bytes());
        if value.contains('\n') {
            message.push(b'\n');
            message.extend((value.len() as u64).to_le_bytes());
        } else {
            message.push(b'=');
        }
        message.extend(value.as_bytes());
        message.push(b'\n');
    };
    field("MESSAGE", &entry.sentence);
    field("PRIORITY", &severity(entry).to_string());
    field("SYSLOG_IDENTIFIER", "hushkey");
    field("SYSLOG_FACILITY", &(FACILITY / 8).to_string());
    field("HUSHKEY_TIME", &entry.time);
    for (name, value) in fields(entry) {
        field(&format!("HUSHKEY_{}", name.to_uppercase()), &value);
    }
    message
}
