// oneDNN alone: how fast are the three float products of a convolution, each as one primitive, with no reorder and nothing else?
//
//   c++ -std=c++17 -O2 onednn_shapes.cc -ldnnl -o onednn_shapes && OMP_NUM_THREADS=2 ./onednn_shapes < convolutions
//
// A line of standard input is a convolution: batch, input height, width, channels, output height, width, channels, filter height, width,
// stride height, width, padding above, to the left. Answers are lines of JSON: first the version; then for each convolution, product and
// layout of the activations (any: whatever the primitive likes best; nhwc) the median of several runs; and behind each convolution the
// processor seconds that all of it took, so that the one who asks can tell whether anybody else was computing. Filters lie as the
// primitive likes.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <vector>

using dnnl::memory;
using Tag = memory::format_tag;

namespace {

dnnl::engine engine(dnnl::engine::kind::cpu, 0);
dnnl::stream stream(engine);

// Versions 2 and 3 describe a primitive differently, and only that.
template <class Primitive, class... Operation>
typename Primitive::primitive_desc describe(const Operation&... operation) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, operation...};
#else
  return {typename Primitive::desc(operation...), engine};
#endif
}

template <class Primitive, class... Operation>
typename Primitive::primitive_desc describeGradient(const dnnl::convolution_forward::primitive_desc& forward, const Operation&... operation) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, operation..., forward};
#else
  return {typename Primitive::desc(operation...), engine, forward};
#endif
}

// Numbers in [-1, 1) in that layout.
memory filled(const memory::desc& layout) {
  memory made(layout, engine);
  float* data = static_cast<float*>(made.get_data_handle());
  const size_t count = layout.get_size() / sizeof(float);
  for (size_t i = 0; i < count; i++) data[i] = float((i * 2654435761u >> 16) & 255) / 128 - 1;
  return made;
}

// Median seconds: two runs to warm up, then eleven, or three at least where they take long.
double secondsOf(const dnnl::primitive& primitive, const std::unordered_map<int, memory>& arguments) {
  std::vector<double> seconds;
  double sum = 0;
  for (int run = 0; run < 13 && (run < 5 || sum < 1); run++) {
    const auto start = std::chrono::steady_clock::now();
    primitive.execute(stream, arguments);
    stream.wait();
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (run < 2) continue;
    seconds.push_back(taken);
    sum += taken;
  }
  std::nth_element(seconds.begin(), seconds.begin() + seconds.size() / 2, seconds.end());
  return seconds[seconds.size() / 2];
}

struct Convolution {
  long batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth, strideHeight, strideWidth, top, left;

  bool read(std::istream& in) {
    return bool(in >> batch >> inHeight >> inWidth >> inChannels >> outHeight >> outWidth >> outChannels >> filterHeight >> filterWidth >>
                strideHeight >> strideWidth >> top >> left);
  }
  double operations() const { return 2.0 * batch * outHeight * outWidth * outChannels * inChannels * filterHeight * filterWidth; }
};

void measure(const Convolution& c, const char* layout, Tag activations) {
  const auto type = memory::data_type::f32;
  const auto direct = dnnl::algorithm::convolution_direct;
  const memory::desc x({c.batch, c.inChannels, c.inHeight, c.inWidth}, type, activations);
  const memory::desc y({c.batch, c.outChannels, c.outHeight, c.outWidth}, type, activations);
  const memory::desc w({c.outChannels, c.inChannels, c.filterHeight, c.filterWidth}, type, Tag::any);
  const memory::dims strides = {c.strideHeight, c.strideWidth}, before = {c.top, c.left};
  const memory::dims after = {std::max(0L, (c.outHeight - 1) * c.strideHeight + c.filterHeight - c.inHeight - c.top),
                              std::max(0L, (c.outWidth - 1) * c.strideWidth + c.filterWidth - c.inWidth - c.left)};
  const auto say = [&](const char* product, const auto& description, double seconds) {
    const std::string implementation = description.impl_info_str();
    std::printf("{\"product\": \"%s\", \"layout\": \"%s\", \"milliseconds\": %.4f, \"gflops\": %.1f, \"implementation\": \"%s\"}\n", product,
                layout, 1e3 * seconds, c.operations() / seconds / 1e9, implementation.c_str());
  };

  const auto forward = describe<dnnl::convolution_forward>(dnnl::prop_kind::forward_training, direct, x, w, y, strides, before, after);
  say("forward", forward,
      secondsOf(dnnl::convolution_forward(forward), {{DNNL_ARG_SRC, filled(forward.src_desc())},
                                                     {DNNL_ARG_WEIGHTS, filled(forward.weights_desc())},
                                                     {DNNL_ARG_DST, filled(forward.dst_desc())}}));
  const auto input = describeGradient<dnnl::convolution_backward_data>(forward, direct, x, w, y, strides, before, after);
  say("input gradient", input,
      secondsOf(dnnl::convolution_backward_data(input), {{DNNL_ARG_DIFF_SRC, filled(input.diff_src_desc())},
                                                         {DNNL_ARG_WEIGHTS, filled(input.weights_desc())},
                                                         {DNNL_ARG_DIFF_DST, filled(input.diff_dst_desc())}}));
  const auto filter = describeGradient<dnnl::convolution_backward_weights>(forward, direct, x, w, y, strides, before, after);
  say("filter gradient", filter,
      secondsOf(dnnl::convolution_backward_weights(filter), {{DNNL_ARG_SRC, filled(filter.src_desc())},
                                                             {DNNL_ARG_DIFF_WEIGHTS, filled(filter.diff_weights_desc())},
                                                             {DNNL_ARG_DIFF_DST, filled(filter.diff_dst_desc())}}));
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  const dnnl_version_t* version = dnnl_version();
  std::printf("{\"oneDnn\": \"%d.%d.%d\"}\n", version->major, version->minor, version->patch);
  Convolution c;
  while (c.read(std::cin)) {
    const std::clock_t start = std::clock();
    measure(c, "any", Tag::any);
    measure(c, "nhwc", Tag::nhwc);
    std::printf("{\"processorSeconds\": %.3f}\n", double(std::clock() - start) / CLOCKS_PER_SEC);
  }
}
