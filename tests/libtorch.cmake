# Tests of what runs models by LibTorch.
set(test_of_libtorch_train caption_weights)
foreach(room layers decode engine train)
  caption_test(libtorch_${room} unit/libtorch/${room} LIBTORCH LINKS caption_libtorch_${room} ${test_of_libtorch_${room}})
endforeach()
# Whole captions on a device of the tests' own.
caption_test(device device LIBTORCH LINKS caption_libtorch_engine OPENS caption_opencv_module)

# The installation that has the part for GPUs, where the build's does not: LibTorch is the one for the CPU, which tests replace.
if(NOT CAPTION_GPU_PREFIX STREQUAL CMAKE_BINARY_DIR)
  set(gpu_modules ${CAPTION_GPU_PREFIX}/lib/caption)
  add_custom_command(OUTPUT ${CAPTION_GPU_PREFIX}/bin/caption
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CAPTION_GPU_PREFIX}/bin ${gpu_modules}
    # A copy: the program finds its parts relative to itself, links resolved.
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:caption> ${CAPTION_GPU_PREFIX}/bin/caption
    COMMAND ${CMAKE_COMMAND} -E create_symlink $<TARGET_FILE:caption_opencv_module> ${gpu_modules}/libcaption_opencv.so
    COMMAND ${CMAKE_COMMAND} -E create_symlink
      $<TARGET_FILE:caption_sentencepiece_module> ${gpu_modules}/libcaption_sentencepiece.so
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${CMAKE_BINARY_DIR}/share ${CAPTION_GPU_PREFIX}/share
    DEPENDS caption caption_opencv_module caption_sentencepiece_module VERBATIM)
  add_custom_target(gpu_tree ALL DEPENDS ${CAPTION_GPU_PREFIX}/bin/caption caption_libtorch)
endif()
