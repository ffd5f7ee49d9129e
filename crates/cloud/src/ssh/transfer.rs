//! Files on their way: uploads that go on where they stopped, and downloads.

use super::connection::Connection;
use super::script;
use crate::CloudError;
use crate::target::{Blob, Progress};
use ring::digest;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use std::fs::File;
use std::io::{Read, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

type Result<T> = std::result::Result<T, CloudError>;

/// What is read, hashed and written at once.
const CHUNK: usize = 256 << 10;
/// How often a transfer looks whether it was cancelled while the network keeps it waiting.
const CANCEL: Duration = Duration::from_millis(100);
/// For a script there, where a big file isn't read again.
const SCRIPT: Duration = Duration::from_secs(30);

/// A blob on its way into `<folder>/blobs`.
pub(super) struct Upload<'a> {
    pub(super) blob: &'a Blob,
    pub(super) folder: &'a str,
    /// For messages.
    pub(super) destination: String,
}

impl Upload<'_> {
    /// Sends what isn't there yet, checks it there and gives it its name.
    pub(super) async fn run(
        &self,
        connection: &Connection,
        progress: &mut Progress<'_>,
        cancel: &AtomicBool,
    ) -> Result<()> {
        // What was found broken there was removed; the second try sends all of it.
        for _ in 0..2 {
            let arrived = self.prepare(connection).await?;
            let sha256 = unless(cancel, self.send(connection, arrived, progress, cancel)).await?;
            if self.finish(connection, &sha256).await? {
                return Ok(());
            }
        }
        Err(CloudError::Corrupted {
            name: self.blob.name.clone(),
            what: "arrived twice with another content than was sent".into(),
        })
    }

    /// Looks for room, and returns how much of the blob is there already.
    async fn prepare(&self, connection: &Connection) -> Result<u64> {
        let text = script::prepare(self.folder, &self.blob.hash);
        let output = connection.run(&text, SCRIPT).await?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let mut numbers = printed.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(free)), Some(Ok(arrived))) = (numbers.next(), numbers.next()) else {
            return Err(self.failed(connection, output.stderr));
        };
        // More than the whole isn't a beginning of it.
        let arrived = if arrived > self.blob.bytes { 0 } else { arrived };
        let needed = self.blob.bytes - arrived;
        if needed / 1024 > free {
            return Err(CloudError::DiskFull {
                destination: self.destination.clone(),
                free: aloft_spec::text::bytes(free.saturating_mul(1024)),
                needed: aloft_spec::text::bytes(needed),
            });
        }
        Ok(arrived)
    }

    /// Sends what comes after the first `arrived` bytes, and returns the SHA-256 of the whole file, hex.
    async fn send(
        &self,
        connection: &Connection,
        arrived: u64,
        progress: &mut Progress<'_>,
        cancel: &AtomicBool,
    ) -> Result<String> {
        let Blob { path, bytes, .. } = self.blob;
        let mut local = File::open(path).map_err(CloudError::local("read", path))?;
        let sftp = connection.sftp().await?;
        let part = format!("{}/blobs/{}.part", self.folder, self.blob.hash);
        let mut flags = OpenFlags::WRITE | OpenFlags::CREATE;
        if arrived == 0 {
            flags |= OpenFlags::TRUNCATE;
        }
        let private = FileAttributes {
            permissions: Some(0o600),
            ..FileAttributes::empty()
        };
        let opened = sftp.open_with_flags_and_attributes(part, flags, private);
        let mut remote = opened
            .await
            .map_err(|error| self.failed(connection, error.to_string()))?;
        let lost = |error: std::io::Error| self.broken(connection, &error);
        remote.seek(SeekFrom::Start(arrived)).await.map_err(lost)?;

        let mut sha256 = digest::Context::new(&digest::SHA256);
        let mut blake3 = blake3::Hasher::new();
        let mut chunk = vec![0; CHUNK];
        let mut done = 0_u64;
        loop {
            let read = local.read(&mut chunk).map_err(CloudError::local("read", path))?;
            let chunk = &chunk[..read];
            if read == 0 {
                break;
            }
            if cancel.load(Ordering::Relaxed) {
                return Err(CloudError::Cancelled);
            }
            sha256.update(chunk);
            blake3.update(chunk);
            // What has arrived is hashed, and sent only from there on.
            let known = usize::try_from(arrived.saturating_sub(done))
                .unwrap_or(read)
                .min(read);
            remote.write_all(&chunk[known..]).await.map_err(lost)?;
            done += read as u64;
            if known < read {
                progress(done, *bytes);
            }
        }
        // Waits for the answers to all writes that are under way.
        remote.shutdown().await.map_err(lost)?;
        if blake3.finalize().to_hex().as_str() != self.blob.hash {
            return Err(CloudError::Changed(path.clone()));
        }
        progress(*bytes, *bytes);
        Ok(hex(sha256.finish().as_ref()))
    }

    /// Whether what has arrived is right; it has its name then. Else it was removed.
    async fn finish(&self, connection: &Connection, sha256: &str) -> Result<bool> {
        let text = script::finish(self.folder, &self.blob.hash, self.blob.bytes, sha256);
        // A slow disk may need a while to be read again.
        let limit = SCRIPT + Duration::from_secs(self.blob.bytes >> 24);
        let output = connection.run(&text, limit).await?;
        match output.code {
            0 => Ok(true),
            script::DIFFERS => Ok(false),
            _ => Err(self.failed(connection, output.stderr)),
        }
    }

    fn failed(&self, connection: &Connection, cause: String) -> CloudError {
        CloudError::Remote {
            action: "write into the folder",
            address: connection.address().into(),
            cause,
        }
    }

    /// A write that failed: because of the disk there, or because of the network.
    fn broken(&self, connection: &Connection, error: &std::io::Error) -> CloudError {
        if connection.is_open() && error.kind() == std::io::ErrorKind::Other {
            return self.failed(connection, format!("{error} (is the disk full?)"));
        }
        CloudError::Unreachable {
            address: connection.address().into(),
            cause: error.to_string(),
        }
    }
}

