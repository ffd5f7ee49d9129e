//! Parquet and Arrow IPC files.

use crate::{
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
    sample,
    source::Opened,
};
use polars::{io::ipc::IpcScanOptions, lazy::dsl::UnifiedScanArgs, prelude::*};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// Opens a Parquet file by its footer.
pub(crate) fn open_parquet(file: &Path) -> Result<Opened> {
    check_frame(file, b"PAR1", b"PAR1", "Parquet")?;
    let row_groups = sample::row_groups(file)?;
    let plan = guarded(|| {
        let options = ScanArgsParquet {
            glob: false,
            ..Default::default()
        };
        LazyFrame::scan_parquet(path_to_read(file)?, options)
    })?;
    Ok(Opened {
        plan,
        rows: row_groups.iter().map(|group| group.rows).sum(),
        row_groups: Some(row_groups),
    })
}

/// How polars is to read a file. It maps those that are named by a path: then all that was read counts as memory of the
/// process until the scan ends. Those that are named by an address are read a part at a time.
fn path_to_read(file: &Path) -> PolarsResult<PlRefPath> {
    const SMALL: u64 = 64 << 20;
    let absolute = std::path::absolute(file)?;
    match absolute.to_str() {
        Some(path) if file.metadata()?.len() > SMALL && path.starts_with('/') => {
            Ok(PlRefPath::new(format!("file://{}", path.replace('%', "%25"))))
        }
        _ => PlRefPath::try_from_path(file),
    }
}

/// Opens an Arrow IPC file by its footer.
pub(crate) fn open_arrow(file: &Path) -> Result<Opened> {
    check_frame(file, b"ARROW1", b"ARROW1", "Arrow IPC")?;
    let plan = guarded(|| {
        let options = UnifiedScanArgs {
            glob: false,
            ..Default::default()
        };
        LazyFrame::scan_ipc(
            PlRefPath::try_from_path(file)?,
            IpcScanOptions::default(),
            options,
        )
    })?;
    let rows = execute::count(plan.clone(), EngineChoice::Streaming)?;
    Ok(Opened {
        plan,
        rows,
        row_groups: None,
    })
}

/// Both formats begin and end with a mark; the one at the end is missing when a file was cut off.
fn check_frame(file: &Path, begin: &[u8], end: &[u8], format: &str) -> Result<()> {
    let failed = |error| DataError::reading(file, &error);
    let mut source = File::open(file).map_err(failed)?;
    let length = source.metadata().map_err(failed)?.len();
    let mut first = Vec::new();
    source
        .by_ref()
        .take(begin.len() as u64)
        .read_to_end(&mut first)
        .map_err(failed)?;
    if first != begin {
        return Err(DataError::unreadable(
            file,
            format!("this isn't {} {format} file", article(format)),
            match first.as_slice() {
                [b'F', b'E', b'A', b'1', ..] => "it is Feather version 1; write it again as version 2",
                [0xff, 0xff, 0xff, 0xff, ..] => "it is an Arrow stream; write it as a file (with a footer)",
                _ => "say its `format` if the ending is misleading, or make the file again",
            },
        ));
    }
    let from_end = (end.len() as u64).min(length);
    source.seek(SeekFrom::End(-(from_end as i64))).map_err(failed)?;
    let mut last = Vec::new();
    source.read_to_end(&mut last).map_err(failed)?;
    if last != end || length < 2 * begin.len() as u64 + 4 {
        return Err(DataError::unreadable(
            file,
            format!("the {format} file is cut off: its footer is missing"),
            "copy or download it again, or wait until it is written",
        ));
    }
    Ok(())
}

fn article(word: &str) -> &'static str {
    if word.starts_with('A') { "an" } else { "a" }
}
