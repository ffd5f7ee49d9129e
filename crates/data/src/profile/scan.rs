//! Profiles of tables that may not fit memory: one pass over batches, which are read and looked at side by side.

use super::running::Running;
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    parts::Parts,
};
use aloft_spec::profile::{Associations, ColumnProfile};
use polars::prelude::*;
use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// How soon the first figures come, and how much later each time.
const FIRST_REPORT: Duration = Duration::from_millis(200);
const LAST_REPORT: Duration = Duration::from_secs(2);

/// What is known after some rows of a table.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The first rows.
    pub head: DataFrame,
    pub columns: Vec<ColumnProfile>,
    /// Of all rows only.
    pub associations: Option<Associations>,
    /// Rows that were looked at.
    pub rows: u64,
}

/// The first `head_rows` rows of a plan and the profile of all. Meanwhile `on_partial` is told what is known of the rows
/// so far, first after a fraction of a second. Where the same rows can be read in `parts`, they are.
pub(crate) fn scan(
    plan: LazyFrame,
    parts: Option<&dyn Parts>,
    head_rows: usize,
    cancel: &Cancel,
    on_partial: &mut dyn FnMut(Seen),
) -> Result<Seen> {
    let schema = guarded(|| plan.clone().collect_schema())?;
    let running = Running::new(&schema, head_rows, cancel);
    let look = || match parts {
        Some(parts) => running.look_at_parts(parts),
        None => running.look_at_plan(plan),
    };
    watched(&running, look, on_partial)?;
    Ok(running.ended())
}

