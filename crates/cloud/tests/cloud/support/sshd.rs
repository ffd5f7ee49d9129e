//! OpenSSH's server in the foreground, with keys and a home of its own.

use aloft_spec::project::SshTarget;
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const INSTALL: &str =
    "run `apt-get install openssh-server openssh-client`: this test needs a real SSH server";

/// A server that ends, with its children, when it is dropped.
pub struct Sshd {
    folder: TempDir,
    pub port: u16,
    server: Option<Child>,
}

impl Sshd {
    /// A server with an Ed25519 host key that lets the key `client` in.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// The same with more lines in its configuration.
    pub fn start_with(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        ssh_keygen(&["-t", "ed25519", "-N", ""], &path("host_ed25519"));
        ssh_keygen(&["-t", "ed25519", "-N", ""], &path("client"));
        fs::copy(path("client.pub"), path("authorized_keys")).unwrap();
        fs::write(path("more"), configuration).unwrap();
        // As root the server wants a folder to lock itself into; it is empty and never removed.
        let _ = fs::create_dir_all("/run/sshd");
        let mut server = Self {
            folder,
            port: 0,
            server: None,
        };
        server.configure(&["host_ed25519"]);
        server.resume();
        server
    }

    /// Which host keys the server has, from its next start on.
    pub fn configure(&self, host_keys: &[&str]) {
        let path = |name: &str| self.path(name).display().to_string();
        let mut text = format!(
            "ListenAddress 127.0.0.1\nPidFile none\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n\
             Subsystem sftp internal-sftp\nLogLevel VERBOSE\n\
             SetEnv HOME={}\n", // where no start-up file of the shell is
            path("authorized_keys"),
            self.folder.path().display(),
        );
        for key in host_keys {
            text.push_str(&format!("HostKey {}\n", path(key)));
        }
        text.push_str(&fs::read_to_string(self.path("more")).unwrap());
        fs::write(self.path("sshd_config"), text).unwrap();
    }

    /// Starts it, again on the same port where it had one.
    pub fn resume(&mut self) {
        for _ in 0..10 {
            let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
            let port = match self.port {
                0 => free().unwrap().port(),
                port => port,
            };
            let mut log = fs::OpenOptions::new();
            let log = log.append(true).create(true).open(self.path("log"));
            let started = Command::new("/usr/sbin/sshd")
                .args(["-D", "-e", "-f"])
                .arg(self.path("sshd_config"))
                .args(["-p", &port.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log.unwrap())
                .spawn();
            let mut server = match started {
                Err(error) if error.kind() == ErrorKind::NotFound => panic!("{INSTALL}"),
                started => started.unwrap(),
            };
            let up = super::until("the SSH server is up or has given up", || {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Some(true);
                }
                server.try_wait().unwrap().map(|_| false)
            });
            if up {
                self.port = port;
                self.server = Some(server);
                return;
            }
        }
        panic!("the SSH server doesn't start: {}", self.log());
    }

    /// Ends it and all its connections, as when the network or the machine is gone. What was started through it lives.
    pub fn interrupt(&mut self) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        let children = descendants(server.id());
        server.kill().unwrap();
        server.wait().unwrap();
        for child in children {
            let _ = Command::new("kill")
                .stderr(Stdio::null())
                .args(["-9", &child.to_string()])
                .status();
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// A public key of the server, as `host_key` wants it.
    pub fn public(&self, key: &str) -> String {
        let text = fs::read_to_string(self.path(&format!("{key}.pub"))).unwrap();
        let words: Vec<&str> = text.split_whitespace().take(2).collect();
        words.join(" ")
    }

    /// A target that lets the right client in.
    pub fn spec(&self, folder: &str) -> SshTarget {
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        SshTarget {
            host: "127.0.0.1".into(),
            port: self.port,
            user: String::from_utf8(user).unwrap().trim().into(),
            folder: self.path(folder).display().to_string(),
            host_key: self.public("host_ed25519"),
            key_file: Some(self.path("client").display().to_string()),
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.interrupt();
    }
}

/// Makes a key pair at `file` and `file.pub`.
pub fn ssh_keygen(arguments: &[&str], file: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-C", "test"])
        .args(arguments)
        .arg("-f")
        .arg(file)
        .status();
    match made {
        Err(error) if error.kind() == ErrorKind::NotFound => panic!("{INSTALL}"),
        made => assert!(made.unwrap().success()),
    }
}

/// Processes below one that belong to the server itself: those that a worker was started by, and so the worker, have
/// left it.
fn descendants(process: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut found = vec![process];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|pair| pair.1 == parent).map(|pair| pair.0));
        next += 1;
    }
    found.split_off(1)
}
