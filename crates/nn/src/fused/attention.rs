//! Attention: products by candle, and all between them.

use super::{
    Fused, Gradients,
    launch::{Grid, Launch, arguments},
};
use crate::ops::Attention;
use candle_core::{Result, Tensor};

/// What [`Attention`] says, for x [rows, positions * 3 * heads * size] and, where it is masked, the tokens [rows, positions].
/// Three launches and two products forward, three and four backward.
pub fn attention(op: &Attention, x: &Tensor, tokens: Option<&Tensor>) -> Result<Fused> {
    let op = *op;
    let rows = x.dim(0)?;
    let queries = rows * op.heads * op.positions;
    let scale = 1.0 / (op.size as f32).sqrt();
    let split = split_heads(&op, x, rows, 3)?;
    let part = |index: usize| split.get(index);
    let (query, key, value) = (part(0)?, part(1)?, part(2)?);
    let grid = Grid::vectors(queries, op.positions);
    let launch = Launch::new(
        "attention_shares",
        grid,
        arguments![
            &query.matmul(&key.t()?)?,
            tokens,
            queries,
            op.heads,
            op.positions,
            usize::from(op.causal),
            scale
        ],
    )?;
    let shares = launch.run((rows * op.heads, op.positions, op.positions))?;
    let result = merge_heads(&op, &[&shares.matmul(&value)?])?;
    Ok(Fused::new(result.reshape((rows, ()))?, move |gradient, _| {
        let gradient = split_heads(&op, gradient, rows, 1)?.get(0)?;
        let by_value = shares.transpose(1, 2)?.matmul(&gradient)?;
        let launch = Launch::new(
            "attention_shares_backward",
            grid,
            arguments![
                &gradient.matmul(&value.t()?)?,
                &shares,
                queries,
                op.positions,
                scale
            ],
        )?;
        let by_scores = launch.run(shares.shape())?;
        let by_query = by_scores.matmul(&key)?;
        let by_key = by_scores.transpose(1, 2)?.matmul(&query)?;
        let by_x = merge_heads(&op, &[&by_query, &by_key, &by_value])?;
        Ok(Gradients::new(Some(by_x), []))
    }))
}

/// [rows, positions, parts, heads, size] to [parts, rows * heads, positions, size].
fn split_heads(op: &Attention, x: &Tensor, rows: usize, parts: usize) -> Result<Tensor> {
    let count = x.elem_count();
    let launch = Launch::new(
        "split_heads",
        Grid::numbers(count),
        arguments![x, count, parts, op.heads, op.positions, op.size],
    )?;
    launch.run((parts, rows * op.heads, op.positions, op.size))
}

/// Parts [rows * heads, positions, size] to [rows, positions, parts, heads, size].
fn merge_heads(op: &Attention, parts: &[&Tensor]) -> Result<Tensor> {
    let count: usize = parts.iter().map(|part| part.elem_count()).sum();
    let part = |index: usize| parts.get(index).copied();
    let launch = Launch::new(
        "merge_heads",
        Grid::numbers(count),
        arguments![
            part(0),
            part(1),
            part(2),
            count,
            parts.len(),
            op.heads,
            op.positions,
            op.size
        ],
    )?;
    launch.run(count)
}
