//! Class D: ways in which the value is not in the output of the run that has it.

use std::{
    io::Read as _,
    net::TcpListener,
    time::{Duration, Instant},
};

use crate::{
    den::{Den, is_withheld, printed, unmarked},
    secrets::Kind,
    undo,
    way::Verdict,
};

/// One such way. `go` tells what became of it.
pub struct Elsewhere {
    pub name: &'static str,
    pub verdict: Verdict,
    go: fn(&mut Den) -> Came,
}

/// What came out.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    Masked,
    Nothing(String),
    Through,
    Withheld,
}

const FILES: &str =
    "a file that a program writes belongs to the user: whoever reads files reads it";
const TELLS_NUMBERS: &str =
    "tells a number a run: `output = \"none\"` tells success or failure only";
const GUESS: &str = "tells whether a guess is right, if somebody has one";
const NETWORK: &str =
    "what a program sends is not seen: name programs that send it where it belongs";

pub const WAYS: &[Elsewhere] = &[
    way("a file that the next run prints", Verdict::Masked, |den| {
        den.shell(Kind::Plain, "echo $KEY >kept");
        read(den.shell_without("cat kept"), undo::plain)
    }),
    way(
        "a file that the next run prints in base64",
        Verdict::Masked,
        |den| {
            den.shell(Kind::Plain, "echo $KEY >kept");
            read(den.shell_without("base64 -w0 kept"), undo::base64)
        },
    ),
    way(
        "a file in base64 that the next run prints",
        Verdict::Masked,
        |den| {
            den.shell(Kind::Plain, "printf %s $KEY | base64 -w0 >kept");
            read(den.shell_without("cat kept"), undo::base64)
        },
    ),
    way(
        "a file that the next run prints reversed",
        Verdict::Masked,
        |den| {
            den.shell(Kind::Plain, "echo $KEY >kept");
            read(den.shell_without("rev kept"), undo::reversed)
        },
    ),
    way(
        "a file's name that the next run lists",
        Verdict::Masked,
        |den| {
            den.shell(Kind::Plain, "touch ./$KEY");
            read(den.shell_without("ls"), undo::plain)
        },
    ),
    way(
        "a link's target that the next run reads",
        Verdict::Masked,
        |den| {
            den.shell(Kind::Plain, "ln -sf $KEY link");
            read(den.shell_without("readlink link"), undo::plain)
        },
    ),
    way(
        "a setting that the next run reads",
        Verdict::Masked,
        |den| {
            den.shell(Kind::Plain, "printf '[a]\\n\\tb = %s\\n' $KEY >setting");
            read(den.shell_without("sed -n 2p setting"), undo::plain)
        },
    ),
    way(
        "a file that another tool reads",
        Verdict::Through(FILES),
        |den| {
            den.shell(Kind::Plain, "echo $KEY >kept");
            let kept = std::fs::read_to_string(den.program.work.join("kept")).unwrap();
            came(&kept, undo::plain)
        },
    ),
    way(
        "a file that the next run prints in lines of four",
        Verdict::Through(
            "of earlier runs' values only marks are made: the look for disguises knows the values of its own run",
        ),
        |den| {
            den.shell(Kind::Plain, "echo $KEY >kept");
            read(den.shell_without("fold -w 4 kept"), undo::solid)
        },
    ),
    way(
        "a file that another server's run prints",
        Verdict::Through("a server knows what it released itself, not what others did"),
        |den| {
            den.shell(Kind::Plain, "echo $KEY >kept");
            let other = den.program.serve(&[], &[]).answered(
                "run_command",
                serde_json::json!({ "command": ["cat", "kept"] }),
            );
            read(other, undo::plain)
        },
    ),
    way(
        "the environment of a run that still goes on",
        Verdict::Masked,
        |den| {
            let long = den.agent.send_call("run_command", serde_json::json!({ "command": ["sh", "-c", "echo $$ >pid; sleep 3"], "env": { "KEY": Kind::Plain.reference() } }));
            let answer = den.shell_without(
                "while [ ! -s pid ]; do sleep 0.02; done; tr '\\0' '\\n' </proc/$(cat pid)/environ",
            );
            den.agent.answer(long);
            read(answer, undo::plain)
        },
    ),
    way("the exit status", Verdict::Through(TELLS_NUMBERS), |den| {
        let answer = den.shell(Kind::Plain, "exit $(printf '%d' \"'$KEY\")");
        told(
            answer["exit_code"] == Kind::Plain.value().as_bytes()[0],
            &answer,
        )
    }),
    way("a signal", Verdict::Through(TELLS_NUMBERS), |den| {
        let answer = den.shell(
            Kind::Plain,
            "kill -$(( $(printf '%d' \"'$KEY\") % 8 + 1 )) $$",
        );
        told(
            answer["signal"] == Kind::Plain.value().as_bytes()[0] % 8 + 1,
            &answer,
        )
    }),
    way(
        "how long it takes",
        Verdict::Through(TELLS_NUMBERS),
        |den| {
            let begun = Instant::now();
            let answer = den.shell(Kind::Plain, "sleep 0.$(printf '%d' \"'$KEY\")");
            told(begun.elapsed() >= Duration::from_millis(860), &answer)
        },
    ),
    way(
        "how long the output is",
        Verdict::Through(TELLS_NUMBERS),
        |den| {
            let answer = den.shell(
                Kind::Plain,
                "head -c $(printf '%d' \"'$KEY\") /dev/zero | tr '\\0' .",
            );
            told(printed(&answer).len() == 86, &answer)
        },
    ),
    way(
        "the length of the value",
        Verdict::Through(TELLS_NUMBERS),
        |den| {
            let answer = den.shell(Kind::Plain, "printf %s $KEY | wc -c");
            told(printed(&answer).trim() == "32", &answer)
        },
    ),
    way("one character", Verdict::Through(TELLS_NUMBERS), |den| {
        let answer = den.shell(Kind::Plain, "printf %.1s $KEY");
        told(printed(&answer) == "V", &answer)
    }),
    way(
        "one character a run",
        Verdict::Through(TELLS_NUMBERS),
        |den| {
            let all: String = (1..=13)
                .map(|at| {
                    printed(&den.shell(Kind::Plain, &format!("printf %s $KEY | cut -c{at}")))
                        .trim()
                        .to_owned()
                })
                .collect();
            came(&all, undo::plain)
        },
    ),
    way("a yes or no", Verdict::Through(GUESS), |den| {
        let answer = den.shell(Kind::Plain, "case $KEY in V*) echo yes ;; esac");
        told(printed(&answer) == "yes\n", &answer)
    }),
    way("a digest", Verdict::Through(GUESS), |den| {
        let answer = den.shell(Kind::Plain, "printf %s $KEY | sha256sum");
        let known = undo::script("sha256sum", &Kind::Plain.value());
        told(printed(&answer) == known, &answer)
    }),
    way(
        "the size of a file",
        Verdict::Through(TELLS_NUMBERS),
        |den| {
            den.shell(
                Kind::Plain,
                "head -c $(printf '%d' \"'$KEY\") /dev/zero >size",
            );
            told(
                std::fs::metadata(den.program.work.join("size"))
                    .unwrap()
                    .len()
                    == 86,
                &serde_json::Value::Null,
            )
        },
    ),
    way("the network", Verdict::Through(NETWORK), |den| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let got = std::thread::spawn(move || {
            let mut text = String::new();
            listener
                .accept()
                .unwrap()
                .0
                .read_to_string(&mut text)
                .unwrap();
            text
        });
        den.agent.answered(
            "run_command",
            serde_json::json!({ "command": ["bash", "-c", format!("echo $KEY >/dev/tcp/127.0.0.1/{port}")], "env": { "KEY": Kind::Plain.reference() } }),
        );
        came(&got.join().unwrap(), undo::plain)
    }),
];

