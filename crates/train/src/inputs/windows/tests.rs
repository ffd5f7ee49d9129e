use super::{fit::Fitted, *};
use crate::inputs::Examples;
use aloft_spec::{
    Code, Problem,
    inputs::ForecastSpec,
    train::{ModelKind, TrainSpec},
};

const HOUR: i64 = 3_600_000;

/// Two series of so many hours, of which `left_out` lack.
fn frame(hours: i64, left_out: &[i64]) -> DataFrame {
    let (mut times, mut places, mut values, mut wind) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, level) in [("north", 0.0), ("south", 100.0)] {
        for hour in (0..hours).filter(|hour| !left_out.contains(hour)) {
            times.push(hour * HOUR);
            places.push(place);
            values.push(level + (hour % 24) as f64);
            wind.push((hour * 7 % 13) as f64);
        }
    }
    let time = Column::new("time".into(), times);
    let time = time
        .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
        .unwrap();
    let columns = vec![
        time,
        Column::new("place".into(), places),
        Column::new("warmth".into(), values),
        Column::new("wind".into(), wind),
    ];
    DataFrame::new(columns[0].len(), columns).unwrap()
}

fn spec(kind: ModelKind, change: impl Fn(&mut ForecastSpec)) -> TrainSpec {
    let mut train = TrainSpec::new("t", "warmth");
    train.model.kind = kind;
    let mut forecast = ForecastSpec {
        series: vec!["place".into()],
        horizon: Some(3),
        lags: Some(6),
        ..ForecastSpec::new("time")
    };
    change(&mut forecast);
    train.forecast = Some(forecast);
    train
}

fn fit(train: &TrainSpec, frame: &DataFrame) -> std::result::Result<Fitted, Problem> {
    let features = ["time", "place", "wind"].map(String::from);
    Ok(Windows::fit(
        train,
        train.forecast.as_ref().unwrap(),
        &features,
        frame,
    )?)
}

/// The hours that a window predicts.
fn hours_ahead(fitted: &Fitted, hours: usize, window: u32) -> std::ops::RangeInclusive<usize> {
    let origin = fitted.rows.origins[window as usize].0 as usize % hours;
    origin + 1..=origin + fitted.windows.horizon
}

#[test]
fn parts_never_overlap_in_what_they_predict() {
    let fitted = fit(&spec(ModelKind::Gru, |_| ()), &frame(200, &[])).unwrap();
    let span = |part: &[u32]| {
        let ranges = part.iter().map(|window| hours_ahead(&fitted, 200, *window));
        let (starts, ends): (Vec<_>, Vec<_>) = ranges.map(|range| (*range.start(), *range.end())).unzip();
        (starts.into_iter().min().unwrap(), ends.into_iter().max().unwrap())
    };
    let split = &fitted.split;
    assert_eq!(
        (span(&split.train), span(&split.validation), span(&split.test)),
        ((6, 139), (140, 159), (160, 199))
    );
    // Each series has 140 - 6 - 2 windows for training, 20 - 2 and 40 - 2.
    let counts = (split.train.len(), split.validation.len(), split.test.len());
    assert_eq!(counts, (2 * 132, 2 * 18, 2 * 38));
}

#[test]
fn nothing_of_later_rows_is_fitted() {
    let whole = frame(200, &[]);
    let fitted = fit(&spec(ModelKind::Mlp, |_| ()), &whole).unwrap();
    // Rows of the validation and the test have other values; what was fitted stays the same.
    let is_late = whole
        .column("time")
        .unwrap()
        .as_materialized_series()
        .cast(&DataType::Int64)
        .unwrap();
    let late: Vec<bool> = is_late
        .i64()
        .unwrap()
        .iter()
        .map(|time| time.unwrap() >= 140 * HOUR)
        .collect();
    let changed = |name: &str| {
        let values = whole.column(name).unwrap().f64().unwrap().clone();
        let values = values
            .iter()
            .zip(&late)
            .map(|(value, late)| value.unwrap() * if *late { 50.0 } else { 1.0 });
        Column::new(name.into(), values.collect::<Vec<f64>>())
    };
    let mut other = whole.clone();
    other.with_column(changed("warmth")).unwrap();
    other.with_column(changed("wind")).unwrap();
    let again = fit(&spec(ModelKind::Mlp, |_| ()), &other).unwrap();
    assert_eq!(fitted.windows, again.windows);
}

#[test]
fn the_change_since_the_last_value_is_learned_in_each_series_unit() {
    let fitted = fit(&spec(ModelKind::Linear, |_| ()), &frame(200, &[])).unwrap();
    let windows = &fitted.windows;
    assert_eq!((windows.season, windows.layout), (24, Layout::Flat));
    assert_eq!(windows.known_series, ["north", "south"]);
    let (north, south) = (windows.scales["north"], windows.scales["south"]);
    assert!((north.mean + 100.0 - south.mean).abs() < 1e-9 && north.change == south.change);
    let unit = fitted.rows.unit(0).unwrap();
    assert_eq!((unit.start, unit.size), (5.0, north.change));
    assert_eq!(fitted.targets[..3], [6.0, 7.0, 8.0]);
    assert_eq!(fitted.rows.base_lines(&[30])[0], ("last_value", vec![11.0; 3]));
    assert_eq!(
        fitted.rows.base_lines(&[30])[1],
        ("seasonal_naive", vec![12.0, 13.0, 14.0])
    );
}

