// The rules of src/optimizer/rule.rs, one thread a number. `factor` is what the clip leaves of the gradient; missing for 1.
#include "block.cuh"

// factor[0] = min(1, highest / norm) for the sums of squares of all gradients; a single block.
extern "C" __global__ void clip_factor(float *factor, const float *squares, unsigned count, float highest) {
    float sum = 0.0f;
    for (unsigned i = threadIdx.x; i < count; i += blockDim.x)
        sum += squares[i];
    float norm = sqrtf(sum_across(sum));
    if (threadIdx.x == 0)
        factor[0] = norm > highest ? highest / norm : 1.0f;
}

// Adam and AdamW: `decay` goes into the gradient, and `keep` is what stays of the value.
extern "C" __global__ void adam(float *values, float *firsts, float *seconds, const float *gradients,
                                const float *factor, unsigned count, float decay, float keep, float beta1, float beta2,
                                float step, float scale, float epsilon) {
    unsigned i = place();
    if (i < count) {
        float gradient = gradients[i] * (factor ? factor[0] : 1.0f) + decay * values[i];
        float first = beta1 * firsts[i] + (1.0f - beta1) * gradient;
        float second = beta2 * seconds[i] + (1.0f - beta2) * gradient * gradient;
        firsts[i] = first;
        seconds[i] = second;
        values[i] = values[i] * keep - step * first / (sqrtf(second) * scale + epsilon);
    }
}

// Gradient descent without a momentum.
extern "C" __global__ void descent(float *values, const float *gradients, const float *factor, unsigned count,
                                   float decay, float rate) {
    unsigned i = place();
    if (i < count)
        values[i] -= rate * (gradients[i] * (factor ? factor[0] : 1.0f) + decay * values[i]);
}

// Gradient descent with one: the step is along `of_gradient` times the gradient and `of_velocity` times the velocity.
extern "C" __global__ void momentum(float *values, float *velocities, const float *gradients, const float *factor,
                                    unsigned count, float decay, float keep, float of_gradient, float of_velocity) {
    unsigned i = place();
    if (i < count) {
        float gradient = gradients[i] * (factor ? factor[0] : 1.0f) + decay * values[i];
        float velocity = keep * velocities[i] + gradient;
        velocities[i] = velocity;
        values[i] -= of_gradient * gradient + of_velocity * velocity;
    }
}

// Lion: a step of the same length for every number, or none.
extern "C" __global__ void lion(float *values, float *firsts, const float *gradients, const float *factor,
                                unsigned count, float keep, float beta1, float beta2, float rate) {
    unsigned i = place();
    if (i < count) {
        float gradient = gradients[i] * (factor ? factor[0] : 1.0f);
        float direction = beta1 * firsts[i] + (1.0f - beta1) * gradient;
        float up = direction > 0.0f ? 1.0f : 0.0f, down = direction < 0.0f ? 1.0f : 0.0f;
        values[i] = values[i] * keep - rate * (up - down);
        firsts[i] = beta2 * firsts[i] + (1.0f - beta2) * gradient;
    }
}

extern "C" __global__ void rmsprop(float *values, float *seconds, const float *gradients, const float *factor,
                                   unsigned count, float decay, float kept, float rate, float epsilon) {
    unsigned i = place();
    if (i < count) {
        float gradient = gradients[i] * (factor ? factor[0] : 1.0f) + decay * values[i];
        float second = kept * seconds[i] + (1.0f - kept) * gradient * gradient;
        seconds[i] = second;
        values[i] -= rate * gradient / (sqrtf(second) + epsilon);
    }
}
