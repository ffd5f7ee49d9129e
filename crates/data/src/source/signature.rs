//! What a file is by its first bytes, for those that are called something else.

use crate::error::DataError;
use aloft_spec::source::Format;
use memchr::memmem;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// How many bytes of an end of a file are looked at.
const LOOKED_AT: u64 = 64 << 10;

/// The format that a file's first bytes say; `None` for texts, and where it can't be read.
fn format(file: &Path) -> Option<Format> {
    let bytes = |from| {
        let mut source = File::open(file)?;
        let size = source.metadata()?.len();
        source.seek(match from {
            End::First => SeekFrom::Start(0),
            End::Last => SeekFrom::Start(size.saturating_sub(LOOKED_AT)),
        })?;
        let mut bytes = Vec::new();
        source.take(LOOKED_AT).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    };
    let first = bytes(End::First).ok()?;
    let is = |mark: &[u8]| first.starts_with(mark);
    if is(b"PAR1") {
        Some(Format::Parquet)
    } else if is(b"ARROW1") {
        Some(Format::Arrow)
    } else if is(b"SQLite format 3\0") {
        Some(Format::Sqlite)
    } else if is(b"\xd0\xcf\x11\xe0") {
        Some(Format::Excel)
    } else if is(b"PK\x03\x04") {
        // A ZIP archive ends with the names of its entries.
        let names = bytes(End::Last).ok()?;
        let holds = |bytes: &[u8], text: &[u8]| memmem::find(bytes, text).is_some();
        if holds(&names, b"xl/workbook.") {
            Some(Format::Excel)
        } else {
            holds(&first, b"application/vnd.oasis.opendocument.spreadsheet").then_some(Format::Ods)
        }
    } else {
        None
    }
}

enum End {
    First,
    Last,
}

/// The error of reading a file as `format`; where it is a file of another format, it says so.
pub(super) fn explained(error: DataError, file: &Path, format: Format) -> DataError {
    match (&error, self::format(file)) {
        (DataError::Unreadable { .. }, Some(other)) if other != format => DataError::unreadable(
            file,
            format!("the file holds {other}, not {format}"),
            format!("set `format` to \"{}\", or rename the file", key(other)),
        ),
        _ => error,
    }
}

/// The word for a format in a source cell and on the command line.
fn key(format: Format) -> String {
    format!("{format:?}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let of = |bytes: &[u8]| {
            let file = folder.path().join("t");
            std::fs::write(&file, bytes).unwrap();
            format(&file)
        };
        assert_eq!(of(b"PAR1 and more"), Some(Format::Parquet));
        assert_eq!(of(b"PK\x03\x04.......xl/workbook.xml"), Some(Format::Excel));
        assert_eq!(of(b"PK\x03\x04......."), None);
        assert_eq!(of(b"a,b\n1,2\n"), None);
        assert_eq!(of(b""), None);
        assert_eq!(format(&folder.path().join("none")), None);
        // A key is what a notebook knows.
        for other in [
            Format::Parquet,
            Format::Arrow,
            Format::Sqlite,
            Format::Ods,
            Format::Excel,
        ] {
            assert_eq!(serde_json::to_value(other).unwrap(), key(other));
        }
    }
}
