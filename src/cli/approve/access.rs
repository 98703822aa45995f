//! A right that an agent asked for: granted as a rule of the policy, allowed once, refused, or refused for good.
//!
//! What would be written is worked out before anything is decided, so that a request is not used up by a yes that comes to
//! nothing.

use jiff::Timestamp;

use super::{nothing_decided, proof_of};
use crate::{
    access::AgentName,
    approvals::{AccessMatter, Decision, Matter, PassTerms, Person, Request, Verdict, Way},
    broker::{Broker, RunInQuestion},
    cli::{
        approve_arguments::Approve,
        failure::Failure,
        output::{Ink, Output},
        policy,
        session::{OWNER, Session, wait},
        terminal, vault,
    },
    display_text::escaped,
    policy::{
        Decision as Answered, Rights,
        edit::{self, EditError, NewRule},
    },
    vault::SecretReference,
};

/// What the owner says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Never,
    No,
    Once,
    Rule,
}

/// A right as it would stand in the policy.
enum Rule {
    Command(NewRule),
    Vault(String, Rights),
}

impl Rule {
    fn of(wanted: &AccessMatter, broker: &Broker) -> anyhow::Result<Self> {
        Ok(match wanted {
            AccessMatter::Command {
                command,
                references,
            } => Self::Command(NewRule {
                run: pattern(command)?,
                secrets: references.iter().map(|it| field(it)).collect(),
                ..NewRule::default()
            }),
            AccessMatter::Vault { vault, level } => {
                let rights =
                    Rights::parse(level).map_err(|error| Failure::Usage(error.to_string()))?;
                let vaults = wait(broker.vaults(&OWNER))?;
                let vault = vault::find_one(vault, &vaults)?.overview.name;
                Self::Vault(vault, rights)
            }
        })
    }

    fn add_to(&self, policy: &str, agent: &AgentName) -> Result<String, EditError> {
        match self {
            Self::Command(rule) => edit::allow_command(policy, agent, rule),
            Self::Vault(vault, rights) => edit::allow_vault(policy, agent, vault, *rights),
        }
    }
}

pub(super) fn decide(
    request: &Request,
    wanted: &AccessMatter,
    broker: &Broker,
    arguments: &Approve,
    session: &Session,
) -> anyhow::Result<()> {
    let output = session.output;
    let rule = Rule::of(wanted, broker);
    let once = wait(broker.pass_terms(&OWNER, request));
    if !output.is_json() {
        super::show(request, output)?;
        let rule = rule.as_ref().map_err(ToString::to_string);
        let rule = rule.and_then(|it| preview(it, &request.agent));
        offer("as a rule", rule, output)?;
        let once = once.as_ref().map(exactly).map_err(ToString::to_string);
        offer("once", once, output)?;
    }
    let said = said(arguments, rule.is_ok(), once.is_ok())?;
    match said {
        Said::Never | Said::No => {
            let decision = decision(Verdict::No, said == Said::Never, None);
            wait(broker.answer_access(&OWNER, request, decision))?;
        }
        Said::Once => {
            let terms = once?;
            let file = broker.approvals()?;
            let message = file.pass_message(&request.id, &request.digest, &terms);
            let proof = proof_of(&message, arguments, session)?;
            let decision = decision(Verdict::Yes, false, proof);
            wait(broker.answer_access_once(&OWNER, request, terms, decision))?;
        }
        Said::Rule => {
            let rule = rule?;
            let message = broker.approvals()?.message(request, Verdict::Yes, false);
            let proof = proof_of(&message, arguments, session)?;
            let decision = decision(Verdict::Yes, false, proof);
            wait(broker.answer_access(&OWNER, request, decision))?;
            let path = &session.config.places.policy;
            let what = format!("{}: {}", request.agent, request.matter);
            policy::change(broker, path, &what, |text| rule.add_to(text, &request.agent))?;
        }
    }
    tell(request, said, output)?;
    if said == Said::Rule
        && let AccessMatter::Command {
            command,
            references,
        } = wanted
    {
        tell_lacking(request, command, references, broker, output);
    }
    Ok(())
}

/// A way to say yes, line by line, or why it is none.
fn offer(label: &str, offered: Result<String, String>, output: Output) -> anyhow::Result<()> {
    let text = offered.unwrap_or_else(|why| format!("can't be: {}", escaped(&why)));
    for (at, line) in text.lines().enumerate() {
        let label = if at == 0 { label } else { "" };
        super::line(label, line, output)?;
    }
    Ok(())
}

