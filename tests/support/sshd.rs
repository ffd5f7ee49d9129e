//! A real SSH server on loopback, for the user who runs the tests.

use crate::{Lab, wait_until};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The server; it ends with this value.
pub struct Sshd {
    child: Child,
    /// Where it listens.
    pub port: u16,
    /// Its public key, as in `known_hosts`.
    pub host_key: String,
    /// A private key that it lets in.
    pub key: PathBuf,
    /// The folder where runs go.
    pub folder: PathBuf,
    /// The account.
    pub user: String,
}

impl Sshd {
    /// Starts a server that lets in a fresh key, with `passphrase` where that isn't empty.
    pub fn start(lab: &Lab, passphrase: &str) -> Self {
        let folder = lab.path("sshd");
        std::fs::create_dir_all(&folder).expect("a folder");
        let key = folder.join("id_ed25519");
        keygen(&folder.join("host_key"), "");
        keygen(&key, passphrase);
        std::fs::copy(key.with_extension("pub"), folder.join("authorized_keys")).expect("a copy");
        let port = free_port();
        let config = folder.join("sshd_config");
        let text = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host_key\nAuthorizedKeysFile {0}/authorized_keys\n\
             PidFile {0}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n\
             Subsystem sftp internal-sftp\nLogLevel VERBOSE\n",
            folder.display()
        );
        std::fs::write(&config, text).expect("a file");
        // sshd wants the folder it drops its privileges into, which a package's service would have made.
        let _ = std::fs::create_dir_all("/run/sshd");
        let log = std::fs::File::create(folder.join("log")).expect("a file");
        let child = Command::new(sshd_program())
            .args(["-D", "-e", "-f"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("sshd starts: install openssh-server");
        let listening = wait_until(Duration::from_secs(10), || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(
            listening,
            "sshd doesn't listen: {}",
            std::fs::read_to_string(folder.join("log")).unwrap_or_default()
        );
        let host_key = std::fs::read_to_string(folder.join("host_key.pub")).expect("its public key");
        let host_key = host_key.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let user = Command::new("id").arg("-un").output().expect("id starts").stdout;
        Self {
            child,
            port,
            host_key,
            key,
            folder: lab.path("remote"),
            user: String::from_utf8_lossy(&user).trim().to_owned(),
        }
    }

    /// The arguments of `aloft targets add NAME` for this server, without those about its key and secrets.
    pub fn target(&self, name: &str) -> Vec<String> {
        ["targets", "add", name, "--kind", "ssh", "--host", "127.0.0.1"]
            .into_iter()
            .map(str::to_owned)
            .chain([
                "--port".into(),
                self.port.to_string(),
                "--user".into(),
                self.user.clone(),
            ])
            .chain(["--folder".into(), self.folder.display().to_string()])
            .collect()
    }

    /// Lines that the server has logged.
    pub fn log(&self) -> String {
        let folder = self.key.parent().expect("a folder");
        std::fs::read_to_string(folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sshd_program() -> PathBuf {
    // sshd starts itself anew for each connection, so it wants an absolute path.
    ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())
        .expect("sshd is there: install openssh-server")
}

fn keygen(path: &std::path::Path, passphrase: &str) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", passphrase, "-f"])
        .arg(path)
        .status()
        .expect("ssh-keygen starts: install openssh-client");
    assert!(status.success());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("permissions");
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}
