//! Sums in a fixed order.

use super::launch::{Grid, Launch, arguments};
use candle_core::{Result, Tensor};

/// The sums of the columns of [rows, width], [width]: one launch for up to some hundred rows, and otherwise two.
pub fn columns(numbers: &Tensor) -> Result<Tensor> {
    let mut sums = numbers.clone();
    loop {
        let (rows, width) = sums.dims2()?;
        if rows == 1 {
            return sums.reshape(width);
        }
        let (grid, chunk) = Grid::columns(rows, width);
        let launch = Launch::new("column_sums", grid, arguments![&sums, rows, width, chunk])?;
        sums = launch.run((grid.blocks[1], width))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::emulated::{self, Turns};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn columns_add_up(rows in 1..60usize, width in 1..30usize) {
            let numbers: Vec<f32> = (0..rows * width).map(|number| number as f32).collect();
            let column = |column: usize| numbers.iter().skip(column).step_by(width).sum();
            let expected: Vec<f32> = (0..width).map(column).collect();
            let numbers = Tensor::from_vec(numbers, (rows, width), &emulated::device()).unwrap();
            for turns in [Turns::Forwards, Turns::Backwards] {
                let sums = emulated::on(turns, || columns(&numbers)).unwrap();
                prop_assert_eq!(sums.to_vec1::<f32>().unwrap(), expected.clone());
            }
        }
    }
}
