//! The data sets that open in the app, as the app reads them.

use crate::common::*;
use aloft_data::{Cancel, query, source};
use aloft_spec::table::Scope;

const DEPARTURES: &str = "SELECT f.arr_delay > 15 AS late, f.dep_delay, f.carrier, w.temp, w.wind_speed
    FROM flights AS f LEFT JOIN weather AS w ON f.origin = w.origin AND f.time_hour = w.time_hour
    WHERE f.arr_delay IS NOT NULL";

#[test]
fn flights_are_sampled_joined_and_written_the_same_each_time() {
    let folder = Folder::new();
    let hash = |scope| {
        let open = |name: &str| source(&sampled(50_000, 7), &example(name), scope, &Cancel::new()).unwrap();
        let (flights, weather) = (
            open("flights/data/flights.parquet"),
            open("flights/data/weather.parquet"),
        );
        assert_eq!(weather.scope(), Scope::All);
        let inputs = [("flights".to_owned(), &flights), ("weather".to_owned(), &weather)];
        let departures = query(DEPARTURES, &inputs, &Cancel::new()).unwrap();
        let snapshot = departures.snapshot(folder.path(), &[]).unwrap();
        assert_eq!(snapshot.extent.scope, scope);
        (snapshot.rows, snapshot.hash)
    };
    let sample = hash(Scope::Sample);
    assert_eq!(sample, hash(Scope::Sample));
    let all = hash(Scope::All);
    assert_eq!(all, hash(Scope::All));
    assert_eq!(all.0, 327_346);
}

/// What was whole seconds to pyarrow lies in the file as milliseconds, beside bounds that polars misreads.
#[test]
fn a_condition_on_times_finds_its_rows() {
    let weather = whole(&example("weather/data/weather.parquet"));
    let inputs = [("weather".to_owned(), &weather)];
    let sql = "SELECT COUNT(*) AS rows FROM weather WHERE time_hour >= '2013-06-30 00:00:00'";
    let counted = query(sql, &inputs, &Cancel::new()).unwrap().output(1).unwrap();
    assert_eq!(counted.table.columns[0].values.format(0).unwrap(), "13185");
    let month = "time_hour BETWEEN '2013-06-30 00:00:00' AND '2013-07-30 00:00:00'";
    assert_eq!(weather.selection(month).unwrap().rows().unwrap(), 2161);
}

#[test]
fn digits_are_seen() {
    let digits = whole(&example("digits/data/digits.parquet"));
    let pictures = digits.thumbnails("image", None, 9_998, 64, 160).unwrap();
    assert_eq!(pictures.len(), 2, "the last ones");
    for picture in pictures {
        let picture = picture.unwrap();
        assert_eq!(
            (picture.width, picture.height, picture.rgba.len()),
            (28, 28, 28 * 28 * 4)
        );
        assert!(
            picture.rgba.chunks(4).any(|pixel| pixel[0] > 200),
            "something is written"
        );
    }
    let small = digits.thumbnails("image", None, 0, 1, 14).unwrap();
    assert_eq!(
        small[0].as_ref().map(|picture| (picture.width, picture.height)),
        Some((14, 14))
    );
    let problem = digits.thumbnails("label", None, 0, 1, 14).unwrap_err();
    assert!(problem.message.contains("Binary"), "{problem}");
}

#[test]
fn the_profile_of_flights_is_right() {
    let flights = whole(&example("flights/data/flights.parquet"));
    let output = flights.output(100).unwrap();
    assert_eq!(output.extent.to_string(), "all 336,776 rows");
    assert_eq!((output.table.rows, output.profile.columns.len()), (100, 19));
    let column = |name: &str| {
        output
            .profile
            .columns
            .iter()
            .find(|column| column.field.name == name)
            .unwrap()
    };
    // As pandas has them.
    let delay = column("arr_delay");
    assert_eq!((delay.nulls, delay.distinct), (9430, 577));
    assert!((delay.mean.unwrap() - 6.895_376_757_315_38).abs() < 1e-9);
    assert!((delay.std.unwrap() - 44.633_291_690_196_0).abs() < 1e-6);
    assert_eq!(delay.quantiles.unwrap(), [-32.0, -17.0, -5.0, 14.0, 91.0]);
    let carrier = column("carrier");
    assert_eq!(
        (
            carrier.distinct,
            carrier.top[0].value.as_str(),
            carrier.top[0].count
        ),
        (16, "UA", 58_665)
    );
}

#[test]
fn penguins_have_their_missing_values() {
    let penguins = open(&example("penguins/data/penguins.csv"), Scope::Sample).unwrap();
    assert_eq!(
        types(&penguins),
        "species: str, island: str, bill_length_mm: f64, bill_depth_mm: f64, flipper_length_mm: i64, \
         body_mass_g: i64, sex: str, year: i64"
    );
    let output = penguins.output(1000).unwrap();
    assert_eq!(output.extent.to_string(), "all 344 rows");
    let nulls: Vec<u64> = output.profile.columns.iter().map(|column| column.nulls).collect();
    assert_eq!(nulls, [0, 0, 2, 2, 2, 2, 11, 0]);
}
