//! Which variables an environment can hold.

use super::LaunchError;

/// Refuses names and values that the environment can't hold.
pub(super) fn check_variable(name: &[u8], value: &[u8]) -> Result<(), LaunchError> {
    let problem = if name.is_empty() || name.contains(&b'=') || name.contains(&0) {
        "its name is empty or holds `=` or a NUL byte; choose another name"
    } else if value.contains(&0) {
        "its value holds a NUL byte; pass it as a file instead"
    } else {
        return Ok(());
    };
    Err(LaunchError::Variable {
        name: String::from_utf8_lossy(name).replace('\0', "\u{fffd}"),
        problem,
    })
}

/// Refuses names that can't also be a file's name.
pub(super) fn check_file_variable(name: &str) -> Result<(), LaunchError> {
    check_variable(name.as_bytes(), b"")?;
    if name.contains('/') || name == "." || name == ".." || name.len() > 200 {
        return Err(LaunchError::Variable {
            name: name.to_owned(),
            problem: "its name cannot be a file's name; use letters, digits and `_`",
        });
    }
    Ok(())
}
