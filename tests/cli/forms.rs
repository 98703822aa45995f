//! Values in another form than their fields hold, as a person reads them.

use std::process::Command;

use crate::binary::Person;

const SEED: &str = "otpauth://totp/GitHub:ops?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn with_codes() -> Person {
    let person = Person::new();
    person.types(["init"]).succeeds();
    person.writes("seed.txt", SEED);
    person
        .types([
            "item",
            "create",
            "--vault",
            "Dev",
            "--title",
            "GitHub",
            "username=ops",
            "--from-file",
            "one-time password[otp]=seed.txt",
        ])
        .succeeds();
    person
}

#[test]
fn a_person_reads_the_code_of_this_moment() {
    let person = with_codes();
    let is_code =
        |text: &str| text.len() == 7 && text.trim_end().bytes().all(|b| b.is_ascii_digit());

    let got = person.types(["item", "get", "GitHub", "--otp"]).succeeds();
    let read = person
        .types(["read", "op://Dev/GitHub/one-time password?attribute=otp"])
        .succeeds();
    let none = person.types(["read", "op://Dev/GitHub/username?attribute=otp"]);

    assert!(is_code(&got.stdout), "{}", got.stdout);
    assert!(is_code(&read.stdout), "{}", read.stdout);
    assert_eq!((none.status, none.stdout.as_str()), (2, ""));
}

#[test]
fn a_code_is_for_a_person() {
    let person = with_codes();

    let refused = person.types_with(&[("CLAUDECODE", "1")], ["item", "get", "GitHub", "--otp"]);

    assert_eq!((refused.status, refused.stdout.as_str()), (3, ""));
}

#[test]
fn a_new_key_pair_works_with_ssh_keygen() {
    let person = Person::new();
    person.types(["init"]).succeeds();

    person
        .types([
            "item",
            "create",
            "--vault",
            "Dev",
            "--title",
            "Deploy",
            "--ssh-generate-key",
        ])
        .succeeds();
    let rsa = person.types([
        "item",
        "create",
        "--vault",
        "Dev",
        "--title",
        "R",
        "--ssh-generate-key=rsa,4096",
    ]);
    person
        .types([
            "read",
            "-o",
            "id",
            "op://Dev/Deploy/private key?ssh-format=openssh",
        ])
        .succeeds();
    let read = |field: &str| {
        let reference = format!("op://Dev/Deploy/{field}");
        person.types(["read", "-n", &reference]).succeeds().stdout
    };

    assert_eq!(rsa.status, 2);
    assert!(rsa.stderr.contains("RUSTSEC-2023-0071"), "{}", rsa.stderr);
    let Ok(derived) = Command::new("ssh-keygen")
        .arg("-y")
        .arg("-f")
        .arg(person.path("id"))
        .output()
    else {
        println!("SKIPPED: there is no ssh-keygen to compare with");
        return;
    };
    let derived = String::from_utf8(derived.stdout).unwrap();
    assert_eq!(derived.trim_end(), read("public key"));
}
