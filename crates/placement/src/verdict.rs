//! The verdict: each reason with its number and its limit, and where the run belongs.

use crate::policy::may_leave;
use aloft_spec::{
    DataClass,
    project::{Policy, Thresholds},
    text::{self, bytes},
    verdict::{Forecast, Placement, Range, Reason, ReasonKind, ReasonState, Stability, Verdict},
};
use serde::{Deserialize, Serialize};

/// From this share of a limit on, a reason is near it.
const NEAR: f64 = 0.8;

/// What the machine has. 0 means that it isn't known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Memory in all. A GPU's own holds the model and a batch, and the worker sees to it that these fit.
    pub memory_bytes: u64,
    /// Free on the disk of the project.
    pub free_disk_bytes: u64,
}

/// What else is known about the machine and the cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Runs that run or wait on this machine before this one.
    pub runs_ahead: u32,
    /// Seconds until they are done, as far as known.
    pub wait_seconds: f64,
    /// Whether the last runs of the cell agree.
    pub stability: Stability,
}

/// Where a run belongs, and why: privacy, storage, memory, time, queue, stability.
///
/// - Storage, memory and time are over when the forecast's number is over its threshold; near from 80 % of it on, time
///   also when its range reaches over it.
/// - The queue is over when waiting makes the run take longer than `thresholds.minutes`.
/// - Privacy is over when another reason is and the class may not leave ([`may_leave`]): a run that fits here needs no
///   permission to stay.
/// - Stability is never over: it says when a model is ready for more than this machine, and asks for nothing.
///
/// Nothing over: `Here`. Something over: `Cloud`, or `Blocked` when privacy is.
pub fn verdict(
    forecast: &Forecast,
    machine: &Machine,
    thresholds: &Thresholds,
    policy: &Policy,
    class: DataClass,
    history: &History,
) -> Verdict {
    let mut reasons = vec![
        storage(forecast, machine, thresholds),
        memory(forecast, machine, thresholds),
        time(forecast, thresholds),
        queue(forecast, thresholds, history),
        stability(&history.stability),
    ];
    let over = reasons.iter().any(|reason| reason.state == ReasonState::Over);
    let privacy = privacy(policy, class, over);
    let placement = match (over, privacy.state) {
        (false, _) => Placement::Here,
        (true, ReasonState::Over) => Placement::Blocked,
        (true, _) => Placement::Cloud,
    };
    reasons.insert(0, privacy);
    Verdict {
        placement,
        reasons,
        forecast: forecast.clone(),
    }
}

fn privacy(policy: &Policy, class: DataClass, over: bool) -> Reason {
    let (state, text) = match may_leave(policy, class) {
        Ok(()) => (ReasonState::Ok, format!("{class} data may leave this machine")),
        Err(why) if over => (ReasonState::Over, why),
        Err(why) => (ReasonState::Ok, format!("{why}, and needn't")),
    };
    Reason {
        kind: ReasonKind::Privacy,
        state,
        value: class.to_string(),
        text,
        share: None,
        setting: "policy.may_leave".into(),
    }
}

fn storage(forecast: &Forecast, machine: &Machine, thresholds: &Thresholds) -> Reason {
    share_of(
        ReasonKind::Storage,
        "thresholds.disk_share",
        "data, checkpoints and model take",
        "free disk",
        forecast.disk_bytes,
        machine.free_disk_bytes,
        thresholds.disk_share,
    )
}

fn memory(forecast: &Forecast, machine: &Machine, thresholds: &Thresholds) -> Reason {
    share_of(
        ReasonKind::Memory,
        "thresholds.memory_share",
        "peak memory",
        "memory",
        forecast.memory_bytes,
        machine.memory_bytes,
        thresholds.memory_share,
    )
}

/// A number of bytes against a share of what there is.
fn share_of(
    kind: ReasonKind,
    setting: &str,
    what: &str,
    whole: &str,
    needed: u64,
    available: u64,
    limit_share: f64,
) -> Reason {
    let reason = |state, value, text, share| Reason {
        kind,
        state,
        value,
        text,
        share,
        setting: setting.into(),
    };
    if available == 0 {
        return reason(
            ReasonState::Unknown,
            bytes(needed),
            format!("{what} {}; how much {whole} there is isn't known", bytes(needed)),
            None,
        );
    }
    let limit = limit_share * available as f64;
    let (state, share) = against(needed as f64, limit);
    reason(
        state,
        format!("{} of {}", bytes(needed), bytes(available)),
        format!(
            "{what} {}, limit {} ({} % of {} {whole})",
            bytes(needed),
            bytes(limit.max(0.0) as u64),
            text::significant_digits(limit_share * 100.0, 3),
            bytes(available),
        ),
        share,
    )
}