const fn way(name: &'static str, verdict: Verdict, go: fn(&mut Den) -> Came) -> Elsewhere {
    Elsewhere { name, verdict, go }
}

fn told(whether: bool, answer: &serde_json::Value) -> Came {
    if whether {
        Came::Through
    } else {
        Came::Nothing(answer.to_string())
    }
}

/// What came out in an answer.
fn read(answer: serde_json::Value, undo: fn(&str) -> String) -> Came {
    if is_withheld(&answer) {
        return Came::Withheld;
    }
    came(&printed(&answer), undo)
}

fn came(text: &str, undo: fn(&str) -> String) -> Came {
    let bare = unmarked(text);
    match Kind::Plain.stands_in(&undo(&bare), crate::den::LEAK)
        || Kind::Plain.stands_in(&bare, crate::den::LEAK)
    {
        true => Came::Through,
        false if bare != text => Came::Masked,
        false => Came::Nothing(text.to_owned()),
    }
}

#[test]
fn what_is_not_in_the_output_is_told_as_the_table_says() {
    let mut den = Den::open();
    let mut wrong = Vec::new();
    for way in WAYS {
        let came = (way.go)(&mut den);

        let said = match way.verdict {
            Verdict::Masked => Came::Masked,
            Verdict::Through(_) => Came::Through,
            Verdict::Withheld => Came::Withheld,
        };
        if came != said {
            wrong.push(format!(
                "{}: {:?} is said, but {came:?}",
                way.name, way.verdict
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
