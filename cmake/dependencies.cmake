# Debian's packages by default (scripts/install-deps.sh).
include(cmake/libtorch.cmake)
# at::parallel_for is a header template: without OpenMP in our own compile flags it runs on one thread and says nothing.
# clang's OpenMP is a package of its own, and another one than libtorch's: its sanitizers and fuzzers do with one thread.
if(NOT (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_BUILD_TYPE STREQUAL "Sanitized"))
  find_package(OpenMP REQUIRED COMPONENTS CXX)
endif()
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
if(LIFTED_MESHOPTIMIZER)
  find_package(meshoptimizer REQUIRED)
endif()
find_package(PkgConfig REQUIRED)
pkg_check_modules(images REQUIRED IMPORTED_TARGET libpng libjpeg libwebp libwebpdemux freetype2)
if(LIFTED_FFMPEG)
  pkg_check_modules(ffmpeg REQUIRED IMPORTED_TARGET libavformat libavcodec libavfilter libswscale libavutil)
endif()

# Not by pkg-config: Debian's entry drags in include paths of GnuTLS, which our use of the library does not need.
if(LIFTED_VIEWER)
  find_library(LIFTED_MICROHTTPD microhttpd REQUIRED)
endif()

# Not by its own configuration: that asks for every module of OpenCV.
if(LIFTED_OPENCV)
  find_path(LIFTED_OPENCV_INCLUDE opencv2/objdetect.hpp PATH_SUFFIXES opencv4 REQUIRED)
  set(LIFTED_OPENCV_LIBRARIES "")
  foreach(part objdetect imgproc core)
    find_library(LIFTED_OPENCV_${part} opencv_${part} REQUIRED)
    list(APPEND LIFTED_OPENCV_LIBRARIES ${LIFTED_OPENCV_${part}})
  endforeach()
endif()

# The font of contact-sheet labels, embedded into the library at build time.
find_file(LIFTED_LABEL_FONT DejaVuSans.ttf PATHS /usr/share/fonts/truetype/dejavu /usr/share/fonts/TTF REQUIRED)
