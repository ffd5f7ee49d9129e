//! What both recurrent layers share: sizes, products with the whole sequence, and the order of the parameters, which is
//! PyTorch's: input weights [gates * hidden, inputs], state weights [gates * hidden, hidden], and a bias for each
//! [gates * hidden].

use super::{
    Backward, Sum,
    matmul::{Matrix, MatrixMut, multiply},
    vector,
};

/// Sizes of a recurrent layer.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Length of the sequence.
    pub positions: usize,
    /// Numbers of an input vector.
    pub inputs: usize,
    /// Numbers of the state.
    pub hidden: usize,
    /// Gates: products with input and state that make a new state.
    pub gates: usize,
}

impl Sizes {
    /// Numbers of all gates at one position.
    pub fn width(&self) -> usize {
        self.gates * self.hidden
    }

    /// Multiply-adds of a row.
    pub fn work(&self) -> usize {
        self.positions * self.width() * (self.inputs + self.hidden)
    }

    /// The products of all inputs with their weights, [rows, positions, gates * hidden].
    pub fn project(&self, rows: usize, x: &[f32], weight: &[f32], out: &mut [f32]) {
        let vectors = rows * self.positions;
        let weight = Matrix::new(weight, self.width(), self.inputs);
        multiply(
            MatrixMut::new(out, vectors, self.width()),
            Matrix::new(x, vectors, self.inputs),
            weight.transposed(),
            false,
        );
    }

    /// The numbers of one position out of [rows, positions, width], as a matrix [rows, width].
    pub fn at<'a>(&self, numbers: &'a [f32], rows: usize, position: usize, width: usize) -> Matrix<'a> {
        Matrix::strided(
            &numbers[position * width..],
            rows,
            width,
            self.positions * width,
            1,
        )
    }

    /// The same to write to.
    pub fn at_mut<'a>(
        &self,
        numbers: &'a mut [f32],
        rows: usize,
        position: usize,
        width: usize,
    ) -> MatrixMut<'a> {
        MatrixMut::strided(
            &mut numbers[position * width..],
            rows,
            width,
            self.positions * width,
            1,
        )
    }

    /// State weights with rows and columns exchanged in memory: the product of each step then reads them as they lie,
    /// where it would have to reorder them each time.
    pub fn transposed(&self, weight: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; weight.len()];
        for (row, numbers) in weight.chunks_exact(self.hidden).enumerate() {
            for (column, number) in numbers.iter().enumerate() {
                out[column * self.width() + row] = *number;
            }
        }
        out
    }

    /// Gradients of inputs and parameters once those by the gates are known: `by_input` is the gradient by the products
    /// with inputs, `by_state` by those with states (the same where a gate just adds both).
    pub fn gradients(&self, call: &mut Backward<'_>, by_input: &[f32], by_state: &[f32]) {
        let vectors = call.rows * self.positions;
        let [input_weight, state_weight, input_bias, state_bias] = call.for_parameters else {
            unreachable!("a recurrent layer has four parameters")
        };
        let by_input_matrix = Matrix::new(by_input, vectors, self.width());
        if let Some(sum) = input_weight {
            let x = Matrix::new(call.inputs[0], vectors, self.inputs);
            let out = MatrixMut::new(sum.numbers, self.width(), self.inputs);
            multiply(out, by_input_matrix.transposed(), x, !sum.fresh);
        }
        if let Some(sum) = state_weight {
            let before = self.states_before(call.out);
            let by_state = Matrix::new(by_state, vectors, self.width());
            let out = MatrixMut::new(sum.numbers, self.width(), self.hidden);
            multiply(
                out,
                by_state.transposed(),
                Matrix::new(&before, vectors, self.hidden),
                !sum.fresh,
            );
        }
        let add_rows = |sum: &mut Option<Sum<'_>>, rows| {
            if let Some(sum) = sum {
                vector::add_rows(sum.to_add(), rows);
            }
        };
        add_rows(input_bias, by_input);
        add_rows(state_bias, by_state);
        if let Some(sum) = &mut call.for_inputs[0] {
            let weight = Matrix::new(call.parameters[0], self.width(), self.inputs);
            let out = MatrixMut::new(sum.numbers, vectors, self.inputs);
            multiply(out, by_input_matrix, weight, !sum.fresh);
        }
    }

    /// Each position's state before it: those of `out` one later, the first one zero.
    fn states_before(&self, out: &[f32]) -> Vec<f32> {
        let mut before = vec![0.0; out.len()];
        let row = self.positions * self.hidden;
        for (before, out) in before.chunks_exact_mut(row).zip(out.chunks_exact(row)) {
            before[self.hidden..].copy_from_slice(&out[..row - self.hidden]);
        }
        before
    }
}
