//! The verdict on a run from its own first steps, and again whenever its pace changes.

use crate::run::Run;
use aloft_placement::{History, Machine, Progress, Workload, correct, forecast, refine, verdict};
use aloft_spec::{
    project::{Policy, Thresholds},
    source::DataClass,
    verdict::{Forecast, Measurement, Verdict},
};

/// A change of the forecast by this share is worth telling.
const CHANGE: f64 = 0.1;

/// Forecasts a run that goes on.
#[derive(Debug)]
pub struct Forecaster {
    machine: Machine,
    thresholds: Thresholds,
    policy: Policy,
    class: DataClass,
    history: History,
    past: Vec<(f64, f64)>,
    measured: Option<(Workload, Measurement)>,
    /// The first forecast, corrected by earlier ones, and the seconds last told.
    first: Option<(Forecast, f64)>,
}

impl Forecaster {
    /// Nothing is measured yet.
    pub fn new(run: &Run) -> Self {
        let record = &run.record;
        let runs_dir = run.dir.parent().unwrap_or(&run.dir);
        Self {
            machine: Machine {
                memory_bytes: aloft_runs::memory_bytes(),
                free_disk_bytes: aloft_runs::free_disk_bytes(&run.dir),
            },
            thresholds: record.thresholds.clone(),
            policy: record.policy.clone(),
            class: record.data.class,
            // Other runs only sharpen the verdict; a folder that can't be read doesn't end this one.
            history: History {
                stability: aloft_runs::stability(runs_dir, &record.cell).unwrap_or_default(),
                ..History::default()
            },
            past: aloft_runs::past_forecasts(runs_dir).unwrap_or_default(),
            measured: None,
            first: None,
        }
    }

    /// Whether the first steps are measured.
    pub fn is_measured(&self) -> bool {
        self.measured.is_some()
    }

    /// The forecast as measured, and the verdict on it.
    pub fn measured(&mut self, workload: Workload, measurement: Measurement) -> (Forecast, Verdict) {
        let measured = forecast(&workload, &measurement);
        let corrected = correct(&measured, &self.past);
        self.measured = Some((workload, measurement));
        let verdict = self.verdict(&corrected);
        self.first = Some((corrected, verdict.forecast.seconds.mid));
        (measured, verdict)
    }

    /// A new verdict, if the forecast has changed by more than a tenth since the last one.
    pub fn progressed(&mut self, progress: &Progress) -> Option<Verdict> {
        let (first, told) = self.first.as_ref()?;
        let refined = refine(first, progress);
        if (refined.seconds.mid - told).abs() <= CHANGE * told {
            return None;
        }
        let verdict = self.verdict(&refined);
        if let Some((_, told)) = &mut self.first {
            *told = refined.seconds.mid;
        }
        Some(verdict)
    }

    /// Seconds that were forecast for so many epochs of this worker, as measured; 0 without a measurement.
    pub fn seconds_for(&self, epochs: u32) -> f64 {
        self.measured.as_ref().map_or(0.0, |(workload, measurement)| {
            let workload = Workload { epochs, ..*workload };
            forecast(&workload, measurement).seconds.mid
        })
    }

    fn verdict(&self, forecast: &Forecast) -> Verdict {
        verdict(
            forecast,
            &self.machine,
            &self.thresholds,
            &self.policy,
            self.class,
            &self.history,
        )
    }
}
