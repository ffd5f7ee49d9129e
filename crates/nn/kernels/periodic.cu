// Waves of numbers. x is [rows, own]; `columns` says which of its numbers have waves, and for each of those there are frequencies
// and phases, in turns, [columns, waves], weights [columns, outputs, waves] and a bias [columns, outputs]. A row of the result is
// the numbers as they are and the outputs of each column.
#include "block.cuh"

#define TURN 6.2831853f

// The angle of a wave, in turns between -1/2 and 1/2: sines and cosines of it are as exact as those of small numbers.
__device__ inline float angle(float x, float frequency, float phase) {
    float turns = frequency * x + phase;
    return turns - rintf(turns);
}

extern "C" __global__ void periodic(float *out, const float *x, const unsigned *columns, const float *frequencies,
                                    const float *phases, const float *weights, const float *bias, unsigned count,
                                    unsigned own, unsigned count_of_columns, unsigned waves, unsigned outputs) {
    unsigned i = place();
    if (i >= count)
        return;
    unsigned width = own + count_of_columns * outputs, row = i / width, number = i % width;
    if (number < own) {
        out[i] = x[row * own + number];
        return;
    }
    unsigned output = number - own, column = output / outputs;
    float value = x[row * own + columns[column]], sum = bias[output];
    for (unsigned wave = 0; wave < waves; wave++) {
        unsigned at = column * waves + wave;
        sum += weights[output * waves + wave] * cosf(TURN * angle(value, frequencies[at], phases[at]));
    }
    out[i] = sum;
}

// The gradient by an angle in turns, times TURN: from those by the outputs of its column.
__device__ inline float by_angle(const float *gradient, const float *weights, float angle, unsigned waves,
                                 unsigned outputs) {
    float by_cosine = 0.0f;
    for (unsigned output = 0; output < outputs; output++)
        by_cosine += gradient[output] * weights[output * waves];
    return -by_cosine * sinf(TURN * angle);
}

// The gradient by x.
extern "C" __global__ void periodic_backward(float *out, const float *gradient, const float *x, const unsigned *columns,
                                             const float *frequencies, const float *phases, const float *weights,
                                             unsigned count, unsigned own, unsigned count_of_columns, unsigned waves,
                                             unsigned outputs) {
    unsigned i = place();
    if (i >= count)
        return;
    const float *from = gradient + i / own * (own + count_of_columns * outputs);
    unsigned number = i % own;
    float sum = from[number];
    for (unsigned column = 0; column < count_of_columns; column++)
        for (unsigned wave = 0; columns[column] == number && wave < waves; wave++) {
            unsigned at = column * waves + wave;
            float turns = angle(x[i], frequencies[at], phases[at]);
            sum += TURN * frequencies[at] *
                   by_angle(from + own + column * outputs, weights + column * outputs * waves + wave, turns, waves, outputs);
        }
    out[i] = sum;
}

// The gradients by frequencies, phases and weights over each chunk of the rows, one after the other. A thread has a wave of a
// column.
extern "C" __global__ void periodic_parameters_backward(float *out, const float *gradient, const float *x,
                                                        const unsigned *columns, const float *frequencies,
                                                        const float *phases, const float *weights, unsigned rows,
                                                        unsigned own, unsigned count_of_columns, unsigned waves,
                                                        unsigned outputs, unsigned rows_of_chunk) {
    unsigned all = count_of_columns * waves, width = own + count_of_columns * outputs;
    Chunk chunk(rows, all, rows_of_chunk);
    unsigned at = chunk.column, column = at / waves, wave = at % waves;
    bool live = at < all;
    unsigned number = live ? columns[column] : 0;
    float frequency = live ? frequencies[at] : 0.0f, phase = live ? phases[at] : 0.0f;
    const float *of_wave = weights + column * outputs * waves + wave;
    float by_frequency = 0.0f, by_phase = 0.0f;
    for (unsigned row = chunk.first; row < chunk.end; row += blockDim.y) {
        float value = x[row * own + number];
        const float *from = gradient + row * width + own + column * outputs;
        float by_turns = TURN * by_angle(from, of_wave, angle(value, frequency, phase), waves, outputs);
        by_frequency += by_turns * value;
        by_phase += by_turns;
    }
    by_frequency = sum_down(by_frequency);
    by_phase = sum_down(by_phase);
    float *to = out + blockIdx.y * all * (2 + outputs);
    if (chunk.writes(all)) {
        to[at] = by_frequency;
        to[all + at] = by_phase;
    }
    for (unsigned output = 0; output < outputs; output++) {
        float by_weight = 0.0f;
        for (unsigned row = chunk.first; row < chunk.end; row += blockDim.y)
            by_weight += gradient[row * width + own + column * outputs + output] *
                         cosf(TURN * angle(x[row * own + number], frequency, phase));
        by_weight = sum_down(by_weight);
        if (chunk.writes(all))
            to[2 * all + (column * outputs + output) * waves + wave] = by_weight;
    }
}
