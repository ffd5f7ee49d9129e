//! CSV and TSV: how the file is written is found out from its first lines, then one pass over the bytes finds ragged
//! rows, bad text, where the rows are, the type of each column and what means "no value".
//!
//! polars pads short rows silently and guesses types from the first rows. Here the whole file is looked at once, on all
//! cores and within a bounded memory, before anything is built on it; what was found in a large file is remembered. What
//! polars can't read as it is (another encoding, rows that need repair) becomes a copy that it can. Only who asks for
//! the first rows of a large file gets them without a look at the rest, and is told so.

mod block;
mod columns;
mod fields;
mod findings;
mod first_rows;
mod guess;
mod header;
mod index;
pub(super) mod kind;
mod layout;
mod moment;
mod nulls;
mod pieces;
mod records;
mod remembered;
mod repair;
mod scan;
mod sniff;
mod typed;
mod values;

use super::{
    Opened,
    access::Access,
    columnar,
    content::{Content, Plain},
    encoding::{HEAD, Text},
};
use crate::{
    Cancel,
    error::{DataError, Result},
    parts::Parts as _,
    profile::{Running, Seen, watched},
};
use aloft_spec::{
    profile::Scan,
    reading::{self, Reading},
    source::{Format, Ragged, SourceSpec, ending},
    text::thousands,
};
use first_rows::FirstRows;
use guess::Guess;
use kind::ColumnType;
use polars::prelude::DataFrame;
use remembered::Remembered;
use scan::{Failed, Rules, Scanned};
use sniff::Given;
use std::{io::Read, path::Path, sync::Arc};

pub(crate) use layout::{Layout, rows};

/// The first rows of a file of so many bytes are read without a look at the rest.
const LARGE_BYTES: u64 = 64 << 20;
/// By so many first rows, and some further behind, types are guessed.
const GUESSED_ROWS: u64 = 1000;
/// How often a long pass over records asks whether it is cancelled.
const RECORDS_BETWEEN_CHECKS: u64 = 4096;

/// Opens a CSV file: checks all of it and makes a lazy plan of its rows.
pub(crate) fn open(spec: &SourceSpec, file: &Path, access: &Access, cancel: &Cancel) -> Result<Opened> {
    let given = given(spec)?;
    let mut text = Text::open(file, spec.encoding.as_deref(), access, cancel)?;
    loop {
        let rules = rules(spec, file, &text.content, given)?;
        match look(file, &text, &rules, access, cancel) {
            Ok((scanned, looked_at)) => {
                return finish(file, &text, &rules, &scanned, looked_at, access, cancel);
            }
            Err(Failed::Error(error)) => return Err(error),
            Err(Failed::NotUtf8 { bytes, .. })
                if text.guessed && matches!(&text.content, Content::File(path) if path == file) =>
            {
                text = Text::reopen(file, &bytes, access, cancel)?;
            }
            Err(Failed::NotUtf8 { line, .. }) => {
                return Err(DataError::unreadable_at(
                    file,
                    line,
                    "this row isn't valid UTF-8",
                    "set `encoding` to the one that the file was saved in, for instance `windows-1252`",
                ));
            }
        }
    }
}

/// Opens a large file that is new and makes the profile of its rows in the same pass, by the types of the first rows and of
/// some further behind; `on_partial` is told what is known so far, with the first `head_rows` rows. The profile is made later where these aren't those of
/// all rows. `None` for other files, and where something is wrong: [`open`] says it.
pub(crate) fn open_and_profile(
    spec: &SourceSpec,
    file: &Path,
    head_rows: usize,
    access: &Access,
    cancel: &Cancel,
    on_partial: &mut dyn FnMut(Seen),
) -> Result<Option<Opened>> {
    open_and_profile_beyond(LARGE_BYTES, spec, file, head_rows, access, cancel, on_partial)
}

fn open_and_profile_beyond(
    large: u64,
    spec: &SourceSpec,
    file: &Path,
    head_rows: usize,
    access: &Access,
    cancel: &Cancel,
    on_partial: &mut dyn FnMut(Seen),
) -> Result<Option<Opened>> {
    let Some((text, rules, plain)) = new_and_large(large, spec, file, access, cancel)? else {
        return Ok(None);
    };
    let Some(first) = first_rows::first_rows(file, &plain, &rules, GUESSED_ROWS, cancel)? else {
        return Ok(None);
    };
    let layout = Layout::new(text.content.clone(), &rules, &first.scanned);
    let running = Running::new(&layout.schema(), head_rows, cancel);
    let guess = Guess::new(&layout, &running);
    let look = || scan::scan_and_profile(file, &text.content, &rules, &guess, cancel);
    let scanned = match watched(&running, look, on_partial) {
        Ok(scanned) => scanned,
        Err(Failed::Error(DataError::Stopped)) => return Err(DataError::Stopped),
        Err(_) => return Ok(None),
    };
    if let Some(remembered) = Remembered::of(file, &text, &rules, access)? {
        remembered.put(file, &scanned)?;
    }
    let holds = guess.holds() && layout.fits(&scanned, &rules);
    let mut opened = finish(file, &text, &rules, &scanned, true, access, cancel)?;
    if let Some(layout) = opened.layout.as_mut().filter(|_| holds) {
        layout.seen = Some(Arc::new(running.ended()));
    }
    Ok(Some(opened))
}

