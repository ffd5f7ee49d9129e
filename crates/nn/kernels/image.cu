// Images [rows, height, width, channels]: their windows as rows of a matrix, whose product with filters is a convolution, and
// pooling of windows. Backward a thread has a number of the image and adds up what reaches it, in the order of the window.
#include "block.cuh"

// A number's place among rows of images.
struct Pixel {
    unsigned row, y, x, channel;

    __device__ Pixel(unsigned i, unsigned height, unsigned width, unsigned channels)
        : row(i / channels / width / height), y(i / channels / width % height), x(i / channels % width),
          channel(i % channels) {}
};

// The index of the window that has a pixel at `place`, so many pixels from its start; -1 where there is none. `at` is counted from
// the first pixel or zero around the image.
__device__ inline int window_of(unsigned at, unsigned place, unsigned stride, unsigned windows) {
    if (at < place || (at - place) % stride != 0)
        return -1;
    unsigned window = (at - place) / stride;
    return window < windows ? int(window) : -1;
}

// [rows, result height, result width, kernel height, kernel width, channels]; 0 for pixels around the image.
extern "C" __global__ void windows(float *out, const float *image, unsigned count, unsigned height, unsigned width,
                                   unsigned channels, unsigned result_height, unsigned result_width,
                                   unsigned kernel_height, unsigned kernel_width, unsigned stride, unsigned dilation,
                                   unsigned above, unsigned left) {
    unsigned i = place();
    if (i >= count)
        return;
    unsigned channel = i % channels, place_x = i / channels % kernel_width,
             place_y = i / channels / kernel_width % kernel_height;
    Pixel window(i / channels / kernel_width / kernel_height, result_height, result_width, 1);
    unsigned y = window.y * stride + place_y * dilation, x = window.x * stride + place_x * dilation;
    bool inside = y >= above && y - above < height && x >= left && x - left < width;
    out[i] = inside ? image[((window.row * height + y - above) * width + x - left) * channels + channel] : 0.0f;
}

extern "C" __global__ void windows_backward(float *out, const float *gradient, unsigned count, unsigned height,
                                            unsigned width, unsigned channels, unsigned result_height,
                                            unsigned result_width, unsigned kernel_height, unsigned kernel_width,
                                            unsigned stride, unsigned dilation, unsigned above, unsigned left) {
    unsigned i = place();
    if (i >= count)
        return;
    Pixel pixel(i, height, width, channels);
    float sum = 0.0f;
    for (unsigned place_y = 0; place_y < kernel_height; place_y++) {
        int y = window_of(pixel.y + above, place_y * dilation, stride, result_height);
        for (unsigned place_x = 0; y >= 0 && place_x < kernel_width; place_x++) {
            int x = window_of(pixel.x + left, place_x * dilation, stride, result_width);
            if (x >= 0) {
                unsigned window = (pixel.row * result_height + y) * result_width + x;
                sum += gradient[((window * kernel_height + place_y) * kernel_width + place_x) * channels + pixel.channel];
            }
        }
    }
    out[i] = sum;
}

// The largest number or the mean of each window of so many pixels square, [rows, result height, result width, channels].
extern "C" __global__ void pool(float *out, const float *image, unsigned count, unsigned height, unsigned width,
                                unsigned channels, unsigned result_height, unsigned result_width, unsigned kernel,
                                unsigned stride, unsigned average) {
    unsigned i = place();
    if (i >= count)
        return;
    Pixel window(i, result_height, result_width, channels);
    const float *start = image + ((window.row * height + window.y * stride) * width + window.x * stride) * channels +
                         window.channel;
    float sum = 0.0f, highest = start[0];
    for (unsigned y = 0; y < kernel; y++)
        for (unsigned x = 0; x < kernel; x++) {
            float number = start[(y * width + x) * channels];
            sum += number;
            // Written so that NaN wins.
            highest = number <= highest ? highest : number;
        }
    out[i] = average ? sum / (kernel * kernel) : highest;
}

// The gradient of the largest number goes to the first of equal ones.
extern "C" __global__ void pool_backward(float *out, const float *gradient, const float *image, const float *result,
                                         unsigned count, unsigned height, unsigned width, unsigned channels,
                                         unsigned result_height, unsigned result_width, unsigned kernel,
                                         unsigned stride, unsigned average) {
    unsigned i = place();
    if (i >= count)
        return;
    Pixel pixel(i, height, width, channels);
    float sum = 0.0f;
    for (unsigned place = 0; place < kernel * kernel; place++) {
        int y = window_of(pixel.y, place / kernel, stride, result_height);
        int x = window_of(pixel.x, place % kernel, stride, result_width);
        if (y < 0 || x < 0)
            continue;
        unsigned window = ((pixel.row * result_height + y) * result_width + x) * channels + pixel.channel;
        if (average) {
            sum += gradient[window] / (kernel * kernel);
            continue;
        }
        bool first = image[i] == result[window];
        for (unsigned before = 0; first && before < place; before++) {
            unsigned back_y = place / kernel - before / kernel;
            int back_x = int(place % kernel) - int(before % kernel);
            first = image[int(i) - (int(back_y * width) + back_x) * int(channels)] != result[window];
        }
        sum += first ? gradient[window] : 0.0f;
    }
    out[i] = sum;
}
