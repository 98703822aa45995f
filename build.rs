//! Asks the linker to pack the program's relocations, where the loader understands that.
//!
//! The loader corrects some 27,000 pointers at each start. Packed (RELR), their list has a hundredth of the size, which need
//! not be read from the disk nor stay in memory. glibc knows the form since 2.36; a program for another system is linked as ever.

use std::{env, process::Command};

/// The first glibc that reads packed relocations.
const SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if is_for_this_glibc() && glibc().is_some_and(|version| version >= SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the program is to run on a system like the one that builds it, and which glibc has RELR for.
fn is_for_this_glibc() -> bool {
    let told = |name| env::var(name).unwrap_or_default();
    told("TARGET") == told("HOST")
        && told("CARGO_CFG_TARGET_OS") == "linux"
        && told("CARGO_CFG_TARGET_ENV") == "gnu"
        && ["x86_64", "aarch64"].contains(&told("CARGO_CFG_TARGET_ARCH").as_str())
}

/// The version of the C library here: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let told = String::from_utf8(told.ok()?.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
