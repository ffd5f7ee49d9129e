//! A copy of a CSV file in which every row has as many fields as the header.

use super::{RECORDS_BETWEEN_CHECKS, records::Records, rules::Rules, scan};
use crate::{
    Cancel,
    error::{DataError, Result},
    fingerprint,
    source::{access::Access, content::Content},
};
use aloft_spec::source::Ragged;
use std::{io::Write, path::Path};

/// The rows that fit as they stand; of the others, what `rules` say.
pub(super) fn repaired(
    file: &Path,
    content: &Content,
    rules: &Rules,
    width: usize,
    access: &Access,
    cancel: &Cancel,
) -> Result<Content> {
    let means = format!("repaired {rules:?}");
    let key = [means.as_str(), &fingerprint::of_file(file)?];
    access.copy(&key, "csv", |out| write(file, content, rules, width, out, cancel))
}

fn write(
    file: &Path,
    content: &Content,
    rules: &Rules,
    width: usize,
    out: &mut dyn Write,
    cancel: &Cancel,
) -> Result<()> {
    let mut records = Records::new(content.reader()?, rules.marks);
    let failed = |error| DataError::writing(file, error);
    let mut seen = 0_u64;
    while let Some(record) = scan::next(&mut records, file)? {
        if seen.is_multiple_of(RECORDS_BETWEEN_CHECKS) {
            cancel.step()?;
        }
        seen += 1;
        if record.is_blank() && width > 1 {
            continue;
        }
        let fields = record.len();
        if fields == width {
            out.write_all(record.bytes).map_err(failed)?;
        } else if rules.ragged != Ragged::Fill {
            continue;
        } else if fields > width {
            out.write_all(record.first_fields(width)).map_err(failed)?;
        } else {
            let bytes = record.bytes.strip_suffix(b"\r").unwrap_or(record.bytes);
            out.write_all(bytes).map_err(failed)?;
            let missing = vec![rules.marks.separator; width - fields];
            out.write_all(&missing).map_err(failed)?;
        }
        out.write_all(b"\n").map_err(failed)?;
    }
    out.flush().map_err(failed)
}
