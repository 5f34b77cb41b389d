# LibTorch's libraries for the CPU, which those for GPUs build on, as one imported target, caption_torch; and where what needs
# them belongs. scripts/setup unpacks them from the PyPI wheel.
# find_package(Torch) of a CUDA wheel demands a CUDA toolkit, which a CPU build does not need.
if(NOT CAPTION_LIBTORCH)
  message(FATAL_ERROR "CAPTION_LIBTORCH is not set: run scripts/setup, which fetches LibTorch and says where it is, "
                      "then configure with -DCAPTION_LIBTORCH=THAT_FOLDER")
endif()
if(NOT EXISTS "${CAPTION_LIBTORCH}/torch/lib/libtorch_cpu.so")
  message(FATAL_ERROR "CAPTION_LIBTORCH: no torch/lib/libtorch_cpu.so in ${CAPTION_LIBTORCH}: run scripts/setup")
endif()

foreach(part c10 torch_cpu)
  add_library(libtorch_${part} SHARED IMPORTED)
  set_target_properties(libtorch_${part} PROPERTIES IMPORTED_LOCATION "${CAPTION_LIBTORCH}/torch/lib/lib${part}.so")
endforeach()

add_library(caption_torch INTERFACE)
target_include_directories(caption_torch SYSTEM INTERFACE
  "${CAPTION_LIBTORCH}/torch/include" "${CAPTION_LIBTORCH}/torch/include/torch/csrc/api/include")
target_compile_definitions(caption_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
# libtorch_cpu needs NVIDIA's runtime libraries, which its own RPATH finds at run time only.
target_link_options(caption_torch INTERFACE -Wl,--allow-shlib-undefined)
target_link_libraries(caption_torch INTERFACE libtorch_torch_cpu libtorch_c10)

# Without its libraries for GPUs, LibTorch is there for the tests: then what needs it is in a tree of its own, and the build's is
# the one that users of the CPU get.
if(EXISTS "${CAPTION_LIBTORCH}/torch/lib/libtorch_cuda.so")
  set(CAPTION_GPU_PREFIX ${CMAKE_BINARY_DIR})
else()
  set(CAPTION_GPU_PREFIX ${CMAKE_BINARY_DIR}/gpu)
endif()
