// Stands in for CUDA where the kernels are compiled for the processor, which is how they are tested without a GPU. Blocks run
// one after the other. The threads of a block take turns on one thread of the processor: each runs up to the next
// `__syncthreads` or to its end, then the next one does. The order of the turns is an argument, and mustn't matter: where it
// does, a `__syncthreads` is missing.
#pragma once

#include <algorithm>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __shared__ static

using std::min;

struct Dimensions {
    unsigned x, y;
};

static Dimensions gridDim, blockDim, blockIdx, threadIdx;

namespace emulated {

struct Thread {
    ucontext_t context;
    Dimensions index;
    bool ended;
    std::vector<char> stack = std::vector<char>(64 * 1024);
};

static ucontext_t scheduler;
// The thread whose turn it is; none while threads run without turns.
static Thread *running;
static void (*body)();
static bool waited;

static void start() {
    body();
    running->ended = true;
}

// Gives all threads of a block their turns until they have ended. False where some wait for others that have ended.
static bool run_block(std::vector<Thread> &threads, bool backwards) {
    for (Thread &thread : threads) {
        thread.ended = false;
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = thread.stack.data();
        thread.context.uc_stack.ss_size = thread.stack.size();
        thread.context.uc_link = &scheduler;
        makecontext(&thread.context, start, 0);
    }
    size_t ended = 0;
    while (ended == 0) {
        for (size_t turn = 0; turn < threads.size(); turn++) {
            running = &threads[backwards ? threads.size() - 1 - turn : turn];
            threadIdx = running->index;
            swapcontext(&scheduler, &running->context);
            ended += running->ended;
        }
    }
    return ended == threads.size();
}

// Runs the threads of a block one after the other, where none waits for others.
static void run_through(std::vector<Thread> &threads, bool backwards) {
    running = nullptr;
    for (size_t turn = 0; turn < threads.size(); turn++) {
        threadIdx = threads[backwards ? threads.size() - 1 - turn : turn].index;
        body();
    }
}

// Arguments are given as pointers to them, as cuLaunchKernel takes them.
template <class... Arguments, size_t... Places>
void call(void (*kernel)(Arguments...), void *const *arguments, std::index_sequence<Places...>) {
    kernel(*static_cast<Arguments *>(arguments[Places])...);
}

// Runs a kernel. 0: done; 1: another number of arguments; 2: threads waited for others that had ended.
template <auto kernel, class... Arguments>
int launch(void (*)(Arguments...), const unsigned shape[4], void *const *arguments, unsigned count, bool backwards) {
    static void *const *given;
    static std::vector<Thread> threads;
    if (count != sizeof...(Arguments))
        return 1;
    gridDim = {shape[0], shape[1]};
    blockDim = {shape[2], shape[3]};
    given = arguments;
    body = [] { call<Arguments...>(kernel, given, std::index_sequence_for<Arguments...>{}); };
    threads.resize(blockDim.x * blockDim.y);
    for (size_t i = 0; i < threads.size(); i++)
        threads[i].index = {unsigned(i) % blockDim.x, unsigned(i) / blockDim.x};
    waited = false;
    bool first = true;
    for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++)
        for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) {
            // The threads of all blocks wait, or none of any; turns take time.
            if (!first && !waited)
                run_through(threads, backwards);
            else if (!run_block(threads, backwards))
                return 2;
            first = false;
        }
    return 0;
}

} // namespace emulated

inline void __syncthreads() {
    emulated::waited = true;
    if (!emulated::running) {
        fputs("a thread of a later block waits, and none of the first has\n", stderr);
        abort();
    }
    swapcontext(&emulated::running->context, &emulated::scheduler);
}

// Makes a kernel callable by its name from outside.
#define EMULATED(kernel)                                                                                               \
    extern "C" int emulated_##kernel(const unsigned *shape, void *const *arguments, unsigned count, bool backwards) {  \
        return emulated::launch<kernel>(kernel, shape, arguments, count, backwards);                                   \
    }
