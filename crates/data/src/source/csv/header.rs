//! What stands before the rows of a CSV file: the names of its columns.

use super::{
    records::{Record, Records},
    rules::Rules,
    scan::{Failed, next},
};
use crate::{
    error::{DataError, Result},
    source::content::Content,
};
use std::{collections::HashSet, path::Path};

/// What stands before the rows.
pub(super) struct Head {
    /// Names of the columns: those of the header, else `column_1` and so on.
    pub names: Vec<String>,
    /// Bytes and lines of the header.
    pub bytes: u64,
    pub lines: usize,
}

impl Head {
    pub(super) fn read(file: &Path, content: &Content, rules: &Rules) -> std::result::Result<Self, Failed> {
        let mut records = Records::new(content.reader()?, rules.marks);
        let first = match next(&mut records, file)? {
            Some(first) if !first.is_blank() => first,
            _ => {
                let what = if rules.header {
                    "the file has no header"
                } else {
                    "the file begins with a blank line"
                };
                return Err(Failed::Error(DataError::Empty {
                    file: file.to_owned(),
                    what,
                }));
            }
        };
        if let Err(error) = std::str::from_utf8(first.bytes) {
            return Err(Failed::NotUtf8 {
                line: 1 + line_feeds(&first.bytes[..error.valid_up_to()]),
                bytes: first.bytes.to_vec(),
            });
        }
        if !rules.header {
            return Ok(Self {
                names: (0..first.len()).map(numbered).collect(),
                bytes: 0,
                lines: 0,
            });
        }
        Ok(Self {
            names: names(file, &first, rules)?,
            bytes: first.bytes.len() as u64 + 1,
            lines: 1 + line_feeds(first.bytes),
        })
    }
}

fn line_feeds(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

fn numbered(index: usize) -> String {
    format!("column_{}", index + 1)
}

fn names(file: &Path, header: &Record<'_>, rules: &Rules) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for (index, bytes) in header.fields().enumerate() {
        let text = String::from_utf8_lossy(bytes);
        let text = match rules.marks.quote.map(char::from) {
            Some(quote) => text.replace(&format!("{quote}{quote}"), &quote.to_string()),
            None => text.into_owned(),
        };
        let name = if text.trim().is_empty() {
            numbered(index)
        } else {
            text
        };
        if !seen.insert(name.clone()) {
            return Err(DataError::DuplicateColumn {
                file: Some(file.to_owned()),
                name,
            });
        }
        names.push(name);
    }
    Ok(names)
}
