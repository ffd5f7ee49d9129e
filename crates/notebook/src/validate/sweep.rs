//! What a sweep says it tries, by itself and over the train cell that it is about.

use super::{Body, Checked, train};
use crate::suggestion::suggestion;
use crate::toml_reader::{Finding, Reading, keys_of, read};
use crate::values::with_values;
use aloft_spec::shape::{self, Shape};
use aloft_spec::sweep::{DimensionSpec, HalvingSpec, SweepMethod, SweepSpec, SweepValue, Values};
use aloft_spec::train::TrainSpec;
use aloft_spec::{CellSpec, Code, Severity};
use std::ops::Range;

/// Keys that say what is learned from which rows: trials that differ in them couldn't be compared.
const FIXED: [&str; 10] = [
    "data",
    "target",
    "labels",
    "features",
    "ignore",
    "task",
    "quantiles",
    "split",
    "forecast",
    "device",
];

/// The path of the kind of a train cell's model, on which it depends what other keys may be.
const KIND: &str = "model.kind";

fn keys(path: &[&str]) -> &'static [&'static str] {
    match path {
        [] => keys_of::<SweepSpec>(),
        ["halving"] => keys_of::<HalvingSpec>(),
        ["space", _] => keys_of::<DimensionSpec>(),
        _ => &[],
    }
}

/// What a body says by itself.
pub(crate) fn sweep(text: &str) -> Checked {
    let mut body = Body::<SweepSpec>::read(text, keys);
    if let Some(sweep) = body.reading.value.clone() {
        body.filled("train", &sweep.train, "train = \"late\"");
        if sweep.trials == Some(0) {
            body.bad(&["trials"], "a sweep has at least one trial");
        }
        if sweep
            .seconds
            .is_some_and(|seconds| seconds <= 0.0 || !seconds.is_finite())
        {
            body.bad(&["seconds"], "a sweep takes more than 0 seconds");
        }
        if sweep.parallel == Some(0) {
            body.bad(&["parallel"], "at least one trial runs at a time");
        }
        if let Some(halving) = &sweep.halving {
            if halving.factor < 2 {
                body.bad(&["halving", "factor"], "one trial in at least two goes on");
            }
            if halving.epochs == 0 {
                body.bad(
                    &["halving", "epochs"],
                    "the first rung is after at least one epoch",
                );
            }
        }
        if sweep.space.is_empty() {
            let span = body.reading.span(&["space"]);
            let finding = Finding::error(Code::BadValue, "there is nothing to try", span);
            body.push(
                finding
                    .with_hint("for example `\"optimizer.learning_rate\" = { log_uniform = [1e-4, 1e-2] }`"),
            );
        }
        for (path, dimension) in &sweep.space {
            if let Some(finding) = key(&body.reading, path) {
                body.push(finding);
            } else {
                self::dimension(&mut body, path, dimension, sweep.method);
            }
        }
    }
    let train = body.reading.span(&["train"]);
    let checked = body.finish(|sweep| Some(&sweep.train), CellSpec::Sweep);
    Checked {
        data: checked.data.map(|(name, _)| (name, train)),
        ..checked
    }
}

/// What is wrong with a path as one of a train cell's key.
fn key(reading: &Reading<'_, SweepSpec>, path: &str) -> Option<Finding> {
    let span = reading.key_span(&["space", path]);
    let keys: Vec<&str> = path.split('.').collect();
    let known = shape::of::<TrainSpec>(&keys);
    if let (Some(first), Some(_)) = (keys.first().filter(|first| FIXED.contains(first)), known) {
        let message = format!(
            "`{first}` says what is learned from which rows: with other values scores couldn't be compared"
        );
        return Some(
            Finding::error(Code::BadValue, message, span).with_hint("make a train cell for each of them"),
        );
    }
    match known.map(|taken| taken.shape) {
        Some(Shape::Keys(inner)) => {
            let example = inner.first().copied().unwrap_or_default();
            let message = format!("`{path}` is a table of a train cell and no value");
            let hint = format!("name one of its keys, in quotes: `\"{path}.{example}\" = …`");
            Some(Finding::error(Code::BadValue, message, span).with_hint(hint))
        }
        Some(_) => None,
        None => {
            let (last, tables) = keys.split_last()?;
            let siblings = shape::of::<TrainSpec>(tables).map(shape::Taken::keys);
            let hint = suggestion(last, siblings.unwrap_or_default().iter().copied(), "known keys");
            let finding = Finding::error(
                Code::UnknownKey,
                format!("`{path}` is no key of a train cell"),
                span,
            );
            Some(Finding { hint, ..finding })
        }
    }
}

