//! A project's folder.

use crate::{Error, Result, config, discovery, file};
use aloft_spec::{
    Diagnostic,
    project::{ProjectSpec, TargetSpec},
    source::is_remote,
};
use std::path::{Path, PathBuf};

/// The file that makes a folder a project.
pub const CONFIG_FILE: &str = "aloft.toml";

/// A project's folder and what its `aloft.toml` says.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder, absolute.
    pub root: PathBuf,
    /// `aloft.toml`, as it was when the project was opened.
    pub spec: ProjectSpec,
    diagnostics: Vec<Diagnostic>,
}

impl Project {
    /// Opens a project: its folder, `aloft.toml`, a notebook or any other file in it. A file belongs to the nearest
    /// folder above it that has an `aloft.toml`, else to its own folder (a notebook in a folder `notebooks`: to the one
    /// above that). A folder without `aloft.toml` is a project with defaults.
    ///
    /// # Errors
    /// Nothing is there, or `aloft.toml` can't be read or has errors: with the wrong limits nothing is run or sent.
    pub fn open(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path).map_err(|cause| Error::Read(path.to_owned(), cause))?;
        if !path.exists() {
            return Err(Error::NotFound(path).into());
        }
        let root = if path.is_dir() { path } else { root_of(&path) };
        let config = root.join(CONFIG_FILE);
        let (spec, diagnostics) = if config.exists() {
            config::read(&file::read_text(&config)?)?
        } else {
            (ProjectSpec::default(), Vec::new())
        };
        Ok(Self {
            root,
            spec,
            diagnostics,
        })
    }

    /// Its name in `aloft.toml`, else that of its folder.
    pub fn name(&self) -> String {
        if !self.spec.project.name.is_empty() {
            return self.spec.project.name.clone();
        }
        let folder = self.root.file_name().unwrap_or(self.root.as_os_str());
        folder.to_string_lossy().into_owned()
    }

    /// Its notebooks, relative to its folder: those in `notebooks`, then those beside it, each by name.
    pub fn notebooks(&self) -> Vec<PathBuf> {
        discovery::notebooks(&self.root)
    }

    /// Its data files, relative to its folder, by name: hidden folders and runs are left out.
    pub fn data_files(&self) -> Vec<PathBuf> {
        discovery::data_files(&self.root)
    }

    /// The text of a notebook; the path is relative to the project's folder.
    pub fn read_notebook(&self, notebook: &Path) -> Result<String> {
        Ok(file::read_text(&self.root.join(notebook))?)
    }

    /// Replaces a notebook's file by write, sync and rename; it keeps its permissions.
    pub fn write_notebook(&self, notebook: &Path, text: &str) -> Result<()> {
        Ok(file::replace(&self.root.join(notebook), text.as_bytes())?)
    }

    /// Where the project's runs are.
    pub fn runs_dir(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// Where caches and the journal are: `.aloft`. Nothing there is needed.
    pub fn state_dir(&self) -> PathBuf {
        self.root.join(".aloft")
    }

    /// A path as cells write it: absolute, or relative to the project's folder.
    pub fn resolve(&self, path: &str) -> PathBuf {
        if is_remote(path) {
            return PathBuf::from(path);
        }
        self.root.join(path)
    }

    /// Warnings about `aloft.toml`; with errors in it the project doesn't open.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.diagnostics.clone()
    }

    /// Keeps a target in `aloft.toml`, or removes it when `None`. Everything else in the file stays, comments too.
    /// This project's [`spec`](Self::spec) stays as it was: open the project again to see the change.
    ///
    /// # Errors
    /// `aloft.toml` can't be read, isn't TOML, or can't be written.
    pub fn set_target(&self, name: &str, target: Option<&TargetSpec>) -> Result<()> {
        let path = self.root.join(CONFIG_FILE);
        let text = if path.exists() {
            file::read_text(&path)?
        } else {
            String::new()
        };
        let edited = config::set_target(&text, name, target)?;
        if edited != text {
            file::replace(&path, edited.as_bytes())?;
        }
        Ok(())
    }
}

/// The folder of the project that a file belongs to.
fn root_of(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    if let Some(root) = folder
        .ancestors()
        .find(|folder| folder.join(CONFIG_FILE).is_file())
    {
        return root.to_owned();
    }
    let in_notebooks =
        discovery::is_notebook(file) && folder.file_name().is_some_and(|name| name == "notebooks");
    let above = folder.parent().filter(|_| in_notebooks);
    above.unwrap_or(folder).to_owned()
}
