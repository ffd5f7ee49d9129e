//! A connection: opened with the pinned host key only, entered with a credential, used to run scripts.

use super::credential::Credential;
use super::{host_key, login};
use crate::CloudError;
use russh::client::{self, AuthResult, Handle};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use russh::{ChannelMsg, Preferred};
use russh_sftp::client::SftpSession;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

type Result<T> = std::result::Result<T, CloudError>;

/// For the TCP connection, and again for the key exchange.
const CONNECT: Duration = Duration::from_secs(10);
/// For logging in: a host may ask others, or wait on purpose after a wrong password.
const LOGIN: Duration = Duration::from_secs(30);
/// A host that is silent for three times this long is gone.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// For one answer of the file transfer; a slow uplink may need that long for the two megabytes that are under way.
const TRANSFER: Duration = Duration::from_secs(120);
/// Writes that are under way at once, of 32 KiB each: enough for 20 MB/s over a round trip of 100 ms.
const WRITES: usize = 64;
/// What a script prints before its own output, because a start-up file of the shell may print something as well.
const MARK: &str = "--aloft--\n";

/// A runtime for one target.
pub(super) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("aloft-ssh")
        .enable_all()
        .build()
        .map_err(|error| CloudError::Internal(format!("no thread for the network: {error}")))
}

/// A logged-in connection.
pub(super) struct Connection {
    handle: Handle<HostKeyCheck>,
    address: String,
}

/// What a script left behind.
pub(super) struct Output {
    /// Its exit code.
    pub(super) code: u32,
    /// What it printed.
    pub(super) stdout: Vec<u8>,
    /// What it complained about, without the last line break.
    pub(super) stderr: String,
}

impl Connection {
    /// Connects and logs in. `pinned` is the only host key that is accepted.
    pub(super) async fn open(
        (host, port): (&str, u16),
        pinned: Option<&PublicKey>,
        user: &str,
        credential: &Credential,
    ) -> Result<Self> {
        let address = address(host, port);
        let Some(pinned) = pinned else {
            let found = host_key(host, port, None).await?;
            return Err(CloudError::HostKeyUnknown {
                address,
                found: host_key::fingerprint(&found),
            });
        };
        let seen = Arc::default();
        let mut handle = match exchange_keys(host, port, Some(pinned), &seen).await? {
            Ok(handle) => handle,
            Err(error) => return Err(refused(host, port, pinned, &seen, &error).await),
        };
        let accepted = timeout(LOGIN, login::log_in(&mut handle, user, credential)).await;
        match accepted {
            Ok(Ok(AuthResult::Success)) => Ok(Self { handle, address }),
            Ok(Ok(AuthResult::Failure {
                remaining_methods, ..
            })) => Err(CloudError::AuthFailed {
                address,
                identity: format!("{user} ({})", credential.kind()),
                accepts: login::accepted(&remaining_methods),
            }),
            Ok(Err(cause)) => Err(CloudError::Unreachable { address, cause }),
            Err(_) => Err(unreachable(&address, "the login took too long")),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.handle.is_closed()
    }

    /// `host:port`, for messages.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Runs a POSIX shell script there, within `limit`. It goes through standard input, so that the account's shell
    /// needn't be a POSIX one, nothing has to be quoted twice, and no process list shows it.
    pub(super) async fn run(&self, script: &str, limit: Duration) -> Result<Output> {
        // A function is read as a whole before it runs, so its commands can't read the rest of the script.
        let script = format!("main() {{\nprintf '%s' '{MARK}'\n{script}\n}}\nmain </dev/null\n");
        match timeout(limit, self.exec(&script)).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(cause)) => Err(unreachable(&self.address, &cause)),
            Err(_) => Err(unreachable(&self.address, "no answer in time")),
        }
    }

    async fn exec(&self, script: &str) -> std::result::Result<Output, String> {
        let text = |error: russh::Error| error.to_string();
        let mut channel = self.handle.channel_open_session().await.map_err(text)?;
        channel.exec(true, "/bin/sh").await.map_err(text)?;
        let bytes = script.as_bytes().to_vec();
        channel.data_bytes(bytes).await.map_err(text)?;
        channel.eof().await.map_err(text)?;
        let (mut code, mut stdout, mut stderr) = (None, Vec::new(), Vec::new());
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => stdout.extend_from_slice(&data),
                ChannelMsg::ExtendedData { data, .. } => stderr.extend_from_slice(&data),
                ChannelMsg::ExitStatus { exit_status } => code = Some(exit_status),
                ChannelMsg::Failure => return Err("it refuses to start a shell".into()),
                _ => {}
            }
        }
        let code = code.ok_or("the connection broke")?;
        let start = stdout
            .windows(MARK.len())
            .position(|window| window == MARK.as_bytes())
            .map(|at| at + MARK.len());
        match start {
            Some(start) => stdout.drain(..start),
            None => {
                let said = String::from_utf8_lossy(&stderr);
                return Err(format!("no POSIX shell answers there: {}", said.trim()));
            }
        };
        Ok(Output {
            code,
            stdout,
            stderr: String::from_utf8_lossy(&stderr).trim_end().to_owned(),
        })
    }

    /// A session for file transfers.
    pub(super) async fn sftp(&self) -> Result<SftpSession> {
        let opened = timeout(LOGIN, async {
            let channel = self.handle.channel_open_session().await?;
            channel.request_subsystem(true, "sftp").await?;
            Ok::<_, russh::Error>(channel)
        });
        let channel = match opened.await {
            Ok(Ok(channel)) => channel,
            Ok(Err(error)) => return Err(unreachable(&self.address, &error.to_string())),
            Err(_) => return Err(unreachable(&self.address, "no answer in time")),
        };
        let config = russh_sftp::client::Config {
            max_concurrent_writes: WRITES,
            request_timeout_secs: TRANSFER.as_secs(),
            ..Default::default()
        };
        SftpSession::new_with_config(channel.into_stream(), config)
            .await
            .map_err(|error| CloudError::Remote {
                action: "transfer files",
                address: self.address.clone(),
                cause: format!("{error} (does its SSH server offer SFTP?)"),
            })
    }
}

