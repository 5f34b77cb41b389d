# Units for systemd, below lib/systemd/system of the installation. They name the program by the whole of its path: of an installation
# that was moved they are to be edited.
set(units ${PROJECT_SOURCE_DIR}/scripts/serve)
install(CODE "
  set(prefix \"\${CMAKE_INSTALL_PREFIX}\")
  configure_file(${units}/caption.service.in ${PROJECT_BINARY_DIR}/caption.service @ONLY)")
install(FILES ${units}/caption.socket ${PROJECT_BINARY_DIR}/caption.service DESTINATION lib/systemd/system)
