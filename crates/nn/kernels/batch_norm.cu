// Batch norm: each channel by its mean and variance over the batch.
#include "block.cuh"

// Sums over each chunk of the rows of squared distances from the channels' means, [chunks, channels]. `sums` are the
// channels' sums.
extern "C" __global__ void squared_distances(float *out, const float *x, const float *sums, unsigned rows,
                                             unsigned channels, unsigned rows_of_chunk) {
    Chunk chunk(rows, channels, rows_of_chunk);
    float mean = chunk.column < channels ? sums[chunk.column] / rows : 0.0f;
    float sum = 0.0f;
    for (unsigned row = chunk.first; row < chunk.end; row += blockDim.y) {
        float distance = x[row * channels + chunk.column] - mean;
        sum += distance * distance;
    }
    sum = sum_down(sum);
    if (chunk.writes(channels))
        out[blockIdx.y * channels + chunk.column] = sum;
}

// out = (x - mean) / deviation * scale + shift, where mean and variance are `sums` and `squares` over `divisor`.
extern "C" __global__ void batch_norm(float *out, const float *x, const float *sums, const float *squares,
                                      const float *scale, const float *shift, unsigned count, unsigned channels,
                                      float divisor, float epsilon) {
    unsigned i = place();
    if (i < count) {
        unsigned channel = i % channels;
        float inverse = 1.0f / sqrtf(squares[channel] / divisor + epsilon);
        out[i] = (x[i] - sums[channel] / divisor) * inverse * scale[channel] + shift[channel];
    }
}

// The gradients by scale and by shift over each chunk of the rows, [chunks, 2, channels].
extern "C" __global__ void batch_norm_parameters_backward(float *out, const float *gradient, const float *x,
                                                          const float *sums, const float *squares, unsigned rows,
                                                          unsigned channels, unsigned rows_of_chunk, float epsilon) {
    Chunk chunk(rows, channels, rows_of_chunk);
    float mean = 0.0f, inverse = 0.0f;
    if (chunk.column < channels) {
        mean = sums[chunk.column] / rows;
        inverse = 1.0f / sqrtf(squares[chunk.column] / rows + epsilon);
    }
    float by_scale = 0.0f, by_shift = 0.0f;
    for (unsigned row = chunk.first; row < chunk.end; row += blockDim.y) {
        unsigned i = row * channels + chunk.column;
        by_scale += gradient[i] * (x[i] - mean) * inverse;
        by_shift += gradient[i];
    }
    by_scale = sum_down(by_scale);
    by_shift = sum_down(by_shift);
    if (chunk.writes(channels)) {
        out[(2 * blockIdx.y) * channels + chunk.column] = by_scale;
        out[(2 * blockIdx.y + 1) * channels + chunk.column] = by_shift;
    }
}

// The gradient by x: with n = (x - mean) * inverse it is `inverse * scale * (gradient - mean(gradient) - n * mean(gradient * n))`.
// `by_parameters` are the gradients by scale and by shift, which are those means' sums.
extern "C" __global__ void batch_norm_backward(float *out, const float *gradient, const float *x, const float *sums,
                                               const float *squares, const float *scale, const float *by_parameters,
                                               unsigned count, unsigned channels, float divisor, float epsilon) {
    unsigned i = place();
    if (i < count) {
        unsigned channel = i % channels;
        float inverse = 1.0f / sqrtf(squares[channel] / divisor + epsilon);
        float normalized = (x[i] - sums[channel] / divisor) * inverse;
        float along = by_parameters[channel] / divisor, level = by_parameters[channels + channel] / divisor;
        out[i] = inverse * scale[channel] * (gradient[i] - level - normalized * along);
    }
}
