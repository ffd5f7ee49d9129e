//! Verdicts, and what would leave.

use aloft_spec::DataClass;
use aloft_spec::job::{Preflight, SentFile};
use aloft_spec::table::Extent;
use aloft_spec::verdict::{Forecast, Placement, Range, Reason, ReasonKind, ReasonState, Verdict};

fn reason(kind: ReasonKind, state: ReasonState, value: &str, text: &str, share: Option<f64>) -> Reason {
    Reason {
        kind,
        state,
        value: value.into(),
        text: text.into(),
        share,
        setting: "thresholds.minutes".into(),
    }
}

/// Within all limits.
pub fn here() -> Verdict {
    Verdict {
        placement: Placement::Here,
        reasons: vec![
            reason(
                ReasonKind::Privacy,
                ReasonState::Ok,
                "internal",
                "may leave, stays here",
                None,
            ),
            reason(
                ReasonKind::Time,
                ReasonState::Ok,
                "40 s",
                "forecast 40 s, limit 1 h",
                Some(0.01),
            ),
        ],
        forecast: forecast(40.0, 50_000),
    }
}

/// Over the limit of time.
pub fn cloud() -> Verdict {
    Verdict {
        placement: Placement::Cloud,
        reasons: vec![
            reason(
                ReasonKind::Privacy,
                ReasonState::Ok,
                "internal",
                "internal data may leave this machine",
                None,
            ),
            reason(
                ReasonKind::Storage,
                ReasonState::Ok,
                "31 of 80 GB",
                "31 GB of 80 GB free",
                Some(0.39),
            ),
            reason(
                ReasonKind::Memory,
                ReasonState::Near,
                "15 of 17 GB",
                "peak 15 GB, limit 17 GB",
                Some(0.88),
            ),
            reason(
                ReasonKind::Time,
                ReasonState::Over,
                "6.4 h",
                "forecast 6.4 h (5.9–6.9 h), limit 1 h",
                Some(6.4),
            ),
            reason(
                ReasonKind::Queue,
                ReasonState::Ok,
                "0 waiting",
                "nothing waits for this machine",
                None,
            ),
            reason(
                ReasonKind::Stability,
                ReasonState::Unknown,
                "3 runs",
                "three of the last five runs agree",
                None,
            ),
        ],
        forecast: forecast(23_040.0, 84_313_201),
    }
}

fn forecast(seconds: f64, rows: u64) -> Forecast {
    Forecast {
        seconds: Range {
            low: seconds * 0.92,
            mid: seconds,
            high: seconds * 1.08,
        },
        memory_bytes: 5_200_000_000,
        disk_bytes: 31_000_000_000,
        rows,
        steps: 6_587_000,
        steps_measured: 50,
        seconds_per_step: 0.0035,
        device: "cpu, 2 threads".into(),
    }
}

/// What would leave for the target.
pub fn preflight() -> Preflight {
    let file = |name: &str, bytes, sent| SentFile {
        name: name.into(),
        hash: "00".into(),
        bytes,
        sent,
    };
    Preflight {
        cell: "late".into(),
        target: "lab".into(),
        destination: "ada@lab.example.org:aloft".into(),
        identity: "ada".into(),
        files: vec![
            file("data.parquet", 2_100_000_000, true),
            file("run.toml", 1_811, true),
            file("aloft", 31_000_000, false),
        ],
        rows: 84_313_201,
        extent: Extent::all(84_313_201),
        columns: ["carrier", "distance", "dep_delay", "temp", "wind_speed", "late"]
            .map(String::from)
            .to_vec(),
        class: DataClass::Internal,
        allowed: true,
        note: None,
        placement: Some(Placement::Cloud),
    }
}
