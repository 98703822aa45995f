//! A client that does as little as can be: it writes the same request again and again, and looks at what comes back.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Get<'a> {
    pub(crate) place: &'a str,
    pub(crate) token: Option<&'a str>,
    /// What an answer has to hold.
    pub(crate) holds: &'a str,
}

/// How long each answer took, and how long its body was.
pub(crate) struct Answers {
    pub(crate) times: Vec<Duration>,
    pub(crate) bytes: usize,
}

/// Asks so often over so many connections, each of which asks when it was answered.
pub(crate) fn get_all(host: &str, get: Get<'_>, count: usize, connections: usize) -> Answers {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let token = get
        .token
        .map(|token| format!("authorization: Bearer {token}\r\n"));
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {host}\r\nuser-agent: bench\r\n{}\r\n",
        get.place,
        token.unwrap_or_default()
    );
    runtime.block_on(async {
        let lanes: Vec<_> = (0..connections)
            .map(|lane| {
                let (host, request) = (host.to_owned(), request.clone().into_bytes());
                let holds = get.holds.to_owned();
                let count = count / connections + usize::from(lane < count % connections);
                tokio::spawn(async move { lane_of(&host, &request, &holds, count).await })
            })
            .collect();
        let mut all = Answers {
            times: Vec::with_capacity(count),
            bytes: 0,
        };
        for lane in lanes {
            let lane = lane.await.expect("every request is answered");
            all.times.extend(lane.times);
            all.bytes = all.bytes.max(lane.bytes);
        }
        all
    })
}

async fn lane_of(host: &str, request: &[u8], holds: &str, count: usize) -> Answers {
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let mut lane = Answers {
        times: Vec::with_capacity(count),
        bytes: 0,
    };
    let mut answer = Vec::with_capacity(1 << 13);
    for _ in 0..count {
        let begun = Instant::now();
        stream.write_all(request).await.expect("the server reads");
        let body = read(&mut stream, &mut answer).await;
        lane.times.push(begun.elapsed());
        lane.bytes = answer.len() - body;
        let told = String::from_utf8_lossy(&answer);
        let well = told.starts_with("HTTP/1.1 200 ") && told[body..].contains(holds);
        assert!(well, "{told}");
    }
    lane
}

/// Reads one answer; where its body begins.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> usize {
    answer.clear();
    let mut wanted = None;
    loop {
        let got = stream.read_buf(answer).await.expect("an answer");
        assert_ne!(got, 0, "the server hung up");
        if wanted.is_none()
            && let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")
        {
            wanted = Some((end + 4, length(&answer[..end])));
        }
        if let Some((body, length)) = wanted
            && answer.len() == body + length
        {
            return body;
        }
    }
}

fn length(head: &[u8]) -> usize {
    let head = std::str::from_utf8(head).expect("headers");
    let field = head.lines().filter_map(|line| line.split_once(": "));
    let mut lengths = field.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = lengths.next().expect("a length");
    length.parse().expect("a length")
}
