use super::*;

const ROWS: usize = 60;

/// A number from 0 to 1 that looks random and is the same everywhere.
fn noise(row: usize, salt: usize) -> f64 {
    ((row * row * 7919 + row * 31 * salt + salt * 104_729) % 1009) as f64 / 1009.0
}

fn close(metrics: &Metrics, expected: &[(&str, f64)]) {
    assert_eq!(metrics.len(), expected.len(), "{metrics:?}");
    for (name, value) in expected {
        assert!(
            (metrics[*name] - value).abs() < 1e-9,
            "{name}: {} and {value}",
            metrics[*name]
        );
    }
}

/// Probabilities with many equal ones, and classes that follow them.
fn binary() -> (Outputs, Truth) {
    let positive: Vec<f64> = (0..ROWS)
        .map(|row| f64::from(1 + (noise(row, 1) * 19.0) as u32) / 20.0)
        .collect();
    let truth = (0..ROWS)
        .map(|row| u32::from(noise(row, 2) < positive[row]))
        .collect();
    let values = positive.iter().flat_map(|p| [1.0 - p, *p]).collect();
    (
        Outputs::Probabilities { classes: 2, values },
        Truth::Classes(truth),
    )
}

/// Expected values by scikit-learn 1.9.1: `accuracy_score`, `balanced_accuracy_score`, `f1_score`, `roc_auc_score`,
/// `average_precision_score`, `log_loss`, `brier_score_loss`; the calibration error from the bins of `calibration_curve`.
#[test]
fn binary_metrics() {
    let (outputs, truth) = binary();
    let log_loss = 0.505_896_840_080_294;
    close(
        &metrics(&outputs, &truth),
        &[
            ("accuracy", 0.733_333_333_333),
            ("balanced_accuracy", 0.723_905_723_906),
            ("f1", 0.68),
            ("macro_f1", 0.725_714_285_714),
            ("roc_auc", 0.829_966_329_966),
            ("pr_auc", 0.789_993_035_526),
            ("log_loss", log_loss),
            ("brier", 0.168_75),
            ("calibration_error", 0.085),
            ("base_rate_accuracy", 0.55),
        ],
    );
    assert!((loss(&outputs, &truth, 1.0) - log_loss).abs() < 1e-9);
}

/// Expected values by scikit-learn 1.9.1, `roc_auc_score(multi_class="ovr")` among them.
#[test]
fn multiclass_metrics() {
    let mut values = Vec::new();
    let mut truth = Vec::new();
    for row in 0..ROWS {
        let powers = [3, 4, 5].map(|salt| (2.0 * noise(row, salt)).exp());
        let shares = powers.map(|power| power / powers.iter().sum::<f64>());
        let draw = noise(row, 7);
        truth.push(match draw {
            _ if draw < shares[0] => 0,
            _ if draw < shares[0] + shares[1] => 1,
            _ => 2,
        });
        values.extend(shares);
    }
    let outputs = Outputs::Probabilities { classes: 3, values };
    close(
        &metrics(&outputs, &Truth::Classes(truth)),
        &[
            ("accuracy", 0.533_333_333_333),
            ("balanced_accuracy", 0.536_633_249_791),
            ("macro_f1", 0.528_560_324_363),
            ("macro_roc_auc", 0.755_126_958_396),
            ("macro_pr_auc", 0.642_531_403_001),
            ("log_loss", 0.910_089_889_013),
            ("brier", 0.538_856_954_132),
            ("calibration_error", 0.113_799_619_671),
            ("base_rate_accuracy", 0.35),
        ],
    );
}

/// Expected values by scikit-learn 1.9.1.
#[test]
fn regression_metrics() {
    let values: Vec<f64> = (0..ROWS).map(|row| 10.0 * noise(row, 8)).collect();
    let predicted = (0..ROWS)
        .map(|row| values[row] + 4.0 * noise(row, 9) - 2.0)
        .collect();
    let error = 1.219_195_467_768;
    let base = (values.iter().map(|y| (y - 5.0).powi(2)).sum::<f64>() / ROWS as f64).sqrt();
    let outputs = Outputs::Numbers(predicted);
    let truth = Truth::Numbers { values, base: 5.0 };
    close(
        &metrics(&outputs, &truth),
        &[
            ("rmse", error),
            ("mae", 1.098_381_235_547),
            ("r2", 0.751_450_233_547),
            ("base_rmse", base),
        ],
    );
    assert!((loss(&outputs, &truth, 2.0) - error * error / 4.0).abs() < 1e-9);
}

/// A row that counts twice is as good as two rows.
#[test]
fn counts_stand_for_copies() {
    let (outputs, truth) = binary();
    let weights: Vec<u32> = (0..ROWS).map(|row| (noise(row, 15) * 4.0) as u32).collect();
    let copies: Vec<u32> = (0u32..)
        .zip(&weights)
        .flat_map(|(row, count)| vec![row; *count as usize])
        .collect();
    let by_counts = Scored::new(&outputs, &truth).unwrap().metrics(&weights);
    let by_copies = metrics(&outputs.gather(&copies), &truth.gather(&copies));
    for (name, value) in by_counts {
        assert!((value.unwrap() - by_copies[name]).abs() < 1e-12, "{name}");
    }
}

#[test]
fn mistakes_are_counted_by_class() {
    assert_eq!(
        confusion(3, &[0, 1, 2, 2], &[0, 1, 1, 2]),
        [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    );
}

#[test]
fn what_is_not_defined_is_left_out_and_nan_shows_in_the_loss() {
    let outputs = Outputs::Probabilities {
        classes: 2,
        values: vec![0.5, 0.5, 0.2, 0.8],
    };
    let found = metrics(&outputs, &Truth::Classes(vec![1, 1]));
    assert!(!found.contains_key("roc_auc") && !found.contains_key("pr_auc"));
    let nan = Outputs::Probabilities {
        classes: 2,
        values: vec![f64::NAN; 4],
    };
    assert!(loss(&nan, &Truth::Classes(vec![0, 1]), 1.0).is_nan());
    let nan = Outputs::Numbers(vec![f64::NAN]);
    let truth = Truth::Numbers {
        values: vec![1.0],
        base: 0.0,
    };
    assert!(loss(&nan, &truth, 1.0).is_nan());
}

#[test]
fn quantile_metrics() {
    let outputs = Outputs::Quantiles {
        width: 3,
        values: vec![1.0, 2.0, 3.0, 0.0, 1.0, 5.0],
    };
    let truth = Truth::Quantiles {
        values: vec![2.5, 6.0],
        quantiles: vec![0.1, 0.5, 0.9],
        base: vec![0.0, 4.0, 8.0],
    };
    let first = (0.1 * 1.5 + 0.5 * 0.5 + 0.1 * 0.5) / 3.0;
    let second = (0.1 * 6.0 + 0.5 * 5.0 + 0.9 * 1.0) / 3.0;
    let base = (0.1 * 2.5 + 0.5 * 1.5 + 0.1 * 5.5 + 0.1 * 6.0 + 0.5 * 2.0 + 0.1 * 2.0) / 6.0;
    let expected = [
        ("pinball", f64::midpoint(first, second)),
        ("coverage", 0.5),
        ("mae", (0.5 + 5.0) / 2.0),
        ("base_pinball", base),
    ];
    let found = metrics(&outputs, &truth);
    assert_eq!(found.len(), expected.len());
    for (name, value) in expected {
        assert!((found[name] - value).abs() < 1e-12, "{name}: {}", found[name]);
    }
    assert!((loss(&outputs, &truth, 2.0) - expected[0].1 / 2.0).abs() < 1e-12);
}
