//! What is remembered: yeses that hold for later runs, and requests that the owner wants to see no more.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    approvals::{Approvals, Code, GrantKey, Lasting},
    broker::Broker,
    cli::{
        failure::Failure,
        output::{Ink, Output},
        session::{OWNER, wait},
    },
    display_text::escaped,
};

pub(super) fn list(approvals: &Approvals, output: Output) -> anyhow::Result<()> {
    let lasting = approvals.lasting()?;
    let views = views(&lasting);
    if output.is_json() {
        return output.json(&views);
    }
    if views.is_empty() {
        return output.line("Nothing is remembered.");
    }
    for view in &views {
        let code = output.ink(Ink::Bold, &view.code);
        let by = output.ink(
            Ink::Dim,
            &format!("by {} ({}), {}", view.by, view.way, view.at),
        );
        output.line(&format!("{code}  {} {}  {by}", view.agent, view.what))?;
    }
    output.line("\n`hushkey approve --revoke CODE` takes one back.")
}

pub(super) fn revoke(code: &Code, broker: &Broker, output: Output) -> anyhow::Result<()> {
    if !wait(broker.revoke_approval(&OWNER, code.clone()))? {
        return Err(Failure::NotFound(
            "nothing is remembered under this code; `hushkey approve --remembered` lists what is"
                .to_owned(),
        )
        .into());
    }
    if output.is_json() {
        return output.json(&serde_json::json!({ "code": code.as_str(), "revoked": true }));
    }
    output.line("Revoked: you are asked again.")
}

/// Something remembered, as it is shown.
#[derive(Serialize)]
struct View {
    code: String,
    agent: String,
    allowed: bool,
    what: String,
    by: String,
    way: &'static str,
    at: String,
}

fn views(lasting: &Lasting) -> Vec<View> {
    let grants = lasting.grants.iter().map(|grant| View {
        code: grant.code.to_string(),
        agent: grant.key.agent.to_string(),
        allowed: true,
        what: escaped(&format!(
            "may run `{}` {}",
            grant.key.pattern,
            with(&grant.key)
        )),
        by: escaped(&grant.by.name),
        way: grant.way.as_str(),
        at: grant.at.to_string(),
    });
    let muted = lasting.muted.iter().map(|muted| View {
        code: muted.code.to_string(),
        agent: muted.agent.to_string(),
        allowed: false,
        what: escaped(&format!("asks in vain: {}", muted.text)),
        by: escaped(&muted.by.name),
        way: "terminal",
        at: muted.at.to_string(),
    });
    let passes = lasting.passes_at(Timestamp::now()).map(|pass| View {
        code: pass.code.to_string(),
        agent: pass.terms.key.agent.to_string(),
        allowed: true,
        what: escaped(&format!(
            "may run `{}` {} once, until {}",
            pass.terms.key.pattern,
            with(&pass.terms.key),
            pass.terms.until.strftime("%Y-%m-%d %H:%M UTC")
        )),
        by: escaped(&pass.by.name),
        way: pass.way.as_str(),
        at: pass.at.to_string(),
    });
    grants.chain(passes).chain(muted).collect()
}

fn with(key: &GrantKey) -> String {
    let names = key.references.iter().map(|(_, name)| name.as_str());
    match names.collect::<Vec<_>>() {
        names if names.is_empty() => "without references".to_owned(),
        names => format!("with {}", names.join(", ")),
    }
}
