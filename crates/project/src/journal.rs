//! Text that isn't saved yet, kept so that a crash doesn't lose it.

use crate::{Error, Project, Result, file};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

impl Project {
    /// Keeps the text of a notebook beside its file, under `.aloft/journal`.
    pub fn journal_write(&self, notebook: &Path, text: &str) -> Result<()> {
        Ok(file::replace(&self.journal(notebook), text.as_bytes())?)
    }

    /// The kept text, where it differs from the notebook's file and is not older than it.
    pub fn journal_read(&self, notebook: &Path) -> Option<String> {
        let journal = self.journal(notebook);
        let text = file::read_text(&journal).ok()?;
        let saved = self.root.join(notebook);
        let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
        if let (Ok(kept), Ok(written)) = (modified(&journal), modified(&saved))
            && kept < written
        {
            return None;
        }
        let same = file::read_text(&saved).is_ok_and(|saved| saved == text);
        (!same).then_some(text)
    }

    /// Forgets the kept text.
    pub fn journal_clear(&self, notebook: &Path) -> Result<()> {
        let journal = self.journal(notebook);
        match fs::remove_file(&journal) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(Error::Write(journal, cause).into()),
            _ => Ok(()),
        }
    }

    /// Where a notebook's text is kept: its path, without steps that would lead out of the folder.
    fn journal(&self, notebook: &Path) -> PathBuf {
        let inner = notebook.strip_prefix(&self.root).unwrap_or(notebook);
        let steps = inner
            .components()
            .filter(|step| matches!(step, Component::Normal(_)));
        self.state_dir().join("journal").join(steps.collect::<PathBuf>())
    }
}
