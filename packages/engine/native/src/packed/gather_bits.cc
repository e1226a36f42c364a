#include "packed/gather_bits.h"

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

}  // namespace

void gatherBits(const BitPicture& x, const Window& w, long y, long rows, char* to) {
  const bool words = x.channels % 32 == 0, together = words && w.dilationWidth == 1 && x.channels / 8 == x.pixelBytes;
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
