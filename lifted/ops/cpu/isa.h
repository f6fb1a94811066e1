// Run-time choice among the copies of a kernel (see cmake/isa_kernels.cmake).
//
// In foo_kernel.h:                         LIFTED_DECLARE_ISA(void foo(const FooParams& p);)
// In foo_kernel.cpp:                       namespace lifted::ops::LIFTED_ISA { void foo(const FooParams& p) { … } }
// Where it is called (may include torch):  LIFTED_CALL_ISA(foo, params);
#pragma once

#if defined(LIFTED_X86_ISA_LEVELS)
#define LIFTED_DECLARE_ISA(...) \
  namespace isa_baseline {      \
  __VA_ARGS__                   \
  }                             \
  namespace isa_avx2 {          \
  __VA_ARGS__                   \
  }                             \
  namespace isa_avx512 {        \
  __VA_ARGS__                   \
  }
#define LIFTED_CALL_ISA(function, ...)                                                               \
  (::lifted::ops::isa_level() == ::lifted::ops::IsaLevel::avx512 ? isa_avx512::function(__VA_ARGS__) \
   : ::lifted::ops::isa_level() == ::lifted::ops::IsaLevel::avx2 ? isa_avx2::function(__VA_ARGS__)   \
                                                                 : isa_baseline::function(__VA_ARGS__))
#elif defined(LIFTED_ISA)
#define LIFTED_DECLARE_ISA(...) \
  namespace LIFTED_ISA {        \
  __VA_ARGS__                   \
  }
#else
#define LIFTED_DECLARE_ISA(...) \
  namespace isa_baseline {      \
  __VA_ARGS__                   \
  }
#define LIFTED_CALL_ISA(function, ...) isa_baseline::function(__VA_ARGS__)
#endif

namespace lifted::ops {

enum class IsaLevel { baseline, avx2, avx512 };

/// The best level this processor has; the environment variable LIFTED_ISA (baseline, avx2, avx512) lowers it.
IsaLevel isa_level();
const char* isa_name(IsaLevel level);

}  // namespace lifted::ops
