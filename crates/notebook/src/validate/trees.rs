//! Keys of trees, and keys that trees have no use for.

use super::Body;
use aloft_spec::train::{ModelKind, TrainSpec};

pub(super) fn check(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    if train.model.kind != ModelKind::Trees {
        if body.reading.span(&["model", "trees"]).is_some() {
            let hint = "add `kind = \"trees\"` to `model`, or remove it";
            body.unused(&["model", "trees"], "this model has no trees", hint);
        }
        return;
    }
    let trees = &train.model.trees;
    let share = |share: Option<f64>| share.is_none_or(|share| share > 0.0 && share <= 1.0);
    let penalty = |penalty: f64| penalty >= 0.0 && penalty.is_finite();
    let rules = [
        ("rounds", trees.rounds > 0, "there is at least one round"),
        (
            "learning_rate",
            trees
                .learning_rate
                .is_none_or(|rate| rate > 0.0 && rate.is_finite()),
            "a learning rate is greater than 0",
        ),
        ("leaves", trees.leaves >= 2, "a tree has at least two leaves"),
        (
            "min_rows",
            trees.min_rows != Some(0),
            "a leaf has at least one row",
        ),
        ("l1", penalty(trees.l1), "a penalty is at least 0"),
        ("l2", penalty(trees.l2), "a penalty is at least 0"),
        (
            "row_share",
            share(trees.row_share),
            "a share is greater than 0 and at most 1",
        ),
        (
            "column_share",
            share(trees.column_share),
            "a share is greater than 0 and at most 1",
        ),
        (
            "bins",
            (2..=255).contains(&trees.bins),
            "a column has from 2 to 255 bins",
        ),
    ];
    for (key, sound, message) in rules {
        if !sound {
            body.bad(&["model", "trees", key], message);
        }
    }
    monotone(body, train);
    let rounds = "`rounds` in `model.trees` says how many trees there are at the most";
    for (path, hint) in [
        (&["epochs"][..], rounds),
        (&["batch_size"], "remove it: each round learns from all rows"),
        (
            &["find"],
            "remove it: trees have no batch and a rate of their own",
        ),
        (
            &["optimizer"],
            "`learning_rate` of `model.trees` is that of trees",
        ),
        (
            &["loss", "label_smoothing"],
            "remove it: trees learn classes as they are",
        ),
        (
            &["mixed_precision"],
            "remove it: trees have no products of matrices",
        ),
        (&["refit"], "remove it: trees gain nothing by it"),
        (&["schedule"], "remove it: trees learn at one rate"),
        (&["preprocess"], "remove it: trees take columns as they are"),
        (&["model", "hidden"], "remove it"),
        (&["model", "members"], "remove it"),
        (&["model", "numbers"], "remove it"),
        (&["model", "residual"], "remove it"),
        (&["model", "dropout"], "remove it"),
        (
            &["model", "categories"],
            "remove it: trees take categories as they are",
        ),
    ] {
        if body.reading.span(path).is_some() {
            body.unused(path, "trees don't use this", hint);
        }
    }
}

/// Directions are 1 and -1, of columns that are learned from.
fn monotone(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    for (column, direction) in &train.model.trees.monotone {
        let path = ["model", "trees", "monotone", column.as_str()];
        if !matches!(direction, 1 | -1) {
            body.bad(&path, "predictions rise (1) or fall (-1) with a column");
        }
        let unread = !train.features.is_empty() && !train.features.contains(column);
        if train.targets().contains(column) {
            body.bad(&path, &format!("`{column}` is what is predicted"));
        } else if unread || train.ignore.contains(column) {
            body.bad(
                &path,
                &format!("nothing is learned from `{column}`, which is left out"),
            );
        }
    }
}
