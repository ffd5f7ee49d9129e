//! How a model is trained: parts, loss, optimizer, schedule.

use super::Body;
use crate::toml_reader::Finding;
use aloft_spec::Code;
use aloft_spec::train::{
    ClassWeights, ModelKind, OptimizerKind, OptimizerSpec, ScheduleKind, ScheduleSpec, SplitBy, SplitSpec,
    TaskSpec, TrainSpec,
};

type Train<'a> = Body<'a, TrainSpec>;

pub(super) fn split(body: &mut Train<'_>, split: &SplitSpec) {
    let shares = [("validation", split.validation), ("test", split.test)];
    let mut sound = true;
    for (key, share) in shares {
        if !(0.0..1.0).contains(&share) {
            body.bad(&["split", key], "a share is at least 0 and less than 1");
            sound = false;
        }
    }
    if sound && split.validation + split.test >= 1.0 {
        let key = if body.reading.span(&["split", "test"]).is_some() {
            "test"
        } else {
            "validation"
        };
        body.bad(
            &["split", key],
            "validation and test leave no rows to train on: together they are less than 1",
        );
    }
    if split.folds == 1 {
        body.bad(&["split", "folds"], "cross-validation takes at least two folds");
    }
    let column = split.column.as_deref().unwrap_or_default();
    match split.by {
        SplitBy::Time | SplitBy::Group if column.is_empty() => {
            let (what, example) = match split.by {
                SplitBy::Group => ("a split by group needs a column", "a customer"),
                _ => ("a split by time needs a column", "a date"),
            };
            let span = body.reading.span(&["split", "by"]);
            let finding = Finding::error(Code::BadValue, what, span);
            body.push(finding.with_hint(format!("add `column = \"{example}\"` to `split`")));
        }
        SplitBy::Random if !column.is_empty() => {
            body.unused(
                &["split", "column"],
                "a random split needs no column",
                "add `by = \"time\"` or `by = \"group\"` to split by it",
            );
        }
        _ => {}
    }
}

/// Who asks to learn anew has rows that can be divided anew. That trees don't use it is said with what else they don't.
pub(super) fn refit(body: &mut Train<'_>, train: &TrainSpec) {
    if train.refit == Some(true) && !train.can_refit() && train.model.kind != ModelKind::Trees {
        body.error(
            &["refit"],
            "a model learns anew from rows of a plain table that are divided at random",
            "remove it; \"mlp\" and \"linear\" models with `split.by = \"random\"` can",
        );
    }
}

pub(super) fn loss(body: &mut Train<'_>, train: &TrainSpec) {
    if train
        .quantiles
        .iter()
        .any(|quantile| !(*quantile > 0.0 && *quantile < 1.0))
    {
        body.bad(&["quantiles"], "a quantile is greater than 0 and less than 1");
    } else if !train.quantiles.is_sorted_by(|a, b| a < b) {
        body.bad(&["quantiles"], "quantiles rise, and each is there once");
    }
    let classes = matches!(train.task, TaskSpec::Binary | TaskSpec::Multiclass);
    if classes && !train.quantiles.is_empty() {
        body.bad(&["quantiles"], "classes have no quantiles: only a number has");
    }
    if !(0.0..1.0).contains(&train.loss.label_smoothing) {
        body.bad(
            &["loss", "label_smoothing"],
            "label smoothing is at least 0 and less than 1",
        );
    }
    if let Some(ClassWeights::Given(weights)) = &train.loss.class_weights {
        for (class, weight) in weights {
            if !(*weight > 0.0 && weight.is_finite()) {
                body.bad(
                    &["loss", "class_weights", class],
                    "the weight of a class is greater than 0",
                );
            }
        }
    }
    let numbers = train.task == TaskSpec::Regression || !train.quantiles.is_empty();
    for (key, used) in [
        ("label_smoothing", train.loss.label_smoothing > 0.0),
        ("class_weights", train.loss.class_weights.is_some()),
    ] {
        if numbers && used {
            body.unused(&["loss", key], "a number has no classes", "remove it");
        }
    }
}

pub(super) fn optimizer(body: &mut Train<'_>, optimizer: &OptimizerSpec) {
    let above = |number: f64| number > 0.0 && number.is_finite();
    if optimizer.learning_rate.is_some_and(|rate| !above(rate)) {
        body.bad(
            &["optimizer", "learning_rate"],
            "a learning rate is greater than 0",
        );
    }
    if !(optimizer.weight_decay >= 0.0 && optimizer.weight_decay.is_finite()) {
        body.bad(&["optimizer", "weight_decay"], "weight decay is at least 0");
    }
    if !(0.0..1.0).contains(&optimizer.momentum) {
        body.bad(
            &["optimizer", "momentum"],
            "momentum is at least 0 and less than 1",
        );
    }
    if optimizer.clip.is_some_and(|clip| !above(clip)) {
        body.bad(
            &["optimizer", "clip"],
            "gradients are shortened to a length greater than 0",
        );
    }
    if optimizer.accumulate == 0 {
        body.bad(&["optimizer", "accumulate"], "a step takes at least one batch");
    }
    for key in ["momentum", "nesterov"] {
        if optimizer.kind != OptimizerKind::Sgd && body.reading.span(&["optimizer", key]).is_some() {
            let message = format!("only `kind = \"sgd\"` has `{key}`");
            body.unused(&["optimizer", key], &message, "remove it");
        }
    }
}

/// A number is given or found, and not both.
pub(super) fn find(body: &mut Train<'_>, train: &TrainSpec) {
    for (what, _) in train.found() {
        let key = what.key();
        let message = format!("`{key}` is given, so there is nothing to find");
        body.unused(&["find"], &message, &format!("remove it here, or remove `{key}`"));
    }
}

pub(super) fn schedule(body: &mut Train<'_>, schedule: &ScheduleSpec) {
    if schedule.warmup.is_some_and(|share| !(0.0..1.0).contains(&share)) {
        body.bad(
            &["schedule", "warmup"],
            "the share of a warm-up is at least 0 and less than 1",
        );
    }
    if !(schedule.factor > 0.0 && schedule.factor < 1.0) {
        body.bad(
            &["schedule", "factor"],
            "the factor of a plateau is greater than 0 and less than 1",
        );
    }
    if schedule.wait == 0 {
        body.bad(&["schedule", "wait"], "a plateau is at least one epoch long");
    }
    for key in ["factor", "wait"] {
        if schedule.kind != ScheduleKind::Plateau && body.reading.span(&["schedule", key]).is_some() {
            let message = format!("only `kind = \"plateau\"` has `{key}`");
            body.unused(&["schedule", key], &message, "remove it");
        }
    }
}
