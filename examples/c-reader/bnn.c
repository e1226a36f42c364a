/*
 * Reads a model file of surge-bnn (*.bnn, version 1) and classifies a picture: docs/format.md to the last bit, in C99.
 *
 *     cc -std=c99 -O2 -ffp-contract=off -o bnn bnn.c && ./bnn digits.bnn digit.pgm
 *
 * Whatever is wrong with a file is one sentence and exit code 2. Weights are read where they stand; nothing is freed.
 */
#include <float.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if FLT_EVAL_METHOD != 0 || defined(__FAST_MATH__)
#error "each operation must round to its own type: no x87 (-msse2 -mfpmath=sse), no -ffast-math"
#endif

/* JSON. type: { [ " or 0 for a number. What stands in an object has a key. */
typedef struct Value { char type, *text, *key; double number; struct Value *child, *next; int64_t count; } Value;
typedef struct { int64_t count, n[8]; } List;                /* integers: a shape, say */
/* What a node makes, or the input. x are floats whatever the type: of bits 1 and -1, of unsigned 1 and 0. */
typedef struct { const char *name, *type; List shape; int64_t count, channels; float *x; } Edge;

static const char *file = "bnn", *part;                      /* what is being read, for messages */
static const Value *header;
static const unsigned char *data; static double data_size;   /* of the tensors */
static Edge *edges; static int64_t edge_count;
static char *at;                                             /* JSON: the next character; a zero ends the text */

static void fail(const char *what, const char *which) {
  fprintf(stderr, part ? "%s: \"%s\": %s%s\n" : "%s: %s%s%s\n", file, part ? part : "", what, which);
  exit(2);
}

static void *take(double count, size_t size) {
  static double taken;
  void *memory = (taken += count * (double)size + 32) < 1 << 30 ? calloc((size_t)count + 1, size) : NULL;
  if (!memory) fail("it takes more memory than there is, or than 1 GiB", "");
  return memory;
}

static void broken(void) { fail("its JSON is broken, or has escapes or values that this reader does not know", ""); }
static char next(void) { return *(at += strspn(at, " \t\n\r")); }
static void expect(char c) { if (next() != c) broken(); at++; }

static char *string(void) {                                  /* decoded in place */
  expect('"');
  char *text = at, *to = at;
  for (; *at != '"'; *to++ = *at++)
    if ((*at == '\\' && !strchr("\"\\/", *++at)) || (unsigned char)*at < 32) broken();
  *at++ = *to = '\0';
  return text;
}

static Value *json(int depth) {
  Value *v = take(1, sizeof *v), **last = &v->child;
  v->type = next();
  if (depth > 65 || (depth == 1 && v->type != '{')) broken();
  if (v->type == '"') {
    v->text = string();
  } else if (v->type == '{' || v->type == '[') {
    for (at++; next() != v->type + 2; last = &(*last)->next) {   /* in ASCII } stands two behind {, and ] behind [ */
      if (v->count++ > 0) expect(',');
      char *key = v->type == '{' ? string() : NULL;
      if (key) expect(':');
      *last = json(depth + 1);
      (*last)->key = key;
    }
    at++;
  } else {                                                   /* true, false and null stand nowhere in a model */
    char *from = at, *end = at + strspn(at, "-+.0123456789eE");
    v->type = '0';
    v->number = strtod(from, &at);
    if (at == from || at != end || v->number < -DBL_MAX || v->number > DBL_MAX) broken();
  }
  if (depth == 1 && next()) broken();
  return v;
}

static const Value *get(const Value *object, const char *key, char type) {   /* type ?: it may be missing */
  const Value *found = NULL;
  for (const Value *v = object->child; v && v->key; v = v->next) {
    if (strcmp(v->key, key) != 0) continue;
    if (found) fail("two have the key ", key);
    found = v;
  }
  if (type != '?' && (!found || found->type != type)) fail("missing, or of a wrong type: ", key);
  return found;
}

static const char *text(const Value *object, const char *key) { return get(object, key, '"')->text; }
static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static List integers(const Value *object, const char *key, int fewest, int most, double least, double largest) {
  const Value *v = get(object, key, most > 0 ? '[' : '0');   /* most 0: one number that stands in no list */
  List list = {v->count, {0}};
  if (v->count < fewest || v->count > most) fail("too few or too many numbers: ", key);
  if (most > 0) v = v->child;
  for (int i = 0; v && (i == 0 || most > 0); list.n[i++] = (int64_t)v->number, v = v->next)
    if (v->type != '0' || !(v->number >= least && v->number <= largest) || v->number != (double)(int64_t)v->number)
      fail("not an integer, too small or too large: ", key);
  return list;
}

