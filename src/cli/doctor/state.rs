//! Whether what is stored is as it was written: store, anchor, audit log, policy.

use super::Finding;
use crate::{
    broker::{Anchor, Broker, Class},
    cli::{
        failure, guard, opening, record,
        session::{Session, wait},
    },
    config::{Backend, Config},
};

/// Opens everything and checks it; the result tells whether it could be opened.
pub(super) fn findings(config: &Config) -> (Vec<Finding>, Result<(), Class>) {
    if !opening::is_made(config) && matches!(config.backend, Backend::Local) {
        return (Vec::new(), Ok(()));
    }
    let opened = guard::refuse_beneath_a_run()
        .map_err(anyhow::Error::from)
        .and_then(|()| Ok(opening::open(config)?));
    match opened {
        Ok(broker) => (
            vec![store(&broker), anchor(&broker), audit(&broker)]
                .into_iter()
                .chain(policy(&broker))
                .collect(),
            Ok(()),
        ),
        Err(error) => (
            vec![Finding::bad("open", error.to_string())],
            Err(failure::class(&error)),
        ),
    }
}

/// Takes the store as it stands, on record: from here on, this is where it was left.
pub(super) fn accept(session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey doctor --accept-store`")?;
    guard::refuse_beneath_a_run()?;
    let broker = opening::open(&session.config)?;
    if let Anchor::Older { head, known } = wait(broker.anchor())? {
        let what = format!(
            "the store at revision {}, which was at {}",
            head.revision, known.revision
        );
        record::deed(&broker, &what, || broker.audit().accept_head(&head))?;
    }
    Ok(())
}

fn store(broker: &Broker) -> Finding {
    match wait(broker.check()) {
        Err(error) => Finding::bad("store", error.to_string()),
        Ok(report) if report.faults.is_empty() => Finding::good(
            "store",
            format!(
                "as it was written: vaults {}, items {}, files {} ({} ms)",
                report.vaults,
                report.items,
                report.files,
                report.took.as_millis()
            ),
        ),
        Ok(report) => Finding::bad("store", report.faults.join("; ")),
    }
}

fn anchor(broker: &Broker) -> Finding {
    match wait(broker.anchor()) {
        Err(error) => Finding::bad("anchor", error.to_string()),
        Ok(Anchor::Sound) => Finding::good("anchor", "the store stands where it was left"),
        Ok(Anchor::Older { head, known }) => Finding::bad(
            "anchor",
            format!(
                "the store stands at revision {}, and stood at {} before: an older copy was put in its place, so that later \
                 changes are lost and old values are back; if that was you, `hushkey doctor --accept-store` takes it as it stands",
                head.revision, known.revision
            ),
        ),
    }
}

fn audit(broker: &Broker) -> Finding {
    match broker.audit().verify() {
        Err(error) => Finding::bad("audit", error.to_string()),
        Ok(found) => match found.fault {
            None => Finding::good(
                "audit",
                format!("{} entries are as they were written", found.sound),
            ),
            Some(fault) => Finding::bad(
                "audit",
                format!("{fault}; the {} entries before are sound", found.sound),
            ),
        },
    }
}

fn policy(broker: &Broker) -> Vec<Finding> {
    match wait(broker.bound_policy()) {
        Err(error) => vec![Finding::bad("policy", error.to_string())],
        Ok(policy) => {
            let warnings = policy.warnings();
            if warnings.is_empty() {
                return vec![Finding::good(
                    "policy",
                    "well-formed, and nothing in it needs a look",
                )];
            }
            warnings
                .iter()
                .map(|warning| Finding::look("policy", warning.to_string()))
                .collect()
        }
    }
}
