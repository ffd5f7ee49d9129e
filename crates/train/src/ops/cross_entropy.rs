//! Softmax cross-entropy with whole-number targets, in one pass forward and one backward.

use super::{contiguous, with_slice};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

/// Mean of `-ln softmax(logits)[target]` over the rows, a scalar: `logits` [rows, classes] f32, `targets` [rows] u32.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if logits.device().is_cpu() {
        return logits.apply_op2(targets, CrossEntropy);
    }
    candle_nn::loss::cross_entropy(logits, targets)
}

struct CrossEntropy;

/// The largest logit of a row, and the sum of the exponentials of the others' distance to it.
fn normalizer(row: &[f32]) -> (f32, f32) {
    let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (highest, row.iter().map(|logit| (logit - highest).exp()).sum())
}

impl CustomOp2 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, classes) = logits_layout.shape().dims2()?;
        let logits = contiguous::<f32>(logits, logits_layout)?;
        let targets = contiguous::<u32>(targets, targets_layout)?;
        if targets.len() != rows || targets.iter().any(|target| *target as usize >= classes) {
            bail!("cross-entropy: targets don't fit logits of {rows} x {classes}");
        }
        let mut total = 0.0;
        for (row, target) in logits.chunks_exact(classes).zip(targets) {
            let (highest, sum) = normalizer(row);
            total += f64::from(sum.ln() + highest - row[*target as usize]);
        }
        let mean = (total / rows as f64) as f32;
        Ok((CpuStorage::F32(vec![mean]), Shape::from(())))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (rows, classes) = logits.dims2()?;
        let scale = gradient.to_scalar::<f32>()? / rows as f32;
        let out = with_slice::<f32, _>(logits, |logits| {
            with_slice::<u32, _>(targets, |targets| {
                let mut out = Vec::with_capacity(logits.len());
                for (row, target) in logits.chunks_exact(classes).zip(targets) {
                    let (highest, sum) = normalizer(row);
                    let start = out.len();
                    out.extend(row.iter().map(|logit| (logit - highest).exp() / sum * scale));
                    out[start + *target as usize] -= scale;
                }
                Ok(out)
            })
        })?;
        Ok((
            Some(Tensor::from_vec(out, (rows, classes), logits.device())?),
            None,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{assert_close, normal_var};
    use candle_core::Device;

    #[test]
    fn agrees_with_candle_forward_and_gradient() -> Result<()> {
        for (rows, classes) in [(1, 2), (5, 3), (64, 2), (100, 17)] {
            let logits = normal_var(&[rows, classes], rows as u64)?;
            let targets: Vec<u32> = (0..rows as u32).map(|row| row * 7 % classes as u32).collect();
            let targets = Tensor::from_vec(targets, rows, &Device::Cpu)?;
            let fused = cross_entropy(&logits, &targets)?;
            let plain = candle_nn::loss::cross_entropy(&logits, &targets)?;
            assert_close(&fused, &plain, 1e-5);
            let fused = (fused * 3.0)?.backward()?;
            let plain = (plain * 3.0)?.backward()?;
            let fused = fused.get(&logits).expect("a gradient");
            assert_close(fused, plain.get(&logits).expect("a gradient"), 1e-5);
            assert!(fused.abs()?.sum_all()?.to_scalar::<f32>()? > 0.0);
        }
        Ok(())
    }

    #[test]
    fn large_logits_stay_finite() -> Result<()> {
        let logits = Tensor::new(&[[1e4f32, -1e4], [3e4, 2e4]], &Device::Cpu)?;
        let targets = Tensor::new(&[0u32, 0], &Device::Cpu)?;
        assert_eq!(cross_entropy(&logits, &targets)?.to_scalar::<f32>()?, 0.0);
        let wrong = Tensor::new(&[0u32, 2], &Device::Cpu)?;
        assert!(cross_entropy(&logits, &wrong).is_err());
        Ok(())
    }
}
