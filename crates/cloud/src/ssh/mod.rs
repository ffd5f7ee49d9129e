//! A Linux machine over SSH.
//!
//! Files go by SFTP into a folder of content-addressed blobs; everything else is a short POSIX shell script
//! ([`script`]). The host's key must be the pinned one. Only the worker's exit code, its event log and its files say
//! how a run ended, never the state of a connection.

mod connection;
mod credential;
mod host_key;
mod login;
mod script;
mod transfer;

pub use host_key::{HostKey, probe_host_key};

use crate::target::{Blob, Launch, Poll, Progress, Role, Target};
use crate::{CloudError, Result, program};
use aloft_secrets::SecretStore;
use aloft_spec::project::SshTarget;
use connection::{Connection, Output};
use credential::Credential;
use russh::keys::PublicKey;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

/// For a script that only looks or starts something.
const SCRIPT: Duration = Duration::from_secs(30);
/// Seconds that a worker has to stop by itself, which it does between two steps.
const GRACE: u32 = 60;

/// A machine with an account on it.
pub struct Ssh {
    name: String,
    spec: SshTarget,
    /// The folder for scripts and SFTP, both of which start in the account's home.
    folder: String,
    pinned: Option<PublicKey>,
    credential: Credential,
    connection: Mutex<Option<Arc<Connection>>>,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl Ssh {
    /// A target named `name`; see [`crate::connect`].
    pub fn new(name: &str, spec: &SshTarget, account: &str, secrets: &dyn SecretStore) -> Result<Self> {
        for (key, value) in [("host", &spec.host), ("user", &spec.user)] {
            if value.is_empty() {
                return Err(bad(name, key, "is empty").into());
            }
        }
        Ok(Self {
            name: name.into(),
            folder: folder(name, &spec.folder)?,
            pinned: host_key::parse(name, &spec.host_key)?,
            credential: Credential::of(name, spec, account, secrets)?,
            spec: spec.clone(),
            connection: Mutex::default(),
            runtime: Some(connection::runtime()?),
        })
    }

    fn runtime(&self) -> std::result::Result<&Runtime, CloudError> {
        let runtime = self.runtime.as_ref();
        runtime.ok_or_else(|| CloudError::Internal("the target is being dropped".into()))
    }

    /// The open connection, or a new one.
    fn connection(&self) -> std::result::Result<Arc<Connection>, CloudError> {
        let mut kept = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = kept.as_ref().filter(|connection| connection.is_open()) {
            return Ok(connection.clone());
        }
        let place = (self.spec.host.as_str(), self.spec.port);
        let opened = self.runtime()?.block_on(Connection::open(
            place,
            self.pinned.as_ref(),
            &self.spec.user,
            &self.credential,
        ))?;
        let opened = Arc::new(opened);
        *kept = Some(opened.clone());
        Ok(opened)
    }

    /// Does something over the connection. After a broken connection the next call makes a new one.
    fn with<T>(
        &self,
        work: impl AsyncFnOnce(&Connection) -> std::result::Result<T, CloudError>,
    ) -> std::result::Result<T, CloudError> {
        let connection = self.connection()?;
        let result = self.runtime()?.block_on(work(&connection));
        if matches!(result, Err(CloudError::Unreachable { .. })) {
            *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        result
    }

    /// Runs a script that must succeed and returns what it printed.
    fn script(&self, action: &'static str, script: &str) -> std::result::Result<Vec<u8>, CloudError> {
        let output = self.with(async |connection| connection.run(script, SCRIPT).await)?;
        match output.code {
            0 => Ok(output.stdout),
            _ => Err(self.failed(action, &output)),
        }
    }

    fn failed(&self, action: &'static str, output: &Output) -> CloudError {
        CloudError::Remote {
            action,
            address: self.address(),
            cause: match output.stderr.as_str() {
                "" => format!("a command there ended with code {}", output.code),
                stderr => stderr.into(),
            },
        }
    }

    fn address(&self) -> String {
        connection::address(&self.spec.host, self.spec.port)
    }

    fn unexpected(&self, action: &'static str, answer: &[u8]) -> CloudError {
        let answer: String = String::from_utf8_lossy(answer).chars().take(200).collect();
        CloudError::Remote {
            action,
            address: self.address(),
            cause: format!("its shell answered `{answer}`"),
        }
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        // Without waiting for what the host may still say.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn bad(target: &str, key: &'static str, what: &str) -> CloudError {
    CloudError::BadTarget {
        target: target.into(),
        key,
        what: what.into(),
    }
}

/// The folder as scripts and SFTP understand it: both start in the account's home and neither knows `~`.
fn folder(target: &str, folder: &str) -> std::result::Result<String, CloudError> {
    let folder = folder.trim_end_matches('/');
    let folder = folder.strip_prefix("~/").unwrap_or(folder);
    match folder {
        "" | "~" => Err(bad(target, "folder", "must name a folder of its own")),
        _ if folder.contains(['\0', '\n', '\r']) => {
            Err(bad(target, "folder", "has a line break in its name"))
        }
        // So that no tool takes it for an option.
        _ if folder.starts_with('-') => Ok(format!("./{folder}")),
        _ => Ok(folder.into()),
    }
}

impl Target for Ssh {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "ssh"
    }

    fn destination(&self) -> String {
        let SshTarget { user, host, .. } = &self.spec;
        match self.spec.port {
            22 => format!("{user}@{host}:{}", self.folder),
            port => format!("{user}@{}:{}", connection::address(host, port), self.folder),
        }
    }

    fn identity(&self) -> String {
        format!("{} ({})", self.spec.user, self.credential.kind())
    }

    fn test(&self) -> Result<String> {
        let printed = self.script("use the folder", &script::test(&self.folder))?;
        Ok(String::from_utf8_lossy(&printed).trim().to_owned())
    }

    fn present(&self, hashes: &[&str]) -> Result<BTreeSet<String>> {
        let printed = self.script("look for files", &script::present(&self.folder, hashes))?;
        let printed = String::from_utf8_lossy(&printed);
        Ok(printed.lines().map(str::to_owned).collect())
    }

    fn upload(&self, blob: &Blob, progress: &mut Progress<'_>, cancel: &AtomicBool) -> Result<()> {
        let upload = transfer::Upload {
            blob,
            folder: &self.folder,
            destination: self.destination(),
        };
        Ok(self.with(async |connection| upload.run(connection, progress, cancel).await)?)
    }

    fn launch(&self, launch: &Launch<'_>) -> Result<String> {
        let text = script::launch(&self.folder, launch);
        let output = self.with(async |connection| connection.run(&text, SCRIPT).await)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        match output.code {
            0 => Ok(printed.trim_end_matches('\n').to_owned()),
            script::INCOMPATIBLE => {
                let (said, machine) = printed
                    .split_once(script::MACHINE_MARK)
                    .unwrap_or((&printed, "unknown"));
                let program = launch.blobs.iter().find(|blob| blob.role == Role::Program);
                Err(CloudError::Incompatible {
                    address: self.address(),
                    machine: machine.trim().into(),
                    said: said.trim().into(),
                    needs: program.map_or_else(String::new, |blob| program::needs(&blob.path)),
                }
                .into())
            }
            _ => Err(self.failed("start the run", &output).into()),
        }
    }

    fn poll(&self, remote: &str, offset: u64) -> Result<Poll> {
        let action = "ask for the run";
        let printed = self.script(action, &script::poll(remote, offset))?;
        let poll = parse_poll(&printed).ok_or_else(|| self.unexpected(action, &printed))?;
        Ok(poll)
    }

    fn stop(&self, remote: &str) -> Result<()> {
        self.script("stop the run", &script::stop(remote, GRACE))?;
        Ok(())
    }

    fn download(
        &self,
        remote: &str,
        name: &str,
        to: &Path,
        progress: &mut Progress<'_>,
        cancel: &AtomicBool,
    ) -> Result<()> {
        Ok(self.with(async |connection| {
            transfer::download(connection, remote, name, to, progress, cancel).await
        })?)
    }
}

fn parse_poll(printed: &[u8]) -> Option<Poll> {
    let end = printed.iter().position(|&byte| byte == b'\n')?;
    let line = std::str::from_utf8(printed.get(..end)?).ok()?;
    let numbers: Vec<i64> = line
        .split_whitespace()
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()
        .ok()?;
    let [alive, exit, stopping, size, bytes] = numbers[..] else {
        return None;
    };
    let rest = printed.get(end + 1..)?;
    let bytes = usize::try_from(bytes).ok()?;
    Some(Poll {
        events: rest.get(bytes..)?.to_vec(),
        size: u64::try_from(size).ok()?,
        alive: alive == 1,
        exit: i32::try_from(exit).ok().filter(|&exit| exit >= 0),
        stopping: stopping == 1,
        printed: String::from_utf8_lossy(rest.get(..bytes)?).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_is_read_back() {
        let poll = parse_poll(b"0 137 1 90 3\nno\n{\"a\":1}\n").unwrap();
        assert_eq!(poll.printed, "no\n");
        assert_eq!(poll.events, b"{\"a\":1}\n");
        assert_eq!((poll.alive, poll.exit, poll.stopping), (false, Some(137), true));
        assert_eq!(parse_poll(b"1 -1 0 0 0\n").unwrap().exit, None);
        for broken in [&b""[..], b"1 2 3\n", b"1 -1 0 0 9\nfew", b"a b c d e\n"] {
            assert_eq!(parse_poll(broken), None);
        }
    }

    #[test]
    fn the_folder_is_one_of_its_own() {
        let folder = |text| folder("box", text).ok();
        assert_eq!(folder("~/my runs/").as_deref(), Some("my runs"));
        assert_eq!(folder("/data/aloft").as_deref(), Some("/data/aloft"));
        assert_eq!(folder("-rf").as_deref(), Some("./-rf"));
        for bad in ["", "/", "~", "~/", "a\nb"] {
            assert_eq!(folder(bad), None);
        }
    }
}
