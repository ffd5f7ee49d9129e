// Dropout by a hash of the number's place: the mask of src/ops/dropout.rs, to the last bit.
#include "block.cuh"

// Wellons' `lowbias32`.
__device__ inline unsigned scramble(unsigned x) {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}

// out = from * scale, or 0 where the hash is below the threshold. Its own backward pass.
extern "C" __global__ void dropout(float *out, const float *from, unsigned count, unsigned first_key,
                                   unsigned second_key, unsigned threshold, float scale) {
    unsigned i = place();
    if (i < count) {
        unsigned hash = scramble(scramble(i ^ first_key) + second_key);
        out[i] = from[i] * (hash < threshold ? 0.0f : scale);
    }
}
