//! A right that an agent asked for: granted as a rule of the policy, allowed once, refused, or refused for good.
//!
//! What would be written is worked out before anything is decided, so that a request is not used up by a yes that comes to
//! nothing.

use jiff::Timestamp;

use super::{nothing_decided, proof_of, rule};
use crate::{
    approvals::{Decision, PassTerms, Person, Proof, Request, Verdict, Way},
    broker::Broker,
    cli::{
        approve_arguments::Approve,
        failure::Failure,
        output::Output,
        session::{OWNER, Session, wait},
        terminal,
    },
    display_text::escaped,
};

/// What the owner says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Never,
    No,
    Once,
    Rule,
}

pub(super) fn decide(
    request: &Request,
    broker: &Broker,
    arguments: &Approve,
    session: &Session,
) -> anyhow::Result<()> {
    let output = session.output;
    let rule = rule::check(broker, request);
    let once = wait(broker.pass_terms(&OWNER, request));
    if !output.is_json() {
        super::show(request, output)?;
        let rule = rule.as_ref().map_err(ToString::to_string);
        offer(
            "as a rule",
            rule.and_then(|()| rule::preview(request)),
            output,
        )?;
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
            rule?;
            let message = broker.approvals()?.message(request, Verdict::Yes, false);
            let proof = proof_of(&message, arguments, session)?;
            let decision = decision(Verdict::Yes, false, proof);
            wait(broker.answer_access(&OWNER, request, decision))?;
            let lacking = rule::write(broker, &session.config.places.policy, request)?;
            if let Some(lacking) = lacking {
                output.note(&lacking);
            }
        }
    }
    tell(request, said, output)
}

/// A way to say yes, line by line, or why it is none.
fn offer(label: &str, offered: Result<String, String>, output: Output) -> anyhow::Result<()> {
    let text = offered.unwrap_or_else(|why| format!("can't be: {why}"));
    for (at, line) in text.lines().enumerate() {
        let label = if at == 0 { label } else { "" };
        super::line(label, &escaped(line), output)?;
    }
    Ok(())
}

fn exactly(terms: &PassTerms) -> String {
    let with = match terms.key.references.len() {
        0 => "without references",
        _ => "with exactly these references",
    };
    let (command, program) = (&terms.key.pattern, &terms.key.program);
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
        let yes =
            terminal::answer("Allow exactly this, once? [y/N] ")?.ok_or_else(nothing_decided)?;
        return Ok(if is(&yes, "yes") {
            Said::Once
        } else {
            Said::No
        });
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
    let found = words
        .into_iter()
        .find(|(word, _)| is(&answer, word) && answer != "n");
    Ok(found.map_or(Said::No, |(_, said)| said))
}

/// Whether somebody typed a word or its first letter.
fn is(typed: &str, word: &str) -> bool {
    typed == word || typed == &word[..1]
}

fn decision(verdict: Verdict, remember: bool, proof: Option<Proof>) -> Decision {
    Decision {
        verdict,
        remember,
        by: Person::current(),
        way: Way::Terminal,
        at: Timestamp::now(),
        proof,
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
