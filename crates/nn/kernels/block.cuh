// Places and sums within a block of threads.
#pragma once

// Threads of the largest block.
#define BLOCK 256

// The place of a thread where each thread has a number of its own.
__device__ inline unsigned place() { return blockIdx.x * blockDim.x + threadIdx.x; }

// Adds the numbers of the threads that differ in x alone; each of them gets the sum. All threads of a block must call it, also
// those that have nothing to add. blockDim.x is a power of two; the order is that of a tree.
__device__ inline float sum_across(float number) {
    __shared__ float numbers[BLOCK];
    float *own = numbers + threadIdx.y * blockDim.x;
    own[threadIdx.x] = number;
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            own[threadIdx.x] += own[threadIdx.x + half];
    }
    __syncthreads();
    float sum = own[0];
    // Nobody may begin the next sum before all have read this one.
    __syncthreads();
    return sum;
}

// The same for the largest number.
__device__ inline float highest_across(float number) {
    __shared__ float numbers[BLOCK];
    float *own = numbers + threadIdx.y * blockDim.x;
    own[threadIdx.x] = number;
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            own[threadIdx.x] = fmaxf(own[threadIdx.x], own[threadIdx.x + half]);
    }
    __syncthreads();
    float highest = own[0];
    __syncthreads();
    return highest;
}

// Adds the numbers of the threads that differ in y alone; those with y = 0 get the sum. blockDim.y is a power of two.
__device__ inline float sum_down(float number) {
    __shared__ float numbers[BLOCK];
    float *own = numbers + threadIdx.x;
    own[threadIdx.y * blockDim.x] = number;
    for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.y < half)
            own[threadIdx.y * blockDim.x] += own[(threadIdx.y + half) * blockDim.x];
    }
    __syncthreads();
    float sum = own[0];
    __syncthreads();
    return sum;
}

// The part of a matrix whose columns a block adds up: each thread has a column, and every blockDim.y-th row of a chunk of
// the rows. A sum over many rows is made of chunks, which other blocks have, and then of the chunks' sums.
struct Chunk {
    unsigned column, first, end;

    __device__ Chunk(unsigned rows, unsigned width, unsigned rows_of_chunk) {
        column = place();
        unsigned start = blockIdx.y * rows_of_chunk;
        first = start + threadIdx.y;
        end = column < width ? min(start + rows_of_chunk, rows) : 0;
    }

    // Whether this thread writes a column's sum.
    __device__ bool writes(unsigned width) const { return threadIdx.y == 0 && column < width; }
};
