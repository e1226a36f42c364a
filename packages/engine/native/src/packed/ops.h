// The ops of a program that are no links. Each computes the rows of a strip.
#pragma once
#include "packed/sink.h"

namespace surge::SURGE_ISA {

// Those whose numbers go through a sink as they come.
void binaryConv(Record record, const Strip& strip, const Sink& sink);
void floatConv(Record record, const Strip& strip, const Sink& sink);
void maxPool(Record record, const Strip& strip, const Sink& sink);
void averagePool(Record record, const Strip& strip, const Sink& sink);

void maxPoolBits(Record record, const Strip& strip);
void sigmoid(Record record, const Strip& strip);
void tanh(Record record, const Strip& strip);
void softmax(Record record, const Strip& strip);
void l2Norm(Record record, const Strip& strip);
void layerNorm(Record record, const Strip& strip);
void gelu(Record record, const Strip& strip);
void softmaxAttention(Record record, const Strip& strip);
void bitAttention(Record record, const Strip& strip);
void copy(Record record, const Strip& strip);
void regroup(Record record, const Strip& strip);
void quantize(Record record, const Strip& strip);
void int8Conv(Record record, const Strip& strip);
void signWeightConv(Record record, const Strip& strip);

}  // namespace surge::SURGE_ISA
