//! A real object store that speaks Google Cloud Storage's XML: fake-gcs-server, which `scripts/install test` installs. It
//! takes any request, so a door before it admits only those whose token is signed by the account's key, as Google does.

use super::{base64, free_ports, peers};
use crate::common::Folder;
use ring::{rand::SystemRandom, rsa, signature};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

pub const GOOGLE_BUCKET: &str = "flights";

/// The server; it ends with this value.
pub struct Gcs {
    child: Child,
    port: u16,
    door: u16,
    account: ServiceAccount,
    _folder: Folder,
}

impl Gcs {
    pub fn start() -> Self {
        let (folder, account) = (Folder::new(), ServiceAccount::new());
        let [port] = free_ports();
        let door = open_door(port, &account);
        let child = Command::new(peers().join("bin/fake-gcs-server"))
            .args(["-scheme", "http", "-host", "127.0.0.1", "-backend", "memory"])
            .arg("-port")
            .arg(port.to_string())
            .arg("-data")
            .arg(folder.path())
            // It answers who asks for this host.
            .arg("-public-host")
            .arg(format!("127.0.0.1:{door}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("fake-gcs-server starts: run `scripts/install test`");
        let server = Self {
            child,
            port,
            door,
            account,
            _folder: folder,
        };
        let bucket = format!("{{\"name\": \"{GOOGLE_BUCKET}\"}}");
        let begun = Instant::now();
        while !server.post("/storage/v1/b", bucket.as_bytes()) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "fake-gcs-server doesn't take a bucket"
            );
            thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.door)
    }

    /// The account that the server admits.
    pub fn account(&self) -> &ServiceAccount {
        &self.account
    }

    /// Puts an object into the bucket; what has a meaning in addresses is escaped in its name.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let path = format!("/upload/storage/v1/b/{GOOGLE_BUCKET}/o?uploadType=media&name={key}");
        assert!(self.post(&path, bytes), "fake-gcs-server takes `{key}`");
    }

    fn post(&self, path: &str, body: &[u8]) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        let mut answer = String::new();
        let sent = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
        sent.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
    }
}

impl Drop for Gcs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An account with a key of its own, made anew: no key lies in the project.
#[derive(Clone)]
pub struct ServiceAccount {
    der: Vec<u8>,
}

impl ServiceAccount {
    pub fn new() -> Self {
        let make = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -quiet | \
                    openssl pkcs8 -topk8 -nocrypt -outform DER";
        let made = Command::new("bash").args(["-c", make]).output();
        let made = made.expect("openssl starts: run `scripts/install test`");
        Self { der: made.stdout }
    }

    /// The file that Google's console offers to download.
    pub fn json(&self) -> String {
        let key = base64(&self.der);
        let private_key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
        let file = serde_json::json!({
            "type": "service_account",
            "project_id": "aloft-test",
            "private_key_id": "1",
            "private_key": private_key,
            "client_email": "reader@aloft-test.example",
        });
        serde_json::to_string_pretty(&file).unwrap()
    }

    /// Whether a token (a JWT) is signed by this account's key. Such signatures are the same each time.
    fn has_signed(&self, token: &str) -> bool {
        let key = rsa::KeyPair::from_pkcs8(&self.der).expect("openssl makes a key");
        let Some((message, signed)) = token.rsplit_once('.') else {
            return false;
        };
        let mut expected = vec![0; key.public().modulus_len()];
        key.sign(
            &signature::RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message.as_bytes(),
            &mut expected,
        )
        .unwrap();
        let expected = base64(&expected).replace('+', "-").replace('/', "_");
        expected.trim_end_matches('=') == signed
    }
}

/// A port whose requests reach the server when the account has signed their tokens; each has a connection of its own.
fn open_door(server: u16, account: &ServiceAccount) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let door = listener.local_addr().unwrap().port();
    let account = account.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let account = account.clone();
            thread::spawn(move || pass(&stream, server, &account));
        }
    });
    door
}

fn pass(client: &TcpStream, server: u16, account: &ServiceAccount) -> std::io::Result<()> {
    let mut head = String::new();
    let mut token = None;
    for line in BufReader::new(client).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some(given) = line.strip_prefix("authorization: Bearer ") {
            token = Some(given.to_owned());
        }
        head += &format!("{line}\r\n");
    }
    let mut client = client;
    if !token.is_some_and(|token| account.has_signed(&token)) {
        client.write_all(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?;
        return client.shutdown(Shutdown::Write);
    }
    let mut upstream = TcpStream::connect(("127.0.0.1", server))?;
    write!(upstream, "{head}Connection: close\r\n\r\n")?;
    std::io::copy(&mut upstream, &mut client)?;
    client.shutdown(Shutdown::Write)
}
