//! Windows as a model takes them. They overlap, so that a table is kept once and each window copied out of it.

use super::{super::Unit, Layout};
use crate::{batch::Batch, error::Result, inputs::Examples};
use aloft_spec::time;

/// Windows of series that lie one behind the other.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowRows {
    /// How a window is written down.
    pub layout: Layout,
    /// Steps that a window looks back on.
    pub lags: usize,
    /// Steps that are predicted.
    pub horizon: usize,
    /// Steps after which the series repeats itself; 1 where it doesn't.
    pub season: usize,
    /// Numbers of a step: those that are known when its time has come, then those of its place in time, then those that
    /// are known before.
    pub numbers: [usize; 3],
    /// [steps, numbers].
    pub matrix: Vec<f32>,
    /// The target at each step, the value before it where there is none.
    pub target: Vec<f64>,
    /// The last step that each window has seen, and the first of its series.
    pub origins: Vec<(u32, u32)>,
    /// What a window's predictions are in.
    pub units: Vec<Unit>,
    /// Keys of the series, and which one each window is of.
    pub series: (Vec<String>, Vec<u32>),
    /// The time of each window's last step.
    pub ends: Vec<i64>,
    /// Whether times are milliseconds since 1970, and not just numbers.
    pub dated: bool,
}

impl WindowRows {
    /// The key of a window's series, and the time of its last step.
    pub fn name(&self, row: u32) -> (String, String) {
        let (keys, of) = &self.series;
        let end = self.ends[row as usize];
        let end = match self.dated {
            true => time::date(end as f64),
            false => end.to_string(),
        };
        (keys[of[row as usize] as usize].clone(), end)
    }

    fn width(&self) -> usize {
        self.numbers.iter().sum()
    }

    /// Numbers that are copied for a window.
    fn row_width(&self) -> usize {
        let [past, place, known] = self.numbers;
        match self.layout {
            Layout::Sequence if known > 0 => (self.lags + self.horizon) * (self.width() + 1),
            Layout::Sequence => self.lags * self.width(),
            Layout::Flat => self.lags * past + place + self.horizon * known,
        }
    }

    fn step(&self, step: usize) -> &[f32] {
        &self.matrix[step * self.width()..][..self.width()]
    }

    fn push_sequence(&self, origin: usize, out: &mut Vec<f32>) {
        let [past, _, known] = self.numbers;
        let first = origin + 1 - self.lags;
        if known == 0 {
            out.extend_from_slice(&self.matrix[first * self.width()..(origin + 1) * self.width()]);
            return;
        }
        // What isn't known yet is 0, and a number says so.
        for step in first..=origin {
            out.extend_from_slice(self.step(step));
            out.push(0.0);
        }
        for step in origin + 1..=origin + self.horizon {
            out.extend(std::iter::repeat_n(0.0, past));
            out.extend_from_slice(&self.step(step)[past..]);
            out.push(1.0);
        }
    }

    fn push_flat(&self, origin: usize, out: &mut Vec<f32>) {
        let [past, place, _] = self.numbers;
        for step in origin + 1 - self.lags..=origin {
            out.extend_from_slice(&self.step(step)[..past]);
        }
        out.extend_from_slice(&self.step(origin)[past..past + place]);
        for step in origin + 1..=origin + self.horizon {
            out.extend_from_slice(&self.step(step)[past + place..]);
        }
    }

    /// The value one season before a step that comes `ahead` steps after the origin, or as many seasons as it takes to be
    /// known; the last value where the series isn't as long.
    fn season_before(&self, (origin, first): (u32, u32), ahead: usize) -> f64 {
        let back = ahead.div_ceil(self.season) * self.season;
        let step = (origin as usize + ahead).checked_sub(back);
        let known = step.filter(|step| *step >= first as usize);
        self.target[known.unwrap_or(origin as usize)]
    }
}

impl Examples for WindowRows {
    fn count(&self) -> usize {
        self.origins.len()
    }

    fn row_bytes(&self) -> usize {
        4 * self.row_width()
    }

    fn bytes(&self) -> usize {
        // Windows overlap.
        4 * self.matrix.len() + 8 * self.target.len()
    }