#[test]
fn holes_end_what_is_predicted_and_not_what_is_seen() {
    let fitted = fit(&spec(ModelKind::Gru, |_| ()), &frame(200, &[50])).unwrap();
    assert!(fitted.windows.holes);
    let origins: Vec<usize> = fitted
        .rows
        .origins
        .iter()
        .map(|(origin, _)| *origin as usize)
        .collect();
    let without: Vec<usize> = (5..197).filter(|origin| !origins.contains(origin)).collect();
    // No window predicts hour 50 or reaches over a border between parts.
    assert_eq!(without, [47, 48, 49, 137, 138, 157, 158]);
    assert_eq!(fitted.rows.target[50], fitted.rows.target[49]);
}

#[test]
fn the_next_steps_follow_the_last_value() {
    for kind in [ModelKind::Gru, ModelKind::Mlp] {
        let fitted = fit(&spec(kind, |_| ()), &frame(200, &[])).unwrap();
        let history = frame(100, &[]);
        let next = fitted.windows.next(&history).unwrap();
        assert_eq!(next.rows.count(), 2);
        assert_eq!(next.columns[0].str().unwrap().get(0), Some("north"));
        let times = next.columns[1].cast(&DataType::Int64).unwrap();
        let times: Vec<i64> = times.i64().unwrap().iter().flatten().collect();
        assert_eq!(times[..3], [100 * HOUR, 101 * HOUR, 102 * HOUR]);
        // The window that training made at the same place.
        let origin = |rows: &WindowRows, index: usize| rows.origins[index].0 as usize;
        let same = (0..fitted.rows.count())
            .find(|index| origin(&fitted.rows, *index) == 99)
            .unwrap();
        let gathered = |rows: &WindowRows, index: u32| {
            let mut batch = crate::batch::Batch::default();
            rows.gather(&[index], &mut batch).unwrap();
            batch.rows().numbers.to_vec()
        };
        assert_eq!(gathered(&next.rows, 0), gathered(&fitted.rows, same as u32));
        assert_eq!(next.rows.unit(0), fitted.rows.unit(same as u32));
        let short = fitted.windows.next(&frame(4, &[])).unwrap_err();
        assert_eq!(Problem::from(short).code, Code::EmptyData);
        let lacking = fitted.windows.next(&history.drop("wind").unwrap()).unwrap_err();
        assert!(Problem::from(lacking).message.contains("wind"));
    }
}

#[test]
fn what_is_known_ahead_has_to_be_there() {
    let known = |forecast: &mut ForecastSpec| {
        forecast.known = vec!["wind".into()];
        forecast.series = vec!["place".into()];
    };
    for kind in [ModelKind::Lstm, ModelKind::Linear] {
        let fitted = fit(&spec(kind, known), &frame(200, &[])).unwrap();
        assert_eq!(fitted.windows.known.names(), ["wind"]);
        assert!(fitted.windows.features.columns.is_empty());
        let problem = Problem::from(fitted.windows.next(&frame(100, &[])).unwrap_err());
        assert_eq!(problem.code, Code::EmptyData);
        assert!(problem.hint.unwrap().contains("wind"));
        let mut longer = frame(100, &[]);
        let values = longer.column("warmth").unwrap().f64().unwrap().clone();
        let cut = values
            .iter()
            .enumerate()
            .map(|(row, value)| value.filter(|_| row % 100 < 97));
        longer
            .with_column(Column::new("warmth".into(), cut.collect::<Vec<_>>()))
            .unwrap();
        let next = fitted.windows.next(&longer).unwrap();
        let times = next.columns[1].cast(&DataType::Int64).unwrap();
        assert_eq!(times.i64().unwrap().get(0), Some(97 * HOUR));
    }
}

#[test]
fn too_short_a_table_and_wrong_names_are_told() {
    let long = fit(
        &spec(ModelKind::Gru, |forecast| forecast.lags = Some(190)),
        &frame(200, &[]),
    );
    let problem = long.unwrap_err();
    assert_eq!(problem.code, Code::EmptyData);
    assert!(problem.message.contains("190"), "{problem}");
    let unknown = fit(
        &spec(ModelKind::Gru, |forecast| forecast.time = "tim".into()),
        &frame(200, &[]),
    );
    assert_eq!(unknown.unwrap_err().hint.as_deref(), Some("did you mean `time`?"));
    let one = fit(
        &spec(ModelKind::Gru, |forecast| forecast.series.clear()),
        &frame(200, &[]),
    );
    assert!(one.unwrap_err().hint.unwrap().contains("series"));
}