/// What is in a text, and whether it was looked at for that now: what was found in a large file is remembered.
fn look(
    file: &Path,
    text: &Text,
    rules: &Rules,
    access: &Access,
    cancel: &Cancel,
) -> std::result::Result<(Scanned, bool), Failed> {
    let remembered = Remembered::of(file, text, rules, access)?;
    if let Some(remembered) = &remembered
        && let Some(scanned) = remembered.get()?
    {
        return Ok((scanned, false));
    }
    let scanned = scan::scan(file, &text.content, rules, cancel)?;
    if let Some(remembered) = remembered {
        remembered.put(file, &scanned)?;
    }
    Ok((scanned, true))
}

/// The first `wanted` rows of a large file with how they were read, without a look at all of it. `None` for smaller
/// files, for those that are remembered, and where there is something to say of the file that needs a look at all of it.
pub(crate) fn first_rows(
    spec: &SourceSpec,
    file: &Path,
    wanted: u64,
    access: &Access,
    cancel: &Cancel,
) -> Result<Option<(DataFrame, Reading, Scan)>> {
    first_rows_beyond(LARGE_BYTES, spec, file, wanted, access, cancel)
}

fn first_rows_beyond(
    large: u64,
    spec: &SourceSpec,
    file: &Path,
    wanted: u64,
    access: &Access,
    cancel: &Cancel,
) -> Result<Option<(DataFrame, Reading, Scan)>> {
    let Some((text, rules, plain)) = new_and_large(large, spec, file, access, cancel)? else {
        return Ok(None);
    };
    let Some(FirstRows {
        frame,
        scanned,
        bytes_read,
    }) = first_rows::first_rows(file, &plain, &rules, wanted, cancel)?
    else {
        return Ok(None);
    };
    let mut reading = reading(columnar::size(file)?, &text, &rules, &scanned);
    reading.bytes_read = Some(bytes_read);
    let scan = Scan {
        bytes_read,
        bytes_total: plain.bytes,
        rows_read: scanned.rows,
        ..Scan::default()
    };
    Ok(Some((frame, reading, scan)))
}

/// How a large file is read of which nothing is remembered, and which isn't compressed or in another encoding.
fn new_and_large(
    large: u64,
    spec: &SourceSpec,
    file: &Path,
    access: &Access,
    cancel: &Cancel,
) -> Result<Option<(Text, Rules, Plain)>> {
    let metadata = std::fs::metadata(file).map_err(|error| DataError::reading(file, &error))?;
    if metadata.len() < large {
        return Ok(None);
    }
    let given = given(spec)?;
    let text = Text::open(file, spec.encoding.as_deref(), access, cancel)?;
    let rules = rules(spec, file, &text.content, given)?;
    let Some(plain) = text.content.plain()?.filter(|plain| plain.path == file) else {
        return Ok(None);
    };
    let is_known = match Remembered::of(file, &text, &rules, access)? {
        Some(remembered) => remembered.is_there()?,
        None => false,
    };
    Ok((!is_known).then_some((text, rules, plain)))
}

