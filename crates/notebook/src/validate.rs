//! Values that have the right type and can't be meant.

mod inputs;
mod recipe;
mod sweep;
mod trees;

use crate::param;
use crate::toml_reader::{Finding, Reading, keys_of, read};
use aloft_spec::chart::{ChartSpec, Mark};
use aloft_spec::inputs::{ForecastSpec, ImageSpec, TextSpec};
use aloft_spec::param::{ParamKind, ParamSpec, ParamValue};
use aloft_spec::source::{SampleMethod, SampleSpec, SourceSpec};
use aloft_spec::train::{
    LossSpec, ModelSpec, OptimizerSpec, PreprocessSpec, ScheduleSpec, SplitSpec, TrainSpec, TreesSpec,
};
use aloft_spec::{CellSpec, Code, Problem};
use toml::de::DeValue;

pub(crate) use sweep::{over_train, sweep};

pub(crate) const NAME_RULE: &str =
    "a name has letters, digits and underscores (ASCII), begins with no digit and has at most 64 of them";

/// The body of a TOML cell, understood and checked.
pub(crate) struct Body<'a, T> {
    reading: Reading<'a, T>,
}

/// A typed body: its value, and its findings with spans in the body.
pub(crate) struct Checked {
    pub spec: Option<CellSpec>,
    pub findings: Vec<Finding>,
    /// The cell that it reads, and where it says so.
    pub data: Option<(String, Option<std::ops::Range<usize>>)>,
}

pub(crate) fn source(body: &str) -> Checked {
    let mut body = Body::<SourceSpec>::read(body, |path| match path {
        [] => keys_of::<SourceSpec>(),
        ["sample"] => keys_of::<SampleSpec>(),
        _ => &[],
    });
    if let Some(source) = body.reading.value.clone() {
        body.filled("path", &source.path, "path = \"data/table.csv\"");
        if source.sample.rows == 0 {
            body.bad(&["sample", "rows"], "a sample has at least one row");
        }
        sampled_by(&mut body, &source.sample);
        if let Some(separator) = source.separator
            && (!separator.is_ascii() || matches!(separator, '"' | '\n' | '\r'))
        {
            body.bad(
                &["separator"],
                "a separator is one ASCII character and neither a quote nor a line's end",
            );
        }
        if let Some(quote) = &source.quote
            && !(quote.is_empty()
                || quote.len() == 1 && quote.is_ascii() && quote.trim_matches(['\n', '\r']) == quote)
        {
            body.bad(&["quote"], "a quote is one ASCII character, or empty for none");
        }
        if source
            .decimal
            .is_some_and(|decimal| !matches!(decimal, '.' | ','))
        {
            body.bad(&["decimal"], "a decimal mark is `.` or `,`");
        }
        if source.endpoint.is_some() && !source.is_remote() {
            body.unused(&["endpoint"], "only an address has an `endpoint`", "remove it");
        }
    }
    body.finish(|_| None, CellSpec::Source)
}

