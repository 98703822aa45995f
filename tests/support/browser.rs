//! A browser without a window: sends what one sends, and reads what comes back.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// An answer.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// One window, at an address.
#[derive(Clone)]
pub struct Window {
    /// `127.0.0.1:PORT`.
    pub host: String,
    /// `/type/…`.
    pub path: String,
}

impl Window {
    /// Opens an address.
    pub fn at(address: &str) -> Self {
        let rest = address.strip_prefix("http://").expect("an address");
        let (host, path) = rest.split_once('/').expect("a path");
        Self {
            host: host.to_owned(),
            path: format!("/{path}"),
        }
    }

    /// Looks at the page.
    pub async fn look(&self) -> Seen {
        self.look_at(&self.path).await
    }

    /// Looks at another page of the server.
    pub async fn look_at(&self, path: &str) -> Seen {
        self.send("GET", path, &[("Host", &self.host)], "").await
    }

    /// Fills the form in and sends it, as a browser does; what comes after the redirect.
    pub async fn submit(&self, fields: &[(&str, &str)]) -> Seen {
        let page = self.look().await;
        let token = token(&page.body);
        let mut all = vec![("token", token.as_str())];
        all.extend(fields);
        self.post(&all).await
    }

    /// Sends a form as it is; follows a redirect.
    pub async fn post(&self, fields: &[(&str, &str)]) -> Seen {
        let origin = format!("http://{}", self.host);
        let headers = [
            ("Host", self.host.as_str()),
            ("Origin", &origin),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        let seen = self.post_with(&headers, fields).await;
        match seen.header("location") {
            Some(place) if seen.status == 303 => self.look_at(&place).await,
            _ => seen,
        }
    }

    /// Sends a form with these headers.
    pub async fn post_with(&self, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Seen {
        let form: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        self.send("POST", &self.path, &all, &form).await
    }

    /// Sends a request with these headers.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Seen {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(&self.host).await.expect("a listener");
        // A server that refuses early does not read all of it.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).expect("UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        Seen {
            status: status.unwrap_or(0),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

impl Seen {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }
}

/// The token in a page's form.
pub fn token(page: &str) -> String {
    let (_, rest) = page
        .split_once("name=\"token\" value=\"")
        .unwrap_or_else(|| panic!("no form in {page}"));
    rest.split('"').next().expect("an end").to_owned()
}
