//! HTTP/1.1 by hand, so that every kind of broken answer can be given.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use super::{Fault, Shared, routes};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, POST …
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is answered.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// Answers one connection's requests, one after another.
pub fn serve(stream: TcpStream, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    let Ok(reading) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(reading);
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        if !respond(&request, &mut stream, shared) {
            break;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
        body,
    })
}

/// Answers one request; tells whether the connection goes on.
fn respond(request: &Request, stream: &mut TcpStream, shared: &Shared) -> bool {
    let (fault, latency, ahead) = {
        let mut state = shared.state();
        state.requests.push(request.clone());
        let planned = state.faults.iter_mut().find(|planned| {
            planned.left > 0
                && (planned.method == "*" || planned.method == request.method)
                && request.path.contains(&planned.path)
        });
        let fault = planned.map(|planned| {
            planned.left -= 1;
            planned.fault.clone()
        });
        state.waiting += 1;
        state.most_waiting = state.most_waiting.max(state.waiting);
        (fault, state.latency, state.date_ahead)
    };
    std::thread::sleep(latency);
    shared.state().waiting -= 1;
    let mut answer = match &fault {
        Some(Fault::HangUp) => return false,
        Some(Fault::Status(status, headers)) => Answer {
            status: *status,
            headers: headers.clone(),
            // A careless server repeats what it was sent.
            body: format!(
                r#"{{"status":{status},"message":"canary-message {} {}"}}"#,
                request.header("authorization").unwrap_or_default(),
                String::from_utf8_lossy(&request.body).replace(['"', '\\'], "'")
            )
            .into_bytes(),
        },
        Some(Fault::Redirect(to)) => Answer {
            status: 307,
            headers: vec![("location", to.clone())],
            body: Vec::new(),
        },
        Some(Fault::Html) => Answer {
            status: 200,
            headers: vec![("content-type", "text/html".to_owned())],
            body: b"<!doctype html><title>canary-page</title><p>Please sign in".to_vec(),
        },
        Some(Fault::Wait(time)) => {
            std::thread::sleep(*time);
            routes::answer(request, shared)
        }
        Some(Fault::DoneBut(status)) => Answer {
            status: *status,
            ..routes::answer(request, shared)
        },
        _ => routes::answer(request, shared),
    };
    answer
        .headers
        .push(("1password-connect-version", "1.8.1".to_owned()));
    let now = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(ahead.unwrap_or(0));
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    answer.headers.push(("date", date));
    let length = match &fault {
        Some(Fault::WrongLength(by)) => answer.body.len() as i64 + by,
        Some(Fault::Endless) => 1 << 30,
        _ => answer.body.len() as i64,
    };
    let mut head = format!("HTTP/1.1 {} X\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if answer.status != 204 && !matches!(fault, Some(Fault::Unannounced)) {
        head += &format!("content-length: {length}\r\n");
    }
    head += "\r\n";
    if stream.write_all(head.as_bytes()).is_err() {
        return false;
    }
    let body = &answer.body;
    match fault {
        Some(Fault::Reset) => {
            let _ = stream.write_all(&body[..body.len() / 2]);
            false
        }
        Some(Fault::Endless | Fault::Unannounced) => {
            let piece = vec![b' '; 1 << 16];
            (0..1 << 14).all(|_| stream.write_all(&piece).is_ok())
        }
        Some(Fault::Drip(pause)) => drip(stream, body, pause),
        Some(Fault::WrongLength(_)) => {
            let _ = stream.write_all(body);
            false
        }
        _ => stream.write_all(body).is_ok(),
    }
}

fn drip(stream: &mut TcpStream, body: &[u8], pause: Duration) -> bool {
    for byte in body {
        if stream.write_all(&[*byte]).is_err() {
            return false;
        }
        std::thread::sleep(pause);
    }
    true
}
