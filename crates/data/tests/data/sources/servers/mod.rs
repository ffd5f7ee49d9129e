//! Servers on loopback that end with their tests.

mod azure;
mod http;
mod s3;

pub use azure::{ACCOUNT, ACCOUNT_KEY, Azure, CONTAINER};
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