/// Does `look`, which looks at rows; meanwhile `on_partial` is told what is known of those so far.
pub(crate) fn watched<T: Send, E: From<DataError> + Send>(
    running: &Running<'_>,
    look: impl FnOnce() -> std::result::Result<T, E> + Send,
    on_partial: &mut dyn FnMut(Seen),
) -> std::result::Result<T, E> {
    thread::scope(|scope| {
        let (done, when_done) = channel::<()>();
        let looking = scope.spawn(move || {
            let _done = done;
            look()
        });
        let mut wait = FIRST_REPORT;
        while when_done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            if let Some(seen) = running.so_far() {
                on_partial(seen);
                wait = (wait * 2).min(LAST_REPORT);
            }
        }
        looking.join().unwrap_or_else(|_| Err(DataError::broken().into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        profile::{self, Summary},
        sketch::mixed,
    };

    /// Few and many values of each kind, with some missing.
    fn frame(rows: u64) -> DataFrame {
        let some = |row: u64| !mixed(row).is_multiple_of(10);
        let numbers = (0..rows).map(|row| some(row).then(|| (mixed(row) >> 40) as i64));
        let reals = (0..rows).map(|row| Some((mixed(row ^ 1) >> 20) as f64 / 1e3).filter(|_| some(row + 1)));
        let skewed = (0..rows).map(|row| {
            if mixed(row).is_multiple_of(4) {
                -1
            } else {
                (mixed(row) >> 44) as i32
            }
        });
        let words = (0..rows).map(|row| match mixed(row ^ 2) {
            bits if bits % 3 == 0 => "frequent".to_owned(),
            bits if bits % 5 == 0 => "frequent, and longer than what lies in a view".to_owned(),
            bits => format!("word number {}", bits >> 40),
        });
        let days = (0..rows).map(|row| (mixed(row ^ 3) % 900) as i32 * 2);
        let times = (0..rows).map(|row| row as i64 * 61_000);
        let times = Series::new("time".into(), times.collect::<Vec<_>>());
        let columns = [
            Series::new("number".into(), numbers.collect::<Vec<_>>()),
            Series::new("real".into(), reals.collect::<Vec<_>>()),
            Series::new("skewed".into(), skewed.collect::<Vec<_>>()),
            Series::new("word".into(), words.collect::<Vec<_>>()),
            Series::new("day".into(), days.collect::<Vec<_>>())
                .cast(&DataType::Date)
                .unwrap(),
            times
                .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
                .unwrap(),
            Series::new(
                "truth".into(),
                (0..rows).map(|row| row % 3 == 0).collect::<Vec<_>>(),
            ),
        ];
        DataFrame::new(rows as usize, columns.map(Into::into).into()).unwrap()
    }

    fn check(near: &ColumnProfile, exact: &ColumnProfile, rows: u64) {
        let name = &near.field.name;
        assert_eq!(
            (near.nulls, &near.min, &near.max),
            (exact.nulls, &exact.min, &exact.max),
            "{name}"
        );
        assert_eq!((&near.gaps, near.lengths), (&exact.gaps, exact.lengths), "{name}");
        let off = near.distinct.abs_diff(exact.distinct) as f64;
        assert!(
            off <= if near.distinct_approximate {
                0.04 * exact.distinct as f64
            } else {
                0.0
            },
            "{name}"
        );
        for (near, exact) in [(near.mean, exact.mean), (near.std, exact.std)] {
            assert_eq!(near.is_some(), exact.is_some());
            let (near, exact) = (near.unwrap_or(0.0), exact.unwrap_or(0.0));
            assert!(
                (near - exact).abs() <= 1e-9 * exact.abs(),
                "{name}: {near}, not {exact}"
            );
        }
        // A bin lies between two ranks, each of which may be off; the bound is one for 99 in 100.
        let most = 2.0 * 1.6 * near.rank_error.unwrap_or(0.0) * rows as f64 + 1.0;
        if let (Some(near), Some(exact)) = (&near.histogram, &exact.histogram) {
            assert_eq!((near.low, near.high), (exact.low, exact.high), "{name}");
            for (near, exact) in near.counts.iter().zip(&exact.counts) {
                assert!(
                    near.abs_diff(*exact) as f64 <= most,
                    "{name}: {near}, not {exact}"
                );
            }
        }
        let error = near.top_error.unwrap_or(0);
        for top in &near.top {
            let same = exact.top.iter().find(|other| other.value == top.value).unwrap();
            assert!(
                top.count <= same.count && top.count + error >= same.count,
                "{name}: {top:?}"
            );
        }
    }

    #[test]
    fn a_scan_agrees_with_what_is_exact_within_its_errors() {
        for (rows, many) in [(3_000, false), (120_000, true)] {
            let frame = frame(rows);
            let cancel = Cancel::new();
            let (exact, associations) = profile::of_frame(&frame, &cancel).unwrap();
            let seen = scan(frame.clone().lazy(), None, 7, &cancel, &mut |_| ()).unwrap();
            assert_eq!((seen.rows, &seen.head), (rows, &frame.head(Some(7))));
            assert_eq!(seen.associations.as_ref(), Some(&associations));
            for (near, exact) in seen.columns.iter().zip(&exact) {
                check(near, exact, rows);
            }
            if !many {
                assert_eq!(seen.columns, exact);
                continue;
            }
            let column = |name: &str| {
                seen.columns
                    .iter()
                    .find(|column| column.field.name == name)
                    .unwrap()
            };
            assert!(column("number").rank_error.is_some() && column("number").distinct_approximate);
            assert_eq!(column("skewed").top[0].value, "-1");
            let frequent: Vec<&str> = column("word")
                .top
                .iter()
                .take(2)
                .map(|top| top.value.as_str())
                .collect();
            assert_eq!(
                frequent,
                ["frequent", "frequent, and longer than what lies in a view"]
            );
            assert!(column("word").top_error.is_some());
            assert_eq!((column("day").rank_error, column("day").distinct), (None, 900));
        }
    }

    #[test]
    fn parts_that_are_merged_know_what_the_whole_knows() {
        let (frame, cancel) = (frame(60_000), Cancel::new());
        let (exact, associations) = profile::of_frame(&frame, &cancel).unwrap();
        for exactly in [true, false] {
            let part = |from: usize, to: usize| {
                let mut part = Summary::new(frame.schema(), exactly);
                part.add(&frame.slice(from as i64, to - from), from as u64, &cancel)
                    .unwrap();
                part
            };
            let mut merged = part(0, 5000);
            merged.merge(part(5000, 5001));
            merged.merge(part(5001, 60_000));
            assert_eq!(merged.rows, 60_000);
            let columns = merged.profiles();
            for (near, exact) in columns.iter().zip(&exact) {
                check(near, exact, 60_000);
            }
            if exactly {
                let values = |columns: &[ColumnProfile]| {
                    columns
                        .iter()
                        .map(|column| column.top.clone())
                        .collect::<Vec<_>>()
                };
                assert_eq!(values(&columns), values(&exact));
            }
            assert_eq!(merged.associations(&columns), associations);
        }
    }

    /// A plan that gives some batches and, between them, calls back.
    fn slow(rows: u64, between: impl Fn(u64) + Send + Sync + 'static) -> LazyFrame {
        let numbers = df!("n" => (0..rows).collect::<Vec<_>>()).unwrap().lazy();
        let seen = std::sync::atomic::AtomicU64::new(0);
        let told = move |column: Column| {
            let before = seen.fetch_add(column.len() as u64, std::sync::atomic::Ordering::Relaxed);
            between(before);
            Ok(column)
        };
        numbers.select([col("n").map(told, |_, field| Ok(field.clone()))])
    }

    #[test]
    fn first_figures_come_while_the_scan_goes_on() {
        let plan = slow(600_000, |_| thread::sleep(FIRST_REPORT * 2));
        let mut parts = Vec::new();
        let seen = scan(plan, None, 3, &Cancel::new(), &mut |part| parts.push(part)).unwrap();
        assert_eq!(seen.rows, 600_000);
        let first = parts.first().unwrap();
        assert!(first.rows > 0 && first.rows < seen.rows);
        assert_eq!((first.head.height(), first.columns[0].nulls), (3, 0));
        assert!(parts.windows(2).all(|pair| pair[0].rows <= pair[1].rows));
    }

    #[test]
    fn a_scan_stops_when_it_is_cancelled() {
        let cancel = Cancel::new();
        let flag = cancel.clone();
        let plan = slow(3_000_000, move |before| {
            if before > 0 {
                flag.cancel();
            }
        });
        let ended = scan(plan, None, 0, &cancel, &mut |_| ());
        assert!(matches!(ended, Err(DataError::Stopped)));
    }

    #[test]
    fn an_error_of_the_plan_ends_the_scan() {
        let plan =
            slow(500_000, |_| ()).select([col("n").cast(DataType::String).strict_cast(DataType::Int8)]);
        assert!(scan(plan, None, 0, &Cancel::new(), &mut |_| ()).is_err());
    }

    const COPIES: &str = "ALOFT_TEST_COPIES";
    const PART_ROWS: u64 = 100_000;
    const COLUMNS: u64 = 8;

    /// The most bytes that a process held which scanned so many copies of a file, one after the other.
    fn peak(copies: u64, file: &std::path::Path) -> u64 {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "profile::scan::tests::a_longer_table_takes_no_more_memory",
                "--nocapture",
            ])
            .env(COPIES, format!("{copies} {}", file.display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&child.stderr)
        );
        let peak = said.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
            .unwrap()
            * 1024
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_longer_table_takes_no_more_memory() {
        if let Ok(copies) = std::env::var(COPIES) {
            let (copies, file) = copies.split_once(' ').unwrap();
            let part = LazyFrame::scan_parquet(PlRefPath::new(file), ScanArgsParquet::default()).unwrap();
            let parts = vec![part; copies.parse().unwrap()];
            let seen = scan(
                concat(parts, UnionArgs::default()).unwrap(),
                None,
                0,
                &Cancel::new(),
                &mut |_| (),
            )
            .unwrap();
            assert!(seen.columns.iter().all(|column| column.distinct_approximate));
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            println!(
                "\n{}",
                status.lines().find(|line| line.starts_with("VmHWM:")).unwrap()
            );
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("part.parquet");
        let columns = (0..COLUMNS).map(|salt| {
            let values: Vec<u64> = (0..PART_ROWS).map(|row| mixed(row ^ salt << 40)).collect();
            Column::new(format!("n{salt}").into(), values)
        });
        let mut frame = DataFrame::new(PART_ROWS as usize, columns.collect()).unwrap();
        ParquetWriter::new(std::fs::File::create(&file).unwrap())
            .finish(&mut frame)
            .unwrap();
        let (short, long) = (8, 28);
        let grown = peak(long, &file).saturating_sub(peak(short, &file));
        let longer = (long - short) * PART_ROWS * COLUMNS * 8;
        assert!(
            grown < longer / 2,
            "{} MB for {} MB more",
            grown >> 20,
            longer >> 20
        );
    }
}