/// `host:port`, with brackets around an IPv6 address.
pub(super) fn address(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

fn unreachable(address: &str, cause: &str) -> CloudError {
    CloudError::Unreachable {
        address: address.into(),
        cause: cause.into(),
    }
}

/// The key of a host, of the kinds that `like` has where it is given. The connection ends there.
pub(super) async fn host_key(host: &str, port: u16, like: Option<&PublicKey>) -> Result<PublicKey> {
    let seen = Arc::default();
    let failed = match exchange_keys(host, port, like, &seen).await? {
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    take(&seen).ok_or_else(|| {
        let cause = failed.unwrap_or_else(|| "it has shown no key".into());
        unreachable(&address(host, port), &cause)
    })
}

type Seen = Arc<Mutex<Option<PublicKey>>>;

fn take(seen: &Seen) -> Option<PublicKey> {
    seen.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Connects as far as the host's key is known and, where it is the pinned one, accepted. The outer error is that of the
/// network, the inner one that of the protocol.
async fn exchange_keys(
    host: &str,
    port: u16,
    pinned: Option<&PublicKey>,
    seen: &Seen,
) -> Result<std::result::Result<Handle<HostKeyCheck>, russh::Error>> {
    let address = address(host, port);
    let stream = match timeout(CONNECT, TcpStream::connect((host, port))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(unreachable(&address, &error.to_string())),
        Err(_) => return Err(unreachable(&address, "no answer within 10 seconds")),
    };
    // Without this every small request waits for the acknowledgement of the one before. A refusal costs only time.
    let _ = stream.set_nodelay(true);
    let config = client::Config {
        keepalive_interval: Some(KEEPALIVE),
        preferred: preferred(pinned),
        nodelay: true,
        ..Default::default()
    };
    let check = HostKeyCheck {
        pinned: pinned.cloned(),
        seen: seen.clone(),
    };
    match timeout(CONNECT, client::connect_stream(Arc::new(config), stream, check)).await {
        Ok(exchanged) => Ok(exchanged),
        Err(_) => Err(unreachable(&address, "it doesn't speak SSH within 10 seconds")),
    }
}

/// A host has keys of several kinds and shows the one that the client prefers, so only the pinned kind is asked for.
fn preferred(pinned: Option<&PublicKey>) -> Preferred {
    let mut preferred = Preferred::default();
    if let Some(pinned) = pinned {
        preferred.key = preferred
            .key
            .iter()
            .filter(|algorithm| host_key::fits(pinned, algorithm))
            .cloned()
            .collect();
    }
    preferred
}

/// Why a key exchange failed: because of the host's key, or otherwise.
async fn refused(host: &str, port: u16, pinned: &PublicKey, seen: &Seen, error: &russh::Error) -> CloudError {
    let address = address(host, port);
    let found = match (take(seen), error) {
        (Some(found), _) if !host_key::same(&found, pinned) => Some(found),
        // The host has no key of the pinned kind any more: ask for the one that it has.
        (None, russh::Error::NoCommonAlgo { .. }) => host_key(host, port, None).await.ok(),
        _ => None,
    };
    match found {
        Some(found) => CloudError::HostKeyChanged {
            address,
            pinned: host_key::fingerprint(pinned),
            found: host_key::fingerprint(&found),
        },
        None => unreachable(&address, &error.to_string()),
    }
}

/// Accepts the pinned key only, and remembers what the host has shown.
pub(super) struct HostKeyCheck {
    pinned: Option<PublicKey>,
    seen: Seen,
}

impl client::Handler for HostKeyCheck {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> std::result::Result<bool, Self::Error> {
        let key = key.public_key();
        let accepted = self
            .pinned
            .as_ref()
            .is_some_and(|pinned| host_key::same(pinned, &key));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
        Ok(accepted)
    }
}
