# Finds LibTorch and makes the target pare::torch: the CPU libraries and the headers. Sets PARE_TORCH_FOUND, or PARE_TORCH_PROBLEM to what
# is wrong. Used by Pare's own build and, installed beside pareConfig.cmake, by those who link pare::train. libtorch_cuda is not linked:
# a program that trains loads it when a GPU is asked for, so that it starts fast, and starts where no CUDA libraries are.
#
# Looked for in CMAKE_PREFIX_PATH, in the packages of the Python that PARE_TORCH_PYTHON names, and in those of PARE_TORCH_OWN_PYTHON: a
# PyPI wheel and a LibTorch archive have the same layout.
set(PARE_TORCH_PYTHON "" CACHE STRING "A Python that has torch: where LibTorch is taken from")
set(_pare_torch_hints)
foreach(_pare_python IN ITEMS ${PARE_TORCH_PYTHON} ${PARE_TORCH_OWN_PYTHON})
  if(EXISTS ${_pare_python})
    # Not by importing it: that needs all the CUDA libraries, and seconds.
    execute_process(
      COMMAND ${_pare_python} -c "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
      OUTPUT_VARIABLE _pare_torch_dir
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    list(APPEND _pare_torch_hints ${_pare_torch_dir})
    set(PARE_TORCH_PYTHON_EXECUTABLE ${_pare_python})
  endif()
endforeach()
# A CMAKE_PREFIX_PATH as find_package(Torch) takes it names the root of LibTorch, or its share/cmake.
foreach(_pare_prefix IN LISTS CMAKE_PREFIX_PATH)
  list(APPEND _pare_torch_hints ${_pare_prefix} ${_pare_prefix}/../..)
endforeach()
find_path(PARE_TORCH_INCLUDE torch/csrc/api/include/torch/torch.h HINTS ${_pare_torch_hints} PATH_SUFFIXES include NO_DEFAULT_PATH)
cmake_path(GET PARE_TORCH_INCLUDE PARENT_PATH PARE_TORCH_ROOT)
find_library(PARE_TORCH_CPU torch_cpu HINTS ${PARE_TORCH_ROOT}/lib NO_DEFAULT_PATH)
find_library(PARE_TORCH_C10 c10 HINTS ${PARE_TORCH_ROOT}/lib NO_DEFAULT_PATH)
mark_as_advanced(PARE_TORCH_INCLUDE PARE_TORCH_CPU PARE_TORCH_C10)

set(PARE_TORCH_FOUND FALSE)
set(PARE_TORCH_PROBLEM "LibTorch is not found")
if(PARE_TORCH_INCLUDE AND PARE_TORCH_CPU AND PARE_TORCH_C10)
  set(_pare_version_header ${PARE_TORCH_INCLUDE}/torch/headeronly/version.h) # of 2.8 and later
  if(NOT EXISTS ${_pare_version_header})
    set(_pare_version_header ${PARE_TORCH_INCLUDE}/torch/csrc/api/include/torch/version.h)
  endif()
  file(STRINGS ${_pare_version_header} _pare_version_lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
  string(REGEX REPLACE "[^0-9]+([0-9]+)[^0-9]+([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2.\\3" PARE_TORCH_VERSION "${_pare_version_lines}")
  if(PARE_TORCH_VERSION VERSION_GREATER_EQUAL 2.6)
    set(PARE_TORCH_FOUND TRUE)
  else()
    set(PARE_TORCH_PROBLEM "LibTorch ${PARE_TORCH_VERSION} in ${PARE_TORCH_ROOT} is too old")
  endif()
endif()

if(PARE_TORCH_FOUND AND NOT TARGET pare::torch)
  # LibTorch brings fmt's headers of its own, and not the library that belongs to them: with these every file would compile all of
  # fmt. So those of fmt::fmt go first, alone in a folder.
  get_target_property(_pare_fmt_hints fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
  find_path(PARE_FMT_INCLUDE fmt/format.h HINTS ${_pare_fmt_hints} NO_CMAKE_PATH NO_CMAKE_ENVIRONMENT_PATH) # where LibTorch is
  mark_as_advanced(PARE_FMT_INCLUDE)
  if(NOT PARE_FMT_INCLUDE)
    message(FATAL_ERROR "the headers of fmt::fmt are not found; set PARE_FMT_INCLUDE to the folder that has fmt/format.h")
  endif()
  set(_pare_fmt ${CMAKE_BINARY_DIR}/pare_fmt)
  file(MAKE_DIRECTORY ${_pare_fmt})
  file(CREATE_LINK ${PARE_FMT_INCLUDE}/fmt ${_pare_fmt}/fmt SYMBOLIC)
  add_library(pare::torch INTERFACE IMPORTED)
  target_include_directories(pare::torch INTERFACE ${_pare_fmt} ${PARE_TORCH_INCLUDE} ${PARE_TORCH_INCLUDE}/torch/csrc/api/include)
  # What is inlined from its headers makes GCC 12 see null pointers that are not there.
  target_compile_options(pare::torch INTERFACE -Wno-null-dereference)
  # torch_cpu's own dependencies are found by its run path, not by the linker.
  target_link_libraries(pare::torch INTERFACE ${PARE_TORCH_CPU} ${PARE_TORCH_C10} -Wl,--allow-shlib-undefined)
endif()