enum { MOST = 1 << 28, FILE_MOST = 1 << 26 };                /* numbers of an edge; bytes of a file */
static int64_t integer(const Value *v, const char *key, int least) { return integers(v, key, 0, 0, least, MOST).n[0]; }
static List shape_of(const Value *v) { return integers(v, "shape", 1, 8, 1, MOST); }
static uint32_t word(const unsigned char *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }
static int bit(const unsigned char *p, int64_t i) { return p ? p[i / 8] >> i % 8 & 1 : 0; }

static float real(const unsigned char *p, int64_t i) {
  union { uint32_t bits; float value; } u = {word(p + 4 * i)};
  return u.value;
}

/* The bytes of a node's tensor, which has so many elements; NULL where it has none of this role. */
static const unsigned char *tensor(const Value *node, const char *role, const char *dtype, int64_t count) {
  const Value *name = get(get(node, "tensors", '{'), role, '?');
  if (!name) return NULL;
  const Value *entry = get(header, name->type == '"' ? name->text : role, '{');
  List place = integers(entry, "data_offsets", 2, 2, 0, data_size);
  if (!is(text(entry, "dtype"), dtype) || place.n[1] - place.n[0] != count * (*dtype == 'U' ? 1 : 4))
    fail("a tensor is not of the type and size that belong to its role: ", role);
  for (int64_t i = place.n[0]; *dtype == 'F' && i < place.n[1]; i += 4)
    if ((word(data + i) & 0x7f800000) == 0x7f800000) fail("a tensor holds a NaN or an infinity: ", role);
  return data + place.n[0];
}

static const Edge *edge(const Value *name) {
  int64_t i = 0;
  while (i < edge_count && !(name && name->type == '"' && is(edges[i].name, name->text))) i++;
  if (i == edge_count) fail("it names an edge that is not there", "");
  return &edges[i];
}

/* An edge of the current node's name, and of the type and shape that are stated of it. */
static Edge *make(const Value *stated, const char *type, List shape) {
  List said = stated ? shape_of(stated) : shape;
  double count = 1;
  for (int i = 0; i < shape.count; i++) count *= (double)shape.n[i];
  if (memcmp(&said, &shape, sizeof shape) != 0 || (stated && !is(type, text(stated, "type"))) || count > MOST)
    fail("it does not make what it says, or more than 2^28 numbers", "");
  edges[edge_count] = (Edge){part, type, shape, (int64_t)count, shape.n[shape.count - 1], take(count, sizeof(float))};
  return &edges[edge_count++];
}

/* All that slides a window: convolutions, dense layers (of a picture with one column) and pools. Sums of products of
   signs are exact in f64; who wants them fast packs both and counts bits: d = n - 2 popcount(x ^ w). */
