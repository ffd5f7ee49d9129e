//! Targets of a project: in `aloft.toml`, with their secrets in the keyring.

use crate::Result;
use aloft_cloud::Target;
use aloft_project::Project;
use aloft_secrets::{Keyring, SecretStore, Sensitive, account};
use aloft_spec::{Code, Problem, project::TargetSpec};

/// Keeps a target, and its password or passphrase, if it has one, in the keyring. The secret goes first: a target whose
/// secret couldn't be kept isn't there.
pub fn add_target(
    project: &Project,
    name: &str,
    target: &TargetSpec,
    secret: Option<&Sensitive<String>>,
) -> Result<()> {
    check_name(name)?;
    if let Some(secret) = secret {
        Keyring::new().set(&account_of(project, name), secret)?;
    }
    project.set_target(name, Some(target))
}

/// Connects to a target and says what is there, in a line.
pub fn test_target(project: &Project, name: &str) -> Result<String> {
    connect(project, name)?.test()
}

/// Forgets a target and its secret.
///
/// # Errors
/// What the keyring says, for a target that needs a password; it is out of `aloft.toml` nevertheless.
pub fn remove_target(project: &Project, name: &str) -> Result<()> {
    let target = find(project, name)?;
    project.set_target(name, None)?;
    let TargetSpec::Ssh(ssh) = target;
    match Keyring::new().delete(&account_of(project, name)) {
        Err(problem) if problem.code != Code::SecretMissing && ssh.key_file.is_none() => Err(Problem {
            message: format!(
                "the target is removed, its password may still be kept: {}",
                problem.message
            ),
            ..problem
        }),
        _ => Ok(()),
    }
}

/// A target by its name, ready for its first call.
pub(crate) fn connect(project: &Project, name: &str) -> Result<Box<dyn Target>> {
    aloft_cloud::connect(
        name,
        find(project, name)?,
        &account_of(project, name),
        &Keyring::new(),
    )
}

fn find<'a>(project: &'a Project, name: &str) -> Result<&'a TargetSpec> {
    project.spec.targets.get(name).ok_or_else(|| {
        let known: Vec<&str> = project.spec.targets.keys().map(String::as_str).collect();
        let hint = if known.is_empty() {
            "the project has none yet; `aloft targets add` makes one".to_owned()
        } else {
            format!("the project's targets: {}", known.join(", "))
        };
        Problem::new(Code::UnknownName, format!("there is no target `{name}`"))
            .in_file(project.root.join("aloft.toml"))
            .with_hint(hint)
    })
}

/// Secrets belong to a project by its folder, however the folder was named this time.
fn account_of(project: &Project, name: &str) -> String {
    let root = project
        .root
        .canonicalize()
        .unwrap_or_else(|_| project.root.clone());
    account(&root, name)
}

fn check_name(name: &str) -> Result<()> {
    let good = (1..=64).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if good {
        return Ok(());
    }
    Err(
        Problem::new(Code::BadValue, format!("`{name}` can't be the name of a target"))
            .with_hint("use letters, digits, `-` and `_`, at most 64"),
    )
}
