#pragma once

// 1 / (1 + e^-x).
__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }
