//! `hushkey connect status`, `activity` and `metrics`: the Connect server that keeps the secrets, asked about itself.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    broker::Broker,
    cli::{
        connect_arguments::ConnectCommand,
        output::{self, Ink, Output},
        session::{OWNER, Session, wait},
    },
    display_text::escaped,
    vault::{ServerRequest, ServerStatus, TokenStatus},
};

/// Clocks that are further apart make a sound token look expired.
const SKEW_SECONDS: i64 = 60;
/// The exit status when the token is not taken: nothing can be opened with it.
const REFUSED: u8 = 5;

/// Does what the command says; the exit status tells whether server and token are well.
pub(in crate::cli) fn perform(
    command: &ConnectCommand,
    session: &Session,
) -> anyhow::Result<ExitCode> {
    let broker = session.broker()?;
    let output = session.output;
    match command {
        ConnectCommand::Activity { limit, offset } => activity(*limit, *offset, &broker, output)?,
        ConnectCommand::Metrics => {
            let metrics = wait(broker.server_metrics(&OWNER))?;
            if output.is_json() {
                output.json(&json!({ "metrics": metrics }))?;
            } else {
                output::raw(metrics.as_bytes())?;
            }
        }
        _ => return status(&broker, output),
    }
    Ok(ExitCode::SUCCESS)
}

fn status(broker: &Broker, output: Output) -> anyhow::Result<ExitCode> {
    let status = wait(broker.server_status(&OWNER))?;
    if output.is_json() {
        output.json(&status_json(&status))?;
    } else {
        for (subject, text, well) in lines(&status, Timestamp::now()) {
            let ink = if well { Ink::Green } else { Ink::Red };
            let text = escaped(&text);
            output.line(&format!(
                "{}  {text}",
                output.ink(ink, &format!("{subject:<9}"))
            ))?;
        }
    }
    Ok(match status.token.refused {
        Some(_) => ExitCode::from(REFUSED),
        None if status.dependencies.iter().all(|it| it.works()) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

/// What there is to say: about what, what, and whether it is well.
fn lines(status: &ServerStatus, now: Timestamp) -> Vec<(&'static str, String, bool)> {
    let mut lines = vec![
        ("server", status.address.clone(), true),
        (
            "version",
            status.version.clone().unwrap_or_else(|| "not told".into()),
            true,
        ),
        (
            "answers",
            format!("within {} ms", status.took.as_millis()),
            true,
        ),
    ];
    if let Some(ahead) = status.clock_ahead {
        let seconds = ahead.as_secs();
        let well = seconds.abs() <= SKEW_SECONDS;
        let told = match seconds {
            _ if well => "agrees with this machine's".to_owned(),
            0.. => {
                format!("is {seconds} seconds ahead of this machine's; set the one that is wrong")
            }
            _ => format!(
                "is {} seconds behind this machine's; set the one that is wrong",
                -seconds
            ),
        };
        lines.push(("clock", told, well));
    }
    for needed in &status.dependencies {
        let more = match needed.message.as_str() {
            "" => String::new(),
            message => format!(" ({message})"),
        };
        let told = format!("{}: {}{more}", needed.service, needed.status);
        lines.push(("needs", told, needed.works()));
    }
    token_lines(&status.token, now, &mut lines);
    lines
}

fn token_lines(token: &TokenStatus, now: Timestamp, lines: &mut Vec<(&'static str, String, bool)>) {
    match &token.refused {
        Some(why) => lines.push(("token", why.clone(), false)),
        None => lines.push(("token", "is taken".into(), true)),
    }
    match &token.claims {
        None => lines.push((
            "token",
            "says nothing of itself that is read here".into(),
            true,
        )),
        Some(claims) => {
            let named = |text: &Option<String>| text.clone().unwrap_or_else(|| "not told".into());
            let (id, server) = (named(&claims.id), named(&claims.server));
            lines.push(("token", format!("id {id}, for server {server}"), true));
            match claims.expires_at {
                None => lines.push(("token", "has no end".into(), true)),
                Some(end) if end <= now => {
                    lines.push(("token", format!("has expired at {end}"), false));
                }
                Some(end) => lines.push(("token", format!("expires at {end}"), true)),
            }
        }
    }
    for (id, name, access) in &token.vaults {
        lines.push(("vault", format!("{name} ({id}): {}", access.words()), true));
    }
}

fn status_json(status: &ServerStatus) -> Value {
    let claims = status.token.claims.clone().unwrap_or_default();
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let vaults: Vec<Value> = status
        .token
        .vaults
        .iter()
        .map(|(id, name, access)| {
            json!({ "id": id.as_str(), "name": name, "read": access.read, "write": access.write })
        })
        .collect();
    let dependencies: Vec<Value> = status
        .dependencies
        .iter()
        .map(|it| json!({ "service": it.service, "status": it.status, "message": it.message }))
        .collect();
    json!({
        "server": status.address,
        "version": status.version,
        "took_ms": u64::try_from(status.took.as_millis()).unwrap_or(u64::MAX),
        "clock_ahead_seconds": status.clock_ahead.map(|ahead| ahead.as_secs()),
        "dependencies": dependencies,
        "token": {
            "refused": status.token.refused,
            "id": claims.id,
            "server": claims.server,
            "issuer": claims.issuer,
            "issued_at": time(claims.issued_at),
            "expires_at": time(claims.expires_at),
            "features": claims.features,
            "vaults": vaults,
        },
    })
}

fn activity(limit: u32, offset: u64, broker: &Broker, output: Output) -> anyhow::Result<()> {
    let page = wait(broker.server_activity(&OWNER, limit, offset))?;
    if output.is_json() {
        let requests: Vec<Value> = page.requests.iter().map(request_json).collect();
        return output.json(&json!({ "requests": requests, "total": page.total }));
    }
    let rows: Vec<_> = page
        .requests
        .iter()
        .map(|request| {
            [
                &request.time,
                &request.action,
                &request.result,
                &request.kind,
                &request.vault,
                &request.item,
                &request.token,
                &request.client,
            ]
            .map(|text| escaped(text))
        })
        .collect();
    output.table(
        [
            "TIME", "ACTION", "RESULT", "OF", "VAULT", "ITEM", "TOKEN", "CLIENT",
        ],
        &rows,
    )?;
    if let Some(total) = page.total.filter(|total| *total > rows.len() as u64) {
        output.note(&format!("{total} in all; --offset and --limit show others"));
    }
    Ok(())
}

fn request_json(request: &ServerRequest) -> Value {
    json!({
        "time": request.time,
        "action": request.action,
        "result": request.result,
        "type": request.kind,
        "vault": request.vault,
        "item": request.item,
        "token": request.token,
        "client": request.client,
        "address": request.address,
    })
}
