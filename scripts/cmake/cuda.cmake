# What only a GPU needs, as shared objects in lib/caption that are opened when there is one.
#
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

# cuDNN and cuBLAS, which LibTorch calls, are linked to tell their versions. Their wheels are too big for every set-up.
set(cuda_definitions "")
set(cuda_includes "")
set(cuda_libraries "${CAPTION_CUDART}")
foreach(library cudnn:cudnn.h:9 cublas:cublas_v2.h:13)
  string(REPLACE ":" ";" library "${library}")
  list(GET library 0 name)
  list(GET library 1 header)
  list(GET library 2 major)
  set(places "${CAPTION_LIBTORCH}/nvidia/cudnn" "${CAPTION_LIBTORCH}/nvidia/cu13" "${cuda_toolkit}" /usr/local/cuda)
  find_path(include NAMES ${header} PATHS ${places} PATH_SUFFIXES include NO_CACHE)
  find_library(file NAMES lib${name}.so.${major} ${name} PATHS ${places} PATH_SUFFIXES lib lib64 NO_CACHE)
  string(TOUPPER ${name} upper)
  if(include AND file)
    message(STATUS "CUDA kernels: ${name}: ${file}")
    list(APPEND cuda_definitions -DCAPTION_${upper})
    list(APPEND cuda_includes -isystem ${include})
    list(APPEND cuda_libraries ${file})
  else()
    message(STATUS "CUDA kernels: ${name} is not here, so it cannot be linked; scripts/setup --cuda brings it")
  endif()
  unset(include)
  unset(file)
endforeach()

set(cuda_object "${CMAKE_BINARY_DIR}/caption_cuda_plugin.o")
# -fmad=false: products and sums are rounded as the CPU rounds them, so that its tests are of the same arithmetic; these kernels
# wait for memory, not for arithmetic.
add_custom_command(OUTPUT ${cuda_object}
  COMMAND ${CAPTION_NVCC} -c ${PROJECT_SOURCE_DIR}/src/cuda/plugin.cu -o ${cuda_object} -MD -MF ${cuda_object}.d
    -ccbin ${CMAKE_CXX_COMPILER} -std=c++20 -O3 -fmad=false ${cuda_architectures} --threads 2
    -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR}/src ${cuda_includes} ${cuda_definitions}
    -Werror all-warnings -Xptxas -warn-spills -Xcompiler -fPIC,-Wall,-Wextra,-Wconversion,-Wshadow,-Werror
  DEPENDS ${PROJECT_SOURCE_DIR}/src/cuda/plugin.cu ${CAPTION_NVCC}
  DEPFILE ${cuda_object}.d
  COMMENT "Compiling the CUDA kernels"
  VERBATIM)
add_library(caption_cuda_plugin SHARED ${cuda_object})
target_link_libraries(caption_cuda_plugin PRIVATE caption_base ${cuda_libraries})
set_target_properties(caption_cuda_plugin PROPERTIES
  LINKER_LANGUAGE CXX
  OUTPUT_NAME caption_cuda
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/caption
  INSTALL_RPATH "$ORIGIN/nvidia/cu13/lib:$ORIGIN/nvidia/cudnn/lib"
  INSTALL_RPATH_USE_LINK_PATH ON)  # the machine's own cuDNN and cuBLAS are not installed with the program

# CUDA graphs of LibTorch's operators. What this needs of LibTorch's CUDA libraries is resolved when it is opened, after they
# were: a machine without them can build it.
add_library(caption_cuda_graphs SHARED src/cuda_graphs/cuda_graphs.cpp)
target_include_directories(caption_cuda_graphs SYSTEM PRIVATE "${cuda_toolkit}/include")
target_link_libraries(caption_cuda_graphs PRIVATE caption_flags caption_torch "${CAPTION_CUDART}")
set_target_properties(caption_cuda_graphs PROPERTIES
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/caption
  INSTALL_RPATH "$ORIGIN/torch/lib:$ORIGIN/nvidia/cu13/lib")
