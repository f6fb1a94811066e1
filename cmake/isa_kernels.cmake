# Inner loops (lifted/**/*_kernel.cpp) include no torch and are compiled once per instruction set; lifted/ops/cpu/isa.h
# picks the copy at run time, so one binary runs on any x86-64 and is fast on new ones. Each copy lives in the namespace LIFTED_ISA.
# -ffp-contract=off: an edge function shared by two triangles must round alike in both, whatever code surrounds it;
# kernels that want fused multiply-adds ask for them. -Wno-psabi: GCC's remark that vectors are passed to functions in
# another way than its version 4.5 did is of no use within a kernel.
function(add_isa_kernels target)
  file(GLOB_RECURSE kernels CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/lifted/*_kernel.cpp)
  if(NOT kernels)
    return()
  endif()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(levels baseline avx2 avx512)
    set(flags_baseline "")
    set(flags_avx2 -march=haswell)
    set(flags_avx512 -march=skylake-avx512 -mprefer-vector-width=512)
  else()
    set(levels baseline)
  endif()
  foreach(level ${levels})
    add_library(${target}_kernels_${level} OBJECT ${kernels})
    target_include_directories(${target}_kernels_${level} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_definitions(${target}_kernels_${level} PRIVATE LIFTED_ISA=isa_${level})
    target_compile_options(${target}_kernels_${level} PRIVATE
      -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math -Wno-psabi ${flags_${level}})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_kernels_${level}>)
  endforeach()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_definitions(${target} PRIVATE LIFTED_X86_ISA_LEVELS=1)
    target_compile_definitions(${target}_loops PRIVATE LIFTED_X86_ISA_LEVELS=1)
    # Targets that reuse the library's precompiled header need its definitions to the letter.
    set(LIFTED_ISA_DEFINITIONS LIFTED_X86_ISA_LEVELS=1 PARENT_SCOPE)
  endif()
endfunction()
