# libtorch: the one that find_package finds (Debian's, or another's through CMAKE_PREFIX_PATH), or, where LIFTED_LIBTORCH names the folder that
# scripts/install-torch.sh made of a wheel, that one. A CUDA wheel's own package file wants a CUDA toolkit even of those who compute on the CPU;
# the targets here bear its names and take the parts that are there.
set(LIFTED_LIBTORCH "" CACHE PATH "Folder of an unpacked torch wheel (scripts/install-torch.sh)")

function(lifted_libtorch_library name)
  find_library(LIFTED_LIBRARY_${name} ${name} PATHS ${LIFTED_LIBTORCH}/torch/lib NO_DEFAULT_PATH NO_CACHE)
  if(NOT LIFTED_LIBRARY_${name})
    return()
  endif()
  add_library(${name} SHARED IMPORTED)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${LIFTED_LIBRARY_${name}}
    INTERFACE_INCLUDE_DIRECTORIES "${lifted_libtorch_include};${lifted_libtorch_include}/torch/csrc/api/include")
endfunction()

# The wheel's headers but those of fmt, which torch's own interface does not use and which would hide the fmt that we and spdlog are built with.
function(lifted_libtorch_headers folder)
  file(REMOVE_RECURSE ${folder})
  file(MAKE_DIRECTORY ${folder})
  file(GLOB entries RELATIVE ${LIFTED_LIBTORCH}/torch/include ${LIFTED_LIBTORCH}/torch/include/*)
  list(REMOVE_ITEM entries fmt)
  foreach(entry ${entries})
    file(CREATE_LINK ${LIFTED_LIBTORCH}/torch/include/${entry} ${folder}/${entry} SYMBOLIC)
  endforeach()
endfunction()

if(NOT LIFTED_LIBTORCH)
  find_package(Torch REQUIRED)
elseif(NOT TARGET torch)
  if(NOT EXISTS ${LIFTED_LIBTORCH}/torch/lib/libtorch_cpu.so)
    message(FATAL_ERROR "${LIFTED_LIBTORCH}: no libtorch there; scripts/install-torch.sh brings one")
  endif()
  set(lifted_libtorch_include ${CMAKE_BINARY_DIR}/libtorch-headers)
  lifted_libtorch_headers(${lifted_libtorch_include})
  add_library(torch INTERFACE IMPORTED)
  foreach(name c10 torch_cpu c10_cuda torch_cuda)
    lifted_libtorch_library(${name})
    if(TARGET ${name})
      target_link_libraries(torch INTERFACE ${name})
    endif()
  endforeach()
  if(TARGET torch_cuda) # nothing names its symbols: its kernels enter themselves when it is loaded
    target_link_options(torch INTERFACE LINKER:--no-as-needed)
  endif()
  set(TORCH_LIBRARIES torch)
  # One OpenMP in a process: the wheel's own, whatever its name.
  file(GLOB lifted_libtorch_openmp ${LIFTED_LIBTORCH}/torch/lib/libgomp*)
  if(lifted_libtorch_openmp)
    set(OpenMP_gomp_LIBRARY ${lifted_libtorch_openmp} CACHE FILEPATH "OpenMP's library")
  endif()
  set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON) # what is installed finds the wheel's libraries where they are
  file(STRINGS ${LIFTED_LIBTORCH}/torch/version.py Torch_VERSION REGEX "^__version__ = ")
  string(REGEX REPLACE ".*'(.*)'.*" "\\1" Torch_VERSION "${Torch_VERSION}")
  message(STATUS "libtorch ${Torch_VERSION} in ${LIFTED_LIBTORCH}")
endif()