/// Copies a file of a run to a new local file.
pub(super) async fn download(
    connection: &Connection,
    remote: &str,
    name: &str,
    to: &Path,
    progress: &mut Progress<'_>,
    cancel: &AtomicBool,
) -> Result<()> {
    let copy = async {
        let lost = |cause: String| CloudError::Unreachable {
            address: connection.address().into(),
            cause,
        };
        let sftp = connection.sftp().await?;
        let mut from = match sftp.open(format!("{remote}/{name}")).await {
            Ok(file) => file,
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                return Err(CloudError::NotThere {
                    name: name.into(),
                    remote: remote.into(),
                });
            }
            Err(error) => return Err(lost(error.to_string())),
        };
        let metadata = from.metadata().await;
        let bytes = metadata
            .map_err(|error| lost(error.to_string()))?
            .size
            .unwrap_or(0);
        let mut local = File::create(to).map_err(CloudError::local("write", to))?;
        let mut chunk = vec![0; CHUNK];
        let mut done = 0;
        loop {
            let read = from.read(&mut chunk).await;
            let read = read.map_err(|error| lost(error.to_string()))?;
            if read == 0 {
                break;
            }
            local
                .write_all(&chunk[..read])
                .map_err(CloudError::local("write", to))?;
            done += read as u64;
            progress(done, bytes);
        }
        local.sync_all().map_err(CloudError::local("write", to))
    };
    unless(cancel, copy).await
}

/// Does the work unless `cancel` becomes true, also while the network keeps it waiting.
async fn unless<T>(cancel: &AtomicBool, work: impl Future<Output = Result<T>>) -> Result<T> {
    let cancelled = async {
        while !cancel.load(Ordering::Relaxed) {
            tokio::time::sleep(CANCEL).await;
        }
    };
    tokio::select! {
        biased;
        () = cancelled => Err(CloudError::Cancelled),
        result = work => result,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
