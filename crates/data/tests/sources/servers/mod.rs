//! Servers on loopback that end with their tests.

mod http;
mod s3;

pub use http::Http;
pub use s3::{BUCKET, KEY, S3, SECRET};
