//! Forecasts by hand and by property.

use aloft_placement::{Progress, Workload, correct, forecast, refine};
use aloft_spec::verdict::{Forecast, Measurement, Range};
use proptest::prelude::*;

fn workload() -> Workload {
    Workload {
        rows: 100_000,
        train_rows: 70_000,
        evaluate_rows: 10_000,
        final_evaluate_rows: 30_000,
        batch_rows: 256,
        steps_per_epoch: 274,
        epochs: 20,
        data_bytes: 2_000_000,
        spent_seconds: 0.5,
    }
}

fn measurement() -> Measurement {
    Measurement {
        step_seconds: vec![0.002; 30],
        batch_rows: 256,
        prepare_seconds_per_row: 1e-5,
        evaluate_seconds_per_row: 1e-6,
        checkpoint_seconds: 0.0,
        parameter_bytes: 40_000,
        row_bytes: 100,
        peak_memory_bytes: 80_000_000,
        measured_rows: 50_000,
        device: "cpu, 2 threads".into(),
    }
}

#[test]
fn a_forecast_worked_out_by_hand() {
    let found = forecast(&workload(), &measurement());
    // 70,000 rows are 273.4375 steps of 256: the last step of an epoch counts by its rows.
    let training = 20.0 * 273.4375 * 0.002;
    let around = 100_000.0 * 1e-5 + (20.0 * 10_000.0 + 30_000.0) * 1e-6;
    let mid = 0.5 + training + around;
    assert!((found.seconds.mid - mid).abs() < 1e-9, "{found:?}");
    assert!((found.seconds.low - (mid - 0.05 * (training + around))).abs() < 1e-9);
    assert!((found.seconds.high - (mid + 0.05 * (training + around))).abs() < 1e-9);
    assert_eq!(found.memory_bytes, 80_000_000 + 50_000 * 100 + 4 * 40_000);
    assert_eq!(found.disk_bytes, 2_000_000 + 4 * 40_000);
    assert_eq!((found.steps, found.steps_measured), (5480, 30));
    assert_eq!((found.rows, found.seconds_per_step), (70_000, 0.002));
    assert_eq!(found.device, "cpu, 2 threads");
}

#[test]
fn few_checkpoints_are_waited_for() {
    let seconds = |checkpoint_seconds| {
        let measured = Measurement {
            checkpoint_seconds,
            ..measurement()
        };
        forecast(&workload(), &measured).seconds.mid
    };
    // The first, the last and the model; 20 epochs between them don't wait for theirs.
    assert!((seconds(1.0) - seconds(0.0) - 3.0).abs() < 1e-9);
}

#[test]
fn steps_measured_on_fewer_rows_are_scaled_up() {
    let small = Measurement {
        batch_rows: 64,
        ..measurement()
    };
    let found = forecast(&workload(), &small);
    assert_eq!(found.seconds_per_step, 0.008);
}

#[test]
fn nothing_measured_says_so_and_an_empty_run_takes_nothing() {
    let nothing = forecast(&workload(), &Measurement::default());
    assert_eq!((nothing.steps_measured, nothing.seconds_per_step), (0, 0.0));
    assert_eq!(nothing.seconds.mid, 0.5);
    let empty = forecast(&Workload::default(), &measurement());
    assert_eq!(empty.seconds, Range::default());
}

#[test]
fn a_run_that_is_slower_than_its_forecast_draws_it_along() {
    let first = Forecast {
        seconds: Range {
            low: 90.0,
            mid: 100.0,
            high: 120.0,
        },
        steps: 1000,
        ..Forecast::default()
    };
    // Twice as slow: after a tenth of the steps the seen pace has weight 2/3. The second before training is over.
    let found = refine(
        &first,
        &Progress {
            elapsed_seconds: 21.0,
            train_seconds: 20.0,
            steps_done: 100,
        },
    );
    let rest = 900.0 * (2.0 / 3.0 * 0.2 + 1.0 / 3.0 * 0.099);
    assert!((found.seconds.mid - (21.0 + rest)).abs() < 1e-9);
    let (below, above) = (0.05 * 2.0 / 3.0 + 0.1 / 3.0, 0.05 * 2.0 / 3.0 + 0.2 / 3.0);
    assert!((found.seconds.low - (21.0 + rest * (1.0 - below))).abs() < 1e-9);
    assert!((found.seconds.high - (21.0 + rest * (1.0 + above))).abs() < 1e-9);
    // At the end the range is a point.
    let end = Progress {
        elapsed_seconds: 205.0,
        train_seconds: 200.0,
        steps_done: 1000,
    };
    let range = refine(&first, &end).seconds;
    assert_eq!((range.low, range.mid, range.high), (205.0, 205.0, 205.0));
    assert_eq!(refine(&first, &Progress::default()), first);
}

