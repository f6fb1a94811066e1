# Debian packages, in a folder of the preset "package": liftedgan (program and manual) and liblifted-dev (static and
# shared library, headers, CMake package, pkg-config file).
#   cmake --preset package && cmake --build build/package && cpack --preset package
if(NOT LIFTED_BUILD_SHARED)
  return()
endif()

# The same objects as the static library's, which are position independent in such a build.
set(objects $<TARGET_OBJECTS:lifted> $<TARGET_OBJECTS:lifted_loops>)
foreach(part lifted_kernels_baseline lifted_kernels_avx2 lifted_kernels_avx512 lifted_cuda)
  if(TARGET ${part})
    list(APPEND objects $<TARGET_OBJECTS:${part}>)
  endif()
endforeach()
add_library(lifted_shared SHARED ${objects})
set_target_properties(lifted_shared PROPERTIES OUTPUT_NAME lifted LINKER_LANGUAGE CXX
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_compile_features(lifted_shared INTERFACE cxx_std_20)
target_include_directories(lifted_shared INTERFACE $<INSTALL_INTERFACE:include>)
target_link_libraries(lifted_shared PUBLIC ${lifted_public_libraries}
  PRIVATE ${lifted_private_libraries} $<TARGET_NAME_IF_EXISTS:meshoptimizer::meshoptimizer>)
target_link_options(lifted_shared PRIVATE LINKER:--no-undefined)
install(TARGETS lifted_shared EXPORT lifted-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)

file(RELATIVE_PATH prefix_from_pkgconfig ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/lifted.pc.in ${CMAKE_CURRENT_BINARY_DIR}/generated/lifted.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/generated/lifted.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)
foreach(package program=liftedgan development=liblifted-dev)
  string(REPLACE "=" ";" package ${package})
  list(GET package 0 component)
  list(GET package 1 name)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} RENAME copyright COMPONENT ${component})
  install(FILES THIRD_PARTY.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
endforeach()
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/liblifted-dev COMPONENT development)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME liftedgan)
set(CPACK_PACKAGE_VENDOR "The lifted authors")
set(CPACK_PACKAGE_CONTACT "The lifted authors <lifted@users.noreply.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME liftedgan)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
# A fast BLAS beneath libtorch, and what finds faces in photographs.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "libopenblas0-pthread, opencv-data")
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "3D-aware faces from a lifted 2D StyleGAN
Trains, lifts, renders, measures and serves: every sampled face can be turned,
relit, blended and exported as a mesh. Reads the published PyTorch checkpoints
as they are; a small model of heads is built in.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME liblifted-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# What its headers include, and what the static library is linked with; the shared library's needs are found.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libtorch-dev, libfmt-dev, nlohmann-json3-dev, libspdlog-dev, \
libssl-dev, zlib1g-dev, libpng-dev, libjpeg-dev, libwebp-dev, libfreetype-dev, libavformat-dev, libavcodec-dev, \
libavfilter-dev, libswscale-dev, libavutil-dev, libmicrohttpd-dev, libmeshoptimizer-dev, libopencv-objdetect-dev, \
pkg-config")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "3D-aware faces from a lifted 2D StyleGAN (C++20 library)
Headers, the shared and the static library, a CMake package (lifted::lifted is
static, lifted::lifted_shared is not) and a pkg-config file for the shared one.")
include(CPack)
