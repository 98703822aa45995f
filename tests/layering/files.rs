//! What holds for every file: its size, its opening words, its pages; and for every dependency.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    paths::named,
    source::{Source, root, sources},
};

/// How many lines a file may have, tests not counted.
const LINES: usize = 500;

/// Files that are longer, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// What would bring a second TLS stack or a long C build.
const BANNED: &[&str] = &["aws-lc-sys", "native-tls", "openssl-sys"];

#[test]
fn no_file_grows_past_500_lines_unnamed() {
    let long: Vec<(String, usize)> = sources()
        .into_iter()
        .filter(|source| source.lines > LINES)
        .map(|source| (source.path, source.lines))
        .collect();

    let paths: Vec<&str> = long.iter().map(|(path, _)| path.as_str()).collect();
    let listed: Vec<&str> = LONG.iter().map(|(path, _)| *path).collect();
    assert_eq!(
        paths, listed,
        "a file that grows past {LINES} lines usually holds two nouns: {long:?}"
    );
}

#[test]
fn each_module_says_why_it_exists() {
    for source in sources() {
        let opens = source.text.lines().find(|line| !line.trim().is_empty());
        let says = opens.is_some_and(|line| line.starts_with("//! ") && line.len() > 12);
        assert!(
            says || source.is_test() || source.path == "src/main.rs",
            "{} opens without //!",
            source.path
        );
    }
}

#[test]
fn each_file_is_part_of_the_house() {
    let sources = sources();
    for source in &sources {
        let Some((stem, above)) = source.module.split_last() else {
            continue;
        };
        let parent = sources
            .iter()
            .find(|parent| parent.path != "src/main.rs" && parent.module == above);
        let declared = parent.is_some_and(|parent| parent.text.contains(&format!("mod {stem};")));
        assert!(declared, "nothing declares {}", source.path);
    }
}

#[test]
fn no_file_holds_unsafe_code_and_the_compiler_forbids_it() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();

    for source in sources() {
        assert!(!source.has(&["unsafe"]), "{}", source.path);
    }

    assert!(manifest.contains("unsafe_code = \"forbid\""));
}

#[test]
fn each_tool_has_one_page_and_one_file() {
    let pages = stems(&root().join("tools"), "md");
    let is_tool = |source: &Source| source.has(&["#", "[", "tool", "("]);
    let tools: BTreeSet<String> = sources()
        .into_iter()
        .filter(|source| source.path.starts_with("src/mcp/tools/") && is_tool(source))
        .inspect(|source| {
            let stem = source.module.last().unwrap();
            let page = format!("include_str!(\"../../../tools/{stem}.md\")");
            assert_eq!(
                source.text.matches(&page).count(),
                1,
                "{} reads its own page",
                source.path
            );
        })
        .map(|source| source.module.last().unwrap().clone())
        .collect();

    assert_eq!(tools, pages);
    assert!(pages.contains("run_command"), "the control");
}

#[test]
fn each_dependency_comes_from_crates_io_and_none_is_banned() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let lines = |key: &str| -> Vec<String> {
        let begin = format!("{key} = \"");
        let values = lock
            .lines()
            .filter_map(|line| line.strip_prefix(&begin)?.strip_suffix('"'));
        values.map(str::to_owned).collect()
    };

    let foreign = lines("source")
        .into_iter()
        .find(|source| source != "registry+https://github.com/rust-lang/crates.io-index");
    let banned = lines("name")
        .into_iter()
        .find(|name| BANNED.contains(&name.as_str()));

    assert_eq!((foreign, banned), (None, None));
    assert!(lines("name").contains(&"rmcp".to_owned()), "the control");
}

#[test]
fn words_in_comments_literals_and_tests_are_not_code() {
    let text = r##"
        //! unsafe
        /* unsafe /* unsafe */ unsafe */
        const A: &str = "unsafe \" unsafe";
        const B: &str = r#"unsafe " unsafe"#;
        const C: (char, u8) = ('"', b'\'');
        fn f<'unsafe_life>(_: &'unsafe_life str) {}
        #[cfg(test)]
        mod tests { fn unsafe_one() { let s = "}"; unsafe {} } }
        #[cfg(test)]
        mod elsewhere;
        fn last() {}
    "##;

    let source = Source::parse("src/a/b.rs", text.into());

    assert!(!source.has(&["unsafe"]), "{:?}", source.words);
    assert!(source.has(&["fn", "last"]), "{:?}", source.words);
    assert_eq!(source.lines, text.lines().count() - 4);
}

#[test]
fn names_are_found_however_they_are_imported() {
    let text = "
        use crate::{a::{self, b::C as D, e::*}, f};
        use super::{super::g, h::{i, j}};
        use std::fs;
        fn k() { D::l(); f::m::n(); fs::read(); crate::o::p; self::q::r; std::env::args(); local() }
    ";

    let named = named(&Source::parse("src/x/y/z.rs", text.into()));

    for path in [
        "a",
        "a::b::C::l",
        "a::e::*",
        "f::m::n",
        "o::p",
        "x::g",
        "x::y::h::j",
        "x::y::z::q::r",
    ] {
        assert!(named.names(path), "{path} in {:?}", named.own);
    }
    assert!(
        named.names("std::fs::read") && named.names("std::env"),
        "{:?}",
        named.foreign
    );
    assert!(!named.names("local") && !named.names("x::h"));
}

fn stems(directory: &Path, extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}
