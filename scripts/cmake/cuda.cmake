# What only a GPU needs, as shared objects beside libcaption_libtorch.so that are opened when there is one.
if(NOT CAPTION_LIBTORCH_ENGINE)
  message(FATAL_ERROR "CAPTION_CUDA is for CAPTION_LIBTORCH_ENGINE, which runs models on GPUs: set it, too")
endif()

# The GPU's kernels (src/cuda/plugin.cu), libcaption_cuda.so. nvcc compiles the one source and
# the C++ compiler links it: CMake's own CUDA language wants a whole toolkit, and the compiler's wheels are none.
find_program(CAPTION_NVCC nvcc REQUIRED NO_CACHE NO_DEFAULT_PATH
  PATHS "${CAPTION_CUDA_TOOLKIT}/bin" "${CAPTION_LIBTORCH}/nvidia/cu13/bin" ENV PATH /usr/local/cuda/bin
  DOC "of the CUDA toolkit: scripts/setup --cuda brings it, or set CAPTION_CUDA_TOOLKIT to the folder that holds bin/nvcc")
get_filename_component(cuda_toolkit "${CAPTION_NVCC}" DIRECTORY)
get_filename_component(cuda_toolkit "${cuda_toolkit}" DIRECTORY)
execute_process(COMMAND ${CAPTION_NVCC} --version OUTPUT_VARIABLE cuda_version COMMAND_ERROR_IS_FATAL ANY)
if(NOT cuda_version MATCHES "release (13\\.[0-9]+)")
  message(FATAL_ERROR "${CAPTION_NVCC} is not of CUDA 13, as LibTorch is: scripts/setup --cuda brings one, or set CAPTION_CUDA_TOOLKIT")
endif()
message(STATUS "CUDA kernels: ${CAPTION_NVCC}, CUDA ${CMAKE_MATCH_1}")

# The runtime that LibTorch brings is the one that the program loads.
find_library(CAPTION_CUDART NAMES libcudart.so.13 cudart REQUIRED NO_CACHE NO_DEFAULT_PATH
  PATHS "${CAPTION_LIBTORCH}/nvidia/cu13/lib" "${cuda_toolkit}/lib" "${cuda_toolkit}/lib64")

# T4, A100, RTX 30 and A10, H100; what is newer compiles the last one's PTX when it starts.
set(cuda_architectures "")
foreach(architecture 75 80 86)
  list(APPEND cuda_architectures -gencode arch=compute_${architecture},code=sm_${architecture})
endforeach()
list(APPEND cuda_architectures -gencode "arch=compute_90,code=[sm_90,compute_90]")

# cuDNN, which LibTorch calls, is linked to tell its version.
set(cudnn_places HINTS "${CAPTION_LIBTORCH}/nvidia/cudnn" PATHS "${cuda_toolkit}" /usr/local/cuda)
find_path(CAPTION_CUDNN_INCLUDE cudnn.h ${cudnn_places} PATH_SUFFIXES include NO_CACHE)
find_library(CAPTION_CUDNN NAMES libcudnn.so.9 cudnn ${cudnn_places} PATH_SUFFIXES lib lib64 NO_CACHE)
if(CAPTION_CUDNN_INCLUDE AND CAPTION_CUDNN)
  message(STATUS "CUDA kernels: linked with ${CAPTION_CUDNN}")
  set(cudnn_options -DCAPTION_CUDNN -isystem ${CAPTION_CUDNN_INCLUDE})
else()
  message(STATUS "CUDA kernels: cuDNN is not here, so it is not linked; scripts/setup --cuda or --tests brings it")
  set(cudnn_options "")
  set(CAPTION_CUDNN "")
endif()

set(cuda_object "${CMAKE_BINARY_DIR}/caption_cuda_plugin.o")
# -fmad=false: products and sums are rounded as the CPU rounds them, so that its tests are of the same arithmetic; these kernels
# wait for memory, not for arithmetic.
add_custom_command(OUTPUT ${cuda_object}
  COMMAND ${CAPTION_NVCC} -c ${PROJECT_SOURCE_DIR}/src/cuda/plugin.cu -o ${cuda_object} -MD -MF ${cuda_object}.d
    -ccbin ${CMAKE_CXX_COMPILER} -std=c++20 -O3 -fmad=false ${cuda_architectures} --threads 2
    -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR}/src ${cudnn_options}
    -Werror all-warnings -Xptxas -warn-spills -Xcompiler -fPIC,-Wall,-Wextra,-Wconversion,-Wshadow,-Werror
  DEPENDS ${PROJECT_SOURCE_DIR}/src/cuda/plugin.cu ${CAPTION_NVCC}
  DEPFILE ${cuda_object}.d
  COMMENT "Compiling the CUDA kernels"
  VERBATIM)
add_library(caption_cuda_plugin SHARED ${cuda_object})
target_link_libraries(caption_cuda_plugin PRIVATE caption_base "${CAPTION_CUDART}" ${CAPTION_CUDNN})
set_target_properties(caption_cuda_plugin PROPERTIES
  LINKER_LANGUAGE CXX
  OUTPUT_NAME caption_cuda
  LIBRARY_OUTPUT_DIRECTORY ${CAPTION_GPU_PREFIX}/lib/caption
  INSTALL_RPATH "$ORIGIN/nvidia/cu13/lib:$ORIGIN/nvidia/cudnn/lib"
  INSTALL_RPATH_USE_LINK_PATH ON)  # a cuDNN of the machine's own is not installed with the program

# CUDA graphs of LibTorch's operators. What this needs of LibTorch's CUDA libraries is resolved when it is opened, after they
# were: a machine without them can build it.
target_include_directories(caption_libtorch_graphs SYSTEM PRIVATE "${cuda_toolkit}/include")
add_library(caption_cuda_graphs SHARED $<TARGET_OBJECTS:caption_libtorch_graphs>)
target_link_libraries(caption_cuda_graphs PRIVATE caption_flags caption_torch "${CAPTION_CUDART}")
set_target_properties(caption_cuda_graphs PROPERTIES
  LIBRARY_OUTPUT_DIRECTORY ${CAPTION_GPU_PREFIX}/lib/caption
  INSTALL_RPATH "$ORIGIN/torch/lib:$ORIGIN/nvidia/cu13/lib")
