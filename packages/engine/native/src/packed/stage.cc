#include "packed/stage.h"

namespace surge::SURGE_ISA {
namespace {

// Beyond so many records in a stage, which no network has, nobody looks who reads what.
constexpr int kMostLookedAt = 256;

Link::Kind kindOf(Op op) {
  switch (op) {
    case Op::signBits: return Link::signBits;
    case Op::signFloats: return Link::signFloats;
    case Op::threshold: return Link::threshold;
    case Op::affine: return Link::affine;
    case Op::prelu: return Link::prelu;
    case Op::relu: return Link::relu;
    case Op::clip: return Link::clip;
    case Op::add: return Link::add;
    case Op::place: return Link::place;
    default: return Link::none;
  }
}

// The numbers of one row, and their channels; 0 where the record does not say.
struct Row {
  long numbers = 0;
  int channels = 0;
};

Row rowOf(Record r) {
  switch (r.op()) {
    case Op::signBits:
    case Op::threshold:
    case Op::affine:
    case Op::prelu:
    case Op::place: return {long(r.word(0)) * r.word(1), r.word(1)};
    case Op::signFloats:
    case Op::relu:
    case Op::clip:
    case Op::add: return {r.word(0), 0};
    case Op::binaryConv:
    case Op::floatConv: {
      const int channels = r.word(kWindowWords + 1) * r.word(kWindowWords + 2);
      return {long(r.window().outWidth) * channels, channels};
    }
    case Op::maxPool:
    case Op::averagePool: {
      const int channels = r.word(kWindowWords);
      return {long(r.window().outWidth) * channels, channels};
    }
    default: return {};
  }
}

// Whether others may take the record's numbers as they come. Where a group's channels end inside a vector, the next group's bits would
// begin inside one.
bool hasTiles(Record r) {
  switch (r.op()) {
    case Op::binaryConv:
    case Op::floatConv: return r.word(kWindowWords + 2) == 1 || r.word(kWindowWords + 1) % W == 0;
    case Op::maxPool:
    case Op::averagePool: return true;
    default: return kindOf(r.op()) != Link::none;
  }
}

Operand secondOf(Record add) { return add.operand(3); }

Taken takenBy(Record r, uint32_t current) {
  if (r.in().address == current) return Taken::asFirst;
  if (r.op() == Op::add && secondOf(r).address == current) return Taken::asSecond;
  return Taken::no;
}

bool isRead(uint32_t address, const Part* parts, int count) {
  for (int i = 0; i < count; i++) {
    const Record r = parts[i].record;
    if (r.in().address == address && parts[i].taken != Taken::asFirst) return true;
    if (r.op() == Op::add && secondOf(r).address == address && parts[i].taken != Taken::asSecond) return true;
  }
  return false;
}

Link linkOf(const Part& part, int channels, const Strip& strip) {
  const Record r = part.record;
  Link link;
  link.kind = kindOf(r.op());
  link.node = r.node();
  link.step = 4L * channels;
  if (part.stored) link.out = strip.at(r.out());
  const auto numbers = [&](int word) { return r.address(word) ? strip.memory + r.address(word) : nullptr; };
  switch (link.kind) {
    case Link::none: break;
    case Link::signBits:
      link.integers = r.word(2) != 0;
      link.complement = uint32_t(r.word(3));
      link.before = strip.y * r.word(4);
      link.step = (channels + 31) / 32 * 4;
      break;
    case Link::signFloats:
      link.integers = r.word(1) != 0;
      link.before = strip.y * r.word(0);
      break;
    case Link::threshold:
      link.a = numbers(2);
      link.b = numbers(3);
      link.complement = uint32_t(r.word(4));
      link.step = (channels + 31) / 32 * 4;
      break;
    case Link::affine: link.b = numbers(4); [[fallthrough]];
    case Link::prelu:
      link.integers = r.word(2) != 0;
      link.a = numbers(3);
      break;
    case Link::clip:
      link.low = r.number(2);
      link.high = r.number(3);
      [[fallthrough]];
    case Link::relu: link.integers = r.word(1) != 0; break;
    case Link::add: {
      const bool second = part.taken == Taken::asSecond;
      link.integers = r.word(second ? 2 : 1) != 0;
      link.otherIntegers = r.word(second ? 1 : 2) != 0;
      link.other = strip.at(second ? r.in() : secondOf(r));
      break;
    }
    case Link::place:
      link.integers = r.word(2) != 0;
      link.step = 4L * r.word(3);
      link.out += 4L * r.word(4);
      break;
  }
  return link;
}

}  // namespace

int planSteps(Record first, int count, Part* parts, Step* steps) {
  Record next = first;
  for (int i = 0; i < count; i++, next = next.next()) parts[i] = Part{next, Taken::no, true};
  int made = 0;
  for (int i = 0; i < count; made++) {
    const Record head = parts[i].record;
    Row row = rowOf(head);
    int end = i + 1;
    if (hasTiles(head)) {
      const Link::Kind kind = kindOf(head.op());
      uint32_t current = kind == Link::none || changesNumbers(kind) ? head.out().address : head.in().address;
      for (; end < count && end - i < Sink::kMost; end++) {
        Part& part = parts[end];
        const Link::Kind kind = kindOf(part.record.op());
        const Row its = rowOf(part.record);
        const Taken taken = takenBy(part.record, current);
        if (kind == Link::none || taken == Taken::no || its.numbers != row.numbers) break;
        if (its.channels && row.channels && its.channels != row.channels) break;
        part.taken = taken;
        if (its.channels) row.channels = its.channels;
        if (changesNumbers(kind)) current = part.record.out().address;
      }
    }
    steps[made] = {i, end - i, row.channels};
    i = end;
  }
  if (count > kMostLookedAt) return made;
  for (int i = 0; i < count; i++) {
    const Record r = parts[i].record;
    const Link::Kind kind = kindOf(r.op());
    // Bits and placed channels are made for memory.
    const bool beside = kind != Link::none && !changesNumbers(kind);
    parts[i].stored = beside || !r.out().isLocal() || isRead(r.out().address, parts, count);
  }
  return made;
}

Sink sinkOf(const Part* parts, const Step& step, const Strip& strip) {
  Sink sink;
  sink.channels = step.channels;
  sink.status = strip.status;
  for (int i = step.first; i < step.first + step.count; i++) {
    const Link link = linkOf(parts[i], step.channels, strip);
    if (link.kind != Link::none || link.out) sink.links[sink.count++] = link;
  }
  return sink;
}

void runLinks(const Part* parts, const Step& step, const Strip& strip) {
  const Record head = parts[step.first].record;
  const char* from = strip.at(head.in());
  const long numbers = strip.rows * rowOf(head).numbers;
  // Where nothing depends on channels, a pixel is a vector.
  const int channels = step.channels ? step.channels : W;
  const long pixels = numbers / channels;
  const Sink sink = sinkOf(parts, {step.first, step.count, channels}, strip);
  eachTile(pixels, [&](auto tile, long first) {
    constexpr int P = decltype(tile)::value;
    const char* row = from + 4L * channels * first;
    for (int c = 0; c < channels; c += W) {
      Vi v[P];
      for (int p = 0; p < P; p++) v[p] = loadInts(row + 4L * (long(channels) * p + c));
      take(sink, first, c, least(W, channels - c), v);
    }
  });
  if (const int rest = int(numbers - pixels * channels)) {
    const Vi v[1] = {loadInts(from + 4L * channels * pixels)};
    take(sink, pixels, 0, rest, v);
  }
}

}  // namespace surge::SURGE_ISA
