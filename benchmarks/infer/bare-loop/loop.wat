(module
 (type $0 (func (param i32 i32 i32 i32) (result i64)))
 (memory $0 1)
 (export "oneByEight" (func $benchmarks/infer/bare-loop/assembly/loop/oneByEight))
 (export "twoByFour" (func $benchmarks/infer/bare-loop/assembly/loop/twoByFour))
 (export "twoByTwo" (func $benchmarks/infer/bare-loop/assembly/loop/twoByTwo))
 (export "carrySave" (func $benchmarks/infer/bare-loop/assembly/loop/carrySave))
 (export "memory" (memory $0))
 (func $benchmarks/infer/bare-loop/assembly/loop/twoByTwo (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (result i64)
  (local $4 i32)
  (local $5 v128)
  (local $6 v128)
  (local $7 v128)
  (local $8 v128)
  (local $9 i32)
  (local $10 i64)
  (local $11 i32)
  (local $12 i32)
  (local $13 v128)
  (local $14 v128)
  (local $15 v128)
  local.get $2
  i32.const 5
  i32.shl
  local.set $11
  loop $for-loop|0
   local.get $3
   local.get $9
   i32.gt_s
   if
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $5
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $6
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $7
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $8
    local.get $1
    local.set $4
    local.get $11
    local.get $0
    local.tee $2
    i32.add
    local.set $12
    loop $for-loop|1
     local.get $2
     local.get $12
     i32.lt_u
     if
      local.get $5
      local.get $2
      v128.load
      local.tee $15
      local.get $4
      v128.load
      local.tee $14
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $5
      local.get $6
      local.get $2
      v128.load offset=16
      local.tee $13
      local.get $14
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $6
      local.get $7
      local.get $15
      local.get $4
      v128.load offset=16
      local.tee $14
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $7
      local.get $8
      local.get $13
      local.get $14
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $8
      local.get $4
      i32.const 32
      i32.add
      local.set $4
      local.get $2
      i32.const 32
      i32.add
      local.set $2
      br $for-loop|1
     end
    end
    local.get $10
    local.get $5
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    local.get $6
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $7
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $8
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i32.add
    i64.extend_i32_s
    i64.add
    local.set $10
    local.get $9
    i32.const 1
    i32.add
    local.set $9
    br $for-loop|0
   end
  end
  local.get $10
 )
 (func $benchmarks/infer/bare-loop/assembly/loop/twoByFour (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (result i64)
  (local $4 i32)
  (local $5 v128)
  (local $6 v128)
  (local $7 v128)
  (local $8 v128)
  (local $9 v128)
  (local $10 v128)
  (local $11 v128)
  (local $12 v128)
  (local $13 i32)
  (local $14 i64)
  (local $15 i32)
  (local $16 i32)
  (local $17 v128)
  (local $18 v128)
  (local $19 v128)
  local.get $2
  i32.const 5
  i32.shl
  local.set $15
  loop $for-loop|0
   local.get $3
   local.get $13
   i32.gt_s
   if
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $5
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $6
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $7
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $8
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $9
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $10
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $11
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $12
    local.get $1
    local.set $2
    local.get $15
    local.get $0
    local.tee $4
    i32.add
    local.set $16
    loop $for-loop|1
     local.get $4
     local.get $16
     i32.lt_u
     if
      local.get $5
      local.get $4
      v128.load
      local.tee $18
      local.get $2
      v128.load
      local.tee $19
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $5
      local.get $6
      local.get $4
      v128.load offset=16
      local.tee $17
      local.get $19
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $6
      local.get $7
      local.get $18
      local.get $2
      v128.load offset=16
      local.tee $19
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $7
      local.get $8
      local.get $17
      local.get $19
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $8
      local.get $9
      local.get $18
      local.get $2
      v128.load offset=32
      local.tee $19
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $9
      local.get $10
      local.get $17
      local.get $19
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $10
      local.get $11
      local.get $18
      local.get $2
      v128.load offset=48
      local.tee $18
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $11
      local.get $12
      local.get $17
      local.get $18
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $12
      local.get $2
      i32.const -64
      i32.sub
      local.set $2
      local.get $4
      i32.const 32
      i32.add
      local.set $4
      br $for-loop|1
     end
    end
    local.get $9
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $9
    i32x4.extract_lane 0
    local.get $9
    i32x4.extract_lane 1
    i32.add
    local.get $9
    i32x4.extract_lane 2
    i32.add
    local.get $9
    i32x4.extract_lane 3
    i32.add
    local.get $10
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $9
    i32x4.extract_lane 0
    local.get $9
    i32x4.extract_lane 1
    i32.add
    local.get $9
    i32x4.extract_lane 2
    i32.add
    local.get $9
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $11
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $9
    i32x4.extract_lane 0
    local.get $9
    i32x4.extract_lane 1
    i32.add
    local.get $9
    i32x4.extract_lane 2
    i32.add
    local.get $9
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $12
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $9
    i32x4.extract_lane 0
    local.get $9
    i32x4.extract_lane 1
    i32.add
    local.get $9
    i32x4.extract_lane 2
    i32.add
    local.get $9
    i32x4.extract_lane 3
    i32.add
    i32.add
    i64.extend_i32_s
    local.get $14
    local.get $5
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    local.get $6
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $7
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $8
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i32.add
    i64.extend_i32_s
    i64.add
    i64.add
    local.set $14
    local.get $13
    i32.const 1
    i32.add
    local.set $13
    br $for-loop|0
   end
  end
  local.get $14
 )
 (func $benchmarks/infer/bare-loop/assembly/loop/oneByEight (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (result i64)
  (local $4 i32)
  (local $5 v128)
  (local $6 v128)
  (local $7 v128)
  (local $8 v128)
  (local $9 v128)
  (local $10 v128)
  (local $11 v128)
  (local $12 v128)
  (local $13 i32)
  (local $14 i64)
  (local $15 i32)
  (local $16 i32)
  (local $17 v128)
  local.get $2
  i32.const 4
  i32.shl
  local.set $15
  loop $for-loop|0
   local.get $3
   local.get $13
   i32.gt_s
   if
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $5
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $6
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $7
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $8
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $9
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $10
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $11
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $12
    local.get $1
    local.set $2
    local.get $15
    local.get $0
    local.tee $4
    i32.add
    local.set $16
    loop $for-loop|1
     local.get $4
     local.get $16
     i32.lt_u
     if
      local.get $5
      local.get $4
      v128.load
      local.tee $17
      local.get $2
      v128.load
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $5
      local.get $6
      local.get $17
      local.get $2
      v128.load offset=16
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $6
      local.get $7
      local.get $17
      local.get $2
      v128.load offset=32
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $7
      local.get $8
      local.get $17
      local.get $2
      v128.load offset=48
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $8
      local.get $9
      local.get $17
      local.get $2
      v128.load offset=64
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $9
      local.get $10
      local.get $17
      local.get $2
      v128.load offset=80
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $10
      local.get $11
      local.get $17
      local.get $2
      v128.load offset=96
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $11
      local.get $12
      local.get $17
      local.get $2
      v128.load offset=112
      v128.xor
      i8x16.popcnt
      i8x16.add
      local.set $12
      local.get $2
      i32.const 128
      i32.add
      local.set $2
      local.get $4
      i32.const 16
      i32.add
      local.set $4
      br $for-loop|1
     end
    end
    local.get $9
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $9
    i32x4.extract_lane 0
    local.get $9
    i32x4.extract_lane 1
    i32.add
    local.get $9
    i32x4.extract_lane 2
    i32.add
    local.get $9
    i32x4.extract_lane 3
    i32.add
    local.get $10
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $9
    i32x4.extract_lane 0
    local.get $9
    i32x4.extract_lane 1
    i32.add
    local.get $9
    i32x4.extract_lane 2
    i32.add
    local.get $9
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $11
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $9
    i32x4.extract_lane 0
    local.get $9
    i32x4.extract_lane 1
    i32.add
    local.get $9
    i32x4.extract_lane 2
    i32.add
    local.get $9
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $12
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $9
    i32x4.extract_lane 0
    local.get $9
    i32x4.extract_lane 1
    i32.add
    local.get $9
    i32x4.extract_lane 2
    i32.add
    local.get $9
    i32x4.extract_lane 3
    i32.add
    i32.add
    i64.extend_i32_s
    local.get $14
    local.get $5
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    local.get $6
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $7
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i32.add
    local.get $8
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i32.add
    i64.extend_i32_s
    i64.add
    i64.add
    local.set $14
    local.get $13
    i32.const 1
    i32.add
    local.set $13
    br $for-loop|0
   end
  end
  local.get $14
 )
 (func $benchmarks/infer/bare-loop/assembly/loop/carrySave (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (result i64)
  (local $4 i32)
  (local $5 v128)
  (local $6 v128)
  (local $7 v128)
  (local $8 v128)
  (local $9 i32)
  (local $10 i64)
  (local $11 i32)
  (local $12 i32)
  (local $13 v128)
  (local $14 v128)
  (local $15 v128)
  (local $16 v128)
  (local $17 v128)
  (local $18 v128)
  (local $19 v128)
  local.get $2
  i32.const 4
  i32.shl
  local.set $11
  loop $for-loop|0
   local.get $3
   local.get $9
   i32.gt_s
   if
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $5
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $6
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $7
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $8
    local.get $1
    local.set $4
    local.get $11
    local.get $0
    local.tee $2
    i32.add
    local.set $12
    loop $for-loop|1
     local.get $2
     local.get $12
     i32.lt_u
     if
      local.get $5
      local.get $2
      v128.load
      local.get $4
      v128.load
      v128.xor
      v128.xor
      local.tee $13
      local.get $2
      v128.load offset=16
      local.get $4
      v128.load offset=16
      v128.xor
      local.tee $14
      v128.xor
      local.tee $15
      local.get $2
      v128.load offset=32
      local.get $4
      v128.load offset=32
      v128.xor
      v128.xor
      local.set $16
      local.get $2
      v128.load offset=48
      local.get $4
      v128.load offset=48
      v128.xor
      local.tee $17
      local.get $15
      local.get $16
      v128.bitselect
      local.tee $15
      local.get $6
      local.get $6
      local.get $14
      local.get $5
      local.get $13
      v128.bitselect
      v128.xor
      local.tee $13
      v128.bitselect
      local.set $14
      local.get $16
      local.get $17
      v128.xor
      local.tee $16
      local.get $2
      v128.load offset=64
      local.get $4
      v128.load offset=64
      v128.xor
      v128.xor
      local.tee $17
      local.get $2
      v128.load offset=80
      local.get $4
      v128.load offset=80
      v128.xor
      local.tee $6
      v128.xor
      local.tee $18
      local.get $2
      v128.load offset=96
      local.get $4
      v128.load offset=96
      v128.xor
      v128.xor
      local.set $5
      local.get $2
      v128.load offset=112
      local.get $4
      v128.load offset=112
      v128.xor
      local.tee $19
      local.get $18
      local.get $5
      v128.bitselect
      local.set $18
      local.get $5
      local.get $19
      v128.xor
      local.set $5
      local.get $13
      local.get $15
      v128.xor
      local.tee $13
      local.get $6
      local.get $16
      local.get $17
      v128.bitselect
      v128.xor
      local.tee $15
      local.get $18
      v128.xor
      local.set $6
      local.get $8
      local.get $18
      local.get $13
      local.get $15
      v128.bitselect
      local.tee $13
      local.get $7
      local.get $7
      local.get $14
      v128.xor
      local.tee $7
      v128.bitselect
      i8x16.popcnt
      i8x16.add
      local.set $8
      local.get $7
      local.get $13
      v128.xor
      local.set $7
      local.get $4
      i32.const 128
      i32.add
      local.set $4
      local.get $2
      i32.const 128
      i32.add
      local.set $2
      br $for-loop|1
     end
    end
    local.get $10
    local.get $8
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $8
    i32x4.extract_lane 0
    local.get $8
    i32x4.extract_lane 1
    i32.add
    local.get $8
    i32x4.extract_lane 2
    i32.add
    local.get $8
    i32x4.extract_lane 3
    i32.add
    i64.extend_i32_s
    i64.const 3
    i64.shl
    local.get $7
    i8x16.popcnt
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $7
    i32x4.extract_lane 0
    local.get $7
    i32x4.extract_lane 1
    i32.add
    local.get $7
    i32x4.extract_lane 2
    i32.add
    local.get $7
    i32x4.extract_lane 3
    i32.add
    i64.extend_i32_s
    i64.const 2
    i64.shl
    i64.add
    i64.add
    local.get $5
    i8x16.popcnt
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i64.extend_i32_s
    local.get $6
    i8x16.popcnt
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u
    local.tee $5
    i32x4.extract_lane 0
    local.get $5
    i32x4.extract_lane 1
    i32.add
    local.get $5
    i32x4.extract_lane 2
    i32.add
    local.get $5
    i32x4.extract_lane 3
    i32.add
    i64.extend_i32_s
    i64.const 1
    i64.shl
    i64.add
    i64.add
    local.set $10
    local.get $9
    i32.const 1
    i32.add
    local.set $9
    br $for-loop|0
   end
  end
  local.get $10
 )
)
