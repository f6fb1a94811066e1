# Compiles the sources of a folder some at a time as one: what every source pays for libtorch's headers (8 to 20 seconds, even precompiled: GCC looks at
# all their pending templates again, and compiles what of them is used) is paid once a group. Off (-DLIFTED_UNITY=OFF) is better while one file is edited
# again and again.
option(LIFTED_UNITY "Compile several sources at a time" ON)
# Groups as large as leave every core something to do: on two cores a folder.
cmake_host_system_information(RESULT lifted_cores QUERY NUMBER_OF_LOGICAL_CORES)
if(NOT lifted_cores)
  set(lifted_cores 1) # not known
endif()
math(EXPR lifted_unity_size "120 / ${lifted_cores}")
if(lifted_unity_size LESS 10)
  set(lifted_unity_size 10)
elseif(lifted_unity_size GREATER 60)
  set(lifted_unity_size 60)
endif()
set(LIFTED_UNITY_SIZE ${lifted_unity_size} CACHE STRING "Sources of a folder compiled at a time")

# GCC's collector looks through a precompiled header of half a gigabyte again and again, a fifth of the time: not before its heap has the share of the
# memory that one of as many compilers as there are cores may have, in coarse steps (every command line has it) and of what a container may use.
cmake_host_system_information(RESULT lifted_memory QUERY TOTAL_PHYSICAL_MEMORY) # in MiB
if(EXISTS /sys/fs/cgroup/memory.max)
  file(READ /sys/fs/cgroup/memory.max limit)
  if(limit MATCHES "^[0-9]+")
    math(EXPR limit "${CMAKE_MATCH_0} >> 20")
    if(limit LESS lifted_memory)
      set(lifted_memory ${limit})
    endif()
  endif()
endif()
math(EXPR lifted_heap "${lifted_memory} * 1024 / (3 * ${lifted_cores}) / 500000 * 500000")
if(lifted_heap GREATER 3000000)
  set(lifted_heap 3000000)
endif()
set(LIFTED_GCC_HEAP ${lifted_heap} CACHE STRING "KiB that a GCC takes before it collects garbage; 0: as it likes")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND LIFTED_GCC_HEAP)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:--param ggc-min-heapsize=${LIFTED_GCC_HEAP} --param ggc-min-expand=100>")
endif()

# unity_sources(TARGET FILES…): replaces the target's FILES by sources that include at most LIFTED_UNITY_SIZE of one folder of lifted/ or tests/ each, in
# the order of their names. CMake's own unity builds name files by absolute paths, which a compiler cache cannot share between clones; these do not.
function(unity_sources target)
  if(NOT LIFTED_UNITY)
    return()
  endif()
  set(groups "")
  foreach(source ${ARGN})
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE path)
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${path})
    string(REGEX MATCH "^[^/]+/[^/]+" folder ${name})
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    if(NOT DEFINED count_${folder})
      set(count_${folder} 0)
    endif()
    math(EXPR number "${count_${folder}} / ${LIFTED_UNITY_SIZE}")
    math(EXPR count_${folder} "${count_${folder}} + 1")
    string(APPEND text_${folder}_${number} "#include \"${name}\"\n")
    list(APPEND groups ${folder}_${number})
  endforeach()
  list(REMOVE_DUPLICATES groups)
  get_target_property(sources ${target} SOURCES)
  list(REMOVE_ITEM sources ${ARGN})
  foreach(group ${groups})
    set(file ${CMAKE_BINARY_DIR}/unity/${target}/${group}.cpp)
    # What a source hides in an anonymous namespace is its own, though GCC sees a header in every source but the first.
    file(CONFIGURE OUTPUT ${file} CONTENT "#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored \"-Wsubobject-linkage\"
#endif
${text_${group}}" @ONLY)
    list(APPEND sources ${file})
  endforeach()
  set_target_properties(${target} PROPERTIES SOURCES "${sources}")
endfunction()