pub(crate) fn param(body: &str) -> Checked {
    let mut body = Body::<ParamSpec>::read(body, |path| match path {
        [] => keys_of::<ParamSpec>(),
        _ => &[],
    });
    body.dates_in_quotes(&["value", "min", "max"]);
    if let Some(spec) = body.reading.value.clone() {
        let unbounded = ParamSpec {
            min: None,
            max: None,
            ..spec.clone()
        };
        let mut sound = true;
        for (key, bound) in [("min", &spec.min), ("max", &spec.max)] {
            match (spec.kind, bound) {
                (_, None) => {}
                (ParamKind::Number | ParamKind::Date, Some(bound)) => {
                    sound &= body.checked(key, param::check(&unbounded, bound));
                }
                (kind, Some(_)) => {
                    let message = format!("a {} has no `{key}`", kind.word());
                    body.unused(&[key], &message, "remove it");
                }
            }
        }
        if let (true, Some(min)) = (sound, &spec.min)
            && matches!(spec.kind, ParamKind::Number | ParamKind::Date)
        {
            let below = ParamSpec {
                min: None,
                ..spec.clone()
            };
            if param::check(&below, min).is_err() {
                body.bad(&["min"], "`min` is greater than `max`");
                sound = false;
            }
        }
        match (spec.kind, spec.step) {
            (_, None) => {}
            (ParamKind::Number, Some(step)) if step > 0.0 && step.is_finite() => {}
            (ParamKind::Number, Some(_)) => body.bad(&["step"], "a step is greater than 0"),
            (kind, Some(_)) => {
                let message = format!("a {} has no `step`", kind.word());
                body.unused(&["step"], &message, "remove it");
            }
        }
        match (spec.kind, spec.choices.is_empty()) {
            (ParamKind::Choice, true) => {
                let finding = Finding::error(
                    Code::BadValue,
                    "a choice needs `choices`",
                    body.reading.span(&["kind"]),
                );
                body.push(finding.with_hint("for example `choices = [\"AA\", \"UA\"]`"));
                sound = false;
            }
            (ParamKind::Choice, false) | (_, true) => {}
            (kind, false) => {
                let message = format!("a {} has no `choices`", kind.word());
                body.unused(&["choices"], &message, "use `kind = \"choice\"`");
            }
        }
        if sound {
            body.checked("value", param::check(&spec, &spec.value));
        }
    }
    body.finish(|_| None, CellSpec::Param)
}

/// A value as TOML writes it.
pub(crate) fn toml_value(value: &ParamValue) -> String {
    match value {
        ParamValue::Integer(value) => value.to_string(),
        // TOML takes a number without a point for a whole one.
        ParamValue::Float(value) => format!("{value:?}"),
        ParamValue::Text(text) => {
            let mut out = String::from("\"");
            for c in text.chars() {
                match c {
                    '"' | '\\' => out.extend(['\\', c]),
                    '\n' => out.push_str("\\n"),
                    '\t' => out.push_str("\\t"),
                    '\r' => out.push_str("\\r"),
                    c if c.is_control() => out.push_str(&format!("\\u{:04X}", c as u32)),
                    c => out.push(c),
                }
            }
            out.push('"');
            out
        }
    }
}

fn sampled_by(body: &mut Body<'_, SourceSpec>, sample: &SampleSpec) {
    let (message, hint) = match (sample.method, sample.by.as_slice()) {
        (SampleMethod::Random | SampleMethod::Head, []) => return,
        (SampleMethod::Random | SampleMethod::Head, _) => {
            let hint = "use `method = \"stratified\"` or `method = \"time\"`, or remove it";
            return body.unused(&["sample", "by"], "this sample doesn't look at columns", hint);
        }
        (SampleMethod::Stratified, []) => (
            "a stratified sample needs columns",
            "add `by = \"a column\"` to `sample`",
        ),
        (SampleMethod::Time, [_]) | (SampleMethod::Stratified, _) => return,
        (SampleMethod::Time, _) => (
            "the latest rows need one column",
            "add `by = \"a date\"` to `sample`",
        ),
    };
    let span = body.reading.span(&["sample", "method"]);
    body.push(Finding::error(Code::BadValue, message, span).with_hint(hint));
}

pub(crate) fn chart(body: &str) -> Checked {
    let mut body = Body::<ChartSpec>::read(body, |path| match path {
        [] => keys_of::<ChartSpec>(),
        _ => &[],
    });
    if let Some(chart) = body.reading.value.clone() {
        body.filled("data", &chart.data, "data = \"flights\"");
        chart_columns(&mut body, &chart);
        chart_options(&mut body, &chart);
    }
    body.finish(|chart| Some(&chart.data), CellSpec::Chart)
}

