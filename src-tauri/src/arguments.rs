//! The command line of the window's program.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What `--help` says.
pub const HELP: &str = "\
Aloft: a notebook for data and models.

Usage: aloft-desktop [PATH]…

  PATH       a project's folder or a notebook (*.aloft.md) to open; several are taken as if dropped on the window

  --help     this text
  --version  the version

A second start hands its paths to the window that is open. The command line is the program `aloft`.
ALOFT_TRACE_FRAMES=1 writes the time of every frame to stderr.
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// A window, showing these.
    Open(Vec<PathBuf>),
    /// The help text.
    Help,
    /// The version.
    Version,
}

/// Reads the arguments after the program's name. Relative paths are those of `directory`.
///
/// # Errors
/// Says which argument isn't understood.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, directory: &Path) -> Result<Request, String> {
    let mut paths = Vec::new();
    let mut options = true;
    for argument in arguments {
        match argument.to_str() {
            Some("--") if options => options = false,
            Some("--help" | "-h") if options => return Ok(Request::Help),
            Some("--version" | "-V") if options => return Ok(Request::Version),
            Some(option) if options && option.starts_with('-') => {
                return Err(format!("unknown option {option}"));
            }
            _ if argument.is_empty() => return Err("the path is empty".to_owned()),
            _ => paths.push(directory.join(argument)),
        }
    }
    Ok(Request::Open(paths))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Request, String> {
        parse(arguments.iter().map(OsString::from), Path::new("/home/ada"))
    }

    fn opened(paths: &[&str]) -> Result<Request, String> {
        Ok(Request::Open(paths.iter().map(PathBuf::from).collect()))
    }

    #[test]
    fn paths_are_opened_and_made_absolute() {
        assert_eq!(parsed(&[]), opened(&[]));
        assert_eq!(parsed(&["flights"]), opened(&["/home/ada/flights"]));
        assert_eq!(
            parsed(&["/data/x", "y.csv"]),
            opened(&["/data/x", "/home/ada/y.csv"])
        );
        assert_eq!(parsed(&["--", "--version"]), opened(&["/home/ada/--version"]));
    }

    #[test]
    fn options_and_mistakes() {
        assert_eq!(parsed(&["--version"]), Ok(Request::Version));
        assert_eq!(parsed(&["x", "--help"]), Ok(Request::Help));
        assert_eq!(
            parsed(&["--frobnicate"]),
            Err("unknown option --frobnicate".into())
        );
        assert_eq!(parsed(&[""]), Err("the path is empty".into()));
    }
}
