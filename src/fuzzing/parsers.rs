//! What reads texts that others wrote: no text makes it panic, and what it prints it reads again.

use std::path::Path;

use zeroize::Zeroizing;

use crate::{
    access::AgentName,
    cli::assigned_value,
    dotenv::Dotenv,
    generate::Recipe,
    import, otp,
    policy::{CommandPattern, Policy, ReferencePattern, Rights},
    portable::{bitwarden, onepux},
    ssh_key,
    template::{Part, Template},
    vault::{Secret, SecretReference},
};

/// Reads a text in each way; the first byte tells which one, so that the fuzzer can follow it.
pub fn parsers(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    match which {
        240..=247 => return drop(bitwarden::read(bytes)),
        248..=255 => return drop(onepux::read(bytes)),
        which if which % 10 == 0 => return dotenv(bytes),
        _ => {}
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match which % 10 {
        1 => reference(text),
        2 => policy(text),
        3 => command_pattern(text),
        4 => reference_pattern(text),
        5 => {
            let _ = (
                Recipe::parse(text),
                otp::code(&Secret::new(text.to_owned()), 59),
            );
            let _ = ssh_key::openssh(&Secret::new(text.to_owned()));
        }
        6 => rights(text),
        7 => assignment(text),
        9 => template(text),
        _ => drop(AgentName::parse(text)),
    }
}

fn reference(text: &str) {
    let Ok(reference) = SecretReference::parse(text) else {
        return;
    };
    assert!(SecretReference::looks_like(text));
    assert_eq!(
        SecretReference::parse(&reference.to_string()).as_ref(),
        Ok(&reference)
    );
}

fn dotenv(bytes: &[u8]) {
    let Ok(dotenv) = Dotenv::from_bytes(bytes) else {
        return;
    };
    for entry in dotenv.entries() {
        let _ = (entry.kind(), entry.variables(), entry.builds_reference());
        let _ = (entry.literal(), entry.reference());
    }
    let _ = dotenv.expand(|_| None);
    let _ = dotenv.expand(|name| Some(Zeroizing::new(name.to_owned())));
    let _ = import::plan(&dotenv);
    assert_eq!(
        dotenv.rewrite(|_| None).as_bytes(),
        bytes,
        "a file that nothing was replaced in"
    );

    let put = SecretReference::parse("op://a b/c/d").ok();
    let rewritten = dotenv.rewrite(|_| put.clone());
    let again = Dotenv::parse(&rewritten).expect("a rewritten file is one");
    assert_eq!(again.entries().len(), dotenv.entries().len());
    for (entry, before) in again.entries().iter().zip(dotenv.entries()) {
        assert_eq!(entry.name(), before.name());
        assert_eq!(entry.reference().and_then(Result::ok), put);
    }
}

fn policy(text: &str) {
    for home in [None, Some(Path::new("/home/somebody"))] {
        if let Ok(policy) = Policy::parse(text, home) {
            let _ = (policy.warnings(), policy.describe());
        }
    }
}

fn command_pattern(text: &str) {
    let Ok(pattern) = CommandPattern::parse(text) else {
        return;
    };
    let again = CommandPattern::from_elements(pattern.elements()).expect("its own elements");
    assert_eq!(again.elements(), pattern.elements());
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let _ = pattern.covers(Path::new("/bin/true"), &words);
}

fn reference_pattern(text: &str) {
    if let Ok(pattern) = ReferencePattern::parse(text) {
        assert_eq!(pattern.as_str(), text);
        assert_eq!(
            ReferencePattern::parse(&pattern.to_string()).as_ref(),
            Ok(&pattern)
        );
    }
}

fn assignment(text: &str) {
    if let Some(value) = assigned_value(text) {
        let before = text.strip_suffix(value).expect("the value is the end");
        assert!(before.ends_with('='), "{before} and {value}");
    }
}

fn template(text: &str) {
    let _ = Template::parse(text, |_| None);
    let named = |name: &str| Some(Zeroizing::new(name.to_owned()));
    let Ok(template) = Template::parse(text, named) else {
        return;
    };
    let mut was_text = false;
    for part in template.parts() {
        match part {
            Part::Reference(_) => was_text = false,
            Part::Text(text) => {
                assert!(!was_text && !text.expose_secret().is_empty());
                was_text = true;
            }
        }
    }
    if !text.contains(['$', '{']) && template.references().is_empty() {
        let parts = template.parts().iter().map(|part| match part {
            Part::Reference(_) => "",
            Part::Text(text) => text.expose_secret(),
        });
        assert_eq!(parts.collect::<String>(), text);
    }
}

fn rights(text: &str) {
    let Ok(rights) = Rights::parse(text) else {
        return;
    };
    let words: Vec<&str> = rights.iter().map(|right| right.as_str()).collect();
    assert_eq!(Rights::listed(words), Ok(rights));
}