    fn gather(&self, indices: &[u32], batch: &mut Batch) -> Result<()> {
        batch.fill(indices.len(), |numbers, _| {
            numbers.reserve(indices.len() * self.row_width());
            for &index in indices {
                let origin = self.origins[index as usize].0 as usize;
                match self.layout {
                    Layout::Sequence => self.push_sequence(origin, numbers),
                    Layout::Flat => self.push_flat(origin, numbers),
                }
            }
        });
        Ok(())
    }

    fn windows(&self) -> Option<&WindowRows> {
        Some(self)
    }

    fn unit(&self, row: u32) -> Option<Unit> {
        self.units.get(row as usize).copied()
    }

    fn base_lines(&self, rows: &[u32]) -> Vec<(&'static str, Vec<f64>)> {
        let windows = || rows.iter().map(|row| self.origins[*row as usize]);
        let last =
            windows().flat_map(|(origin, _)| std::iter::repeat_n(self.target[origin as usize], self.horizon));
        let mut lines = vec![("last_value", last.collect())];
        if self.season > 1 {
            let season = windows()
                .flat_map(|window| (1..=self.horizon).map(move |ahead| self.season_before(window, ahead)));
            lines.push(("seasonal_naive", season.collect()));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two series of five steps; a step's numbers are its index, and 100 and 200 more.
    fn rows(layout: Layout, numbers: [usize; 3]) -> WindowRows {
        let matrix = (0..10).flat_map(|step| (0..3).map(move |channel| (step + channel * 100) as f32));
        WindowRows {
            layout,
            lags: 2,
            horizon: 2,
            season: 3,
            numbers,
            matrix: matrix.collect(),
            target: (0..10).map(f64::from).collect(),
            origins: vec![(1, 0), (2, 0), (7, 5)],
            units: vec![
                Unit {
                    start: 0.0,
                    size: 1.0
                };
                3
            ],
            series: (vec!["a".into(), "b".into()], vec![0, 0, 1]),
            ends: vec![1, 2, 7],
            dated: false,
        }
    }

    fn gathered(rows: &WindowRows, index: u32) -> Vec<f32> {
        let mut batch = Batch::default();
        rows.gather(&[index], &mut batch).unwrap();
        assert_eq!(batch.rows().numbers.len() * 4, rows.row_bytes());
        batch.rows().numbers.to_vec()
    }

    #[test]
    fn a_window_is_named_by_its_series_and_its_end() {
        let mut rows = rows(Layout::Flat, [1, 2, 0]);
        assert_eq!(rows.name(2), ("b".to_owned(), "7".to_owned()));
        rows.dated = true;
        assert_eq!(rows.name(0).1, "1970-01-01");
    }

    #[test]
    fn a_window_ends_with_its_origin() {
        let sequence = rows(Layout::Sequence, [1, 2, 0]);
        assert_eq!(gathered(&sequence, 1), [1.0, 101.0, 201.0, 2.0, 102.0, 202.0]);
        let flat = rows(Layout::Flat, [1, 2, 0]);
        assert_eq!(gathered(&flat, 2), [6.0, 7.0, 107.0, 207.0]);
    }

    #[test]
    fn only_what_is_known_ahead_is_seen_ahead() {
        let sequence = rows(Layout::Sequence, [1, 1, 1]);
        assert_eq!(
            gathered(&sequence, 0),
            [
                0.0, 100.0, 200.0, 0.0, 1.0, 101.0, 201.0, 0.0, //
                0.0, 102.0, 202.0, 1.0, 0.0, 103.0, 203.0, 1.0
            ]
        );
        let flat = rows(Layout::Flat, [1, 1, 1]);
        assert_eq!(gathered(&flat, 0), [0.0, 1.0, 101.0, 202.0, 203.0]);
    }

    #[test]
    fn base_lines_look_at_the_own_series_alone() {
        let lines = rows(Layout::Flat, [1, 1, 1]).base_lines(&[1, 2]);
        assert_eq!(lines[0], ("last_value", vec![2.0, 2.0, 7.0, 7.0]));
        // The third window: 8 and 9 are a season after 5 and 6.
        assert_eq!(lines[1], ("seasonal_naive", vec![0.0, 1.0, 5.0, 6.0]));
    }
}
