//! Proxies of the environment: used where the token is sealed from them, and nowhere else.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use super::{FakeConnect, TOKEN, binary::Person, faults::certificates};

/// A proxy that passes tunnels on, and remembers what it was asked in the clear.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read > 0)
            {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            heard.lock().unwrap().push(head.clone());
            let target = head
                .split_whitespace()
                .nth(1)
                .unwrap_or_default()
                .to_owned();
            let port = target.rsplit(':').next().unwrap_or_default().to_owned();
            let Ok(server) = TcpStream::connect(format!("127.0.0.1:{port}")) else {
                continue;
            };
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            pass(client.try_clone().unwrap(), server.try_clone().unwrap());
            pass(server, client);
        }
    });
    (url, asked)
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}

#[test]
fn over_https_a_proxy_makes_a_tunnel_and_reads_no_token() {
    let person = Person::new();
    let (proxy, asked) = proxy();
    let server = certificates::serve("good");
    let authority = certificates::fixture("ca.pem");
    let variables = [
        ("OP_CONNECT_HOST", server.as_str()),
        ("OP_CONNECT_TOKEN", TOKEN),
        ("HUSHKEY_CONNECT_CA_FILE", authority.as_str()),
        ("HTTPS_PROXY", proxy.as_str()),
    ];

    person.types_with(&variables, ["vault", "list"]).succeeds();

    let asked = asked.lock().unwrap().join("\n");
    assert!(asked.starts_with("CONNECT localhost:"), "{asked}");
    assert!(!asked.contains(TOKEN) && !asked.to_lowercase().contains("authorization: bearer"));
}

#[test]
fn over_plain_http_no_proxy_is_asked() {
    let person = Person::new();
    let (proxy, asked) = proxy();
    let server = FakeConnect::new();
    server.vault("Dev");
    let url = server.url();
    let variables = [
        ("OP_CONNECT_HOST", url.as_str()),
        ("OP_CONNECT_TOKEN", TOKEN),
        ("HTTP_PROXY", proxy.as_str()),
        ("http_proxy", proxy.as_str()),
        ("ALL_PROXY", proxy.as_str()),
    ];

    person.types_with(&variables, ["vault", "list"]).succeeds();

    assert_eq!(*asked.lock().unwrap(), [] as [&str; 0]);
}
