// Sums over rows and over everything.
#include "block.cuh"

// out[chunk, column] = the sum of a column over the rows of a chunk.
extern "C" __global__ void column_sums(float *out, const float *numbers, unsigned rows, unsigned width,
                                       unsigned rows_of_chunk) {
    Chunk chunk(rows, width, rows_of_chunk);
    float sum = 0;
    for (unsigned row = chunk.first; row < chunk.end; row += blockDim.y)
        sum += numbers[row * width + chunk.column];
    sum = sum_down(sum);
    if (chunk.writes(width))
        out[blockIdx.y * width + chunk.column] = sum;
}

// out[0] = the sum of all; a single block.
extern "C" __global__ void sum_all(float *out, const float *numbers, unsigned count) {
    float sum = 0;
    for (unsigned i = threadIdx.x; i < count; i += blockDim.x)
        sum += numbers[i];
    sum = sum_across(sum);
    if (threadIdx.x == 0)
        out[0] = sum;
}

// out[block] = the sum of the squares of each gridDim.x-th part of the numbers.
extern "C" __global__ void sums_of_squares(float *out, const float *numbers, unsigned count) {
    float sum = 0;
    for (unsigned i = place(); i < count; i += gridDim.x * blockDim.x)
        sum += numbers[i] * numbers[i];
    sum = sum_across(sum);
    if (threadIdx.x == 0)
        out[blockIdx.x] = sum;
}
