//! A store that speaks as Google Cloud Storage does: fake-gcs-server, which `scripts/install test` installs.

use crate::{lab::Lab, sshd::free_port};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The server; it ends with this value.
pub struct Gcs {
    child: Child,
    port: u16,
}

impl Gcs {
    /// Serves the folders in the lab's folder `store`, each of which is a bucket.
    pub fn start(lab: &Lab) -> Self {
        let port = free_port();
        let child = Command::new(peers().join("bin/fake-gcs-server"))
            .args([
                "-scheme",
                "http",
                "-host",
                "127.0.0.1",
                "-backend",
                "memory",
                "-port",
            ])
            .arg(port.to_string())
            .arg("-data")
            .arg(lab.path("store"))
            .arg("-public-host")
            .arg(format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("fake-gcs-server starts: run `scripts/install test`");
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "fake-gcs-server doesn't listen"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, port }
    }

    /// The file of a service account that names this server. It takes any request, so nothing is signed.
    pub fn service_account(&self, private_key: &str) -> String {
        let account = serde_json::json!({
            "type": "service_account",
            "private_key_id": "1",
            "private_key": private_key,
            "client_email": "reader@aloft-test.example",
            "gcs_base_url": format!("http://127.0.0.1:{}", self.port),
            "disable_oauth": true,
        });
        format!("{account:#}\n")
    }
}

impl Drop for Gcs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `scripts/install test` puts programs that tests talk to.
fn peers() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    cache.or_else(home).unwrap_or_default().join("aloft/peers")
}
