//! Where hushkey itself lies, as a client is told: a path that is still right after an update, and whether it will last.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::{
    cli::failure::{Failure, reason},
    setup::Surroundings,
};

/// The program that an entry names.
pub(super) struct Program {
    /// Its absolute path.
    pub(super) path: String,
    /// Why it may be gone tomorrow.
    pub(super) warning: Option<String>,
}

/// Finds the program that is running: by its name on the search path where that is the same file, since package managers
/// keep such names and move what they lead to.
pub(super) fn own(around: &Surroundings) -> Result<Program, Failure> {
    let failed = |error: std::io::Error| {
        Failure::Failed(format!(
            "hushkey can't tell where it lies itself: {}",
            reason(&error)
        ))
    };
    let running = std::env::current_exe()
        .and_then(|path| path.canonicalize())
        .map_err(failed)?;
    let named = around
        .program("hushkey")
        .filter(|path| path.canonicalize().is_ok_and(|path| path == running));
    let path = named.unwrap_or(running);
    let warning = fleeting(&path).then(|| {
        format!(
            "{} may be gone tomorrow: `cargo install --path .` or your package manager puts hushkey where it stays, and \
             then `setup` again",
            path.display()
        )
    });
    let path = path.into_os_string().into_string();
    let path = path.map_err(|_| {
        Failure::Failed(
            "hushkey lies at a path that is not in UTF-8, which no client's file can hold"
                .to_owned(),
        )
    })?;
    Ok(Program { path, warning })
}

/// Whether a path lies where builds and passing things do.
fn fleeting(path: &Path) -> bool {
    let temporary = [
        std::env::temp_dir(),
        "/tmp".into(),
        "/var/tmp".into(),
        "/dev/shm".into(),
    ];
    let built = path
        .ancestors()
        .any(|above| above.file_name() == Some(OsStr::new("target")));
    built
        || temporary
            .iter()
            .any(|place: &PathBuf| path.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_and_temporary_places_are_known_as_fleeting() {
        for path in [
            "/src/hushkey/target/debug/hushkey",
            "/tmp/x/hushkey",
            "/dev/shm/hushkey",
        ] {
            assert!(fleeting(Path::new(path)), "{path}");
        }
        for path in [
            "/usr/local/bin/hushkey",
            "/home/ada/.cargo/bin/hushkey",
            "/opt/targets/hushkey",
        ] {
            assert!(!fleeting(Path::new(path)), "{path}");
        }
    }
}
