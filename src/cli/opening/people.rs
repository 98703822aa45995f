//! How persons are reached from here: the file of approvals, and a notice on the desktop where there is one.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    approvals::{Approvals, ApprovalsError, Request},
    broker::People,
    config::Config,
    keys::Kek,
    private_file,
};

/// Shows a notice on the desktop; of the freedesktop.org specification's reference implementation.
const NOTIFIER: &str = "notify-send";

/// What a notifier needs of the environment.
const DESKTOP: [&str; 8] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOME",
    "LANG",
    "PATH",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
];

/// The ways to persons.
pub(super) fn people(config: &Config, kek: &Kek) -> People {
    let (path, kek) = (config.places.approvals.clone(), kek.clone());
    People {
        open: Box::new(move || Approvals::open(&path, &kek)),
        tell: Box::new(notify),
        patience: Duration::from_secs(config.agent.approval_seconds.into()),
        typing: Duration::from_secs(config.agent.typing_seconds.into()),
    }
}

/// The file of approvals with another key of the owner's.
pub(super) fn rewrap(config: &Config, old: &Kek, new: &Kek) -> Result<(), ApprovalsError> {
    let path = &config.places.approvals;
    if path.exists() && Approvals::open(path, new).is_err() {
        Approvals::open(path, old)?.rewrap(old, new)?;
    }
    Ok(())
}

/// Tells the owner on the desktop that something waits: who asks and under which code, and nothing of what. Others may see
/// the screen. Nobody waits for it, and nothing is said where it can't be shown.
fn notify(request: &Request) {
    let on_a_desktop = ["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|it| !it.is_empty()));
    let Some(program) = on_a_desktop.then(notifier).flatten() else {
        return;
    };
    let text = format!(
        "{} waits for your leave: hushkey approve {}",
        request.agent, request.code
    );
    // What finds the desktop, and none of the tokens that the server's environment may hold.
    let desktop = DESKTOP
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let child = Command::new(program)
        .args(["--app-name=hushkey", "--", "hushkey", &text])
        .env_clear()
        .envs(desktop)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Ok(mut child) = child {
        // It ends by itself; somebody has to collect it.
        std::thread::spawn(move || child.wait());
    }
}

/// The notifier in a directory of PATH that only we or root can write.
fn notifier() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .filter(|directory| private_file::check_trusted_dir(directory).is_ok())
        .map(|directory| directory.join(NOTIFIER))
        .find(|program| private_file::open_trusted(program).is_ok())
}
