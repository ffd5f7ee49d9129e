//! What the program remembers of its user between two starts, in their state folder (`$XDG_STATE_HOME/aloft`, by
//! default `~/.local/state/aloft`). A file there that can't be read counts as empty: nobody is kept from work by it.

use crate::{Result, file};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::{Path, PathBuf};

/// So many projects are remembered.
const MAX_RECENT: usize = 20;

/// A project that was opened before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentEntry {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
}

/// Projects that were opened before, latest first, at most 20.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    entries: Vec<RecentEntry>,
    file: Option<PathBuf>,
}

impl Recent {
    /// The user's list.
    pub fn load() -> Self {
        Self::load_from(state_file("recent.json"))
    }

    /// The list in a file; without one it is kept nowhere.
    pub fn load_from(file: Option<PathBuf>) -> Self {
        let mut entries: Vec<RecentEntry> = read(file.as_deref());
        entries.truncate(MAX_RECENT);
        Self { entries, file }
    }

    /// The projects, latest first.
    pub fn entries(&self) -> &[RecentEntry] {
        &self.entries
    }

    /// Puts a project first and keeps the list.
    pub fn add(&mut self, path: &Path, name: &str) -> Result<()> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.entries.retain(|entry| entry.path != path);
        let name = name.to_owned();
        self.entries.insert(0, RecentEntry { name, path });
        self.entries.truncate(MAX_RECENT);
        self.save()
    }

    /// Takes a project out and keeps the list.
    pub fn forget(&mut self, path: &Path) -> Result<()> {
        self.entries.retain(|entry| entry.path != path);
        self.save()
    }

    fn save(&self) -> Result<()> {
        // JSON has no word for a path that isn't text; such a project is remembered until the program ends.
        let kept: Vec<&RecentEntry> = self
            .entries
            .iter()
            .filter(|entry| entry.path.to_str().is_some())
            .collect();
        write(self.file.as_deref(), &kept)
    }
}

/// The user's choices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The colours: `system`, `light` or `dark`.
    pub theme: String,
    /// How large everything is painted, in percent.
    pub zoom_percent: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: "system".into(),
            zoom_percent: 100,
        }
    }
}

impl Settings {
    /// The user's choices.
    pub fn load() -> Self {
        read(state_file("settings.json").as_deref())
    }

    /// Keeps them.
    pub fn save(&self) -> Result<()> {
        write(state_file("settings.json").as_deref(), self)
    }
}

/// The folder for what can be made again, outside of any project.
pub fn cache_dir() -> Option<PathBuf> {
    Some(directories::BaseDirs::new()?.cache_dir().join("aloft"))
}

fn state_file(name: &str) -> Option<PathBuf> {
    let folders = directories::BaseDirs::new()?;
    let folder = folders.state_dir().unwrap_or_else(|| folders.data_local_dir());
    Some(folder.join("aloft").join(name))
}

pub(crate) fn read<T: DeserializeOwned + Default>(file: Option<&Path>) -> T {
    let text = file.and_then(|file| file::read_text(file).ok());
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

pub(crate) fn write<T: Serialize>(file: Option<&Path>, value: &T) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    Ok(file::replace(file, text.as_bytes())?)
}
