// What attention does between its products.
#include "block.cuh"

// [rows, positions, parts, heads, size] to [parts, rows, heads, positions, size]: the vectors of a head one after the other.
extern "C" __global__ void split_heads(float *out, const float *x, unsigned count, unsigned parts, unsigned heads,
                                       unsigned positions, unsigned size) {
    unsigned i = place();
    if (i >= count)
        return;
    unsigned rows = count / (parts * heads * positions * size);
    unsigned number = i % size, position = i / size % positions, head = i / size / positions % heads;
    unsigned row = i / size / positions / heads % rows, part = i / size / positions / heads / rows;
    out[i] = x[(((row * positions + position) * parts + part) * heads + head) * size + number];
}

// The way back, from up to three parts [rows, heads, positions, size] to [rows, positions, parts, heads, size].
extern "C" __global__ void merge_heads(float *out, const float *first, const float *second, const float *third,
                                       unsigned count, unsigned parts, unsigned heads, unsigned positions,
                                       unsigned size) {
    unsigned i = place();
    if (i >= count)
        return;
    unsigned number = i % size, head = i / size % heads, part = i / size / heads % parts;
    unsigned position = i / size / heads / parts % positions, row = i / size / heads / parts / positions;
    const float *from = part == 0 ? first : part == 1 ? second : third;
    out[i] = from[((row * heads + head) * positions + position) * size + number];
}

// softmax(scores * scale) over the positions that are seen, and 0 for the others; scores are [rows, heads, positions, positions].
// The threads that differ in x share a query. Where `tokens` [rows, positions] are given, positions of token 0 aren't seen;
// the first one is where nothing else is or could be. `causal`: only those up to the query.
extern "C" __global__ void attention_shares(float *shares, const float *scores, const unsigned *tokens,
                                            unsigned queries, unsigned heads, unsigned positions, unsigned causal,
                                            float scale) {
    unsigned query = blockIdx.x * blockDim.y + threadIdx.y;
    bool live = query < queries;
    unsigned visible = !live ? 0 : causal ? query % positions + 1 : positions;
    const unsigned *own = tokens && live ? tokens + query / (heads * positions) * positions : nullptr;
    bool first = true;
    if (tokens) {
        float seen = 0.0f;
        for (unsigned key = threadIdx.x; live && key < positions; key += blockDim.x)
            seen += own[key] != 0 ? 1.0f : 0.0f;
        first = sum_across(seen) == 0.0f || causal || (live && own[0] != 0);
    }
    const float *from = scores + query * positions;
    float highest = -INFINITY;
    for (unsigned key = threadIdx.x; key < visible; key += blockDim.x)
        if (!own || (key == 0 ? first : own[key] != 0))
            highest = fmaxf(highest, from[key]);
    highest = highest_across(highest);
    float *to = shares + query * positions;
    float total = 0.0f;
    for (unsigned key = threadIdx.x; key < visible; key += blockDim.x) {
        bool seen = !own || (key == 0 ? first : own[key] != 0);
        to[key] = seen ? expf((from[key] - highest) * scale) : 0.0f;
        total += to[key];
    }
    total = sum_across(total);
    for (unsigned key = threadIdx.x; live && key < positions; key += blockDim.x)
        to[key] = key < visible ? to[key] / total : 0.0f;
}

// From the gradient by the shares to that by the scores: `share * (gradient - Σ gradient * share) * scale`.
extern "C" __global__ void attention_shares_backward(float *out, const float *gradient, const float *shares,
                                                     unsigned queries, unsigned positions, float scale) {
    unsigned query = blockIdx.x * blockDim.y + threadIdx.y;
    unsigned start = query * positions, keys = query < queries ? positions : 0;
    float along = 0.0f;
    for (unsigned key = threadIdx.x; key < keys; key += blockDim.x)
        along += gradient[start + key] * shares[start + key];
    along = sum_across(along);
    for (unsigned key = threadIdx.x; key < keys; key += blockDim.x)
        out[start + key] = shares[start + key] * (gradient[start + key] - along) * scale;
}
