//! `hushkey approve`: what waits for a person, shown in full and decided, and what is remembered.
//!
//! It decides nothing by itself, and whether a yes counts is the broker's to say that waits for it.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    approvals::{Approvals, Code, Decision, Matter, Person, Proof, Request, Verdict, Way},
    broker::Broker,
    cli::{
        approve_arguments::Approve,
        failure::Failure,
        guard,
        opening::key,
        output::{Ink, Output},
        passphrase::{self, Asked},
        session::{Session, wait},
        terminal,
    },
    display_text::escaped,
};

mod access;
mod remembered;
pub(super) mod rule;

/// Does what the command says.
pub(super) fn perform(arguments: &Approve, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey approve`")?;
    let broker = session.broker()?;
    let approvals = broker.approvals()?;
    if let Some(code) = &arguments.revoke {
        return remembered::revoke(&code_of(code)?, &broker, session.output);
    }
    if arguments.remembered {
        return remembered::list(&approvals, session.output);
    }
    match &arguments.code {
        None => list(&approvals, session.output),
        Some(code) => {
            let request = approvals.find(&code_of(code)?, Timestamp::now());
            let request = request.map_err(|error| Failure::NotFound(error.to_string()))?;
            decide(&request, &broker, arguments, session)
        }
    }
}

fn code_of(typed: &str) -> Result<Code, Failure> {
    Code::read(typed).ok_or_else(|| {
        Failure::Usage(
            "a code has eight letters and digits, as KXQ4-7MAB; `hushkey approve` lists them"
                .to_owned(),
        )
    })
}

fn list(approvals: &Approvals, output: Output) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let pending = approvals.pending(now)?;
    if output.is_json() {
        let views: Vec<_> = pending.iter().map(|it| RequestJson::of(it, now)).collect();
        return output.json(&views);
    }
    if pending.is_empty() {
        return output.line("Nothing waits for you.");
    }
    for request in &pending {
        let code = output.ink(Ink::Bold, request.code.as_str());
        let left = output.ink(Ink::Dim, &left(request, now));
        output.line(&format!(
            "{code}  {} wants: {}  {left}",
            request.agent,
            request.summary()
        ))?;
    }
    output.line("\n`hushkey approve CODE` shows one in full and asks you.")
}

fn decide(
    request: &Request,
    broker: &Broker,
    arguments: &Approve,
    session: &Session,
) -> anyhow::Result<()> {
    if let Matter::Ask(asked) = &request.matter {
        return type_value(
            request,
            &asked.field.name,
            broker,
            arguments,
            session.output,
        );
    }
    if arguments.remember && request.grant.is_none() {
        return Err(Failure::Usage(
            "this can't be remembered: only runs of rules with `approve = \"once\"` are".to_owned(),
        )
        .into());
    }
    if let Matter::Access(_) = &request.matter {
        return access::decide(request, broker, arguments, session);
    }
    if arguments.never {
        return Err(Failure::Usage(
            "--never is for requests for access; --deny says no to this one".to_owned(),
        )
        .into());
    }
    if !session.output.is_json() {
        show(request, session.output)?;
    }
    let verdict = verdict(arguments)?;
    let yes = verdict == Verdict::Yes;
    let remember = yes && request.grant.is_some() && !arguments.once;
    let approvals = broker.approvals()?;
    let proof = if yes {
        let message = approvals.message(request, Verdict::Yes, remember);
        proof_of(&message, arguments, session)?
    } else {
        None
    };
    let now = Timestamp::now();
    let decision = Decision {
        verdict,
        remember,
        by: Person::current(),
        way: Way::Terminal,
        at: now,
        proof,
    };
    approvals
        .decide(request, &decision, now)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    tell(request, yes, remember, session.output)
}

/// Has the person type what an agent asked for; without a terminal, it can only be refused here.
fn type_value(
    request: &Request,
    field: &str,
    broker: &Broker,
    arguments: &Approve,
    output: Output,
) -> anyhow::Result<()> {
    if arguments.deny {
        wait(broker.refuse_to_type(request, Way::Terminal))?;
        return tell(request, false, false, output);
    }
    if arguments.yes || arguments.once || arguments.remember || arguments.never {
        return Err(Failure::Usage(
            "this waits for a value that you type; say only its code, or --deny".to_owned(),
        )
        .into());
    }
    if !terminal::is_there() {
        return Err(Failure::Usage(
            "there is no terminal to type the value on; open the page whose address the agent's client shows, or say --deny"
                .to_owned(),
        )
        .into());
    }
    if !output.is_json() {
        show(request, output)?;
    }
    let value = terminal::ask_value(&escaped(field))?;
    wait(broker.type_value(request, value, Way::Terminal))?;
    tell(request, true, false, output)
}

