// Numbers, and behind them a learned vector or a one for each category.
#include "block.cuh"

// A column of categories: where its numbers begin in a row of the result, how many values it knows, and how long their vectors
// are and where they begin in the table. Vectors of no length: a column of zeros and a one for each value.
struct Slot {
    unsigned start, values, dimension, offset;

    // Which of its values a number means: 0 for one that it doesn't know.
    __device__ unsigned value(unsigned index) const { return index < values ? index : 0; }
};

// [rows, width], where the first `own` columns are `numbers` [rows, own]; `indices` are [rows, count of slots].
extern "C" __global__ void embed(float *out, const float *numbers, const float *table, const unsigned *indices,
                                 const Slot *slots, unsigned count, unsigned width, unsigned own,
                                 unsigned count_of_slots) {
    unsigned i = place();
    if (i >= count)
        return;
    unsigned row = i / width, column = i % width;
    if (column < own) {
        out[i] = numbers[row * own + column];
        return;
    }
    unsigned at = 0;
    while (at + 1 < count_of_slots && slots[at + 1].start <= column)
        at++;
    Slot slot = slots[at];
    unsigned value = slot.value(indices[row * count_of_slots + at]), number = column - slot.start;
    if (slot.dimension > 0)
        out[i] = table[slot.offset + value * slot.dimension + number];
    else
        out[i] = value == number ? 1.0f : 0.0f;
}

// The gradient by the table, of so many numbers: a thread has one of them, and adds up the rows with its value.
extern "C" __global__ void embed_backward(float *out, const float *gradient, const unsigned *indices, const Slot *slots,
                                          unsigned count, unsigned rows, unsigned width, unsigned count_of_slots) {
    unsigned i = place();
    if (i >= count)
        return;
    unsigned at = 0;
    while (at < count_of_slots && (i < slots[at].offset || i - slots[at].offset >= slots[at].values * slots[at].dimension))
        at++;
    float sum = 0.0f;
    if (at < count_of_slots) {
        Slot slot = slots[at];
        unsigned value = (i - slot.offset) / slot.dimension, column = slot.start + (i - slot.offset) % slot.dimension;
        for (unsigned row = 0; row < rows; row++)
            if (slot.value(indices[row * count_of_slots + at]) == value)
                sum += gradient[row * width + column];
    }
    out[i] = sum;
}
