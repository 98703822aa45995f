//! `hushkey doctor`: what is in force here, what is wrong, and how to make it safer.
//!
//! It makes nothing, and changes nothing unless it is told to accept a store; where nothing is yet, it says so.

use std::process::ExitCode;

use serde::Serialize;

use crate::{
    cli::{
        failure,
        output::{Ink, Output},
        session::Session,
    },
    config::Config,
    display_text::escaped,
    http::page::Health,
};

mod connect;
mod places;
mod state;
mod tier;

/// Does what the command says; the exit status tells whether all is well.
pub(super) fn perform(accept_store: bool, session: &Session) -> anyhow::Result<ExitCode> {
    if accept_store {
        state::accept(session)?;
    }
    let config = &session.config;
    let mut findings = vec![Finding::good("hushkey", env!("CARGO_PKG_VERSION"))];
    findings.extend(connect::findings(config));
    findings.extend(places::findings(config));
    let (state, opened) = state::findings(config);
    findings.extend(state);
    findings.extend(tier::findings(config));
    tell(&findings, session.output)?;
    let worst = findings
        .iter()
        .any(|finding| finding.verdict == Verdict::Bad);
    Ok(match opened {
        Err(class) => ExitCode::from(failure::exit_status(class)),
        Ok(()) if worst => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
    })
}

/// The findings for the owner's page.
pub(super) fn health(config: &Config) -> Vec<Health> {
    let mut findings = connect::findings(config);
    findings.extend(places::findings(config));
    findings.extend(tier::findings(config));
    let health = findings.into_iter().map(|finding| Health {
        subject: finding.subject.to_owned(),
        verdict: match finding.verdict {
            Verdict::Bad => "bad",
            Verdict::Good => "ok",
            Verdict::Look => "look",
        },
        text: finding.text,
    });
    health.collect()
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    subject: &'static str,
    verdict: Verdict,
    text: String,
}

/// What to think of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// Something has to be repaired.
    Bad,
    /// All is well.
    Good,
    /// It works, and could be safer.
    Look,
}

impl Finding {
    fn good(subject: &'static str, text: impl Into<String>) -> Self {
        Self {
            subject,
            verdict: Verdict::Good,
            text: text.into(),
        }
    }

    fn look(subject: &'static str, text: impl Into<String>) -> Self {
        Self {
            subject,
            verdict: Verdict::Look,
            text: text.into(),
        }
    }

    fn bad(subject: &'static str, text: impl Into<String>) -> Self {
        Self {
            subject,
            verdict: Verdict::Bad,
            text: text.into(),
        }
    }
}

fn tell(findings: &[Finding], output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&serde_json::json!({ "findings": findings }));
    }
    for Finding {
        subject,
        verdict,
        text,
    } in findings
    {
        let verdict = match verdict {
            Verdict::Good => output.ink(Ink::Green, "ok  "),
            Verdict::Look => output.ink(Ink::Yellow, "look"),
            Verdict::Bad => output.ink(Ink::Red, "BAD "),
        };
        output.line(&format!("{verdict}  {subject:<8}  {}", escaped(text)))?;
    }
    Ok(())
}
