# Tests of what runs models by LibTorch.
foreach(room layers decode engine)
  caption_test(libtorch_${room} unit/libtorch/${room} LIBTORCH LINKS caption_libtorch_${room})
endforeach()
# Whole captions on a device of the tests' own.
caption_test(device device LIBTORCH LINKS caption_libtorch_engine OPENS caption_opencv_module)