fn dimension(body: &mut Body<'_, SweepSpec>, path: &str, spec: &DimensionSpec, method: SweepMethod) {
    let at = |key| ["space", path, key];
    let real = |range: Option<[f64; 2]>| range.map(|[low, high]| (low, high));
    let whole = |range: Option<[i64; 2]>| range.map(|[low, high]| (low as f64, high as f64));
    let ranges = [
        ("uniform", real(spec.uniform), false, false),
        ("log_uniform", real(spec.log_uniform), true, false),
        ("int_uniform", whole(spec.int_uniform), false, true),
        ("int_log_uniform", whole(spec.int_log_uniform), true, true),
    ];
    let given =
        usize::from(spec.choice.is_some()) + ranges.iter().filter(|(_, range, _, _)| range.is_some()).count();
    if given != 1 {
        let message = match given {
            0 => format!("it isn't said what `{path}` can be"),
            _ => format!("`{path}` has more than one range"),
        };
        let span = body.reading.key_span(&["space", path]);
        let hint = "give it one of `choice`, `uniform`, `log_uniform`, `int_uniform`, `int_log_uniform`";
        body.push(Finding::error(Code::BadValue, message, span).with_hint(hint));
        return;
    }
    if let Some(choice) = &spec.choice {
        if choice.is_empty() {
            body.bad(&at("choice"), "a choice has at least one value");
        }
        if spec.steps.is_some() {
            body.unused(&at("steps"), "a choice has no `steps`", "remove it");
        }
        return;
    }
    for (key, range, logarithmic, whole) in ranges {
        let Some((low, high)) = range else { continue };
        if !low.is_finite() || !high.is_finite() || low >= high {
            let span = body.reading.span(&at(key));
            let finding = Finding::error(Code::BadValue, "the first bound is less than the second", span);
            body.push(finding.with_hint(match low == high {
                true => format!("use `choice = [{low}]`"),
                false => format!("write `{key} = [{high}, {low}]`"),
            }));
        } else if logarithmic && low <= 0.0 {
            let span = body.reading.span(&at(key));
            let finding = Finding::error(Code::BadValue, "both bounds are greater than 0", span);
            let linear = key.replace("log_", "");
            body.push(finding.with_hint(format!("use `{linear}`, or a bound above 0")));
        }
        match (method, spec.steps) {
            (SweepMethod::Grid, None) if !whole => {
                let span = body.reading.span(&at(key));
                let message = format!("a grid needs to know how many values of `{path}` there are");
                body.push(
                    Finding::error(Code::BadValue, message, span)
                        .with_hint("add `steps = 5`, or use `choice`"),
                );
            }
            (SweepMethod::Grid, Some(steps)) if steps < 2 => {
                body.bad(&at("steps"), "a range has at least two steps: its ends");
            }
            (SweepMethod::Random | SweepMethod::Bayesian, Some(_)) => {
                body.unused(
                    &at("steps"),
                    "only a grid has `steps`",
                    "remove it, or use `method = \"grid\"`",
                );
            }
            _ => {}
        }
    }
}

