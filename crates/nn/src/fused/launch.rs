//! A kernel, how many threads it takes, and what it reads.

use candle_core::{
    CpuStorage, CudaDevice, CudaStorage, DType, Device, Result, Shape, Storage, Tensor, bail, op::BackpropOp,
};

/// Whether sizes are those of tests without a GPU: few threads, because they take turns, and few rows for many chunks. Kernels
/// work with any power of two up to 256 threads.
const SMALL: bool = cfg!(all(test, not(feature = "cuda")));
/// Threads of a block.
const BLOCK: usize = if SMALL { 16 } else { 256 };
/// Columns of a block that adds up columns.
const COLUMNS: usize = if SMALL { 4 } else { 32 };
/// Rows that are added up by one block, where there are more than [`CHUNKS`].
const CHUNK: usize = if SMALL { 3 } else { 64 };
/// Chunks that rows are divided into at most.
const CHUNKS: usize = if SMALL { 4 } else { 128 };
/// Blocks that share a sum over everything at most.
const BLOCKS: usize = if SMALL { 3 } else { 256 };

/// How many blocks, and threads in each.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    /// Blocks, in x and y.
    pub blocks: [usize; 2],
    /// Threads of a block, in x and y.
    pub threads: [usize; 2],
}

impl Grid {
    /// A thread for each number.
    pub fn numbers(count: usize) -> Self {
        Self {
            blocks: [count.div_ceil(BLOCK), 1],
            threads: [BLOCK, 1],
        }
    }

    /// Some threads for each vector of so many numbers, side by side in x.
    pub fn vectors(count: usize, width: usize) -> Self {
        let lanes = width.next_power_of_two().clamp(BLOCK / 8, BLOCK);
        Self {
            blocks: [count.div_ceil(BLOCK / lanes), 1],
            threads: [lanes, BLOCK / lanes],
        }
    }

    /// A column of each chunk of the rows for the threads that differ in y alone. Returns the rows of a chunk too.
    pub fn columns(rows: usize, width: usize) -> (Self, usize) {
        let chunk = match rows <= CHUNKS {
            true => rows,
            false => rows.div_ceil(CHUNKS).max(CHUNK),
        };
        let grid = Self {
            blocks: [width.div_ceil(COLUMNS), rows.div_ceil(chunk.max(1))],
            threads: [COLUMNS, BLOCK / COLUMNS],
        };
        (grid, chunk)
    }

    /// Blocks that each take every so manieth of the numbers.
    pub fn shares(count: usize) -> Self {
        Self {
            blocks: [count.div_ceil(BLOCK).clamp(1, BLOCKS), 1],
            threads: [BLOCK, 1],
        }
    }

    /// One block.
    pub fn one() -> Self {
        Self::shares(1)
    }
}

/// What a kernel is given, in the order of its parameters.
#[derive(Debug)]
pub enum Argument {
    /// A tensor to read.
    Tensor(Tensor),
    /// No tensor.
    Nothing,
    /// `unsigned`, of something that is counted.
    Count(usize),
    /// `unsigned`.
    Bits(u32),
    /// `float`.
    Number(f32),
}

impl From<&Tensor> for Argument {
    fn from(tensor: &Tensor) -> Self {
        Self::Tensor(tensor.clone())
    }
}

impl From<Option<&Tensor>> for Argument {
    fn from(tensor: Option<&Tensor>) -> Self {
        tensor.map_or(Self::Nothing, Self::from)
    }
}

