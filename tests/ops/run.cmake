cmake_minimum_required(VERSION 3.25)
# An op that leaves out something that ops must say of themselves does not compile. Variables: SOURCE (the checkout), WORK (emptied and
# filled), COMPILER.
file(REMOVE_RECURSE ${WORK})
file(READ ${SOURCE}/analysis/ops/flatten.hpp whole)

# Compiles the variant of all ops with this text in the place of the header of Flatten; sets `rc` and `printed`.
macro(compile text)
  file(WRITE ${WORK}/analysis/ops/flatten.hpp "${text}")
  execute_process(
    COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I${WORK} -I${SOURCE} -xc++ ${SOURCE}/analysis/op.hpp
    OUTPUT_VARIABLE printed
    ERROR_VARIABLE printed
    RESULT_VARIABLE rc)
endmacro()

compile("${whole}")
if(NOT rc EQUAL 0)
  message(FATAL_ERROR "the unchanged op does not compile:\n${printed}")
endif()
foreach(what IN ITEMS kKind kRole kInFiles kMakesTensor kEvents)
  string(REGEX REPLACE "  static constexpr [^;]* ${what}[^;]*;\n" "" less "${whole}")
  if(less STREQUAL whole)
    message(FATAL_ERROR "analysis/ops/flatten.hpp does not say ${what} as this test expects")
  endif()
  compile("${less}")
  string(FIND "${printed}" "analysis/ops/primitive.hpp" at)
  if(rc EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "an op without ${what} should not compile, and the compiler's words name the rule; it exited with ${rc}:\n${printed}")
  endif()
  message(STATUS "refused: an op without ${what}")
endforeach()