/// The whole rows in the first bytes of a file that goes on behind them, with how they were read. `None` where the bytes
/// aren't enough to go by.
pub(crate) fn rows_of_head(
    spec: &SourceSpec,
    name: &str,
    head: &[u8],
    cancel: &Cancel,
) -> Result<Option<(DataFrame, Reading)>> {
    let given = given(spec)?;
    let Some(text) = Text::of_head(head, spec.encoding.as_deref())? else {
        return Ok(None);
    };
    let file = Path::new(name);
    let rules = rules(spec, file, &text.content, given)?;
    let Some(first) = first_rows::of_head(file, &text.content, &rules, cancel)? else {
        return Ok(None);
    };
    let reading = reading(head.len() as u64, &text, &rules, &first.scanned);
    Ok(Some((first.frame, reading)))
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

fn rules(spec: &SourceSpec, file: &Path, content: &Content, given: Given) -> Result<Rules> {
    let mut head = Vec::new();
    content
        .reader()?
        .take(HEAD as u64)
        .read_to_end(&mut head)
        .map_err(|error| DataError::decompressing(file, &error))?;
    let likely = if ending(file) == "tsv" { b'\t' } else { b',' };
    let found = sniff::sniff(&head, given, likely);
    let lines = memchr::memchr_iter(b'\n', &head).count().max(1);
    Ok(Rules {
        record_bytes: (head.len() / lines) as u64 + 1,
        marks: found.marks,
        header: found.header,
        null_values: spec.null_values.clone(),
        // Between commas `1,5` is two values; between quotes there it may be 15 as well as 1.5.
        comma: spec
            .decimal
            .map_or(found.marks.separator != b',', |decimal| decimal == ','),
        ragged: spec.ragged,
    })
}

fn finish(
    file: &Path,
    text: &Text,
    rules: &Rules,
    scanned: &Scanned,
    looked_at: bool,
    access: &Access,
    cancel: &Cancel,
) -> Result<Opened> {
    let bytes = columnar::size(file)?;
    let mut reading = reading(bytes, text, rules, scanned);
    if !looked_at {
        reading.bytes_read = Some(0);
    }
    let mut layout = Layout {
        looked_at,
        ..Layout::new(text.content.clone(), rules, scanned)
    };
    let mut index = scanned.index.clone();
    if scanned.ragged > 0 {
        layout.content = repair::repaired(file, &text.content, rules, scanned.names.len(), access, cancel)?;
        layout.trailing_blanks = false;
        // Rows are elsewhere in the copy, which fits the rules and is remembered as other files are.
        if let Some(plain) = layout.content.plain()? {
            let copy = Text {
                content: layout.content.clone(),
                ..text.clone()
            };
            index = match look(&plain.path, &copy, rules, access, cancel) {
                Ok((scanned, _)) => scanned.index,
                Err(Failed::Error(error)) => return Err(error),
                Err(Failed::NotUtf8 { .. }) => return Err(index::changed(file)),
            };
        }
    }
    layout.index = layout.content.plain()?.map(|plain| (plain.path, index));
    Ok(Opened {
        plan: layout.plan()?,
        rows: layout.rows,
        reading,
        layout: Some(layout),
        row_groups: None,
    })
}

/// How a file of so many bytes was read.
fn reading(bytes: u64, text: &Text, rules: &Rules, scanned: &Scanned) -> Reading {
    let mut reading = Reading::new(Format::Csv, 1, bytes);
    reading.bytes_read = Some(bytes);
    reading.encoding = Some(text.reading());
    let comma = scanned
        .columns(rules.comma)
        .iter()
        .any(|(_, kind)| *kind == ColumnType::CommaReal);
    let lines: Vec<u64> = scanned.ragged_rows.iter().map(|row| row.line as u64).collect();
    if scanned.ragged > 0 {
        let named: Vec<String> = lines.iter().map(|line| thousands(*line)).collect();
        let done = match rules.ragged {
            Ragged::Fill => "were filled or cut off",
            Ragged::Skip | Ragged::Error => "were left out",
        };
        let more = if scanned.ragged > lines.len() as u64 {
            ", …"
        } else {
            ""
        };
        reading.warnings.push(format!(
            "{} {} with another number of fields than the header {done} (line {}{more})",
            thousands(scanned.ragged),
            if scanned.ragged == 1 { "row" } else { "rows" },
            named.join(", ")
        ));
    }
    reading.dialect = Some(reading::Dialect {
        separator: rules.marks.separator.into(),
        quote: rules.marks.quote.map(char::from),
        header: rules.header,
        decimal: if comma { ',' } else { '.' },
        null_values: scanned.null_values.clone(),
        ragged: rules.ragged,
        ragged_rows: scanned.ragged,
        ragged_lines: lines,
    });
    reading
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Relation, source::relation};
    use aloft_spec::table::Scope;

    /// Numbers, of which the last is a word; and texts in which lines end.
    fn write(file: &Path, rows: usize, last: &str) {
        let mut text = String::from("id,value,note\n");
        for row in 0..rows {
            let value = if row + 1 == rows { last } else { "1.5" };
            text.push_str(&format!("{row},{value},\"two, and\n\"\"{row}\"\"\"\n"));
        }
        std::fs::write(file, text).unwrap();
    }

    fn types(frame: &DataFrame) -> Vec<String> {
        frame.dtypes().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn first_rows_need_no_look_at_all_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.csv");
        write(&file, 200_000, "1.5");
        let read = |file: &Path, wanted| {
            let spec = SourceSpec::new("t.csv");
            first_rows_beyond(0, &spec, file, wanted, &Access::new(), &Cancel::new()).unwrap()
        };
        let (frame, reading, scan) = read(&file, 1000).unwrap();
        assert_eq!(
            (frame.height(), types(&frame)),
            (1000, vec!["i64".to_owned(), "f64".into(), "str".into()])
        );
        assert_eq!(
            frame.column("note").unwrap().str().unwrap().get(7),
            Some("two, and\n\"7\"")
        );
        assert_eq!(
            (reading.bytes_read, scan.rows_read),
            (Some(scan.bytes_read), 1000)
        );
        assert!(scan.bytes_read * 3 < scan.bytes_total, "{scan:?}");
        // A word at the end is met although it is far from the first rows.
        write(&file, 200_000, "none of these");
        assert_eq!(types(&read(&file, 10).unwrap().0)[1], "str");
        // More rows than there are, and a row that doesn't fit, need a look at the whole file.
        assert!(read(&file, 200_000).is_none());
        let mut text = std::fs::read_to_string(&file).unwrap();
        text.insert_str(14, "1,2\n");
        std::fs::write(&file, text).unwrap();
        assert!(read(&file, 10).is_none());
    }

    #[test]
    fn a_profile_made_while_looking_is_that_made_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.csv");
        let (spec, cancel) = (SourceSpec::new("t.csv"), Cancel::new());
        let check = |kept: bool| {
            let access = Access::new();
            let opened = open_and_profile_beyond(0, &spec, &file, 0, &access, &cancel, &mut |_| ());
            let opened = opened.unwrap().unwrap();
            assert_eq!(opened.layout.as_ref().unwrap().seen.is_some(), kept);
            let parts = opened.layout.as_ref().and_then(Layout::parts);
            let engine = crate::execute::EngineChoice::Streaming;
            let of = |parts, opened: Opened| {
                let relation = Relation::of_file(opened.plan, &file, opened.rows, engine, &cancel).unwrap();
                relation.with_parts(parts).output(20).unwrap()
            };
            let later = open(&spec, &file, &access, &cancel).unwrap();
            let parts_later = later.layout.as_ref().and_then(Layout::parts);
            assert_eq!(of(parts, opened), of(parts_later, later));
        };
        write(&file, 100_000, "1.5");
        check(true);
        // A word and a text for no value that aren't among what was guessed by.
        let text = std::fs::read_to_string(&file).unwrap();
        for other in ["none of these", "NA"] {
            std::fs::write(&file, text.replace("\n47111,1.5", &format!("\n47111,{other}"))).unwrap();
            check(false);
        }
        let plain: String = (0..200_000)
            .map(|row| format!("{row},{}.25,{}\n", row % 97, row % 7))
            .collect();
        std::fs::write(&file, format!("id,value,note\n{plain}")).unwrap();
        check(true);
    }

    #[test]
    fn what_was_found_in_a_large_file_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let (file, copies) = (folder.path().join("t.csv"), folder.path().join("copies"));
        write(&file, 600_000, "1.5");
        let access = Access::new().with_copies(&copies);
        let mut spec = SourceSpec::new("t.csv");
        spec.sample.rows = 500;
        let sample =
            || -> Relation { relation(&spec, &file, Scope::Sample, &access, &Cancel::new()).unwrap() };
        let (first, again) = (sample(), sample());
        assert_eq!(std::fs::read_dir(&copies).unwrap().count(), 1);
        let read = |relation: &Relation| relation.scan().unwrap().bytes_read;
        let total = std::fs::metadata(&file).unwrap().len();
        assert!(total > 16 << 20 && read(&first) == total, "{total}");
        assert!(read(&again) * 10 < total, "{}", read(&again));
        assert!(first.frame().unwrap().equals(&again.frame().unwrap()));
        let fields = |relation: &Relation| relation.reading().unwrap().dialect.clone();
        assert_eq!(fields(&first), fields(&again));
        // Of a file with rows that don't fit, the copy without them is remembered too.
        let text = std::fs::read_to_string(&file).unwrap() + "1,2\n";
        std::fs::write(&file, text).unwrap();
        spec.ragged = Ragged::Skip;
        let sample =
            || -> Relation { relation(&spec, &file, Scope::Sample, &access, &Cancel::new()).unwrap() };
        let (first, again) = (sample(), sample());
        assert_eq!(first.reading().unwrap().dialect.as_ref().unwrap().ragged_rows, 1);
        assert!(read(&again) * 10 < total, "{}", read(&again));
        assert!(first.frame().unwrap().equals(&again.frame().unwrap()));
        // Another file of the same name is looked at.
        write(&file, 600_001, "2");
        assert_eq!(sample().extent(500).total, Some(600_001));
    }
}
