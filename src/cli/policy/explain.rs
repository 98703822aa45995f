//! `hushkey policy explain`: what an agent would be answered, rule by rule.

use crate::{
    access::AgentName,
    broker::{Broker, RunInQuestion},
    cli::{
        failure::Failure,
        output::{Ink, Output},
        policy_arguments::PolicyExplain,
        session::{Session, wait},
    },
    display_text::escaped,
    policy::{ApproveBy, Asking, Decision, Explanation, Finding, Permit, RuleFinding},
    vault::SecretReference,
};

/// Does what the command says.
pub(super) fn explain(
    arguments: &PolicyExplain,
    broker: &Broker,
    session: &Session,
) -> anyhow::Result<()> {
    let explanation = wait(broker.explain(&understood(arguments)?))?;
    if session.output.is_json() {
        return session.output.json(&json(&explanation));
    }
    tell(&explanation, session.output)
}

fn understood(arguments: &PolicyExplain) -> Result<RunInQuestion, Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
    let command = shlex::split(&arguments.command)
        .ok_or_else(|| Failure::Usage("--command leaves a quote open".to_owned()))?;
    let references = arguments.references.iter();
    Ok(RunInQuestion {
        agent: AgentName::parse(&arguments.agent).map_err(|error| usage(&error))?,
        command,
        references: references
            .map(|text| SecretReference::parse(text).map_err(|error| usage(&error)))
            .collect::<Result<_, _>>()?,
        variables: arguments.variables.clone(),
        cwd: arguments.cwd.clone(),
        reasoned: arguments.reason,
    })
}

fn tell(explanation: &Explanation, output: Output) -> anyhow::Result<()> {
    let (verdict, ink) = match &explanation.decision {
        Decision::Allowed(permit) => (format!("allowed: {}", terms(permit)), Ink::Green),
        Decision::Asks(asking) => (asks(asking), Ink::Yellow),
        Decision::Denied(refusal) => (format!("denied: {}", refusal.cause), Ink::Red),
    };
    output.line(&output.ink(ink, &escaped(&verdict)))?;
    for (vault, rights) in &explanation.rights {
        output.line(&format!("  rights in {}: {rights}", escaped(&vault.name)))?;
    }
    for vault in explanation.unusable() {
        let lacks = format!(
            "  without `use` in {}, no rule is asked",
            escaped(&vault.name)
        );
        output.line(&lacks)?;
    }
    if explanation.rules.is_empty() {
        output.line("  no rule is there for this agent")?;
    }
    for found in &explanation.rules {
        output.line(&format!("  {}", escaped(&line(found))))?;
    }
    if let Decision::Denied(refusal) = &explanation.decision
        && let Some(remedy) = &refusal.remedy
    {
        output.line(&format!("what would allow it: {}", escaped(remedy)))?;
    }
    Ok(())
}

fn line(found: &RuleFinding) -> String {
    let group = match &found.group {
        Some(group) => format!(", group {group}"),
        None => String::new(),
    };
    let RuleFinding { rule, line, .. } = found;
    let number = rule.id.number;
    format!(
        "rule {number} (line {line}{group}) `{}` {}",
        rule.pattern, found.finding
    )
}

fn asks(asking: &Asking) -> String {
    let times = if asking.once {
        "the first time"
    } else {
        "each time"
    };
    let way = match asking.by {
        Some(ApproveBy::Local) => ", on this machine",
        Some(ApproveBy::Any) | None => "",
    };
    format!(
        "allowed if a person says yes {times}{way}: {}",
        terms(&asking.permit)
    )
}

fn terms(permit: &Permit) -> String {
    let mut terms = vec![format!("output {}", permit.output)];
    if let Some(timeout) = permit.timeout {
        terms.push(format!("at most {} s", timeout.as_secs()));
    }
    if permit.surroundings.sha256.is_some() {
        terms.push("if its file has the digest of the rule".to_owned());
    }
    terms.join(", ")
}

fn json(explanation: &Explanation) -> serde_json::Value {
    let rules = explanation.rules.iter().map(|found| {
        serde_json::json!({
            "number": found.rule.id.number,
            "line": found.line,
            "group": found.group.as_ref().map(ToString::to_string),
            "command": found.rule.pattern,
            "decides": found.finding == Finding::Decides,
            "finding": found.finding.to_string(),
        })
    });
    let rights = explanation.rights.iter().map(
        |(vault, rights)| serde_json::json!({ "vault": vault.name, "rights": rights.to_string() }),
    );
    let (decision, reason, remedy) = match &explanation.decision {
        Decision::Allowed(permit) => ("allowed", terms(permit), None),
        Decision::Asks(asking) => ("asks", asks(asking), None),
        Decision::Denied(refusal) => ("denied", refusal.cause.to_string(), refusal.remedy.clone()),
    };
    serde_json::json!({
        "decision": decision,
        "reason": reason,
        "remedy": remedy,
        "rights": rights.collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
    })
}