/// Values of a sweep that its train cell would refuse, and keys that it has no use for.
pub(crate) fn over_train(sweep_body: &str, train_name: &str, train_body: &str) -> Vec<Finding> {
    let reading = read::<SweepSpec>(sweep_body, keys);
    let Some(sweep) = &reading.value else {
        return Vec::new();
    };
    if train(train_body).findings.iter().any(is_error) {
        return Vec::new();
    }
    let kinds: Vec<String> = candidates(&reading, KIND, &sweep.space)
        .into_iter()
        .filter_map(|(value, _)| with_values(train_body, &Values::from([(KIND.to_owned(), value)])).ok())
        .filter(|body| !train(body).findings.iter().any(is_error))
        .collect();
    let own = [train_body.to_owned()];
    let mut findings = Vec::new();
    for path in sweep.space.keys().filter(|path| key(&reading, path).is_none()) {
        let bases = match path == KIND || kinds.is_empty() {
            true => &own[..],
            false => &kinds[..],
        };
        for (value, span) in candidates(&reading, path, &sweep.space) {
            let Some(said) = said_of(bases, path, &value) else {
                continue;
            };
            let finding = match is_error(&said) {
                true => Finding::error(
                    said.code,
                    format!("`{train_name}` can't have this: {}", said.message),
                    span,
                ),
                false => Finding::warning(
                    said.code,
                    format!("`{train_name}` has no use for this: {}", said.message),
                    reading.key_span(&["space", path]),
                ),
            };
            let whole = matches!(value, SweepValue::Number(_)) && said.message.contains("whole number");
            let hint = match whole {
                true => Some("use `int_uniform` or `int_log_uniform`".into()),
                false => said.hint,
            };
            findings.push(Finding { hint, ..finding });
            break;
        }
    }
    findings
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

/// Values of a key that stand for all that it can be, each with its place: all of a choice, both ends of a range.
fn candidates(
    reading: &Reading<'_, SweepSpec>,
    path: &str,
    space: &std::collections::BTreeMap<String, DimensionSpec>,
) -> Vec<(SweepValue, Option<Range<usize>>)> {
    let Some(spec) = space.get(path) else {
        return Vec::new();
    };
    let at = |key: &str, index| reading.item_span(&["space", path, key], index);
    if let Some(choice) = &spec.choice {
        let values = choice.iter().cloned().enumerate();
        return values
            .map(|(index, value)| (value, at("choice", index)))
            .collect();
    }
    let mut found = Vec::new();
    for (key, range) in [("uniform", spec.uniform), ("log_uniform", spec.log_uniform)] {
        let ends = range.into_iter().flatten().enumerate();
        found.extend(ends.map(|(index, end)| (SweepValue::Number(end), at(key, index))));
    }
    for (key, range) in [
        ("int_uniform", spec.int_uniform),
        ("int_log_uniform", spec.int_log_uniform),
    ] {
        let ends = range.into_iter().flatten().enumerate();
        found.extend(ends.map(|(index, end)| (SweepValue::Integer(end), at(key, index))));
    }
    found
}

/// What is said of a train cell with this value that isn't said of it without, whatever the base; of the last base.
fn said_of(bases: &[String], path: &str, value: &SweepValue) -> Option<Finding> {
    let mut said = None;
    for base in bases {
        let before = train(base).findings;
        let changed = with_values(base, &Values::from([(path.to_owned(), value.clone())])).ok()?;
        let new = |found: &Finding| {
            !before
                .iter()
                .any(|old| (&old.message, old.severity) == (&found.message, found.severity))
        };
        let mut after: Vec<Finding> = train(&changed).findings.into_iter().filter(new).collect();
        // Errors first: they are what keeps a trial from running.
        after.sort_by_key(|found| !is_error(found));
        // With another kind, keys for the kind before have no use; that is nothing about this value.
        let found = after
            .into_iter()
            .find(|found| is_error(found) || path != KIND && found.code == Code::BadValue);
        said = Some(found?);
    }
    said
}
