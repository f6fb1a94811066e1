# Compiles the sources of a folder some at a time as one: what every source pays for libtorch's headers (8 to 20 seconds, even precompiled: GCC looks at
# all their pending templates again) is paid once a group. Off (-DLIFTED_UNITY=OFF) is better while one file is edited again and again.
option(LIFTED_UNITY "Compile several sources at a time" ON)
set(LIFTED_UNITY_SIZE 10 CACHE STRING "Sources of a folder compiled at a time")

# unity_sources(TARGET FILES…): groups of at most LIFTED_UNITY_SIZE files of one folder.
function(unity_sources target)
  if(NOT LIFTED_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  foreach(source ${ARGN})
    get_filename_component(folder ${source} DIRECTORY)
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    if(NOT DEFINED count_${folder})
      set(count_${folder} 0)
    endif()
    math(EXPR group "${count_${folder}} / ${LIFTED_UNITY_SIZE}")
    math(EXPR count_${folder} "${count_${folder}} + 1")
    set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP "${folder}_${group}")
  endforeach()
endfunction()
