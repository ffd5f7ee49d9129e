//! A real object store that speaks S3 and checks signatures: SeaweedFS, which `scripts/install test` installs.

use super::{free_ports, peers};
use crate::common::Folder;
use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Keys that the server knows.
pub const KEY: &str = "AKALOFTTEST";
pub const SECRET: &str = "not-a-secret-outside-of-this-test";
pub const BUCKET: &str = "flights";

/// The server; it ends with this value.
pub struct S3 {
    child: Child,
    port: u16,
    filer: u16,
    _folder: Folder,
}

impl S3 {
    pub fn start() -> Self {
        let folder = Folder::new();
        let identities = format!(
            r#"{{"identities": [{{"name": "test", "credentials": [{{"accessKey": "{KEY}", "secretKey": "{SECRET}"}}],
                "actions": ["Admin", "Read", "Write", "List"]}}]}}"#
        );
        let config = folder.write("s3.json", identities);
        let [master, volume, filer, port, others @ ..] = free_ports::<8>();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(peers().join("bin/weed"))
            .arg("server")
            .arg(format!("-dir={}", folder.path().display()))
            .args([
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-s3",
                "-master.volumeSizeLimitMB=64",
                "-volume.max=8",
            ])
            .arg(format!("-s3.config={}", config.display()))
            .arg(format!("-master.port={master}"))
            .arg(format!("-volume.port={volume}"))
            .arg(format!("-filer.port={filer}"))
            .arg(format!("-s3.port={port}"))
            .arg(format!("-master.port.grpc={}", others[0]))
            .arg(format!("-volume.port.grpc={}", others[1]))
            .arg(format!("-filer.port.grpc={}", others[2]))
            .arg(format!("-s3.port.grpc={}", others[3]))
            .args([
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-master.telemetry=false",
            ])
            .arg(format!(
                "-filer.localSocket={}",
                folder.path().join("filer.sock").display()
            ))
            .arg(format!(
                "-s3.localSocket={}",
                folder.path().join("s3.sock").display()
            ))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("SeaweedFS starts: run `scripts/install test`");
        let server = Self {
            child,
            port,
            filer,
            _folder: folder,
        };
        // It is ready once it takes a bucket.
        let begun = Instant::now();
        while !server.send("POST", &format!("/buckets/{BUCKET}/"), b"") {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "SeaweedFS doesn't listen"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        while TcpStream::connect(("127.0.0.1", server.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "its S3 doesn't listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Puts an object into the bucket, by the door that asks for no signature.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let begun = Instant::now();
        while !self.send("PUT", &format!("/buckets/{BUCKET}/{key}"), bytes) {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "SeaweedFS doesn't take `{key}`"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.filer)) else {
            return false;
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut answer = String::new();
        let sent = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
        sent.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 20")
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