static void slide(const Value *node, const Value *attrs, const Edge *in, const char *op) {
  int pool = strstr(op, "Pool") != NULL, dense = strstr(op, "ense") != NULL, binary = *op == 'b', largest = *op == 'm';
  List size = {2, {1, 1}}, strides = size, dilations = size, pads = {4, {0}}, shape = in->shape;
  int64_t height = dense ? in->count / in->channels : shape.n[0], width = dense ? 1 : shape.n[1];
  if (!dense) {
    const Value *window = get(attrs, "window", '{');
    size = integers(window, "size", 2, 2, 1, 65536), strides = integers(window, "strides", 2, 2, 1, 65536);
    dilations = integers(window, "dilations", 2, 2, 1, 65536), pads = integers(window, "pads", 4, 4, 0, 65536);
    if (shape.count != 3) fail("it reads no picture", "");
    for (int i = 0; i < 2; i++) {
      int64_t room = shape.n[i] + pads.n[i] + pads.n[i + 2] - dilations.n[i] * (size.n[i] - 1) - 1;
      if (room < 0) fail("its window is larger than the padded picture", "");
      shape.n[i] = room / strides.n[i] + 1;
    }
  }
  int64_t filters = pool ? in->channels : integer(attrs, dense ? "units" : "filters", 1);
  int64_t groups = pool || dense ? 1 : integer(attrs, "groups", 1), per_group = in->channels / groups;
  int64_t pad = pool || dense ? 0 : integer(attrs, "padValue", *in->type == 'u' ? 0 : -1);
  int64_t taps = size.n[0] * size.n[1], bits = taps * per_group, bytes = (bits + 7) / 8, cols = dense ? 1 : shape.n[1];
  if (in->channels % groups || filters % groups || pad > 1 || bits > 1 << 24) fail("groups, pads or sums misfit", "");
  const char *weights = pool ? "none" : binary ? "bits" : text(attrs, "weights");
  const unsigned char *signs = is(weights, "bits") ? tensor(node, "kernel", "U8", filters * bytes) : NULL;
  const unsigned char *kernel = is(weights, "f32") ? tensor(node, "kernel", "F32", filters * bits) : NULL;
  const unsigned char *bias = pool || binary ? NULL : tensor(node, "bias", "F32", filters);
  const unsigned char *flips = largest && *in->type == 'b' ? tensor(node, "flips", "U8", (filters + 7) / 8) : NULL;
  if (!pool && !signs && !kernel) fail("it has no kernel, or weights that this reader does not know: ", weights);
  shape.n[shape.count - 1] = filters;
  const Edge *out = make(get(node, "output", '{'), binary ? "i32" : largest ? in->type : "f32", shape);
  for (int64_t o = 0; o < out->count; o++) {
    int64_t f = o % filters, first = f / (filters / groups) * per_group;
    double sum = 0, inside = 0;
    float best = 0;
    for (int64_t k = 0; k < taps; k++) {
      int64_t y = o / filters / cols * strides.n[0] + k / size.n[1] * dilations.n[0] - pads.n[0];
      int64_t x = o / filters % cols * strides.n[1] + k % size.n[1] * dilations.n[1] - pads.n[1];
      const float *seen = y < 0 || y >= height || x < 0 || x >= width ? NULL : in->x + (y * width + x) * in->channels;
      if (pool && seen) {
        if (inside++ == 0 || (bit(flips, f) ? seen[f] < best : seen[f] > best) || seen[f] != seen[f]) best = seen[f];
        sum += seen[f];
      }
      for (int64_t i = k * per_group, c = first; !pool && (seen || pad) && c < first + per_group; c++, i++) {
        double weight = kernel ? real(kernel, i * filters + f) : 1 - 2 * bit(signs + f * bytes, i);
        sum += (seen ? seen[c] : (double)pad) * weight;
      }
    }
    if (pool && inside == 0) fail("its window lies outside of the picture", "");
    out->x[o] = largest ? best : (float)(pool ? sum / inside : bias ? sum + real(bias, f) : sum);
  }
}

/* What changes each number by itself; add, of two; reshape. */
static void each(const Value *node, const Value *attrs, const Edge *in, const char *op) {
  int sign = is(op, "sign"), threshold = is(op, "threshold"), affine = is(op, "affine"), add = is(op, "add");
  int relu = is(op, "relu"), clip = is(op, "clip"), reshape = is(op, "reshape");
  const char *type = sign || threshold ? text(attrs, "values") : reshape ? in->type : "f32";
  const unsigned char *least = threshold ? tensor(node, "thresholds", "I32", in->channels) : NULL;
  const unsigned char *flips = threshold ? tensor(node, "flips", "U8", (in->channels + 7) / 8) : NULL;
  const unsigned char *a = affine ? tensor(node, "a", "F32", in->channels) : NULL;
  const unsigned char *b = affine ? tensor(node, "b", "F32", in->channels) : NULL;
  float min = clip ? (float)get(attrs, "min", '0')->number : 0, max = clip ? (float)get(attrs, "max", '0')->number : 0;
  const Edge *other = add ? edge(get(node, "inputs", '[')->child->next) : NULL;
  if (other && (!strchr("fi", *other->type) || memcmp(&other->shape, &in->shape, sizeof in->shape) != 0))
    fail("it cannot add what it reads", "");
  const Edge *out = make(get(node, "output", '{'), type, reshape ? shape_of(attrs) : in->shape);
  if (out->count != in->count || (threshold && !least)) fail("it has no thresholds, or another size than it reads", "");
  for (int64_t i = 0, c = 0; i < in->count; c = ++i % in->channels) {
    float x = in->x[i], low = *type == 'u' ? 0 : -1;
    if (sign && x != x) fail("it reads a NaN, which has no sign", "");
    if (sign) x = x >= 0 ? 1 : low;
    else if (threshold) x = ((int64_t)x >= (int32_t)word(least + 4 * c)) != bit(flips, c) ? 1 : low;
    else if (relu) x = x <= 0 ? 0 : x;
    else if (clip) x = x < min ? min : x > max ? max : x;
    else if (add) x = x + other->x[i];
    else if (a) x = real(a, c) * x;
    out->x[i] = b ? x + real(b, c) : x;
  }
}

