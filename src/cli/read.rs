//! `hushkey read`: prints one value, or puts it in a file.

use zeroize::Zeroizing;

use crate::{
    cli::{
        Read,
        failure::Failure,
        guard, out_file, output,
        session::{OWNER, Session, wait},
    },
    vault::SecretReference,
};

/// Does what the command says.
pub(super) fn perform(arguments: &Read, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey read`")?;
    let reference = SecretReference::parse(&arguments.reference)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let broker = session.broker()?;
    if let Some(path) = &arguments.out_file {
        out_file::may_write(path, arguments.force)?;
    }
    let value = wait(broker.reveal(&OWNER, &reference))?;

    let exposed = value.expose_secret();
    let mut bytes = Zeroizing::new(Vec::with_capacity(exposed.len() + 1));
    bytes.extend_from_slice(exposed.as_bytes());
    if let Some(path) = &arguments.out_file {
        out_file::write(path, &bytes, arguments.file_mode)?;
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        if session.output.is_json() {
            return session
                .output
                .json(&serde_json::json!({ "out_file": path.display().to_string() }));
        }
        return session.output.line(&path.display().to_string());
    }
    if session.output.is_json() {
        return session.output.json(&serde_json::json!({
            "reference": reference.to_string(),
            "value": exposed,
        }));
    }
    if !arguments.no_newline {
        bytes.push(b'\n');
    }
    output::raw(&bytes)
}
