// Losses and their gradients. A row of the result has `members` vectors that are to come to the same target.
#include "block.cuh"

// What a class counts for a vector whose class is `target`.
__device__ inline float share_of(unsigned label, unsigned target, unsigned classes, float smoothing,
                                 const float *weights) {
    float own = label == target ? 1.0f - smoothing : 0.0f;
    return (own + smoothing / classes) * (weights ? weights[label] : 1.0f);
}

// The highest logit of a vector and the sum of e^(logit - highest). All threads of the block must call it.
__device__ inline void level_of(const float *logits, unsigned classes, bool live, float *highest, float *total) {
    float most = -INFINITY;
    for (unsigned label = threadIdx.x; live && label < classes; label += blockDim.x)
        most = fmaxf(most, logits[label]);
    *highest = highest_across(most);
    float sum = 0.0f;
    for (unsigned label = threadIdx.x; live && label < classes; label += blockDim.x)
        sum += expf(logits[label] - *highest);
    *total = sum_across(sum);
}

// The gradient of the softmax cross-entropy, [vectors, classes], followed by the loss of each vector; both times `scale`. The
// threads that differ in x share a vector.
extern "C" __global__ void cross_entropy(float *out, const float *logits, const unsigned *targets,
                                         const float *weights, unsigned vectors, unsigned classes, unsigned members,
                                         float smoothing, float scale) {
    unsigned vector = blockIdx.x * blockDim.y + threadIdx.y;
    bool live = vector < vectors;
    unsigned target = live ? targets[vector / members] : 0;
    const float *own = logits + vector * classes;
    float highest, total;
    level_of(own, classes, live, &highest, &total);
    float level = logf(total), loss = 0.0f, all = 0.0f;
    for (unsigned label = threadIdx.x; live && label < classes; label += blockDim.x) {
        float share = share_of(label, target, classes, smoothing, weights);
        loss += share * (level + (highest - own[label]));
        all += share;
    }
    loss = sum_across(loss);
    float factor = sum_across(all) / total;
    for (unsigned label = threadIdx.x; live && label < classes; label += blockDim.x)
        out[vector * classes + label] =
            (expf(own[label] - highest) * factor - share_of(label, target, classes, smoothing, weights)) * scale;
    if (live && threadIdx.x == 0)
        out[vectors * classes + vector] = loss * scale;
}

// The losses of numbers by themselves, in the order of src/fused/loss.rs.
enum NumberLoss { BINARY_CROSS_ENTROPY, SQUARES, PINBALL };

__device__ inline float number_loss_of(unsigned kind, float number, float target, float quantile) {
    switch (kind) {
    case BINARY_CROSS_ENTROPY:
        // Not fmaxf, which would hide NaN.
        return (number < 0.0f ? 0.0f : number) - target * number + log1pf(expf(-fabsf(number)));
    case SQUARES:
        return (number - target) * (number - target);
    default: {
        float above = target - number;
        return (above < 0.0f ? quantile - 1.0f : quantile) * above;
    }
    }
}

__device__ inline float number_slope_of(unsigned kind, float number, float target, float quantile) {
    switch (kind) {
    case BINARY_CROSS_ENTROPY: {
        float small = expf(-fabsf(number));
        return (number < 0.0f ? small : 1.0f) / (1.0f + small) - target;
    }
    case SQUARES:
        return 2.0f * (number - target);
    default:
        return target - number < 0.0f ? 1.0f - quantile : -quantile;
    }
}

// The target of a number of [rows, members, width] among [rows, width].
__device__ inline unsigned target_of(unsigned i, unsigned width, unsigned members) {
    return i / (width * members) * width + i % width;
}

// The gradients of the losses of all numbers, followed by the sum of the losses of each gridDim.x-th part of them; both times
// `scale`.
extern "C" __global__ void number_loss(float *out, const float *numbers, const float *targets, const float *quantiles,
                                       unsigned count, unsigned width, unsigned members, unsigned kind, float scale) {
    float sum = 0.0f;
    for (unsigned i = place(); i < count; i += gridDim.x * blockDim.x) {
        float target = targets[target_of(i, width, members)], quantile = quantiles ? quantiles[i % width] : 0.0f;
        out[i] = number_slope_of(kind, numbers[i], target, quantile) * scale;
        sum += number_loss_of(kind, numbers[i], target, quantile);
    }
    sum = sum_across(sum);
    if (threadIdx.x == 0)
        out[count + blockIdx.x] = sum * scale;
}
