# The native provider: one addon; its kernels (src/kernels, src/packed) are compiled once for each instruction set and chosen at run time.
# Built by ../build-native.mjs, which finds the headers and says in one line what is missing.
{
  'variables': {
    'kernel_sources': [
      'src/kernels/branches.cc',
      'src/kernels/canonical_conv.cc',
      'src/kernels/element_wise.cc',
      'src/kernels/kernel_set.cc',
      'src/kernels/loss.cc',
      'src/kernels/minimal_gradients.cc',
      'src/kernels/norms.cc',
      'src/kernels/optimizers.cc',
      'src/kernels/pooling.cc',
      'src/kernels/reductions.cc',
      'src/kernels/roi_align.cc',
      'src/kernels/rows.cc',
      'src/kernels/sign_conv.cc',
      'src/kernels/sign_filter_product.cc',
      'src/kernels/sign_input_product.cc',
      'src/kernels/transformer.cc',
      'src/kernels/winograd_filter.cc',
      'src/kernels/winograd_input.cc',
      'src/packed/binary_conv.cc',
      'src/packed/float_conv.cc',
      'src/packed/functions.cc',
      'src/packed/gather_bits.cc',
      'src/packed/gather_floats.cc',
      'src/packed/int8_conv.cc',
      'src/packed/joining.cc',
      'src/packed/pooling.cc',
      'src/packed/program.cc',
      'src/packed/sign_weight_conv.cc',
      'src/packed/sink.cc',
      'src/packed/stage.cc',
    ],
    'sanitize%': '<!(node -p "process.env.SURGE_SANITIZE || \'\'")',
  },
  'target_defaults': {
    'cflags': ['-O3', '-fopenmp', '-fvisibility=hidden', '-Wall', '-Wextra', '-Wno-cast-function-type', '-Wno-psabi'],
    # Products and sums round where the source says so: the same number on every instruction set in evaluation.
    'cflags_cc': ['-std=c++17', '-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math'],
    'cflags!': ['-O2'],
    'cflags_cc!': ['-fno-exceptions', '-std=gnu++17'],
    'include_dirs': ['src'],
    'conditions': [
      ['sanitize != ""', { 'cflags': ['-fsanitize=<(sanitize)', '-fno-omit-frame-pointer', '-g'], 'ldflags': ['-fsanitize=<(sanitize)'] }],
    ],
  },
  'targets': [
    {
      'target_name': 'kernels_portable',
      'type': 'static_library',
      'sources': ['<@(kernel_sources)'],
      'defines': ['SURGE_ISA=portable', 'SURGE_VECTOR_BYTES=16'],
      'conditions': [['target_arch=="arm64"', { 'defines': ['SURGE_PLAIN_BITS'] }]],
    },
    {
      'target_name': 'surge_native',
      'sources': [
        'src/addon.cc',
        'src/isa.cc',
        'src/onednn/convolution.cc',
        'src/onednn/matmul.cc',
        'src/onednn/primitives.cc',
        'src/packed/check_program.cc',
        'src/native_elements.cc',
        'src/native_layers.cc',
        'src/native_products.cc',
        'src/native_provider.cc',
        'src/packed_kernels.cc',
        'src/provider.cc',
      ],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      'defines': ['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
      'cflags_cc': ['-fexceptions'],
      'ldflags': ['-fopenmp'],
      'dependencies': ['kernels_portable'],
      'libraries': ['-ldnnl'],
      'conditions': [
        ['target_arch=="x64"', { 'dependencies': ['kernels_avx2', 'kernels_avx512'], 'defines': ['SURGE_X64'] }],
        ['target_arch=="arm64"', { 'dependencies': ['kernels_neon'], 'defines': ['SURGE_ARM64'] }],
      ],
    },
  ],
  'conditions': [
    ['target_arch=="x64"', {
      'targets': [
        {
          'target_name': 'kernels_avx2',
          'type': 'static_library',
          'sources': ['<@(kernel_sources)'],
          'defines': ['SURGE_ISA=avx2', 'SURGE_VECTOR_BYTES=32'],
          'cflags': ['-mavx2', '-mfma', '-mbmi2', '-mpopcnt'],
        },
        {
          'target_name': 'kernels_avx512',
          'type': 'static_library',
          'sources': ['<@(kernel_sources)'],
          'defines': ['SURGE_ISA=avx512', 'SURGE_VECTOR_BYTES=64'],
          'cflags': [
            '-mavx2', '-mfma', '-mbmi2', '-mpopcnt', '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl',
            '-mavx512vpopcntdq', '-mprefer-vector-width=512',
          ],
        },
      ],
    }],
    ['target_arch=="arm64"', {
      'targets': [
        {
          'target_name': 'kernels_neon',
          'type': 'static_library',
          'sources': ['<@(kernel_sources)'],
          'defines': ['SURGE_ISA=neon', 'SURGE_VECTOR_BYTES=16'],
        },
      ],
    }],
  ],
}
