//! Tells the linker how to lay out the program, where it understands that. Another linker or system links as ever: the program
//! is the same, its start costs more.
//!
//! **Relocations are packed** (RELR, which glibc knows since 2.36): the loader corrects nearly 30,000 pointers at each start. Packed,
//! their list has a hundredth of the size, which need not be read from the disk nor stay in memory.
//!
//! **What a start needs lies side by side.** The kernel maps 64 KiB around each page that is touched. The functions of a short
//! start are less than a tenth of the text; scattered over it, they bring half of it into memory. `packaging/link_order.py` wrote down
//! which they are.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The first glibc that reads packed relocations.
const SINCE: (u32, u32) = (2, 36);
/// The functions that a start needs, one a line; `#` begins a comment.
const ORDER: &str = "packaging/link_order.txt";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={ORDER}");
    if !is_for_a_system_like_this() {
        return;
    }
    if glibc().is_some_and(|version| version >= SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    if told("PROFILE") == "release"
        && is_linked_as_usual()
        && let Ok(script) = script(Path::new(ORDER))
    {
        println!("cargo::rustc-link-arg-bins=-T");
        println!("cargo::rustc-link-arg-bins={}", script.display());
    }
}

fn told(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Whether the program is to run on a system like the one that builds it, and which has GNU's C library and linkers.
fn is_for_a_system_like_this() -> bool {
    told("TARGET") == told("HOST")
        && told("CARGO_CFG_TARGET_OS") == "linux"
        && told("CARGO_CFG_TARGET_ENV") == "gnu"
        && ["x86_64", "aarch64"].contains(&told("CARGO_CFG_TARGET_ARCH").as_str())
}

/// Whether nobody has chosen a linker: the usual ones, GNU's and LLVM's, take a script with parts of a layout; mold does not,
/// which `mold -run` puts in their place.
fn is_linked_as_usual() -> bool {
    let flags = told("CARGO_ENCODED_RUSTFLAGS");
    env::var_os("RUSTC_LINKER").is_none()
        && !told("LD_PRELOAD").contains("mold")
        && !["linker", "fuse-ld", "link-arg"]
            .iter()
            .any(|chosen| flags.contains(chosen))
}

/// The version of the C library here: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let told = String::from_utf8(told.ok()?.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Writes the linker script that puts the listed functions first, each from the section that the compiler gave it.
fn script(order: &Path) -> io::Result<PathBuf> {
    let listed = fs::read_to_string(order)?;
    let mut sections = String::new();
    for name in listed
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        // The second is for what the compiler thinks cold, the third for what it has made of a C function.
        sections += &format!("*(.text.{name} .text.unlikely.{name}");
        if !name.ends_with('*') {
            sections += &format!(" .text.{name}.*");
        }
        sections += ")\n";
    }
    let script = PathBuf::from(told("OUT_DIR")).join("link_order.ld");
    fs::write(
        &script,
        format!("SECTIONS {{ .text.start : {{\n{sections}}} }} INSERT BEFORE .text;\n"),
    )?;
    Ok(script)
}
