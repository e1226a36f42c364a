#include "packed/gather_bits.h"

#include "kernels/scratch.h"
#include "packed/taps.h"

namespace surge::SURGE_ISA {
namespace {

// Half a cache line at a time: what is written beyond the run is overwritten by the next one.
struct Chunk {
  char bytes[32];
};

inline char* copyRun(char* to, const char* from, long bytes) {
  for (long i = 0; i < bytes; i += sizeof(Chunk)) {
    Chunk chunk;
    memcpy(&chunk, from + i, sizeof chunk);
    memcpy(to + i, &chunk, sizeof chunk);
  }
  return to + bytes;
}

inline char* fillRun(char* to, char value, long bytes) {
  memset(to, value, bytes);
  return to + bytes;
}

// Channels that are whole words.
char* gatherWords(const BitPicture& x, const Window& w, const Look& look, char* to) {
  const long bytes = x.channels / 8;
  const char* from = x.pixels + x.firstChannel / 8;
  const char outside = x.setOutside ? -1 : 0;
  const bool together = w.dilationWidth == 1 && bytes == x.pixelBytes;
  for (int ky = 0; ky < w.filterHeight; ky++) {
    if (ky < look.firstRow || ky >= look.endRow) {
      to = fillRun(to, outside, w.filterWidth * bytes);
      continue;
    }
    if (look.firstColumn > 0) to = fillRun(to, outside, look.firstColumn * bytes);
    const char* pixel = from + look.pixel(w, ky, look.firstColumn) * x.pixelBytes;
    if (together) {
      to = copyRun(to, pixel, (look.endColumn - look.firstColumn) * bytes);
    } else {
      for (int kx = look.firstColumn; kx < look.endColumn; kx++, pixel += w.dilationWidth * x.pixelBytes) to = copyRun(to, pixel, bytes);
    }
    if (look.endColumn < w.filterWidth) to = fillRun(to, outside, (w.filterWidth - look.endColumn) * bytes);
  }
  return to;
}

char* gatherChannels(const BitPicture& x, const Window& w, const Look& look, char* to) {
  BitWriter writer(to);
  for (int ky = 0; ky < w.filterHeight; ky++) {
    if (ky < look.firstRow || ky >= look.endRow) {
      writer.putAll(x.setOutside, w.filterWidth * x.channels);
      continue;
    }
    writer.putAll(x.setOutside, look.firstColumn * x.channels);
    const char* pixel = x.pixels + look.pixel(w, ky, look.firstColumn) * x.pixelBytes;
    for (int kx = look.firstColumn; kx < look.endColumn; kx++, pixel += w.dilationWidth * x.pixelBytes)
      writer.putFrom(pixel, x.firstChannel, x.channels);
    writer.putAll(x.setOutside, (w.filterWidth - look.endColumn) * x.channels);
  }
  return writer.end();
}

// Rows of whole words whose windows have their taps side by side.
char* gatherRow(const BitPicture& x, const Window& w, long oy, char* to) {
  const int top = int(oy) * w.strideHeight - w.padTop, reach = (w.filterHeight - 1) * w.dilationHeight;
  const bool rowsInside = top >= 0 && top + reach < w.inHeight;
  const long run = w.filterWidth * x.pixelBytes, step = w.dilationHeight * w.inWidth * x.pixelBytes;
  for (int ox = 0; ox < w.outWidth; ox++) {
    const int left = ox * w.strideWidth - w.padLeft;
    if (!rowsInside || left < 0 || left + w.filterWidth > w.inWidth) {
      to = gatherWords(x, w, Look(w, int(oy), ox), to);
      continue;
    }
    const char* pixel = x.pixels + (long(top) * w.inWidth + left) * x.pixelBytes;
    for (int ky = 0; ky < w.filterHeight; ky++, pixel += step) to = copyRun(to, pixel, run);
  }
  return to;
}

// Channels that are no whole words: the rows that the strip sees are first written without the words' padding, so that the taps of a
// window's row are one run.
void gatherRuns(const BitPicture& x, const Window& w, long y, long rows, long inRows, long columns, char* to) {
  const long rowBytes = (columns * x.channels + 31) / 32 * 4 + 8;
  const Scratch<char> dense(inRows * rowBytes);
  for (long i = 0; i < inRows; i++) {
    const long row = y * w.strideHeight - w.padTop + i;
    BitWriter writer(dense + i * rowBytes);
    const bool inside = row >= 0 && row < w.inHeight;
    const long first = inside ? least<long>(columns, w.padLeft) : columns, end = most(first, least<long>(columns, w.padLeft + w.inWidth));
    writer.putAll(x.setOutside, first * x.channels);
    const char* pixel = x.pixels + row * w.inWidth * x.pixelBytes;
    for (long column = first; column < end; column++)
      writer.putFrom(pixel + (column - w.padLeft) * x.pixelBytes, x.firstChannel, x.channels);
    writer.putAll(x.setOutside, (columns - end) * x.channels);
    writer.end();
  }
  const long run = long(w.filterWidth) * x.channels, step = long(w.strideWidth) * x.channels;
  for (long oy = 0; oy < rows; oy++) {
    const char* first = dense + oy * w.strideHeight * rowBytes;
    for (int ox = 0; ox < w.outWidth; ox++) {
      BitWriter writer(to);
      for (int ky = 0; ky < w.filterHeight; ky++) writer.putFrom(first + ky * w.dilationHeight * rowBytes, ox * step, run);
      to = writer.end();
    }
  }
}

}  // namespace

void gatherBits(const BitPicture& x, const Window& w, long y, long rows, char* to) {
  const bool words = x.channels % 32 == 0, together = words && w.dilationWidth == 1 && x.channels / 8 == x.pixelBytes;
  const long inRows = (rows - 1) * w.strideHeight + (w.filterHeight - 1L) * w.dilationHeight + 1;
  const long columns = (w.outWidth - 1L) * w.strideWidth + w.filterWidth;
  if (!words && w.dilationWidth == 1 && w.filterWidth > 1 && inRows * columns <= rows * w.outWidth * w.taps()) {
    gatherRuns(x, w, y, rows, inRows, columns, to);
    return;
  }
  for (long oy = y; oy < y + rows; oy++) {
    if (together) {
      to = gatherRow(x, w, oy, to);
      continue;
    }
    for (int ox = 0; ox < w.outWidth; ox++) {
      const Look look(w, int(oy), ox);
      to = words ? gatherWords(x, w, look, to) : gatherChannels(x, w, look, to);
    }
  }
}

}  // namespace surge::SURGE_ISA
