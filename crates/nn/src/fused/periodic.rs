//! Waves of numbers.

use super::{
    Fused, Gradients,
    launch::{Grid, Launch, arguments},
    sums,
};
use crate::ops::Periodic;
use candle_core::{Result, Tensor, bail};

/// What [`Periodic`] says, of x [rows, numbers]: one launch, and back four to seven.
pub fn periodic(op: &Periodic, x: &Tensor, parameters: &[Tensor]) -> Result<Fused> {
    let [frequencies, phases, weights, bias] = parameters else {
        bail!("waves have four parameters, not {}", parameters.len());
    };
    let (rows, own, waves, outputs) = (x.dim(0)?, op.numbers, op.waves, op.outputs);
    let (count, width) = (op.columns.len(), op.width());
    let columns: Vec<u32> = op.columns.iter().map(|column| *column as u32).collect();
    let columns = Tensor::from_vec(columns, count, x.device())?;
    let launch = Launch::new(
        "periodic",
        Grid::numbers(rows * width),
        arguments![
            x,
            &columns,
            frequencies,
            phases,
            weights,
            bias,
            rows * width,
            own,
            count,
            waves,
            outputs
        ],
    )?;
    let [frequencies, phases, weights, x] = [frequencies, phases, weights, x].map(Tensor::clone);
    Ok(Fused::new(launch.run((rows, width))?, move |gradient, needed| {
        let by_x = match needed {
            true => {
                let launch = Launch::new(
                    "periodic_backward",
                    Grid::numbers(rows * own),
                    arguments![
                        gradient,
                        &x,
                        &columns,
                        &frequencies,
                        &phases,
                        &weights,
                        rows * own,
                        own,
                        count,
                        waves,
                        outputs
                    ],
                )?;
                Some(launch.run(rows * own)?)
            }
            false => None,
        };
        let all = count * waves;
        let (grid, chunk) = Grid::columns(rows, all);
        let launch = Launch::new(
            "periodic_parameters_backward",
            grid,
            arguments![
                gradient,
                &x,
                &columns,
                &frequencies,
                &phases,
                &weights,
                rows,
                own,
                count,
                waves,
                outputs,
                chunk
            ],
        )?;
        let sums = sums::columns(&launch.run((grid.blocks[1], all * (2 + outputs)))?)?;
        let by_bias = sums::columns(&gradient.narrow(1, own, count * outputs)?.contiguous()?)?;
        let by_parameters = [
            sums.narrow(0, 0, all)?,
            sums.narrow(0, all, all)?,
            sums.narrow(0, 2 * all, all * outputs)?,
            by_bias,
        ];
        Ok(Gradients::new(by_x, by_parameters))
    }))
}
