// Layer norm and root mean square norm of each vector. The threads that differ in x share a vector.
#include "block.cuh"

// A vector's mean (0 where it isn't taken off) and the inverse of its deviation. All threads of the block must call it.
__device__ inline void statistics(const float *vector, unsigned width, bool live, bool centered, float epsilon,
                                  float *mean, float *inverse) {
    *mean = 0.0f;
    if (centered) {
        float sum = 0.0f;
        for (unsigned i = threadIdx.x; live && i < width; i += blockDim.x)
            sum += vector[i];
        *mean = sum_across(sum) / width;
    }
    float squares = 0.0f;
    for (unsigned i = threadIdx.x; live && i < width; i += blockDim.x) {
        float distance = vector[i] - *mean;
        squares += distance * distance;
    }
    *inverse = 1.0f / sqrtf(sum_across(squares) / width + epsilon);
}

// out = (x - mean) * inverse * scale + shift; without a shift no mean is taken off.
extern "C" __global__ void vector_norm(float *out, const float *x, const float *scale, const float *shift,
                                       unsigned vectors, unsigned width, float epsilon) {
    unsigned vector = blockIdx.x * blockDim.y + threadIdx.y;
    bool live = vector < vectors;
    float mean, inverse;
    statistics(x + vector * width, width, live, shift != nullptr, epsilon, &mean, &inverse);
    for (unsigned i = threadIdx.x; live && i < width; i += blockDim.x) {
        unsigned at = vector * width + i;
        out[at] = (x[at] - mean) * inverse * scale[i] + (shift ? shift[i] : 0.0f);
    }
}

// The gradient by x, [vectors, width], followed by (mean, inverse) of each vector. With g = gradient * scale and
// n = (x - mean) * inverse it is `inverse * (g - mean(g) - n * mean(g * n))`, without mean(g) where no mean was taken off.
extern "C" __global__ void vector_norm_backward(float *out, const float *gradient, const float *x, const float *scale,
                                                unsigned vectors, unsigned width, unsigned centered, float epsilon) {
    unsigned vector = blockIdx.x * blockDim.y + threadIdx.y;
    bool live = vector < vectors;
    float mean, inverse;
    statistics(x + vector * width, width, live, centered, epsilon, &mean, &inverse);
    float along = 0.0f, level = 0.0f;
    for (unsigned i = threadIdx.x; live && i < width; i += blockDim.x) {
        unsigned at = vector * width + i;
        float scaled = gradient[at] * scale[i];
        along += scaled * (x[at] - mean) * inverse;
        level += scaled;
    }
    along = sum_across(along) / width;
    level = centered ? sum_across(level) / width : 0.0f;
    for (unsigned i = threadIdx.x; live && i < width; i += blockDim.x) {
        unsigned at = vector * width + i;
        out[at] = inverse * (gradient[at] * scale[i] - level - (x[at] - mean) * inverse * along);
    }
    if (live && threadIdx.x == 0) {
        float *known = out + vectors * width + 2 * vector;
        known[0] = mean;
        known[1] = inverse;
    }
}

// The gradients by scale and, where there is one, by shift over each chunk of the vectors, [chunks, 1 or 2, width]. `known`
// are (mean, inverse) of each vector.
extern "C" __global__ void vector_norm_parameters_backward(float *out, const float *gradient, const float *x,
                                                           const float *known, unsigned vectors, unsigned width,
                                                           unsigned vectors_of_chunk, unsigned centered) {
    Chunk chunk(vectors, width, vectors_of_chunk);
    float by_scale = 0.0f, by_shift = 0.0f;
    for (unsigned vector = chunk.first; vector < chunk.end; vector += blockDim.y) {
        unsigned i = vector * width + chunk.column;
        by_scale += gradient[i] * (x[i] - known[2 * vector]) * known[2 * vector + 1];
        by_shift += gradient[i];
    }
    by_scale = sum_down(by_scale);
    by_shift = sum_down(by_shift);
    if (chunk.writes(width)) {
        float *sums = out + blockIdx.y * width * (centered ? 2 : 1) + chunk.column;
        sums[0] = by_scale;
        if (centered)
            sums[width] = by_shift;
    }
}
