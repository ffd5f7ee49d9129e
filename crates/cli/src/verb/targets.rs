//! `aloft targets add|list|test|remove`

use crate::{Result, screen::Screen, table::TextTable};
use aloft_project::Project;
use aloft_secrets::Sensitive;
use aloft_spec::{
    Code, Problem,
    project::{SshTarget, TargetSpec},
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::io;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: TargetsVerb,
}

#[derive(Subcommand)]
enum TargetsVerb {
    /// Keep a target in aloft.toml, and its password or passphrase in the keyring
    Add(Box<Add>),
    /// List the targets of a project
    List(OfProject),
    /// Connect to a target and say what is there
    Test(Named),
    /// Forget a target and its secret
    Remove(Named),
}

#[derive(Args)]
struct OfProject {
    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

#[derive(Args)]
struct Named {
    /// The target
    name: String,
    #[command(flatten)]
    of: OfProject,
}

#[derive(Args)]
struct Add {
    /// What to call it
    name: String,
    /// What it is
    #[arg(long)]
    kind: Kind,
    /// Name or address
    #[arg(long)]
    host: String,
    #[arg(long, default_value_t = 22)]
    port: u16,
    /// Account there
    #[arg(long)]
    user: String,
    /// Folder there, absolute or relative to the account's home
    #[arg(long, default_value = "aloft")]
    folder: String,
    /// Private key file; without one a password is used
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// Read the account's password from standard input
    #[arg(long, conflicts_with_all = ["key", "passphrase_stdin"])]
    password_stdin: bool,
    /// Read the key's passphrase from standard input
    #[arg(long, requires = "key")]
    passphrase_stdin: bool,
    /// The host's public key, as in known_hosts: 'ssh-ed25519 AAAA…'
    #[arg(long, value_name = "KEY", conflicts_with = "accept_host_key")]
    host_key: Option<String>,
    /// Ask the host for its key and trust it; compare the printed fingerprint
    #[arg(long)]
    accept_host_key: bool,
    #[command(flatten)]
    of: OfProject,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// A Linux machine over SSH
    Ssh,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        match self.verb {
            TargetsVerb::Add(add) => add.run(screen),
            TargetsVerb::List(of) => list(screen, &of),
            TargetsVerb::Test(named) => named.test(screen),
            TargetsVerb::Remove(named) => named.remove(screen),
        }
    }
}

impl Add {
    fn run(self, screen: &Screen) -> Result {
        let project = Project::open(&self.of.project)?;
        if self.key.is_none() && !self.password_stdin {
            return Err(Problem::new(Code::BadValue, "no way to log in is given")
                .with_hint("give --key FILE, or --password-stdin and the password on standard input"));
        }
        let Kind::Ssh = self.kind;
        let host_key = match &self.host_key {
            Some(key) => key.clone(),
            None => {
                let key = aloft_cloud::probe_host_key(&self.host, self.port)?;
                screen.note(format_args!("{} has the key {}", self.host, key.fingerprint));
                if !self.accept_host_key {
                    return Ok(not_accepted(screen, &self.host, &key));
                }
                key.openssh
            }
        };
        let secret = (self.password_stdin || self.passphrase_stdin)
            .then(read_secret)
            .transpose()?;
        let target = TargetSpec::Ssh(SshTarget {
            host: self.host,
            port: self.port,
            user: self.user,
            folder: self.folder,
            host_key,
            key_file: self.key,
        });
        aloft_engine::add_target(&project, &self.name, &target, secret.as_ref())?;
        let document = json!({ "target": { "name": self.name, "spec": target } });
        screen.result(&document, |screen| {
            screen.line(format_args!("added `{}`: {}", self.name, target.address()));
            screen.line(format_args!("next: aloft targets test {}", self.name));
        });
        Ok(0)
    }
}

/// Nothing was kept: a person has to compare the fingerprint first.
fn not_accepted(screen: &Screen, host: &str, key: &aloft_cloud::HostKey) -> u8 {
    let problem = Problem::new(
        Code::HostKeyUnknown,
        format!("the key of {host} isn't trusted yet"),
    )
    .with_hint(format!(
        "compare {} with what the machine's owner says, then repeat this with --host-key '{}'",
        key.fingerprint, key.openssh
    ));
    let document = json!({ "error": problem, "host_key": key.openssh, "fingerprint": key.fingerprint });
    screen.result(&document, |_| {});
    screen.note(format_args!("error: {problem}"));
    2
}

/// One line of standard input. It is never printed, and cleared when it is dropped.
fn read_secret() -> Result<Sensitive<String>> {
    let mut line = String::new();
    io::stdin()
        .read_line(&mut line)
        .map_err(|error| Problem::new(Code::BadValue, format!("standard input can't be read: {error}")))?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    if line.is_empty() {
        return Err(Problem::new(Code::BadValue, "standard input is empty")
            .with_hint("pipe the secret into this command"));
    }
    Ok(Sensitive::new(line))
}

fn list(screen: &Screen, of: &OfProject) -> Result {
    let targets = Project::open(&of.project)?.spec.targets;
    let document = json!({
        "targets": targets.iter().map(|(name, spec)| json!({ "name": name, "spec": spec })).collect::<Vec<_>>()
    });
    screen.result(&document, |screen| {
        if targets.is_empty() {
            screen.line("no targets yet");
            return;
        }
        let mut table = TextTable::new(&["name", "kind", "where", "folder"]);
        for (name, spec) in &targets {
            let TargetSpec::Ssh(ssh) = spec;
            table.row([
                name.clone(),
                spec.kind().into(),
                spec.address(),
                ssh.folder.clone(),
            ]);
        }
        for line in table.lines(screen.width()) {
            screen.line(line);
        }
    });
    Ok(0)
}

impl Named {
    fn test(self, screen: &Screen) -> Result {
        let project = Project::open(&self.of.project)?;
        let machine = aloft_engine::test_target(&project, &self.name)?;
        screen.result(&json!({ "target": self.name, "machine": machine }), |screen| {
            screen.line(format_args!("{}: {machine}", self.name));
        });
        Ok(0)
    }

    fn remove(self, screen: &Screen) -> Result {
        let project = Project::open(&self.of.project)?;
        aloft_engine::remove_target(&project, &self.name)?;
        screen.result(&json!({ "removed": self.name }), |screen| {
            screen.line(format_args!("removed `{}`", self.name));
        });
        Ok(0)
    }
}