fn show(request: &Request, output: Output) -> anyhow::Result<()> {
    for told in request.told() {
        line(told.label, &told.text, output)?;
    }
    if let Some(remembering) = request.remembering() {
        let text = format!("{remembering}; --once allows this run only");
        line("a yes allows", &text, output)?;
    }
    Ok(())
}

fn line(label: &str, text: &str, output: Output) -> anyhow::Result<()> {
    let label = output.ink(Ink::Dim, &format!("{label:>14}"));
    output.line(&format!("{label}  {text}"))
}

/// Who leaves without an answer has not given one.
fn nothing_decided() -> Failure {
    Failure::Denied("nothing was decided; it waits until its time is over".to_owned())
}

fn verdict(arguments: &Approve) -> anyhow::Result<Verdict> {
    if arguments.deny {
        return Ok(Verdict::No);
    }
    if arguments.yes {
        return Ok(Verdict::Yes);
    }
    if !terminal::is_there() {
        return Err(Failure::Usage(
            "there is no terminal to ask you on; say --yes or --deny".to_owned(),
        )
        .into());
    }
    let answer = terminal::answer("Allow it? [y/N] ")?.ok_or_else(nothing_decided)?;
    Ok(if matches!(answer.as_str(), "y" | "yes") {
        Verdict::Yes
    } else {
        Verdict::No
    })
}

/// The owner's signature, where there is a passphrase to make it with.
fn proof_of(
    message: &[u8],
    arguments: &Approve,
    session: &Session,
) -> anyhow::Result<Option<Proof>> {
    let Some(locked) = key::locked(&session.config)? else {
        return Ok(None);
    };
    let given = passphrase::given(
        arguments.passphrase_file.as_deref(),
        Asked::Once("Passphrase"),
    )?;
    let signature = locked.approval_key(&given)?.sign(message);
    Ok(Some(Proof(*signature.as_bytes())))
}

fn tell(request: &Request, yes: bool, remember: bool, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&serde_json::json!({
            "code": request.code.as_str(),
            "allowed": yes,
            "remembered": remember,
        }));
    }
    output.line(match (yes, remember) {
        (true, _) if matches!(request.matter, Matter::Ask(_)) => {
            "Set; the agent is told that, and not what it is."
        }
        (true, true) => "Allowed, and so from now on; `hushkey approve --remembered` lists it.",
        (true, false) => "Allowed.",
        (false, _) => "Denied.",
    })
}

fn left(request: &Request, now: Timestamp) -> String {
    let seconds = request.left(now).as_secs();
    match seconds {
        0..120 => format!("{seconds} s left"),
        120..7200 => format!("{} min left", seconds / 60),
        7200..172_800 => format!("{} h left", seconds / 3600),
        _ => format!("{} days left", seconds / 86_400),
    }
}

/// A request, as `--json` shows it.
#[derive(Serialize)]
struct RequestJson {
    code: String,
    kind: &'static str,
    agent: String,
    client: Option<String>,
    summary: String,
    told: Vec<(&'static str, String)>,
    reason: Option<String>,
    local_only: bool,
    remembering: Option<String>,
    created: String,
    expires: String,
    seconds_left: u64,
}

impl RequestJson {
    fn of(request: &Request, now: Timestamp) -> Self {
        let told = request.told().into_iter();
        Self {
            code: request.code.to_string(),
            kind: request.matter.kind(),
            agent: request.agent.to_string(),
            client: request.client.clone(),
            summary: request.summary(),
            told: told.map(|told| (told.label, told.text)).collect(),
            reason: request.reason.clone(),
            local_only: request.local_only,
            remembering: request.remembering(),
            created: request.created.to_string(),
            expires: request.expires.to_string(),
            seconds_left: request.left(now).as_secs(),
        }
    }
}
