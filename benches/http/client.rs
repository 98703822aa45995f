//! A client that does as little as can be: it writes requests, reads answers, and looks whether the id is right.

use std::{
    io::{BufRead, BufReader, Write},
    process::{ChildStdin, ChildStdout},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    List,
    Tool(&'static str),
}

impl Call {
    fn method(self) -> &'static str {
        match self {
            Self::List => "tools/list",
            Self::Tool(_) => "tools/call",
        }
    }

    fn message(self, id: usize) -> String {
        let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
        let tool = match self {
            Self::List => String::new(),
            Self::Tool(name) => format!(r#""name":"{name}","arguments":{{}},"#),
        };
        let method = self.method();
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{tool}{meta}}}}}"#)
    }

    fn request(self, id: usize, host: &str, token: Option<&str>) -> Vec<u8> {
        let body = self.message(id);
        let mut head = format!(
            "POST /mcp HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\n\
             mcp-method: {}\r\ncontent-length: {}\r\n",
            self.method(),
            body.len()
        );
        if let Self::Tool(name) = self {
            head += &format!("mcp-name: {name}\r\n");
        }
        if let Some(token) = token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        format!("{head}\r\n{body}").into_bytes()
    }
}

/// `count` calls, so many of them in flight; how long each took.
pub(crate) fn over_http(
    host: &str,
    token: Option<&str>,
    call: Call,
    count: usize,
    in_flight: usize,
) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let lanes: Vec<_> = (0..in_flight)
            .map(|lane| {
                let (host, token) = (host.to_owned(), token.map(str::to_owned));
                let ids: Vec<usize> = (lane..count).step_by(in_flight).collect();
                tokio::spawn(async move { one_lane(&host, token.as_deref(), call, &ids).await })
            })
            .collect();
        let mut all = Vec::with_capacity(count);
        for lane in lanes {
            all.extend(lane.await.expect("every call is answered"));
        }
        all
    })
}

/// Calls one after the other, on one connection.
async fn one_lane(host: &str, token: Option<&str>, call: Call, ids: &[usize]) -> Vec<Duration> {
    let stream = TcpStream::connect(host).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let mut stream = tokio::io::BufReader::new(stream);
    let mut all = Vec::with_capacity(ids.len());
    for &id in ids {
        let request = call.request(id, host, token);
        let begun = Instant::now();
        stream.write_all(&request).await.expect("the server reads");
        let body = answer(&mut stream).await;
        all.push(begun.elapsed());
        assert_is_answer(&body, id);
    }
    all
}

async fn answer(stream: &mut tokio::io::BufReader<TcpStream>) -> String {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.expect("an answer");
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().expect("a length");
        }
        assert!(
            !line.starts_with("HTTP/1.1 ") || line.contains(" 200 "),
            "{line}"
        );
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("a body");
    String::from_utf8(body).expect("UTF-8")
}

/// `count` calls that are written without waiting; how long each was under way.
pub(crate) fn over_pipe(
    to: &mut ChildStdin,
    from: &mut BufReader<ChildStdout>,
    call: Call,
    count: usize,
) -> Vec<Duration> {
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            let write = |id| {
                let at = Instant::now();
                writeln!(to, "{}", call.message(id)).expect("the server reads");
                at
            };
            (0..count).map(write).collect::<Vec<_>>()
        });
        let mut answered = vec![None; count];
        for _ in 0..count {
            let mut line = String::new();
            from.read_line(&mut line).expect("an answer");
            let at = Instant::now();
            let said: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            let id = said["id"].as_u64().and_then(|id| usize::try_from(id).ok());
            let id = id.unwrap_or_else(|| panic!("an id: {line}"));
            assert_is_answer(&line, id);
            assert!(answered[id].replace(at).is_none(), "{id} is answered twice");
        }
        let written = writing.join().expect("all was written");
        let both = written.into_iter().zip(answered);
        both.map(|(from, to)| to.expect("an answer").duration_since(from))
            .collect()
    })
}

fn assert_is_answer(text: &str, id: usize) {
    let said: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let well = said["id"] == id && said["result"].is_object() && said["result"]["isError"] != true;
    assert!(well, "{id} is answered with {text}");
}
