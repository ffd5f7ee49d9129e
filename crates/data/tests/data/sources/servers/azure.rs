//! A real object store that speaks Azure Blob and checks signatures: Azurite, which `scripts/install test` installs.

use super::{base64, free_ports, peers};
use crate::common::Folder;
use ring::hmac;
use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The account, and its key in base 64.
pub const ACCOUNT: &str = "aloft";
pub const ACCOUNT_KEY: &str = "bm90IGEgc2VjcmV0";
const KEY_BYTES: &[u8] = b"not a secret";
pub const CONTAINER: &str = "flights";

/// The server; it ends with this value.
pub struct Azure {
    child: Child,
    port: u16,
    _folder: Folder,
}

impl Azure {
    pub fn start() -> Self {
        let folder = Folder::new();
        let [port] = free_ports();
        let child = Command::new(peers().join("node_modules/.bin/azurite-blob"))
            .args([
                "--blobHost",
                "127.0.0.1",
                "--silent",
                "--skipApiVersionCheck",
                "--blobPort",
            ])
            .arg(port.to_string())
            .arg("--location")
            .arg(folder.path())
            .env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{ACCOUNT_KEY}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Azurite starts: run `scripts/install test`");
        let server = Self {
            child,
            port,
            _folder: folder,
        };
        let begun = Instant::now();
        while !server.send(CONTAINER, "restype:container", "", b"") {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "Azurite doesn't take a container"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    pub fn put(&self, key: &str, bytes: &[u8]) {
        let sent = self.send(
            &format!("{CONTAINER}/{key}"),
            "",
            "x-ms-blob-type:BlockBlob\n",
            bytes,
        );
        assert!(sent, "Azurite takes `{key}`");
    }

    /// A signed `PUT`; see "Authorize with Shared Key" in the documentation of Azure Storage.
    fn send(&self, path: &str, query: &str, kind: &str, body: &[u8]) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let headers = format!("{kind}x-ms-date:Mon, 01 Jan 2024 00:00:00 GMT\nx-ms-version:2020-10-02\n");
        let length = if body.is_empty() {
            String::new()
        } else {
            body.len().to_string()
        };
        let resource = format!("/{ACCOUNT}/{ACCOUNT}/{path}");
        let resource = if query.is_empty() {
            resource
        } else {
            format!("{resource}\n{query}")
        };
        let text = format!("PUT\n\n\n{length}\n\n\n\n\n\n\n\n\n{headers}{resource}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, KEY_BYTES);
        let signature = base64(hmac::sign(&key, text.as_bytes()).as_ref());
        let query = if query.is_empty() {
            String::new()
        } else {
            format!("?{}", query.replace(':', "="))
        };
        let head = format!(
            "PUT /{ACCOUNT}/{path}{query} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: SharedKey {ACCOUNT}:{signature}\r\n{}\r\n",
            self.port,
            body.len(),
            headers.replace('\n', "\r\n")
        );
        let mut answer = String::new();
        let sent = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
        sent.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 201")
    }
}

impl Drop for Azure {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
