//! `hushkey export`: vaults with all that they hold, in a file that a passphrase opens.

use zeroize::Zeroizing;

use crate::{
    age,
    cli::{
        Export,
        failure::Failure,
        guard, out_file,
        passphrase::{self, Asked},
        session::{OWNER, Session, wait},
    },
    portable::onepux,
};

/// Does what the command says.
pub(super) fn perform(arguments: &Export, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey export`")?;
    let broker = session.broker()?;
    out_file::may_write(&arguments.file, arguments.force)?;
    // Asked before anything is given out.
    let passphrase = passphrase::given(
        arguments.passphrase_file.as_deref(),
        Asked::Twice("Passphrase of the export"),
    )?;
    passphrase
        .check_strength()
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let portable = wait(broker.export(&OWNER, &arguments.vaults))?;
    let plain = onepux::write(&portable)
        .map_err(|error| Failure::Failed(format!("cannot write the export: {error}")))?;
    let sealed = Zeroizing::new(age::encrypt(&plain, passphrase.bytes()));
    out_file::write(&arguments.file, &sealed, 0o600)?;

    let items: usize = portable.vaults.iter().map(|vault| vault.items.len()).sum();
    let path = std::path::absolute(&arguments.file).unwrap_or_else(|_| arguments.file.clone());
    if session.output.is_json() {
        return session.output.json(&serde_json::json!({
            "out_file": path.display().to_string(),
            "vaults": portable.vaults.len(),
            "items": items,
        }));
    }
    session.output.line(&format!(
        "{items} items of {} vaults are in {}, which its passphrase opens: `hushkey import 1pux` reads it back",
        portable.vaults.len(),
        path.display()
    ))
}
