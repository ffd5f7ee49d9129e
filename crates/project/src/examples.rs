//! New projects, from nothing or from an example that comes with the program.

use crate::project::CONFIG_FILE;
use crate::{Error, Project, Result, file};
use std::fs;
use std::io;
use std::path::Path;

/// A project that comes with the program.
#[derive(Debug)]
pub struct Example {
    /// Its name, and that of its folder in `examples`.
    pub name: &'static str,
    /// The title of its notebook.
    pub title: &'static str,
    /// A sentence about it: rows, what is predicted.
    pub description: &'static str,
    /// Its files. The last one is `aloft.toml`: a folder that has it is whole.
    files: &'static [(&'static str, &'static [u8])],
}

macro_rules! files {
    ($example:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../../examples/", $example, "/", $path)))),+]
    };
}

static EXAMPLES: [Example; 4] = [
    Example {
        name: "digits",
        title: "Which digit is it?",
        description: "10,000 digits written by hand, as pictures: which of ten is it?",
        files: files!("digits": "data/digits.parquet", "notebooks/digits.aloft.md", "aloft.toml"),
    },
    Example {
        name: "flights",
        title: "Which flights arrive late?",
        description: "336,776 flights out of New York, joined with the weather: is a flight late?",
        files: files!("flights": "data/flights.parquet", "data/weather.parquet", "notebooks/late.aloft.md", "aloft.toml"),
    },
    Example {
        name: "penguins",
        title: "Which penguin is it?",
        description: "344 penguins, weighed and measured: which of three species is it?",
        files: files!("penguins": "data/penguins.csv", "notebooks/species.aloft.md", "aloft.toml"),
    },
    Example {
        name: "weather",
        title: "How warm will tomorrow be?",
        description: "26,115 hours of weather at three airports: the temperature of the next 24 hours",
        files: files!("weather": "data/weather.parquet", "notebooks/tomorrow.aloft.md", "aloft.toml"),
    },
];

/// What git leaves out of a project: runs are large, and `.aloft` can be made again.
const IGNORED: &str = "runs/\n.aloft/\n";

/// Examples that come with the program.
pub fn examples() -> &'static [Example] {
    &EXAMPLES
}

/// Makes a project in a folder that doesn't exist or is empty: a copy of an example, or one with a first notebook.
///
/// # Errors
/// The folder isn't empty, no example has that name, or the disk says no.
pub fn new_project(dir: &Path, example: Option<&str>) -> Result<Project> {
    let files: Vec<(&str, Vec<u8>)> = match example {
        Some(name) => {
            let found = EXAMPLES.iter().find(|example| example.name == name);
            let example = found.ok_or_else(|| Error::NoExample(name.to_owned()))?;
            example
                .files
                .iter()
                .map(|(path, bytes)| (*path, bytes.to_vec()))
                .collect()
        }
        None => starter(dir),
    };
    let dir = std::path::absolute(dir).map_err(|cause| Error::Write(dir.to_owned(), cause))?;
    match fs::read_dir(&dir).map(|mut entries| entries.next().is_none()) {
        Ok(false) => return Err(Error::NotEmpty(dir).into()),
        // Somebody may stand in an empty folder: it is filled, and a missing one appears with all that is in it.
        Ok(true) => write_all(&dir, &files)?,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            let building = file::sibling(&dir);
            let moved = write_all(&building, &files)
                .and_then(|()| fs::rename(&building, &dir).map_err(|cause| Error::Write(dir.clone(), cause)));
            if let Err(error) = moved {
                // What is left of it may not be there; the first error is the one that is said.
                let _ = fs::remove_dir_all(&building);
                return Err(error.into());
            }
        }
        Err(cause) => return Err(Error::Read(dir, cause).into()),
    }
    Project::open(&dir)
}

fn write_all(dir: &Path, files: &[(&str, Vec<u8>)]) -> Result<(), Error> {
    file::replace(&dir.join(".gitignore"), IGNORED.as_bytes())?;
    for (path, bytes) in files {
        file::replace(&dir.join(path), bytes)?;
    }
    Ok(())
}

/// A project without data.
fn starter(dir: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let name = std::path::absolute(dir)
        .ok()
        .and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "Project".into());
    let mut config = toml_edit::DocumentMut::new();
    config["project"]["name"] = toml_edit::value(name.as_str());
    if let Some(about) = config["project"].as_inline_table().cloned() {
        config["project"] = toml_edit::Item::Table(about.into_table());
    }
    let title = name.replace(['\n', '\r'], " ");
    let notebook = format!(
        "# {title}\n\n\
         Drop a CSV or Parquet file on the window, or put it in `data` and add a source cell: it becomes a table.\n\
         A query cell makes a new table with SQL, a chart cell draws one, a train cell learns to predict a column.\n\
         Cells are fences of this Markdown file, such as ```` ```toml source flights ````, and find each other by name.\n"
    );
    vec![
        ("notebooks/first.aloft.md", notebook.into_bytes()),
        (CONFIG_FILE, config.to_string().into_bytes()),
    ]
}
