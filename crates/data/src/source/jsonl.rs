//! JSON lines: one object a line.

use super::{
    Opened,
    access::Access,
    columnar,
    content::{self, Content},
    encoding::Text,
};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    fingerprint,
};
use aloft_spec::{
    reading::Reading,
    source::{Format, SourceSpec},
};
use polars::prelude::*;
use std::{
    io::{self, BufRead, BufReader, Read},
    num::NonZeroUsize,
    path::Path,
};

/// Up to this size the types come from all lines, beyond from the first [`INFERRED_LINES`].
const INFER_ALL_BYTES: u64 = 256 << 20;
const INFERRED_LINES: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
/// How often the scan looks whether it is cancelled.
const LINES_BETWEEN_CHECKS: usize = 4096;

/// Opens a JSON lines file: every line is checked to be an object, so that a bad one is named by its number.
pub(crate) fn open(spec: &SourceSpec, file: &Path, access: &Access, cancel: &Cancel) -> Result<Opened> {
    let text = Text::open(file, spec.encoding.as_deref(), access, cancel)?;
    let rows = check_lines(file, text.content.reader()?, cancel)?;
    let size = columnar::size(file)?;
    let content = if content::compression(file)?.is_some() || text.byte_order_mark {
        let key = ["lines of", &fingerprint::of_file(file)?];
        access.copy(&key, "jsonl", |out| {
            let copied = io::copy(&mut text.content.reader()?, out).and_then(|_| out.flush());
            copied.map_err(|error| DataError::decompressing(file, &error))
        })?
    } else {
        text.content.clone()
    };
    let mut reading = Reading::new(Format::Jsonl, 1, size);
    reading.bytes_read = Some(size);
    reading.encoding = Some(text.reading());
    Ok(Opened {
        plan: plan(&content, size)?,
        rows,
        reading,
        layout: None,
        row_groups: None,
    })
}

/// A lazy plan over objects, one a line, of a source of so many bytes.
pub(crate) fn plan(content: &Content, size: u64) -> Result<LazyFrame> {
    let sources = content.sources()?;
    guarded(|| {
        LazyJsonLineReader::new_with_sources(sources)
            .with_infer_schema_length((size > INFER_ALL_BYTES).then_some(INFERRED_LINES))
            .finish()
    })
}

/// How many objects there are.
fn check_lines(file: &Path, reader: Box<dyn Read>, cancel: &Cancel) -> Result<u64> {
    let failed = |error| DataError::decompressing(file, &error);
    let mut reader = BufReader::with_capacity(1 << 20, reader);
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
