//! The command line of the window's program.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What `--help` says.
pub const HELP: &str = "\
Aloft: a notebook for data and models.

Usage: aloft-desktop [PATH]

  PATH       a project's folder or a notebook (*.aloft.md) to open

  --help     this text
  --version  the version

A second start hands PATH to the window that is open. The command line is the program `aloft`.
ALOFT_TRACE_FRAMES=1 writes the time of every frame to stderr.
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// A window, showing this.
    Open(Option<PathBuf>),
    /// The help text.
    Help,
    /// The version.
    Version,
}

/// Reads the arguments after the program's name. A relative path is one of `directory`.
///
/// # Errors
/// Says which argument isn't understood.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, directory: &Path) -> Result<Request, String> {
    let mut path = None;
    let mut options = true;
    for argument in arguments {
        match argument.to_str() {
            Some("--") if options => options = false,
            Some("--help" | "-h") if options => return Ok(Request::Help),
            Some("--version" | "-V") if options => return Ok(Request::Version),
            Some(option) if options && option.starts_with('-') => {
                return Err(format!("unknown option {option}"));
            }
            _ if path.is_some() => {
                return Err(format!("one path at a time, {} is too many", argument.display()));
            }
            _ if argument.is_empty() => return Err("the path is empty".to_owned()),
            _ => path = Some(directory.join(argument)),
        }
    }
    Ok(Request::Open(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Request, String> {
        parse(arguments.iter().map(OsString::from), Path::new("/home/ada"))
    }

    #[test]
    fn a_path_is_opened_and_made_absolute() {
        assert_eq!(parsed(&[]), Ok(Request::Open(None)));
        assert_eq!(
            parsed(&["flights"]),
            Ok(Request::Open(Some("/home/ada/flights".into())))
        );
        assert_eq!(parsed(&["/data/x"]), Ok(Request::Open(Some("/data/x".into()))));
        assert_eq!(
            parsed(&["--", "--version"]),
            Ok(Request::Open(Some("/home/ada/--version".into())))
        );
    }

    #[test]
    fn options_and_mistakes() {
        assert_eq!(parsed(&["--version"]), Ok(Request::Version));
        assert_eq!(parsed(&["x", "--help"]), Ok(Request::Help));
        assert_eq!(
            parsed(&["--frobnicate"]),
            Err("unknown option --frobnicate".into())
        );
        assert_eq!(
            parsed(&["a", "b"]),
            Err("one path at a time, b is too many".into())
        );
        assert_eq!(parsed(&[""]), Err("the path is empty".into()));
    }
}