#[test]
fn the_record_of_earlier_runs_corrects_a_forecast() {
    let first = Forecast {
        seconds: Range {
            low: 95.0,
            mid: 100.0,
            high: 105.0,
        },
        ..Forecast::default()
    };
    assert_eq!(correct(&first, &[]), first);
    let broken = [(0.0, 1.0), (f64::NAN, 1.0), (1.0, 0.0)];
    assert_eq!(correct(&first, &broken), first);
    let near = |value: f64, expected: f64| assert!((value / expected - 1.0).abs() < 1e-9, "{value}");
    // One run that took twice as long: a quarter of the way, on a logarithmic scale.
    near(
        correct(&first, &[(10.0, 20.0)]).seconds.mid,
        100.0 * 2.0_f64.powf(0.25),
    );
    // Many that agree: nearly all of it, and no wider.
    let many = correct(&first, &[(10.0, 20.0); 27]).seconds;
    near(many.mid, 100.0 * 2.0_f64.powf(0.9));
    near(many.high / many.mid, 1.05);
    // Many that disagree make the range wide.
    let mixed = correct(&first, &[(10.0, 12.0), (12.0, 10.0), (10.0, 10.0)]).seconds;
    near(mixed.mid, 100.0);
    near(mixed.high / mixed.mid, 1.2_f64.powf(1.645 * 1.4826));
    near(mixed.mid / mixed.low, 1.2_f64.powf(1.645 * 1.4826));
    // A mistake of another kind isn't followed.
    near(correct(&first, &[(1.0, 1e6); 20]).seconds.mid, 400.0);
}

prop_compose! {
    fn any_workload()(
        train_rows in 0_u64..1_000_000_000,
        evaluate_rows in 0_u64..1_000_000,
        final_evaluate_rows in 0_u64..1_000_000,
        batch_rows in 0_u64..10_000,
        epochs in 0_u32..1000,
        data_bytes: u64,
        spent_seconds in 0.0..100.0,
    ) -> Workload {
        let mut workload = Workload {
            rows: 0, train_rows, evaluate_rows, final_evaluate_rows, batch_rows,
            steps_per_epoch: 0, epochs, data_bytes, spent_seconds,
        };
        fill(&mut workload);
        workload
    }
}

/// What follows from the rows.
fn fill(workload: &mut Workload) {
    workload.rows = workload.train_rows + workload.final_evaluate_rows;
    workload.steps_per_epoch = workload.train_rows.div_ceil(workload.batch_rows.max(1));
}

fn seconds() -> impl Strategy<Value = f64> {
    prop_oneof![9 => 0.0..10.0_f64, 1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-1.0)]]
}

prop_compose! {
    fn any_measurement()(
        step_seconds in proptest::collection::vec(seconds(), 0..40),
        batch_rows in 0_usize..10_000,
        prepare_seconds_per_row in seconds(),
        evaluate_seconds_per_row in seconds(),
        checkpoint_seconds in seconds(),
        parameter_bytes: u64,
        row_bytes: u64,
        peak_memory_bytes: u64,
        measured_rows: u64,
    ) -> Measurement {
        Measurement {
            step_seconds, batch_rows, prepare_seconds_per_row, evaluate_seconds_per_row, checkpoint_seconds,
            parameter_bytes, row_bytes, peak_memory_bytes, measured_rows, device: String::new(),
        }
    }
}

fn is_ordered(range: Range) -> bool {
    let finite = [range.low, range.mid, range.high]
        .iter()
        .all(|seconds| seconds.is_finite() && *seconds >= 0.0);
    finite && range.low <= range.mid && range.mid <= range.high
}

proptest! {
    #[test]
    fn ranges_are_finite_and_in_order(workload in any_workload(), measurement in any_measurement()) {
        let found = forecast(&workload, &measurement);
        prop_assert!(is_ordered(found.seconds), "{:?}", found.seconds);
        prop_assert!(found.seconds_per_step.is_finite());
    }

    #[test]
    fn more_rows_or_epochs_never_take_less(
        workload in any_workload(),
        measurement in any_measurement(),
        more_rows in 0_u64..1_000_000,
        more_epochs in 0_u32..100,
    ) {
        let less = forecast(&workload, &measurement);
        let mut larger = workload;
        larger.train_rows += more_rows;
        larger.epochs += more_epochs;
        larger.evaluate_rows += more_rows;
        fill(&mut larger);
        let more = forecast(&larger, &measurement);
        prop_assert!(more.seconds.mid >= less.seconds.mid * (1.0 - 1e-12));
        prop_assert!(more.seconds.high >= less.seconds.high * (1.0 - 1e-12));
        prop_assert!(more.memory_bytes >= less.memory_bytes);
        prop_assert!(more.steps >= less.steps);
    }

    #[test]
    fn a_range_is_at_least_five_percent_of_what_is_to_come(workload in any_workload(), measurement in any_measurement()) {
        let found = forecast(&workload, &measurement).seconds;
        let to_come = found.mid - workload.spent_seconds;
        prop_assert!(found.high - found.mid >= 0.0499 * to_come);
    }

    #[test]
    fn refined_and_corrected_ranges_stay_in_order_and_after_the_clock(
        workload in any_workload(),
        measurement in any_measurement(),
        elapsed_seconds in seconds(),
        train_seconds in seconds(),
        steps_done: u64,
        history in proptest::collection::vec((seconds(), seconds()), 0..8),
    ) {
        let first = forecast(&workload, &measurement);
        let refined = refine(&first, &Progress { elapsed_seconds, train_seconds, steps_done });
        prop_assert!(is_ordered(refined.seconds), "{:?}", refined.seconds);
        if refined != first {
            prop_assert!(refined.seconds.low >= elapsed_seconds);
        }
        let corrected = correct(&first, &history);
        prop_assert!(is_ordered(corrected.seconds), "{:?}", corrected.seconds);
    }
}
