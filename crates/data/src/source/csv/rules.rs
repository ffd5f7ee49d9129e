//! How a CSV file is to be read: what the keys of the source say, else what its first bytes look like.

use super::{
    fields::Marks,
    sniff::{self, Given},
};
use crate::{
    error::{DataError, Result},
    source::{content::Content, encoding::HEAD},
};
use aloft_spec::source::{Ragged, SourceSpec, ending};
use std::{io::Read, path::Path};

/// How a file is to be read.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub marks: Marks,
    pub header: bool,
    /// What the key `null_values` says.
    pub null_values: Option<Vec<String>>,
    /// Whether a comma can stand before a fraction.
    pub comma: bool,
    /// Whether nothing else can: the key `decimal` says so.
    pub only_comma: bool,
    pub ragged: Ragged,
    /// Bytes of a record, about.
    pub record_bytes: u64,
}

impl Rules {
    /// Those of a file, by its keys and its first bytes.
    pub(super) fn of(spec: &SourceSpec, file: &Path, content: &Content) -> Result<Self> {
        let given = given(spec)?;
        let mut head = Vec::new();
        content
            .reader()?
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|error| DataError::decompressing(file, &error))?;
        let returned = memchr::memchr(b'\r', &head).is_some_and(|place| place + 1 < head.len());
        if returned && memchr::memchr(b'\n', &head).is_none() {
            return Err(DataError::unreadable(
                file,
                "its lines end with a carriage return alone, as those of old Macs",
                "save it with other line ends, for instance by `tr '\\r' '\\n' < old.csv > new.csv`",
            ));
        }
        let likely = if ending(file) == "tsv" { b'\t' } else { b',' };
        let found = sniff::sniff(&head, given, likely);
        let lines = memchr::memchr_iter(b'\n', &head).count().max(1);
        Ok(Self {
            record_bytes: (head.len() / lines) as u64 + 1,
            marks: found.marks,
            header: found.header,
            null_values: spec.null_values.clone(),
            // Between commas `1,5` is two values; between quotes there it may be 15 as well as 1.5.
            comma: spec
                .decimal
                .map_or(found.marks.separator != b',', |decimal| decimal == ','),
            only_comma: spec.decimal == Some(','),
            ragged: spec.ragged,
        })
    }
}

/// What the keys say of the dialect.
fn given(spec: &SourceSpec) -> Result<Given> {
    let bad = |what: String, hint: &str| DataError::BadValue {
        what,
        hint: hint.into(),
    };
    let mark = |letter: char| {
        u8::try_from(letter)
            .ok()
            .filter(|byte| byte.is_ascii() && !matches!(byte, b'\n' | b'\r'))
    };
    let separator = match spec.separator {
        None => None,
        Some(letter) => Some(mark(letter).filter(|byte| *byte != b'"').ok_or_else(|| {
            bad(
                format!("`{letter}` can't separate fields"),
                "use one ASCII character, for instance `;`",
            )
        })?),
    };
    let quote = match spec.quote.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(text) => {
            let mut letters = text.chars();
            let one = letters.next().and_then(mark).filter(|_| letters.next().is_none());
            let one = one.filter(|byte| Some(*byte) != separator);
            Some(Some(one.ok_or_else(|| {
                bad(
                    format!("`{text}` can't be a quote"),
                    "use one ASCII character that isn't the separator, or \"\" for none",
                )
            })?))
        }
    };
    match spec.decimal {
        None | Some('.' | ',') => {}
        Some(other) => {
            return Err(bad(
                format!("`{other}` can't stand before a fraction"),
                "use `.` or `,`",
            ));
        }
    }
    Ok(Given {
        separator,
        quote,
        header: spec.header,
    })
}
