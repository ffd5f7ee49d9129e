//! JSON lines: one object a line.

use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    source::Opened,
};
use polars::prelude::*;
use std::{
    fs::File,
    io::{BufRead, BufReader},
    num::NonZeroUsize,
    path::Path,
};

/// Up to this size the types come from all lines, beyond from the first [`INFERRED_LINES`].
const INFER_ALL_BYTES: u64 = 256 << 20;
const INFERRED_LINES: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
/// How often the scan looks whether it is cancelled.
const LINES_BETWEEN_CHECKS: usize = 4096;

/// Opens a JSON lines file: every line is checked to be an object, so that a bad one is named by its number.
pub(crate) fn open(file: &Path, cancel: &Cancel) -> Result<Opened> {
    let rows = check_lines(file, cancel)?;
    let size = std::fs::metadata(file)
        .map_err(|error| DataError::reading(file, &error))?
        .len();
    let plan = guarded(|| {
        LazyJsonLineReader::new(PlRefPath::try_from_path(file)?)
            .with_infer_schema_length((size > INFER_ALL_BYTES).then_some(INFERRED_LINES))
            .finish()
    })?;
    Ok(Opened {
        plan,
        rows,
        row_groups: None,
    })
}

/// How many objects there are.
fn check_lines(file: &Path, cancel: &Cancel) -> Result<u64> {
    let failed = |error| DataError::reading(file, &error);
    let mut reader = BufReader::with_capacity(1 << 20, File::open(file).map_err(failed)?);
    let mut line = Vec::new();
    let mut rows = 0;
    for number in 1.. {
        if number % LINES_BETWEEN_CHECKS == 0 {
            cancel.step()?;
        }
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let bad = |what: String| {
            let hint = "each line holds one JSON object, as in {\"a\": 1}";
            DataError::unreadable_at(file, number, what, hint)
        };
        if text[0] != b'{' {
            return Err(bad("this line isn't a JSON object".into()));
        }
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(text) {
            return Err(bad(format!("this line isn't valid JSON: {error}")));
        }
        rows += 1;
    }
    if rows == 0 {
        return Err(DataError::Empty {
            file: file.to_owned(),
            what: "the file has no objects",
        });
    }
    Ok(rows)
}
