//! A table with its profile.

use aloft_spec::output::TableOutput;
use aloft_spec::profile::{ColumnProfile, Histogram, Profile, TopValue};
use aloft_spec::table::{Column, ColumnKind, Extent, Field, Scope, Table, Values};
use std::sync::Arc;

/// A table of flights with its profile.
pub fn table(rows: usize) -> TableOutput {
    let extent = Extent {
        scope: Scope::Sample,
        rows: 50_000,
        total: Some(84_313_201),
    };
    let field = |name: &str, dtype: &str, kind| Field {
        name: name.into(),
        dtype: dtype.into(),
        kind,
    };
    let carriers = ["UA", "UA", "AA", "B6", "DL", "UA", "B6", "EV"];
    let pick = |row: usize| (row * 2_654_435_761) % 97;
    let columns = vec![
        Column {
            field: field("carrier", "str", ColumnKind::Text),
            values: Values::Text(
                (0..rows)
                    .map(|row| Some(carriers[pick(row) % 8].to_owned()))
                    .collect(),
            ),
        },
        Column {
            field: field("distance", "i64", ColumnKind::Integer),
            values: Values::Integer((0..rows).map(|row| Some(200 + 26 * pick(row) as i64)).collect()),
        },
        Column {
            field: field("dep_delay", "i64", ColumnKind::Integer),
            values: Values::Integer((0..rows).map(|row| Some(pick(row) as i64 % 19 - 7)).collect()),
        },
        Column {
            field: field("temp", "f64", ColumnKind::Float),
            values: Values::Float(
                (0..rows)
                    .map(|row| (pick(row) % 11 != 3).then(|| pick(row) as f64 / 4.0 - 2.0))
                    .collect(),
            ),
        },
        Column {
            field: field("wind_speed", "f64", ColumnKind::Float),
            values: Values::Float(
                (0..rows)
                    .map(|row| Some((pick(row) % 12) as f64 * 1.15))
                    .collect(),
            ),
        },
        Column {
            field: field("late", "bool", ColumnKind::Boolean),
            values: Values::Boolean((0..rows).map(|row| Some(pick(row) % 4 == 0)).collect()),
        },
    ];
    let bell = |center: f64, width: f64| -> Vec<u64> {
        (0..24)
            .map(|bin| (900.0 * (-((f64::from(bin) - center) / width).powi(2)).exp()) as u64)
            .collect()
    };
    let base = |column: &Column| ColumnProfile {
        distinct: 211,
        ..ColumnProfile::new(column.field.clone())
    };
    let number = |column: &Column, low: f64, high: f64, counts: Vec<u64>| ColumnProfile {
        min: Some(aloft_spec::text::significant(low)),
        max: Some(aloft_spec::text::significant(high)),
        mean: Some((low + high) / 2.0),
        std: Some((high - low) / 6.0),
        quantiles: Some([0.05, 0.25, 0.5, 0.75, 0.95].map(|q| low + q * (high - low))),
        histogram: Some(Histogram { low, high, counts }),
        ..base(column)
    };
    let top = |values: &[(&str, u64)]| {
        values
            .iter()
            .map(|(value, count)| TopValue {
                value: (*value).into(),
                count: *count,
            })
            .collect()
    };
    let profiles = vec![
        ColumnProfile {
            distinct: 16,
            top: top(&[
                ("UA", 8_700),
                ("B6", 8_100),
                ("EV", 8_050),
                ("DL", 7_200),
                ("AA", 4_900),
            ]),
            ..base(&columns[0])
        },
        number(
            &columns[1],
            17.0,
            4983.0,
            (0..24)
                .map(|bin| [300, 700, 400, 100][bin % 4] / (1 + bin as u64 / 6))
                .collect(),
        ),
        number(
            &columns[2],
            -43.0,
            1301.0,
            (0..24).map(|bin| (1200.0 * 0.7_f64.powi(bin)) as u64).collect(),
        ),
        ColumnProfile {
            nulls: 4_545,
            ..number(&columns[3], -11.7, 37.8, bell(12.0, 5.0))
        },
        number(&columns[4], 0.0, 37.0, bell(8.0, 4.0)),
        ColumnProfile {
            distinct: 2,
            mean: Some(0.236),
            top: top(&[("false", 38_200), ("true", 11_800)]),
            ..base(&columns[5])
        },
    ];
    TableOutput {
        table: Arc::new(Table { columns, rows }),
        profile: Arc::new(Profile {
            extent: extent.clone(),
            columns: profiles,
            associations: None,
            scan: None,
        }),
        extent,
        reading: None,
    }
}
