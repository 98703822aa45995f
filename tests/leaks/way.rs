//! A way to print a secret, and what is said to become of it.

use crate::secrets::Kind;

/// How a way is undone, without any of the code that is tested.
#[derive(Clone, Copy)]
pub enum Undo {
    /// By a function, from the text that the agent got.
    By(fn(&str) -> String),
    /// Not at all, or not from text; so many characters have to come out.
    Lost(usize),
    /// By a shell script that reads what the agent got, and prints the value.
    Script(&'static str),
}

/// What becomes of the output of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Marks stand in the place of what shows the value.
    Masked,
    /// It comes through, for this reason.
    Through(&'static str),
    /// None of it is told.
    Withheld,
}

/// What reads a script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `k` is the value.
    JavaScript,
    /// `$k` is the value.
    Perl,
    /// `K` is the value, `B` its bytes.
    Python,
    /// `$KEY` is the value.
    Shell,
}

/// One way to print a secret.
#[derive(Clone, Copy)]
pub struct Way {
    pub name: &'static str,
    pub kind: Kind,
    pub language: Language,
    pub script: &'static str,
    pub undo: Undo,
    pub verdict: Verdict,
}

/// A way in the shell.
pub const fn sh(name: &'static str, script: &'static str, undo: fn(&str) -> String) -> Way {
    Way {
        name,
        kind: Kind::Plain,
        language: Language::Shell,
        script,
        undo: Undo::By(undo),
        verdict: Verdict::Masked,
    }
}

/// A way in Python.
pub const fn py(name: &'static str, script: &'static str, undo: fn(&str) -> String) -> Way {
    sh(name, script, undo).read_by(Language::Python)
}

/// A way in Perl.
pub const fn pl(name: &'static str, script: &'static str, undo: fn(&str) -> String) -> Way {
    sh(name, script, undo).read_by(Language::Perl)
}

/// A way in JavaScript.
pub const fn js(name: &'static str, script: &'static str, undo: fn(&str) -> String) -> Way {
    sh(name, script, undo).read_by(Language::JavaScript)
}

impl Way {
    const fn read_by(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// With another secret.
    pub const fn of(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Undone by a script.
    pub const fn undone_by(mut self, script: &'static str) -> Self {
        self.undo = Undo::Script(script);
        self
    }

    /// Not undone.
    pub const fn lost(mut self, length: usize) -> Self {
        self.undo = Undo::Lost(length);
        self
    }

    /// The output is withheld.
    pub const fn withheld(mut self) -> Self {
        self.verdict = Verdict::Withheld;
        self
    }

    /// The output comes through.
    pub const fn through(mut self, reason: &'static str) -> Self {
        self.verdict = Verdict::Through(reason);
        self
    }

    /// The command line.
    pub fn command(&self) -> Vec<String> {
        let [program, flag, before] = match self.language {
            Language::JavaScript => ["node", "-e", "const k = process.env.KEY;\n"],
            Language::Perl => ["perl", "-e", "my $k = $ENV{KEY};\n"],
            Language::Python => [
                "python3",
                "-c",
                "import base64, binascii, codecs, json, os, sys\nK = os.environ['KEY']\nB = K.encode()\n",
            ],
            // A place of its own: ways go at the same time.
            Language::Shell => ["sh", "-c", "cd \"$TMPDIR\"\n"],
        };
        [
            program.to_owned(),
            flag.to_owned(),
            format!("{before}{}", self.script),
        ]
        .into()
    }

    /// Those of the tools that not every machine has and that the way needs.
    pub fn needs(&self) -> Vec<&'static str> {
        let undo = match self.undo {
            Undo::Script(script) => script,
            Undo::By(_) | Undo::Lost(_) => "",
        };
        let command = self.command();
        let texts = [command[0].as_str(), self.script, undo];
        let has = |tool: &&str| {
            texts.iter().any(|text| {
                text.split(|c: char| !c.is_ascii_alphanumeric() && !"_-./".contains(c))
                    .any(|word| word == *tool)
            })
        };
        TOOLS.iter().copied().filter(has).collect()
    }
}

/// Tools that are missing on some machines.
const TOOLS: &[&str] = &[
    "awk", "basenc", "bash", "bzip2", "column", "curl", "diff", "git", "gzip", "hexdump", "iconv",
    "jq", "node", "openssl", "perl", "ps", "python3", "rev", "script", "tar", "xxd", "xz", "zstd",
];
