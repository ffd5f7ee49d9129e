//! Python packages that Aloft is held against, in an environment of their own.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python of the environment `name` under the user's cache folder, with `packages` from PyPI installed. It is made
/// when it isn't there, or when other packages are asked for.
///
/// # Errors
/// When there is no `python3`, or the packages can't be installed.
pub fn python(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = cache()?.join("aloft/peers").join(name);
    let python = folder.join("bin/python");
    let list = folder.join("packages.txt");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&list).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(
        "python3".as_ref(),
        &["-m".as_ref(), "venv".as_ref(), folder.as_os_str()],
    )?;
    let mut install: Vec<&OsStr> = ["-m", "pip", "install", "--quiet"].map(OsStr::new).to_vec();
    install.extend(packages.iter().map(OsStr::new));
    run(&python, &install)?;
    std::fs::write(&list, wanted).with_context(|| list.display().to_string())?;
    Ok(python)
}

/// `$XDG_CACHE_HOME`, or `~/.cache`.
///
/// # Errors
/// When there is no home.
pub fn cache() -> Result<PathBuf> {
    if let Some(cache) = std::env::var_os("XDG_CACHE_HOME").filter(|cache| !cache.is_empty()) {
        return Ok(cache.into());
    }
    let home = std::env::home_dir().context("there is no home folder; set XDG_CACHE_HOME")?;
    Ok(home.join(".cache"))
}

fn run(program: &Path, arguments: &[&OsStr]) -> Result<()> {
    let mut command = Command::new(program);
    // What they say isn't part of the result.
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(std::io::stderr());
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
