// Bias and activation after a product, and the way back.
#include "block.cuh"
#include "sigmoid.cuh"

// The functions of src/ops/activation.rs, in its order.
enum Activation { IDENTITY, RELU, GELU, SILU, TANH };

__device__ inline float activate(unsigned kind, float x) {
    switch (kind) {
    case RELU:
        // Not fmaxf, which would turn NaN into 0 and hide a diverging run.
        return x < 0.0f ? 0.0f : x;
    case GELU:
        return 0.5f * x * (1.0f + erff(x * 0.70710678f));
    case SILU:
        return x * sigmoid(x);
    case TANH:
        return tanhf(x);
    default:
        return x;
    }
}

// The slope, at the function's input where that is gelu or silu, and at its result otherwise.
__device__ inline float slope(unsigned kind, float at) {
    switch (kind) {
    case RELU:
        return at > 0.0f ? 1.0f : 0.0f;
    case GELU:
        // Φ(x) + x φ(x).
        return 0.5f * (1.0f + erff(at * 0.70710678f)) + at * expf(-0.5f * at * at) * 0.39894228f;
    case SILU: {
        float share = sigmoid(at);
        return share * (1.0f + at * (1.0f - share));
    }
    case TANH:
        return 1.0f - at * at;
    default:
        return 1.0f;
    }
}

// out = activation(product + bias), where the bias may be missing.
extern "C" __global__ void bias_activation(float *out, const float *product, const float *bias, unsigned count,
                                           unsigned width, unsigned kind) {
    unsigned i = place();
    if (i < count)
        out[i] = activate(kind, product[i] + (bias ? bias[i % width] : 0.0f));
}

// From the gradient by the result to that by the activation's input, [rows, width], followed by the sums of its columns over
// each chunk of the rows, [chunks, width]. `at` is the product for gelu and silu, and the result otherwise.
extern "C" __global__ void bias_activation_backward(float *out, const float *gradient, const float *at,
                                                    const float *bias, unsigned rows, unsigned width,
                                                    unsigned rows_of_chunk, unsigned kind) {
    Chunk chunk(rows, width, rows_of_chunk);
    float offset = 0.0f;
    if (bias && chunk.column < width && (kind == GELU || kind == SILU))
        offset = bias[chunk.column];
    float sum = 0.0f;
    for (unsigned row = chunk.first; row < chunk.end; row += blockDim.y) {
        unsigned i = row * width + chunk.column;
        float by_input = gradient[i] * slope(kind, at[i] + offset);
        out[i] = by_input;
        sum += by_input;
    }
    sum = sum_down(sum);
    if (chunk.writes(width))
        out[rows * width + blockIdx.y * width + chunk.column] = sum;
}