/// A mark draws `columns`, or it has the axes that it needs.
fn chart_columns(body: &mut Body<'_, ChartSpec>, chart: &ChartSpec) {
    let mark = chart.mark.word();
    for (key, value) in [("x", &chart.x), ("y", &chart.y)] {
        let needed = !chart.mark.has_columns() && (key == "x" || chart.mark.needs_y());
        if needed && value.as_deref().unwrap_or_default().is_empty() {
            let span = body.reading.span(&["mark"]);
            let message = format!("a {mark} chart needs a column `{key}`");
            body.push(
                Finding::error(Code::BadValue, message, span)
                    .with_hint(format!("add `{key} = \"a column\"`")),
            );
        } else if value.is_some() && chart.mark.has_columns() {
            let hint = format!("`columns = [\"a\", \"b\"]` says which columns a {mark} chart shows");
            body.unused(&[key], &format!("a {mark} chart has no `{key}`"), &hint);
        }
    }
    if chart.mark == Mark::Histogram && chart.y.is_some() {
        body.unused(
            &["y"],
            "a histogram counts rows: it has no `y`",
            "use `mark = \"bar\"` for means of `y`",
        );
    }
    if chart.z.is_some() && chart.mark != Mark::Heatmap {
        body.unused(&["z"], "only a heatmap has `z`", "remove it");
    }
    if !chart.columns.is_empty() && !chart.mark.has_columns() {
        let hint = "name one column as `x`, or use `mark = \"correlation\"` or `mark = \"pairs\"`";
        body.unused(&["columns"], &format!("a {mark} chart has no `columns`"), hint);
    }
}

fn chart_options(body: &mut Body<'_, ChartSpec>, chart: &ChartSpec) {
    let mark = chart.mark.word();
    match chart.bins {
        Some(0) => body.bad(&["bins"], "there is at least one bin"),
        Some(_) if !chart.mark.has_bins() => {
            body.unused(&["bins"], &format!("a {mark} chart has no `bins`"), "remove it");
        }
        _ => {}
    }
    if chart.color.is_some() && !chart.mark.has_color() {
        body.unused(
            &["color"],
            &format!("a {mark} chart has no `color`"),
            "remove it, or use `facet`",
        );
    }
    if chart.facet.is_some() && chart.mark.has_columns() {
        body.unused(&["facet"], &format!("a {mark} chart has no `facet`"), "remove it");
    }
    let log = [("log_x", chart.log_x), ("log_y", chart.log_y)];
    for ((key, wanted), fits) in log.into_iter().zip(chart.mark.has_log()) {
        if wanted && !fits {
            body.unused(&[key], &format!("a {mark} chart has no `{key}`"), "remove it");
        }
    }
}

pub(crate) fn train(body: &str) -> Checked {
    let mut body = Body::<TrainSpec>::read(body, |path| match path {
        [] => keys_of::<TrainSpec>(),
        ["split"] => keys_of::<SplitSpec>(),
        ["forecast"] => keys_of::<ForecastSpec>(),
        ["image"] => keys_of::<ImageSpec>(),
        ["text"] => keys_of::<TextSpec>(),
        ["model"] => keys_of::<ModelSpec>(),
        ["model", "trees"] => keys_of::<TreesSpec>(),
        ["optimizer"] => keys_of::<OptimizerSpec>(),
        ["preprocess"] => keys_of::<PreprocessSpec>(),
        ["loss"] => keys_of::<LossSpec>(),
        ["schedule"] => keys_of::<ScheduleSpec>(),
        _ => &[],
    });
    if let Some(train) = body.reading.value.clone() {
        body.filled("data", &train.data, "data = \"flights\"");
        columns(&mut body, &train);
        trees::check(&mut body, &train);
        recipe::split(&mut body, &train.split);
        recipe::loss(&mut body, &train);
        recipe::optimizer(&mut body, &train.optimizer);
        recipe::schedule(&mut body, &train.schedule);
        recipe::find(&mut body, &train);
        recipe::refit(&mut body, &train);
        inputs::inputs(&mut body, &train);
        if train.epochs == Some(0) {
            body.bad(&["epochs"], "training takes at least one epoch");
        }
        if train.batch_size == Some(0) {
            body.bad(&["batch_size"], "a batch has at least one row");
        }
        if train.model.hidden.contains(&0) {
            body.bad(&["model", "hidden"], "a hidden layer has at least one unit");
        }
        if !(0.0..1.0).contains(&train.model.dropout) {
            body.bad(&["model", "dropout"], "dropout is at least 0 and less than 1");
        }
        if train.model.members == 0 {
            body.bad(&["model", "members"], "a model has at least one member");
        }
    }
    body.finish(|train| Some(&train.data), CellSpec::Train)
}

