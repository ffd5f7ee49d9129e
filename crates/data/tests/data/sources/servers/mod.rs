//! Servers on loopback that end with their tests.

mod azure;
mod gcs;
mod http;
mod s3;

pub use azure::{ACCOUNT, ACCOUNT_KEY, Azure, CONTAINER};
pub use gcs::{GOOGLE_BUCKET, Gcs, ServiceAccount};
pub use http::Http;
pub use s3::{BUCKET, KEY, S3, SECRET};

use std::{net::TcpListener, path::PathBuf};

/// Ports that nobody listens on; each is held until all are known, so that they differ.
fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

/// Where `scripts/install test` puts programs that tests talk to.
fn peers() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    cache.unwrap_or_default().join("aloft/peers")
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, index| {
            bits << 8 | u32::from(three.get(index).copied().unwrap_or(0))
        });
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= three.len() { letter.into() } else { '=' });
        }
    }
    text
}
