//! `aloft.toml`: thresholds, policy and the names of cloud targets. Never a secret.

use crate::source::DataClass;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file as a whole. All of it has defaults: an empty file is a project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectSpec {
    /// Name and description.
    pub project: About,
    /// When a run is too much for this machine.
    pub thresholds: Thresholds,
    /// What may leave this machine.
    pub policy: Policy,
    /// How much room outputs may take.
    pub cache: CacheSpec,
    /// Where runs can be sent, by name.
    pub targets: BTreeMap<String, TargetSpec>,
}

/// Name and description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// Shown in the window; the folder's name when empty.
    pub name: String,
    /// A sentence.
    pub description: String,
}

/// When a run is too much for this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thresholds {
    /// Minutes that a run may take here.
    pub minutes: f64,
    /// Share of the machine's memory that a run may take, 0 to 1.
    pub memory_share: f64,
    /// Share of the free disk that a run may take, 0 to 1.
    pub disk_share: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            minutes: 60.0,
            memory_share: 0.7,
            disk_share: 0.5,
        }
    }
}

/// What may leave this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// The highest class of data that may leave; `restricted` data never does, whatever is written here.
    pub may_leave: DataClass,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            may_leave: DataClass::Internal,
        }
    }
}

/// How much room the outputs of cells may take; those that weren't used for longest go first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CacheSpec {
    /// Megabytes (2^20 bytes) of samples and outputs in memory.
    pub memory_mb: u64,
    /// Megabytes of outputs in `.aloft/cache`, and of copies in `.aloft/copies` that weren't used for a day; 0 keeps no
    /// outputs.
    pub disk_mb: u64,
}

impl Default for CacheSpec {
    fn default() -> Self {
        Self {
            memory_mb: 512,
            disk_mb: 1024,
        }
    }
}

/// A place where runs can be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TargetSpec {
    /// A Linux machine over SSH.
    Ssh(SshTarget),
}

impl TargetSpec {
    /// `ssh`
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ssh(_) => "ssh",
        }
    }

    /// `user@host:port`, for people.
    pub fn address(&self) -> String {
        match self {
            Self::Ssh(ssh) if ssh.port == 22 => format!("{}@{}", ssh.user, ssh.host),
            Self::Ssh(ssh) => format!("{}@{}:{}", ssh.user, ssh.host, ssh.port),
        }
    }
}

/// A Linux machine over SSH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshTarget {
    /// Name or address.
    pub host: String,
    /// Port.
    #[serde(default = "default_ssh_port")]
    pub port: u16,
    /// Account there.
    pub user: String,
    /// Folder there, absolute or relative to the account's home.
    #[serde(default = "default_ssh_folder")]
    pub folder: String,
    /// The host's public key as in `known_hosts` (`ssh-ed25519 AAAA…`): another one is refused.
    pub host_key: String,
    /// Private key file; its passphrase, if it has one, is in the keyring. Without it the keyring holds a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
}

fn default_ssh_port() -> u16 {
    22
}

fn default_ssh_folder() -> String {
    "aloft".into()
}