fn columns(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    for target in train.targets() {
        if train.features.contains(target) {
            body.bad(
                &["features"],
                &format!("the target `{target}` is among the features: it would predict itself"),
            );
        }
        if train.ignore.contains(target) {
            body.bad(&["ignore"], &format!("the target `{target}` is to be ignored"));
        }
    }
    if let Some(both) = train.features.iter().find(|name| train.ignore.contains(name)) {
        body.bad(
            &["ignore"],
            &format!("the column `{both}` is a feature and to be ignored"),
        );
    }
}

impl<'a, T: serde::de::DeserializeOwned> Body<'a, T> {
    fn read(body: &'a str, keys: impl Fn(&[&str]) -> &'static [&'static str]) -> Self {
        Self {
            reading: read(body, keys),
        }
    }

    fn push(&mut self, finding: Finding) {
        self.reading.findings.push(finding);
    }

    fn bad(&mut self, path: &[&str], message: &str) {
        let span = self.reading.span(path);
        self.push(Finding::error(Code::BadValue, message, span));
    }

    /// Notes what a check of the value of a key found; whether that was nothing.
    fn checked(&mut self, key: &str, checked: Result<(), Problem>) -> bool {
        let Err(problem) = checked else {
            return true;
        };
        let span = self.reading.span(&[key]);
        self.push(Finding {
            hint: problem.hint,
            ..Finding::error(problem.code, problem.message, span)
        });
        false
    }

    /// TOML has dates of its own; where texts are expected, that is said in words.
    fn dates_in_quotes(&mut self, keys: &[&str]) {
        for key in keys {
            let Some(value) = self.reading.table.get(*key) else {
                continue;
            };
            let (DeValue::Datetime(date), span) = (value.get_ref(), value.span()) else {
                continue;
            };
            let hint = format!("put it in quotes: `{key} = \"{date}\"`");
            let finding = Finding::error(Code::BadValue, "a date is a text here", Some(span.clone()));
            self.reading
                .findings
                .retain(|other| other.span.as_ref() != Some(&span));
            self.push(finding.with_hint(hint));
        }
    }

    fn unused(&mut self, path: &[&str], message: &str, hint: &str) {
        let span = self.reading.span(path);
        self.push(Finding::warning(Code::BadValue, message, span).with_hint(hint));
    }

    fn filled(&mut self, key: &str, value: &str, example: &str) {
        if value.is_empty() {
            let span = self.reading.span(&[key]);
            let finding = Finding::error(Code::BadValue, format!("`{key}` is empty"), span);
            self.push(finding.with_hint(format!("for example `{example}`")));
        }
    }

    fn finish(self, data: impl Fn(&T) -> Option<&String>, spec: impl Fn(T) -> CellSpec) -> Checked {
        let span = self.reading.span(&["data"]);
        let data = self.reading.value.as_ref().and_then(data);
        Checked {
            data: data
                .filter(|name| !name.is_empty())
                .map(|name| (name.clone(), span)),
            findings: self.reading.findings,
            spec: self.reading.value.map(spec),
        }
    }
}