impl From<usize> for Argument {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl From<u32> for Argument {
    fn from(bits: u32) -> Self {
        Self::Bits(bits)
    }
}

impl From<f32> for Argument {
    fn from(number: f32) -> Self {
        Self::Number(number)
    }
}

/// A list of [`Argument`]s.
macro_rules! arguments {
    ($($argument:expr),* $(,)?) => {
        vec![$($crate::fused::launch::Argument::from($argument)),*]
    };
}
pub(crate) use arguments;

/// An [`Argument`] as the device takes it.
#[derive(Debug)]
pub enum Operand {
    /// The address of its first number; contiguous.
    Tensor(Tensor),
    /// The bytes themselves, of which a kernel that wants four reads the first.
    Bits(u64),
}

/// A kernel that is about to run. Kernels write what they are said to write first, and then read their arguments.
#[derive(Debug)]
pub struct Launch {
    /// The kernel's name.
    pub kernel: &'static str,
    /// Its threads.
    pub grid: Grid,
    /// What it reads.
    pub operands: Vec<Operand>,
}

impl Launch {
    /// A launch. Tensors are made contiguous where they aren't.
    pub fn new(kernel: &'static str, grid: Grid, arguments: Vec<Argument>) -> Result<Self> {
        let operands = arguments
            .into_iter()
            .map(|argument| {
                Ok(match argument {
                    Argument::Tensor(tensor) => match tensor.dtype() {
                        DType::F32 | DType::U32 => Operand::Tensor(tensor.detach().contiguous()?),
                        other => bail!("{kernel} reads f32 and u32, not {other:?}"),
                    },
                    Argument::Nothing => Operand::Bits(0),
                    // Kernels count in 32 bits, and to somewhat beyond the end.
                    Argument::Count(count) => match i32::try_from(count) {
                        Ok(count) => Operand::Bits(u64::from(count.unsigned_abs())),
                        Err(_) => {
                            bail!("{kernel}: {count} are too many for one launch; take smaller batches")
                        }
                    },
                    Argument::Bits(bits) => Operand::Bits(u64::from(bits)),
                    Argument::Number(number) => Operand::Bits(u64::from(number.to_bits())),
                })
            })
            .collect::<Result<_>>()?;
        let grid = Grid {
            blocks: grid.blocks.map(|blocks| blocks.max(1)),
            ..grid
        };
        Ok(Self {
            kernel,
            grid,
            operands,
        })
    }

    /// Its result in a tensor of its own, f32.
    pub fn run(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        let device = self.operands.iter().find_map(|operand| match operand {
            Operand::Tensor(tensor) => Some(tensor.device()),
            Operand::Bits(_) => None,
        });
        let storage = match device {
            Some(Device::Cuda(device)) => Storage::Cuda(self.on_cuda(device, shape.elem_count())?),
            Some(Device::Cpu) => Storage::Cpu(self.on_cpu(shape.elem_count())?),
            _ => bail!("{} runs on CUDA alone", self.kernel),
        };
        Ok(Tensor::from_storage(storage, shape, BackpropOp::none(), false))
    }

    /// Runs it on tensors that it changes, f32. Each must have memory of its own, which none of the arguments is in.
    #[cfg(any(test, feature = "cuda"))]
    pub fn write(&self, written: &[&Tensor]) -> Result<()> {
        super::in_place::write(self, written)
    }

    /// Runs it on tensors that it changes.
    #[cfg(not(any(test, feature = "cuda")))]
    pub fn write(&self, _: &[&Tensor]) -> Result<()> {
        bail!("{} runs on CUDA alone", self.kernel)
    }

    /// So many numbers on a GPU.
    #[cfg(feature = "cuda")]
    pub fn on_cuda(&self, device: &CudaDevice, numbers: usize) -> Result<CudaStorage> {
        super::cuda::run(self, device, numbers)
    }

    /// So many numbers on a GPU.
    #[cfg(not(feature = "cuda"))]
    pub fn on_cuda(&self, _: &CudaDevice, _: usize) -> Result<CudaStorage> {
        bail!("{} is in no program that was built without CUDA", self.kernel)
    }

    /// So many numbers by the emulated kernel.
    #[cfg(test)]
    pub fn on_cpu(&self, numbers: usize) -> Result<CpuStorage> {
        super::emulated::run(self, numbers)
    }

    /// So many numbers by the emulated kernel.
    #[cfg(not(test))]
    pub fn on_cpu(&self, _: usize) -> Result<CpuStorage> {
        bail!("{} runs on CUDA alone", self.kernel)
    }
}
