//! A server that takes one password. OpenSSH's asks the system's accounts, whose passwords a test can't set.

use aloft_spec::project::SshTarget;
use russh::keys::{PrivateKey, load_secret_key};
use russh::server::{self, Auth, Config, Handler, Msg, Response, Session};
use russh::{Channel, ChannelId, MethodKind, MethodSet};
use std::borrow::Cow;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// How it asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// By the method `password`.
    Plainly,
    /// By `keyboard-interactive` only, as many hosts do.
    ByQuestion,
}

/// Ends when it is dropped.
pub struct PasswordServer {
    port: u16,
    host_key: String,
    _runtime: Runtime,
}

impl PasswordServer {
    pub fn start(password: &'static str, asks: Asks) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("host");
        super::ssh_keygen(&["-t", "ed25519", "-N", ""], &file);
        let key: PrivateKey = load_secret_key(&file, None).unwrap();
        let host_key = key.public_key().to_openssh().unwrap();
        let config = Arc::new(Config {
            keys: vec![key],
            auth_rejection_time: Duration::ZERO,
            ..Config::default()
        });
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let door = Door {
                    password,
                    asks,
                    script: Vec::new(),
                };
                let config = config.clone();
                tokio::spawn(async move { server::run_stream(config, stream, door).await?.await });
            }
        });
        Self {
            port,
            host_key,
            _runtime: runtime,
        }
    }

    /// A target without a key file.
    pub fn spec(&self, folder: &str) -> SshTarget {
        SshTarget {
            host: "127.0.0.1".into(),
            port: self.port,
            user: "ada".into(),
            folder: folder.into(),
            host_key: self.host_key.clone(),
            key_file: None,
        }
    }
}

struct Door {
    password: &'static str,
    asks: Asks,
    script: Vec<u8>,
}

impl Door {
    fn refuse(&self) -> Auth {
        let method = match self.asks {
            Asks::Plainly => MethodKind::Password,
            Asks::ByQuestion => MethodKind::KeyboardInteractive,
        };
        Auth::Reject {
            proceed_with_methods: Some(MethodSet::from(&[method][..])),
            partial_success: false,
        }
    }
}

impl Handler for Door {
    type Error = russh::Error;

    async fn auth_password(&mut self, _user: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(match self.asks == Asks::Plainly && password == self.password {
            true => Auth::Accept,
            false => self.refuse(),
        })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Owned(vec![(Cow::Borrowed("Password: "), false)]),
            });
        };
        let right = response
            .next()
            .is_some_and(|answer| *answer == *self.password.as_bytes());
        Ok(match right {
            true => Auth::Accept,
            false => self.refuse(),
        })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: server::ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(channel)
    }

    async fn data(
        &mut self,
        _channel: ChannelId,
        data: &[u8],
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.script.extend_from_slice(data);
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
        let mut shell = Command::new("/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        shell.stdin.take().unwrap().write_all(&self.script)?;
        let output = shell.wait_with_output()?;
        session.data(channel, output.stdout)?;
        session.exit_status_request(channel, u32::from(!output.status.success()))?;
        session.eof(channel)?;
        session.close(channel)
    }
}
