//! Secrets of the kinds that people have, all of them made up.

/// Which secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A token in hexadecimal.
    Hex,
    /// A service account's key file.
    JsonKey,
    /// A private key of many lines.
    PrivateKey,
    /// Letters and digits.
    Plain,
    /// A password of twelve characters.
    Short,
    /// Characters that somebody escapes somewhere.
    Special,
    /// A password in an address.
    Url,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Hex,
        Self::JsonKey,
        Self::PrivateKey,
        Self::Plain,
        Self::Short,
        Self::Special,
        Self::Url,
    ];

    /// Its field in the item.
    pub fn label(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::JsonKey => "json",
            Self::PrivateKey => "pem",
            Self::Plain => "plain",
            Self::Short => "short",
            Self::Special => "special",
            Self::Url => "url",
        }
    }

    pub fn reference(self) -> String {
        format!("op://Dev/Leaks/{}", self.label())
    }

    pub fn mark(self) -> String {
        format!("<concealed:{}>", self.reference())
    }

    /// The whole value.
    pub fn value(self) -> String {
        match self {
            Self::Hex => "9f3ac07be41d58263b7ff0918ed24c6a5097d1eb".to_owned(),
            Self::JsonKey => format!(
                "{{\"type\": \"service_account\", \"project_id\": \"shop-1234\", \"private_key_id\": \"{KEY_ID}\", \
                 \"private_key\": \"-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n\", \
                 \"client_email\": \"robot@shop-1234.iam.gserviceaccount.com\"}}",
                BODY.join("\\n")
            ),
            Self::PrivateKey => format!(
                "-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----\n",
                BODY.join("\n")
            ),
            Self::Plain => "Vq7rT2mXk9LzPw4sNc8bHd3yJf6gQa5e".to_owned(),
            Self::Short => "hT7-kQ2_vX9z".to_owned(),
            Self::Special => "pW\"4'x$Jq&<T9> \\/zQ;7#mK%{Lb}uR".to_owned(),
            Self::Url => format!("postgres://app:{PASSWORD}@db.example.com:5432/shop"),
        }
    }

    /// What of it must not come out.
    pub fn cores(self) -> Vec<String> {
        match self {
            Self::JsonKey => BODY
                .iter()
                .copied()
                .chain([KEY_ID])
                .map(str::to_owned)
                .collect(),
            Self::PrivateKey => BODY.map(str::to_owned).into(),
            Self::Url => vec![PASSWORD.to_owned()],
            _ => vec![self.value()],
        }
    }

    /// Whether so many characters of it, next to each other, stand in a text, in whatever case.
    pub fn stands_in(self, text: &str, length: usize) -> bool {
        let text = text.to_lowercase();
        self.cores().iter().any(|core| {
            let core: Vec<char> = core.to_lowercase().chars().collect();
            core.windows(length.min(core.len()))
                .any(|part| text.contains(&part.iter().collect::<String>()))
        })
    }
}

const PASSWORD: &str = "c7Wz-Rk3_Tq9mB2xV8fL";

const KEY_ID: &str = "5d1c7e90b2f84a36";

/// Of a private key.
const BODY: [&str; 4] = [
    "kX3vR8qWm2ZtP7cLb9NfY4hDs6GjUa1eTo5iQw0rBxVnMzKpHyCgSuJdEfAl8R2t",
    "Qm7WcZ4xNb1VtLk9PjHg6FdSa3YrUe8IoXq5GwBn0CvMzTyKhRpJfDsAuEi2Lx7W",
    "Zr4TqYw8UnIe1OpAb6SdFgHj3KlMxCv9BnRtGyQm5WcEzXuJiVo7PkDfLsHaN2Tg",
    "uH8jKp3LqWx=",
];