static void run(const Value *node) {
  static const char *const reads[][2] = {
    {"sign", "fi"}, {"threshold", "i"}, {"affine", "fi"}, {"relu", "fi"}, {"clip", "fi"}, {"add", "fi"},
    {"reshape", "fibu"}, {"binaryConv2d", "bu"}, {"binaryDense", "bu"}, {"conv2d", "fi"}, {"dense", "fi"},
    {"maxPool2d", "fib"}, {"averagePool2d", "fi"}, {NULL, NULL}};
  const Value *inputs = get(node, "inputs", '[');
  int op = 0;
  part = text(node, "name");
  while (reads[op][0] && !is(reads[op][0], text(node, "op"))) op++;
  if (!reads[op][0]) fail("this reader has no op ", text(node, "op"));
  const Edge *in = edge(inputs->child);
  if (inputs->count != 1 + is(reads[op][0], "add") || !strchr(reads[op][1], *in->type))
    fail("the edges that it reads are too many, too few, or of a wrong type: ", in->type);
  (op < 7 ? each : slide)(node, get(node, "attributes", '{'), in, reads[op][0]);
}

static unsigned char *read_file(const char *path, int64_t *size) {   /* a zero stands behind */
  unsigned char *bytes = take(FILE_MOST, 1);
  FILE *stream = fopen(file = path, "rb");
  part = NULL;
  if (!stream || (*size = (int64_t)fread(bytes, 1, FILE_MOST, stream)) == FILE_MOST || ferror(stream))
    fail("it cannot be read, or has 64 MiB and more", "");
  fclose(stream);
  return bytes;
}

/* Raw bytes, as many as the model reads, or a picture of that size: PGM (P5, 1 channel) or PPM (P6, 3), no comments. */
static void read_picture(const char *path, const Edge *in, const Value *pixels) {
  const Value *mean = NULL, *std = NULL;
  const int64_t *n = in->shape.n;
  int kind, width, height, most, from = 0;
  int64_t size;
  const unsigned char *bytes = read_file(path, &size);
  if (sscanf((const char *)bytes, "P%1d %6d %6d %6d%n", &kind, &width, &height, &most, &from) == 4 && from++ > 0 &&
      (n[0] != height || n[1] != width || n[2] != 2 * kind - 9 || in->shape.count != 3 || most != 255))
    fail("it has another size or other channels than the model reads, or values up to another number than 255", "");
  if (size - from != in->count) fail("it has not as many bytes as the model reads", "");
  for (int64_t i = 0; i < in->count; i++, mean = mean->next, std = std->next) {
    if (i % in->channels == 0) mean = get(pixels, "mean", '[')->child, std = get(pixels, "std", '[')->child;
    if (!mean || !std || !(std->number > 0)) fail("the model does not say how each channel becomes numbers", "");
    in->x[i] = (float)((bytes[from + i] / 255.0 - mean->number) / std->number);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) fail("give a model and a picture: bnn MODEL.bnn PICTURE", "");
  int64_t size, best = 0;
  unsigned char *bytes = read_file(argv[1], &size);
  int64_t n = size >= 8 && word(bytes + 4) == 0 ? word(bytes) : 0;
  if (n == 0 || n % 8 != 0 || n > size - 8) fail("it is no model file, or cut off", "");
  data = bytes + 8 + n, data_size = (double)(size - 8 - n);
  at = memmove(bytes + 7, bytes + 8, (size_t)n), at[n] = 0;  /* one to the front: the header ends with a zero then */
  header = json(1);
  const Value *metadata = get(header, "__metadata__", '{');
  if (!is(text(metadata, "format"), "surge-bnn") || !is(text(metadata, "version"), "1"))
    fail("this reader knows version 1 of surge-bnn; the file is of version ", text(metadata, "version"));
  at = get(metadata, "graph", '"')->text;
  const Value *graph = json(1), *input = get(graph, "inputs", '[')->child, *nodes = get(graph, "nodes", '[');
  if (!input) fail("its graph has no input", "");
  edges = take((double)nodes->count + 1, sizeof *edges);
  part = text(input, "name");
  read_picture(argv[2], make(NULL, "f32", shape_of(input)), get(input, "pixels", '{'));
  file = argv[1];
  for (const Value *node = nodes->child; node; node = node->next) run(node);
  part = NULL;
  const Edge *out = edge(get(graph, "outputs", '[')->child);
  for (int64_t i = 0; i < out->count; i++) if (out->x[i] > out->x[best]) best = i;
  const Value *classes = get(graph, "classes", '?'), *class = classes ? classes->child : NULL;
  for (int64_t i = 0; class && i < best; i++) class = class->next;
  if (class && class->text) printf("class %s\nlogits", class->text);
  else printf("class %d\nlogits", (int)best);
  for (int64_t i = 0; i < out->count; i++) printf(" %a", (double)out->x[i]);
  return printf("\n") < 0;
}
