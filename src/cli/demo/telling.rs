//! What the demo shows at its end: side by side what the program received and what the model saw.

use super::{Evidence, Fingerprint};
use crate::cli::output::{Ink, Output};

/// Columns of the left side.
const LEFT: usize = 34;
/// Characters of a digest that are shown; two that agree in these agree.
const DIGITS: usize = 24;
/// Columns of the right side; longer lines are cut.
const RIGHT: usize = 72;

/// Prints it.
pub(super) fn tell(evidence: &Evidence, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return json(evidence, output);
    }
    sides(evidence, output)?;
    verdicts(evidence, output)
}

fn sides(evidence: &Evidence, output: Output) -> anyhow::Result<()> {
    let left = [
        format!("{} bytes", evidence.received.bytes),
        "SHA-256".to_owned(),
        format!("  {}…", short(&evidence.received.sha256)),
    ];
    let rows = left.len().max(evidence.model_saw.len());
    output.line("")?;
    let heading = format!("{:<LEFT$}", "WHAT THE PROGRAM RECEIVED");
    output.line(&format!(
        "{}{}",
        output.ink(Ink::Bold, &heading),
        output.ink(Ink::Bold, "WHAT THE MODEL SAW OF IT")
    ))?;
    for row in 0..rows {
        let received = left.get(row).map_or("", String::as_str);
        let seen: String = evidence
            .model_saw
            .get(row)
            .map_or("", String::as_str)
            .chars()
            .take(RIGHT)
            .collect();
        let seen = seen.replace(&evidence.mark, &output.ink(Ink::Yellow, &evidence.mark));
        output.line(format!("{received:<LEFT$}{seen}").trim_end())?;
    }
    output.line("")
}

fn verdicts(evidence: &Evidence, output: Output) -> anyhow::Result<()> {
    let Fingerprint { bytes, sha256 } = &evidence.stored;
    let transcript = &evidence.transcript;
    let length = transcript.messages.iter().map(String::len).sum::<usize>() + transcript.log.len();
    verdict(
        output,
        evidence.received == evidence.stored,
        &format!(
            "in the vault its owner finds {bytes} bytes, SHA-256 {}…: the program had the real value",
            short(sha256)
        ),
    )?;
    verdict(
        output,
        evidence.model_saw_the_mark(),
        &format!("in the model's text {} stands for it", evidence.mark),
    )?;
    verdict(
        output,
        evidence.found.is_empty(),
        &format!(
            "in all {} messages and the server's log, {length} bytes, it is not to be found: {}",
            transcript.messages.len(),
            evidence.searched.join(", ")
        ),
    )?;
    if !evidence.found.is_empty() {
        output.line(&format!("     it was found: {}", evidence.found.join(", ")))?;
    }
    verdict(
        output,
        evidence.control,
        "the same search finds each of these where it is put in on purpose",
    )
}

fn verdict(output: Output, holds: bool, claim: &str) -> anyhow::Result<()> {
    let word = if holds {
        output.ink(Ink::Green, "yes:")
    } else {
        output.ink(Ink::Red, "NO: ")
    };
    output.line(&format!("{word} {claim}"))
}

fn short(digest: &str) -> &str {
    digest.get(..DIGITS).unwrap_or(digest)
}

fn json(evidence: &Evidence, output: Output) -> anyhow::Result<()> {
    let fingerprint = |of: &Fingerprint| serde_json::json!({ "bytes": of.bytes.parse::<u64>().ok(), "sha256": of.sha256 });
    let messages: Vec<serde_json::Value> = evidence
        .transcript
        .messages
        .iter()
        .map(|message| serde_json::from_str(message).unwrap_or_default())
        .collect();
    output.json(&serde_json::json!({
        "ok": evidence.is_as_promised(),
        "program_received": fingerprint(&evidence.received),
        "vault_holds": fingerprint(&evidence.stored),
        "model_saw": evidence.model_saw,
        "searched_for": evidence.searched,
        "found": evidence.found,
        "control": evidence.control,
        "transcript": messages,
        "server_log": evidence.transcript.log,
    }))
}
