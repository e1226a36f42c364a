#include "onednn/convolution.h"

#include <algorithm>
#include <cstring>

namespace surge {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using Tag = memory::format_tag;
using Type = memory::data_type;

struct Shapes {
  memory::dims x, filter, y, strides, dilations, padBefore, padAfter;
};

// What must lie behind the picture for the last window; nothing where windows end before it.
int padAfter(int in, int out, int filter, int stride, int dilation, int before) {
  return std::max(0, (out - 1) * stride + (filter - 1) * dilation + 1 - in - before);
}

Shapes shapesOf(const Geometry& g) {
  Shapes s;
  s.x = {g.batch, g.inChannels, g.inHeight, g.inWidth};
  s.y = {g.batch, g.outChannels, g.outHeight, g.outWidth};
  s.filter = {g.groups, g.groupOutputs(), g.groupInputs(), g.filterHeight, g.filterWidth};
  if (g.groups == 1) s.filter.erase(s.filter.begin());
  s.strides = {g.strideHeight, g.strideWidth};
  s.dilations = {g.dilationHeight - 1, g.dilationWidth - 1};
  s.padBefore = {g.padTop, g.padLeft};
  s.padAfter = {padAfter(g.inHeight, g.outHeight, g.filterHeight, g.strideHeight, g.dilationHeight, g.padTop),
                padAfter(g.inWidth, g.outWidth, g.filterWidth, g.strideWidth, g.dilationWidth, g.padLeft)};
  return s;
}

// HWIO as strides of oneDNN's [group,] output, input, height, width.
memory::desc filterAsItLies(const Geometry& g, const Shapes& s) {
  const long o = g.outChannels, i = g.groupInputs();
  memory::dims strides = {g.groupOutputs(), 1, o, g.filterWidth * i * o, i * o};
  if (g.groups == 1) strides.erase(strides.begin());
  return memory::desc(s.filter, Type::f32, strides);
}

std::string keyOf(const char* what, int threads, Precision precision, const Geometry& g) {
  std::string key(what);
  key += char('0' + int(precision));
  key.append(reinterpret_cast<const char*>(&threads), sizeof threads);
  key.append(reinterpret_cast<const char*>(&g), sizeof g);
  return key;
}

struct Descriptions {
  memory::desc x, filter, y;
};

Descriptions descriptions(const Shapes& s, Type x, Type filter, Type y) {
  return {memory::desc(s.x, x, Tag::nhwc), memory::desc(s.filter, filter, Tag::any), memory::desc(s.y, y, Tag::nhwc)};
}

dnnl::convolution_forward::primitive_desc describeForward(const dnnl::engine& engine, const Shapes& s, const Descriptions& d) {
  return describe<dnnl::convolution_forward>(engine, prop_kind::forward_training, algorithm::convolution_direct, d.x, d.filter, d.y, s.strides,
                                             s.dilations, s.padBefore, s.padAfter);
}

template <class Primitive, class Description>
Prepared prepared(const Description& d, std::unordered_map<int, memory::desc> layouts) {
  return {Primitive(d), std::move(layouts), d.scratchpad_desc(), d.impl_info_str()};
}

Prepared makeForward(const dnnl::engine& engine, const Shapes& s) {
  const auto d = describeForward(engine, s, descriptions(s, Type::f32, Type::f32, Type::f32));
  return prepared<dnnl::convolution_forward>(d, {{DNNL_ARG_WEIGHTS, d.weights_desc()}});
}

Prepared makeInputGradient(const dnnl::engine& engine, const Shapes& s, Type operand) {
  const Descriptions d = descriptions(s, Type::f32, operand, operand);
  const auto hint = describeForward(engine, s, descriptions(s, operand, operand, operand));
  const auto own = describeGradient<dnnl::convolution_backward_data>(engine, hint, algorithm::convolution_direct, d.x, d.filter, d.y, s.strides,
                                                                     s.dilations, s.padBefore, s.padAfter);
  return prepared<dnnl::convolution_backward_data>(own, {{DNNL_ARG_WEIGHTS, own.weights_desc()}, {DNNL_ARG_DIFF_DST, d.y}});
}

Prepared makeFilterGradient(const dnnl::engine& engine, const Shapes& s, Type operand) {
  const Descriptions d = descriptions(s, operand, Type::f32, operand);
  const auto hint = describeForward(engine, s, descriptions(s, operand, operand, operand));
  const auto own = describeGradient<dnnl::convolution_backward_weights>(engine, hint, algorithm::convolution_direct, d.x, d.filter, d.y, s.strides,
                                                                        s.dilations, s.padBefore, s.padAfter);
  return prepared<dnnl::convolution_backward_weights>(
      own, {{DNNL_ARG_DIFF_WEIGHTS, own.diff_weights_desc()}, {DNNL_ARG_SRC, d.x}, {DNNL_ARG_DIFF_DST, d.y}});
}

Type typeOf(Precision precision) { return precision == Precision::bfloat16 ? Type::bf16 : Type::f32; }

bool isEmpty(const Geometry& g) { return g.inputs() == 0 || g.outputs() == 0 || g.weights() == 0; }

}  // namespace

