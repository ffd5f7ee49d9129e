// All kernels as one program: what nvcc compiles to PTX, and what the tests compile for the processor (emulated.h).
//
// A kernel is a function that many threads run at once, each with another index. Threads come in blocks, which may wait for
// each other (`__syncthreads`) and share some memory (`__shared__`); blocks know nothing of each other. `threadIdx` is the
// thread's place in its block, `blockIdx` the block's place in the grid, and `blockDim` the block's size; src/fused/launch.rs
// chooses the sizes. Results are the same to the last bit in every run: no sum depends on who comes first.

#include "activation.cu"
#include "attention.cu"
#include "batch_norm.cu"
#include "dropout.cu"
#include "embed.cu"
#include "image.cu"
#include "loss.cu"
#include "norm.cu"
#include "optimizer.cu"
#include "periodic.cu"
#include "recurrent.cu"
#include "sums.cu"
