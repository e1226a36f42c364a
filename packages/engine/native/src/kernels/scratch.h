// Scratch memory of a kernel, kept by its thread for the next kernel: taken from the system anew each time it would cost a page fault
// for every 4 KiB. 64-byte aligned, uninitialised.
#pragma once
#include <cstdlib>
#include <new>

#include "kernels/simd.h"

namespace surge::SURGE_ISA {

class ScratchPool {
 public:
  ~ScratchPool() {
    for (Block& b : blocks_) free(b.data);
  }

  // The smallest free block that holds `bytes`, or a new one in the place of the smallest free one.
  void* take(size_t bytes) {
    Block* best = nullptr;
    Block* smallest = nullptr;
    for (Block& b : blocks_) {
      if (b.taken) continue;
      if (b.bytes >= bytes && (!best || b.bytes < best->bytes)) best = &b;
      if (!smallest || b.bytes < smallest->bytes) smallest = &b;
    }
    if (!best) {
      best = smallest;
      if (!best) return nullptr;
      free(best->data);
      best->bytes = (bytes + bytes / 4 + 127) / 64 * 64;
      best->data = aligned_alloc(64, best->bytes);
      if (!best->data) {
        best->bytes = 0;
        return nullptr;
      }
    }
    best->taken = true;
    return best->data;
  }

  void give(void* data) {
    for (Block& b : blocks_)
      if (b.data == data) b.taken = false;
  }

 private:
  struct Block {
    void* data = nullptr;
    size_t bytes = 0;
    bool taken = false;
  };
  Block blocks_[12];
};

inline ScratchPool& scratchPool() {
  static thread_local ScratchPool pool;
  return pool;
}

// Room for `count` entries while the object lives, in the thread that made it.
template <class T>
class Scratch {
 public:
  // Throws std::bad_alloc; `split` and `tasks` carry it out of OpenMP's regions.
  explicit Scratch(long count) : data_(static_cast<T*>(scratchPool().take(most<long>(count, 1) * sizeof(T)))) {
    if (!data_) throw std::bad_alloc();
  }
  ~Scratch() { scratchPool().give(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  operator T*() const { return data_; }

 private:
  T* data_;
};

}  // namespace surge::SURGE_ISA