fn time(forecast: &Forecast, thresholds: &Thresholds) -> Reason {
    let limit = thresholds.minutes * 60.0;
    let reason = |state, value, text, share| Reason {
        kind: ReasonKind::Time,
        state,
        value,
        text,
        share,
        setting: "thresholds.minutes".into(),
    };
    if forecast.steps_measured == 0 {
        return reason(
            ReasonState::Unknown,
            "not measured".into(),
            format!("not measured yet, limit {}", limit_text(limit)),
            None,
        );
    }
    let seconds = forecast.seconds;
    let (mut state, share) = against(seconds.mid, limit);
    if state == ReasonState::Ok && seconds.high > limit {
        state = ReasonState::Near;
    }
    reason(
        state,
        text::duration(seconds.mid),
        format!(
            "forecast {} ({}), limit {}, measured on {} warm-up steps",
            text::duration(seconds.mid),
            range_text(seconds),
            limit_text(limit),
            text::thousands(forecast.steps_measured),
        ),
        share,
    )
}

fn queue(forecast: &Forecast, thresholds: &Thresholds, history: &History) -> Reason {
    let reason = |state, value: String, text, share| Reason {
        kind: ReasonKind::Queue,
        state,
        value,
        text,
        share,
        setting: "thresholds.minutes".into(),
    };
    let runs = history.runs_ahead;
    if runs == 0 {
        let text = "no other run is ahead on this machine".to_owned();
        return reason(ReasonState::Ok, "none ahead".into(), text, None);
    }
    let wait = if history.wait_seconds.is_finite() {
        history.wait_seconds.max(0.0)
    } else {
        0.0
    };
    let limit = thresholds.minutes * 60.0;
    let (state, share) = against(wait + forecast.seconds.mid, limit);
    // Runs that wait are worth a look, however short they are.
    let state = if state == ReasonState::Ok {
        ReasonState::Near
    } else {
        state
    };
    let plural = if runs == 1 { "run is" } else { "runs are" };
    reason(
        state,
        format!("{runs} ahead"),
        format!(
            "{runs} {plural} ahead on this machine: {} with the wait, limit {}",
            text::duration(wait + forecast.seconds.mid),
            limit_text(limit)
        ),
        share,
    )
}

fn stability(stability: &Stability) -> Reason {
    let Stability { agreeing, of, .. } = *stability;
    let metric = stability.metric.as_deref().unwrap_or("the main metric");
    let percent = text::significant(Stability::TOLERANCE * 100.0);
    let (state, counted, text) = if stability.is_stable() {
        (
            ReasonState::Ok,
            agreeing,
            format!("the last {of} runs agree within {percent} % on {metric}: ready for production"),
        )
    } else if of < Stability::RUNS {
        (
            ReasonState::Unknown,
            of,
            format!(
                "{of} of the {} finished runs that it takes to tell",
                Stability::RUNS
            ),
        )
    } else {
        (
            ReasonState::Unknown,
            agreeing,
            format!("the last {agreeing} of {of} runs agree within {percent} % on {metric}"),
        )
    };
    Reason {
        kind: ReasonKind::Stability,
        state,
        value: format!("{counted} of {}", of.max(Stability::RUNS)),
        text,
        share: None,
        setting: String::new(),
    }
}

/// State and share of a number against its limit. A limit that isn't above 0 lets nothing through.
fn against(value: f64, limit: f64) -> (ReasonState, Option<f64>) {
    if limit.is_nan() || limit <= 0.0 {
        let state = if value > 0.0 {
            ReasonState::Over
        } else {
            ReasonState::Ok
        };
        return (state, None);
    }
    let share = value / limit;
    let state = if share > 1.0 {
        ReasonState::Over
    } else if share > NEAR {
        ReasonState::Near
    } else {
        ReasonState::Ok
    };
    (state, Some(share).filter(|share| share.is_finite()))
}

/// `5.9–6.9 h`: a unit that both ends share is said once.
fn range_text(range: Range) -> String {
    let (low, high) = (text::duration(range.low), text::duration(range.high));
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other && !unit.contains(' ') => {
            format!("{number}–{high}")
        }
        _ => format!("{low}–{high}"),
    }
}

/// A limit as someone wrote it: `1 h`, not `1.0 h`.
fn limit_text(seconds: f64) -> String {
    if seconds == f64::INFINITY {
        return "none".into();
    }
    let text = text::duration(seconds.max(0.0));
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            let number = number.trim_end_matches('0').trim_end_matches('.');
            format!("{number} {unit}")
        }
        _ => text.trim_end_matches(" 0 s").to_owned(),
    }
}