void convolve(Primitives& p, int threads, const float* x, const float* filter, float* y, const Geometry& g) {
  if (isEmpty(g)) {
    std::fill(y, y + g.outputs(), 0.0f);
    return;
  }
  const Shapes s = shapesOf(g);
  const Prepared& own = p.get(keyOf("forward", threads, Precision::float32, g), [&] { return makeForward(p.engine(), s); });
  const memory weights = p.arranged(filter, filterAsItLies(g, s), own.layouts.at(DNNL_ARG_WEIGHTS), kSlotWeights);
  p.run(own, {{DNNL_ARG_SRC, memory({s.x, Type::f32, Tag::nhwc}, p.engine(), const_cast<float*>(x))},
              {DNNL_ARG_WEIGHTS, weights},
              {DNNL_ARG_DST, memory({s.y, Type::f32, Tag::nhwc}, p.engine(), y)}});
}

void inputGradient(Primitives& p, int threads, Precision precision, const float* dy, const float* filter, float* dx, const Geometry& g) {
  if (isEmpty(g)) {
    std::fill(dx, dx + g.inputs(), 0.0f);
    return;
  }
  const Shapes s = shapesOf(g);
  const Prepared& own =
      p.get(keyOf("input gradient", threads, precision, g), [&] { return makeInputGradient(p.engine(), s, typeOf(precision)); });
  const memory weights = p.arranged(filter, filterAsItLies(g, s), own.layouts.at(DNNL_ARG_WEIGHTS), kSlotWeights);
  const memory output = p.arranged(dy, {s.y, Type::f32, Tag::nhwc}, own.layouts.at(DNNL_ARG_DIFF_DST), kSlotFirst);
  p.run(own, {{DNNL_ARG_DIFF_DST, output},
              {DNNL_ARG_WEIGHTS, weights},
              {DNNL_ARG_DIFF_SRC, memory({s.x, Type::f32, Tag::nhwc}, p.engine(), dx)}});
}

void filterGradient(Primitives& p, int threads, Precision precision, const float* x, const float* dy, float* dfilter, const Geometry& g) {
  if (isEmpty(g)) {
    std::fill(dfilter, dfilter + g.weights(), 0.0f);
    return;
  }
  const Shapes s = shapesOf(g);
  const Prepared& own =
      p.get(keyOf("filter gradient", threads, precision, g), [&] { return makeFilterGradient(p.engine(), s, typeOf(precision)); });
  const memory input = p.arranged(x, {s.x, Type::f32, Tag::nhwc}, own.layouts.at(DNNL_ARG_SRC), kSlotFirst);
  const memory output = p.arranged(dy, {s.y, Type::f32, Tag::nhwc}, own.layouts.at(DNNL_ARG_DIFF_DST), kSlotSecond);
  const memory weights = p.space(own.layouts.at(DNNL_ARG_DIFF_WEIGHTS), kSlotWeights);
  p.run(own, {{DNNL_ARG_SRC, input}, {DNNL_ARG_DIFF_DST, output}, {DNNL_ARG_DIFF_WEIGHTS, weights}});
  p.reorder(weights, memory(filterAsItLies(g, s), p.engine(), dfilter));
}

}  // namespace surge
