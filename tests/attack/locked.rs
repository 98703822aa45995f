//! A store with a passphrase, and an agent that is there while it is unlocked.

use std::process::Command;

use serde_json::json;

use crate::{
    agent::text,
    den::{Den, REFERENCE, VALUE},
};

const PASSPHRASE: &str = "correct horse battery staple";

/// Asks whoever holds the key for it, and prints what comes.
const ASK: &str = "
    use IO::Socket::UNIX;
    my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die \"nobody is there\";
    $s->print(\"K\"); $s->flush;
    my ($all, $some) = (\"\", \"\");
    $all .= $some while length $all < 65 && sysread($s, $some, 65);
    print length $all, \" bytes, \", ord $all;
";

impl Den {
    fn types(&self, words: &[&str]) {
        let words = [words, &["--passphrase-file", "-"]].concat();
        self.program.done_reading(&words, PASSPHRASE);
    }
}

#[test]
fn a_locked_store_is_told_to_the_model_and_a_server_goes_by_whether_it_is_locked_now() {
    let den = Den::open();
    den.types(&["passphrase", "set"]);
    let mut agent = den.program.serve(&[], &[]);
    let mut answer = || {
        agent
            .call("list_items", json!({ "vault": "Dev" }))
            .to_string()
    };
    let locked = "the store is locked; its owner opens it with `hushkey unlock`";

    let before = answer();
    den.types(&["unlock"]);
    let unlocked = answer();
    den.program.done(&["lock"]);
    let after = answer();
    den.types(&["unlock"]);
    let again = answer();

    assert!(before.contains(locked), "{before}");
    assert!(unlocked.contains("Stripe"), "{unlocked}");
    assert!(after.contains(locked), "{after}");
    assert!(again.contains("Stripe"), "{again}");
}

#[test]
fn whoever_holds_the_key_gives_it_to_no_program_that_an_agent_runs() {
    let mut den = Den::open();
    den.types(&["passphrase", "set"]);
    den.types(&["unlock"]);
    den.agent = den.program.serve(&[], &[]);
    let socket = den.program.home.join("unlocked.sock");
    let socket = text(&socket);
    if Command::new("perl").arg("-v").output().is_err() {
        eprintln!("\n*** SKIPPED: there is no `perl` on this machine ***\n");
        return;
    }

    let asks = json!({ "command": ["perl", "-e", ASK, socket] });
    let direct = den.call("run_command", asks);
    let escapes = format!("env -i setsid perl -e '{ASK}' {socket}");
    let escaped = den.shell(&escapes);
    let by_itself = den.shell(&format!(
        "env -i HUSHKEY_HOME={} {} read {REFERENCE}",
        text(&den.program.home),
        text(&den.program.executable)
    ));
    let control = Command::new("perl")
        .args(["-e", ASK, socket])
        .output()
        .unwrap();

    let control = String::from_utf8(control.stdout).unwrap();
    assert_eq!(control, "65 bytes, 0", "the control: its owner gets it");
    for answer in [direct, escaped] {
        assert!(answer.contains("1 bytes, 1"), "{answer}");
    }
    assert!(!by_itself.contains(VALUE), "{by_itself}");
}