/// What would be written into a policy that had nothing of it.
fn preview(rule: &Rule, agent: &AgentName) -> Result<String, String> {
    let text = rule.add_to("", agent).map_err(|error| error.to_string())?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Ok(lines.map(escaped).collect::<Vec<_>>().join("\n"))
}

fn exactly(terms: &PassTerms) -> String {
    let with = match terms.key.references.len() {
        0 => "without references",
        _ => "with exactly these references",
    };
    let (command, program) = (escaped(&terms.key.pattern), escaped(&terms.key.program));
    format!("one run of `{command}` ({program}) {with}, within a day")
}

fn said(arguments: &Approve, rule: bool, once: bool) -> anyhow::Result<Said> {
    if arguments.never {
        return Ok(Said::Never);
    }
    if arguments.deny {
        return Ok(Said::No);
    }
    if arguments.yes {
        return Ok(if arguments.once {
            Said::Once
        } else {
            Said::Rule
        });
    }
    if !terminal::is_there() {
        return Err(Failure::Usage(
            "there is no terminal to ask you on; say --yes (as a rule), --yes --once, --deny or --never"
                .to_owned(),
        )
        .into());
    }
    if arguments.once {
        let yes = terminal::answer("Allow exactly this, once? [y/N] ")?.ok_or_else(nothing_decided)?;
        return Ok(if is(&yes, "yes") { Said::Once } else { Said::No });
    }
    let (rule, once) = (
        if rule { "r = as a rule, " } else { "" },
        if once { "o = once, " } else { "" },
    );
    let question = format!("Allow it? {rule}{once}v = never ask again, N = no: ");
    let answer = terminal::answer(&question)?.ok_or_else(nothing_decided)?;
    let words = [
        ("rule", Said::Rule),
        ("once", Said::Once),
        ("v", Said::Never),
        ("never", Said::Never),
    ];
    let found = words.into_iter().find(|(word, _)| is(&answer, word) && answer != "n");
    Ok(found.map_or(Said::No, |(_, said)| said))
}

/// Whether somebody typed a word or its first letter.
fn is(typed: &str, word: &str) -> bool {
    typed == word || typed == &word[..1]
}

fn decision(verdict: Verdict, remember: bool, proof: Option<crate::approvals::Proof>) -> Decision {
    Decision {
        verdict,
        remember,
        by: Person::current(),
        way: Way::Terminal,
        at: Timestamp::now(),
        proof,
    }
}

/// The very command that was asked for: a `*` that the agent wrote must not become a pattern.
fn pattern(command: &[String]) -> Result<String, Failure> {
    if command.iter().any(|word| word.contains('*')) {
        return Err(Failure::Usage(
            "the command holds `*`, which a rule takes for any argument; write the rule by hand with `hushkey agent allow`"
                .to_owned(),
        ));
    }
    shlex::try_join(command.iter().map(String::as_str))
        .map_err(|_| Failure::Usage("the command can't be written as a rule".to_owned()))
}

/// The field that a reference is about: what of it is wanted stands in no rule.
fn field(reference: &str) -> String {
    let (field, _) = reference.split_once('?').unwrap_or((reference, ""));
    field.to_owned()
}

/// A rule is not all that a run needs: says what is missing still.
fn tell_lacking(
    request: &Request,
    command: &[String],
    references: &[String],
    broker: &Broker,
    output: Output,
) {
    let references = references.iter().map(|it| SecretReference::parse(it));
    let Ok(references) = references.collect::<Result<Vec<_>, _>>() else {
        return;
    };
    let explained = wait(broker.explain(&RunInQuestion {
        agent: request.agent.clone(),
        command: command.to_vec(),
        references,
        variables: Vec::new(),
        cwd: None,
        reasoned: true,
    }));
    match explained {
        Ok(explained) => {
            if let Answered::Denied(refusal) = explained.decision {
                let remedy = refusal.remedy.map(|it| format!("; what would allow it: {it}"));
                output.note(&format!(
                    "it is refused still: {}{}",
                    refusal.cause,
                    escaped(&remedy.unwrap_or_default())
                ));
            }
        }
        Err(error) => output.note(&format!("it can't run as it was asked: {error}")),
    }
}

fn tell(request: &Request, said: Said, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&serde_json::json!({
            "code": request.code.as_str(),
            "allowed": matches!(said, Said::Once | Said::Rule),
            "once": said == Said::Once,
            "remembered": said == Said::Never,
        }));
    }
    output.line(match said {
        Said::Never => "Denied; it is not shown again.",
        Said::No => "Denied.",
        Said::Once => "Allowed once; `hushkey approve --remembered` lists it until it is used.",
        Said::Rule => "Granted; `hushkey policy check` tells what deserves a look.",
    })
}
