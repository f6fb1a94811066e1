include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
install(TARGETS lifted EXPORT lifted-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(TARGETS liftedgan RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(TARGETS liftedgan_program RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/liftedgan COMPONENT program)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/generated/launcher/liftedgan.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
  COMPONENT program)
install(DIRECTORY lifted DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.h" PATTERN "app" EXCLUDE PATTERN "launcher" EXCLUDE
  PATTERN "ops/autograd" EXCLUDE PATTERN "ops/reference" EXCLUDE) # which have no headers
install(EXPORT lifted-targets NAMESPACE lifted:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lifted COMPONENT development)
configure_package_config_file(cmake/lifted-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/lifted-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lifted)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/lifted-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/lifted-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/lifted-config-version.cmake cmake/libtorch.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lifted COMPONENT development)
