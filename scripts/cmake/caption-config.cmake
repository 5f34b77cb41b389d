# find_package(caption): the target caption::caption, the library and its headers. It needs nothing else.
include("${CMAKE_CURRENT_LIST_DIR}/caption-targets.cmake")
