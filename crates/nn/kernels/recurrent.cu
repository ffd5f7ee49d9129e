// What recurrent cells do between their products, at one position; a thread has a number of a row's state. States, what is
// kept and gradients by the products with the state are [positions, rows, ..], so that all rows of a position are one matrix;
// products with the input and what comes from and goes to other layers are [rows, positions, ..]. At the first position there
// are no products with the state, and at the last one none with the gradients of the position behind it.
#include "block.cuh"
#include "sigmoid.cuh"

// Where a thread's numbers are.
struct Place {
    unsigned row, unit, hidden, rows, positions, position;

    __device__ Place(unsigned i, unsigned hidden, unsigned rows, unsigned positions, unsigned position)
        : row(i / hidden), unit(i % hidden), hidden(hidden), rows(rows), positions(positions), position(position) {}

    // Of a part among `parts` in [rows, parts, hidden].
    __device__ unsigned now(unsigned parts, unsigned part) const { return (row * parts + part) * hidden + unit; }
    // In [positions, rows, parts, hidden].
    __device__ unsigned by_position(unsigned parts, unsigned part) const {
        return position * rows * parts * hidden + now(parts, part);
    }
    // In [rows, positions, parts, hidden].
    __device__ unsigned by_row(unsigned parts, unsigned part) const {
        return ((row * positions + position) * parts + part) * hidden + unit;
    }
};

// GRU: reset, update, new. Kept are the gates, and the new gate's product with the state, which the reset gate scales.
extern "C" __global__ void gru(float *states, float *kept, const float *inputs, const float *products,
                               const float *bias, unsigned rows, unsigned hidden, unsigned positions,
                               unsigned position) {
    unsigned i = place();
    if (i >= rows * hidden)
        return;
    Place at(i, hidden, rows, positions, position);
    float product[3];
    for (unsigned gate = 0; gate < 3; gate++)
        product[gate] = bias[gate * hidden + at.unit] + (products ? products[at.now(3, gate)] : 0.0f);
    float before = position > 0 ? states[at.by_position(1, 0) - rows * hidden] : 0.0f;
    float reset = sigmoid(inputs[at.by_row(3, 0)] + product[0]);
    float update = sigmoid(inputs[at.by_row(3, 1)] + product[1]);
    float fresh = tanhf(inputs[at.by_row(3, 2)] + reset * product[2]);
    kept[at.by_position(4, 0)] = reset;
    kept[at.by_position(4, 1)] = update;
    kept[at.by_position(4, 2)] = fresh;
    kept[at.by_position(4, 3)] = product[2];
    states[at.by_position(1, 0)] = fresh + update * (before - fresh);
}

// The gradients by the products with input and state. `carried` is what reaches the state before without a product, and
// `products` is what reaches it by one.
extern "C" __global__ void gru_backward(float *by_inputs, float *by_products, float *carried, const float *gradients,
                                        const float *products, const float *kept, const float *states, unsigned rows,
                                        unsigned hidden, unsigned positions, unsigned position) {
    unsigned i = place();
    if (i >= rows * hidden)
        return;
    Place at(i, hidden, rows, positions, position);
    float gradient = gradients[at.by_row(1, 0)] + (products ? carried[i] + products[i] : 0.0f);
    float before = position > 0 ? states[at.by_position(1, 0) - rows * hidden] : 0.0f;
    float reset = kept[at.by_position(4, 0)], update = kept[at.by_position(4, 1)];
    float fresh = kept[at.by_position(4, 2)], product = kept[at.by_position(4, 3)];
    float by_fresh = gradient * (1.0f - update) * (1.0f - fresh * fresh);
    float by_update = gradient * (before - fresh) * update * (1.0f - update);
    float by_reset = by_fresh * product * reset * (1.0f - reset);
    by_inputs[at.by_row(3, 0)] = by_products[at.by_position(3, 0)] = by_reset;
    by_inputs[at.by_row(3, 1)] = by_products[at.by_position(3, 1)] = by_update;
    by_inputs[at.by_row(3, 2)] = by_fresh;
    by_products[at.by_position(3, 2)] = by_fresh * reset;
    carried[i] = gradient * update;
}

// LSTM: input, forget, cell, output. Kept are the gates, and the memory.
extern "C" __global__ void lstm(float *states, float *kept, const float *inputs, const float *products,
                                const float *bias, unsigned rows, unsigned hidden, unsigned positions,
                                unsigned position) {
    unsigned i = place();
    if (i >= rows * hidden)
        return;
    Place at(i, hidden, rows, positions, position);
    float sum[4];
    for (unsigned gate = 0; gate < 4; gate++)
        sum[gate] = inputs[at.by_row(4, gate)] + bias[gate * hidden + at.unit] +
                    (products ? products[at.now(4, gate)] : 0.0f);
    float before = position > 0 ? kept[at.by_position(5, 4) - rows * 5 * hidden] : 0.0f;
    float input = sigmoid(sum[0]), forget = sigmoid(sum[1]), fresh = tanhf(sum[2]), output = sigmoid(sum[3]);
    float memory = forget * before + input * fresh;
    kept[at.by_position(5, 0)] = input;
    kept[at.by_position(5, 1)] = forget;
    kept[at.by_position(5, 2)] = fresh;
    kept[at.by_position(5, 3)] = output;
    kept[at.by_position(5, 4)] = memory;
    states[at.by_position(1, 0)] = output * tanhf(memory);
}

// The same as of a GRU, where `carried` is the gradient by the memory before.
extern "C" __global__ void lstm_backward(float *by_inputs, float *by_products, float *carried, const float *gradients,
                                         const float *products, const float *kept, const float *, unsigned rows,
                                         unsigned hidden, unsigned positions, unsigned position) {
    unsigned i = place();
    if (i >= rows * hidden)
        return;
    Place at(i, hidden, rows, positions, position);
    float gradient = gradients[at.by_row(1, 0)] + (products ? products[i] : 0.0f);
    float before = position > 0 ? kept[at.by_position(5, 4) - rows * 5 * hidden] : 0.0f;
    float input = kept[at.by_position(5, 0)], forget = kept[at.by_position(5, 1)];
    float fresh = kept[at.by_position(5, 2)], output = kept[at.by_position(5, 3)];
    float level = tanhf(kept[at.by_position(5, 4)]);
    float by_memory = (products ? carried[i] : 0.0f) + gradient * output * (1.0f - level * level);
    float by_sum[4] = {by_memory * fresh * input * (1.0f - input), by_memory * before * forget * (1.0f - forget),
                       by_memory * input * (1.0f - fresh * fresh), gradient * level * output * (1.0f - output)};
    for (unsigned gate = 0; gate < 4; gate++)
        by_inputs[at.by_row(4, gate)] = by_products[at.by_position(4, gate)] = by_sum[gate];
    carried[i] = by_memory * forget;
}

// [outer, inner, width] to [inner, outer, width].
extern "C" __global__ void exchange(float *out, const float *x, unsigned count, unsigned outer, unsigned inner,
                                    unsigned width) {
    unsigned i = place();
    if (i < count)
        out[i] = x[(i / width % outer * inner + i / width / outer) * width + i % width];
}
