# `liftedgan`: a small executable that answers what needs no network from a table that the program itself writes, and starts the program
# (libexec/liftedgan/liftedgan) for all else. The manual comes from the same table.
set(answers ${CMAKE_CURRENT_BINARY_DIR}/generated/launcher/launcher_answers.inc)
set(manual ${CMAKE_CURRENT_BINARY_DIR}/generated/launcher/liftedgan.1)
# Written beside and renamed: a call that fails leaves no half table behind.
add_custom_command(OUTPUT ${answers} ${manual}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/generated/launcher
  COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0 $<TARGET_FILE:liftedgan_program> launcher-answers > ${answers}.part
  COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0 $<TARGET_FILE:liftedgan_program> man > ${manual}
  COMMAND ${CMAKE_COMMAND} -E rename ${answers}.part ${answers}
  DEPENDS liftedgan_program VERBATIM COMMENT "Writing what the launcher answers")
add_executable(liftedgan lifted/launcher/main.cpp lifted/launcher/environment.cpp lifted/base/blas_kernels.cpp ${answers})
target_include_directories(liftedgan PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/generated/launcher)
target_link_libraries(liftedgan PRIVATE ${CMAKE_DL_LIBS})
file(RELATIVE_PATH program_from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBEXECDIR}/liftedgan/liftedgan)
target_compile_definitions(liftedgan PRIVATE LIFTED_PROGRAM_FROM_BIN="${program_from_bin}")
