//! Files of one JSON document a line that only ever grow.
//!
//! A crash can leave the last line torn. The next writer ends it by a line break and goes on after it, instead of
//! cutting it off: then the file's earlier bytes never change, and a mirror that is fetched by offset stays a prefix
//! of it. A reader takes ended lines only, so that it never sees a line in the making.

use crate::{Result, error::Error};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A writer at the end of such a file.
#[derive(Debug)]
pub(crate) struct Appender {
    file: File,
    path: PathBuf,
    /// The file doesn't end in a line break.
    torn: bool,
}

impl Appender {
    /// Opens or creates the file and ends a torn last line.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let opened = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .and_then(|mut file| Ok((ends_torn(&mut file)?, file)));
        let (torn, file) = opened.map_err(Error::io("open", path))?;
        let mut appender = Self {
            file,
            path: path.to_owned(),
            torn,
        };
        if torn {
            appender.append(b"")?;
        }
        Ok(appender)
    }

    /// Writes one document as one line by one call of the operating system, which has it when this returns.
    pub(crate) fn write(&mut self, document: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(document).map_err(|error| Error::Unwritable(error.to_string()))?;
        line.push(b'\n');
        self.append(&line)
    }

    /// Brings what was written down to the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        Ok(self.file.sync_data().map_err(Error::io("write", &self.path))?)
    }

    fn append(&mut self, line: &[u8]) -> Result<()> {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        if self.torn {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(line);
        let written = self.file.write_all(&bytes);
        // A write that failed, say on a full disk, may have left a part of the line.
        self.torn = written.is_err();
        Ok(written.map_err(Error::io("write", &self.path))?)
    }
}

fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
