# OpenCV's parts that we use, as one target, caption_opencv_parts. Its own CMake files come with all of its modules' headers,
# 200 packages on Debian; three libraries and their headers are found without them.
find_path(CAPTION_OPENCV_INCLUDE opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4 REQUIRED
  DOC "Folder that holds opencv2/: on Debian, install libopencv-imgcodecs-dev")
add_library(caption_opencv_parts INTERFACE)
target_include_directories(caption_opencv_parts SYSTEM INTERFACE ${CAPTION_OPENCV_INCLUDE})
foreach(part core imgproc imgcodecs)
  find_library(CAPTION_OPENCV_${part} opencv_${part} REQUIRED)
  target_link_libraries(caption_opencv_parts INTERFACE ${CAPTION_OPENCV_${part}})
endforeach()
