//! Results of launches with backward passes of our own.

use super::launch::Launch;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail,
};

/// A launch as candle's autograd knows it. What the launch reads is its own; the tensors that candle hands over are only
/// those that gradients go to.
struct Tracked<B> {
    launch: Launch,
    shape: Shape,
    backward: B,
}

/// The result of a launch, [`backward`](Tracked::backward) of which turns the result and the gradient by it into the gradients
/// by up to three inputs, in any shape; `None` for one that needs none.
pub fn tracked<const N: usize, B>(
    launch: Launch,
    inputs: [&Tensor; N],
    shape: impl Into<Shape>,
    backward: B,
) -> Result<Tensor>
where
    B: Fn(&Tensor, &Tensor) -> Result<[Option<Tensor>; N]> + Send + Sync + 'static,
{
    let backward = move |result: &Tensor, gradient: &Tensor| Ok(Vec::from(backward(result, gradient)?));
    let op = Tracked {
        launch,
        shape: shape.into(),
        backward,
    };
    match inputs[..] {
        [x] => x.apply_op1(op),
        [x, y] => x.apply_op2(y, op),
        [x, y, z] => x.apply_op3(y, z, op),
        _ => bail!("{}: one to three inputs have gradients", op.launch.kernel),
    }
}

impl<B: Fn(&Tensor, &Tensor) -> Result<Vec<Option<Tensor>>>> Tracked<B> {
    fn on_cpu(&self) -> Result<(CpuStorage, Shape)> {
        Ok((self.launch.on_cpu(self.shape.elem_count())?, self.shape.clone()))
    }

    fn on_cuda(&self, first: &CudaStorage) -> Result<(CudaStorage, Shape)> {
        use candle_core::backend::BackendStorage;
        let storage = self.launch.on_cuda(first.device(), self.shape.elem_count())?;
        Ok((storage, self.shape.clone()))
    }

    fn gradients<const N: usize>(
        &self,
        inputs: [&Tensor; N],
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<[Option<Tensor>; N]> {
        let mut gradients = (self.backward)(&result.detach(), &gradient.detach())?.into_iter();
        let mut all = [const { None }; N];
        for (place, input) in all.iter_mut().zip(inputs) {
            if let Some(gradient) = gradients.next().flatten() {
                *place = Some(gradient.reshape(input.shape())?);
            }
        }
        Ok(all)
    }
}

impl<B: Fn(&Tensor, &Tensor) -> Result<Vec<Option<Tensor>>>> CustomOp1 for Tracked<B> {
    fn name(&self) -> &'static str {
        self.launch.kernel
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(&self, x: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.on_cuda(x)
    }

    fn bwd(&self, x: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [x] = self.gradients([x], result, gradient)?;
        Ok(x)
    }
}

impl<B: Fn(&Tensor, &Tensor) -> Result<Vec<Option<Tensor>>>> CustomOp2 for Tracked<B> {
    fn name(&self) -> &'static str {
        self.launch.kernel
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_cuda(x)
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [x, y] = self.gradients([x, y], result, gradient)?;
        Ok((x, y))
    }
}

impl<B: Fn(&Tensor, &Tensor) -> Result<Vec<Option<Tensor>>>> CustomOp3 for Tracked<B> {
    fn name(&self) -> &'static str {
        self.launch.kernel
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_cuda(x)
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        z: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [x, y, z] = self.gradients([x, y, z], result, gradient)?;
        Ok((x, y, z))
    }
}
