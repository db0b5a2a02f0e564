cmake_minimum_required(VERSION 3.25)
# Variables: SOURCE (the checkout), WORK (emptied and filled), LAYERS, COMPILER, GENERATOR.
file(REMOVE_RECURSE ${WORK})
foreach(path IN ITEMS CMakeLists.txt cmake tests examples LISTS LAYERS)
  cmake_path(GET path PARENT_PATH parent)
  file(COPY ${SOURCE}/${path} DESTINATION ${WORK}/copy/${parent} PATTERN golden EXCLUDE)
endforeach()

# Configures the copy; sets `rc` and what was printed in one line, as CMake wraps its messages.
macro(configure)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${WORK}/copy -B ${WORK}/build -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DPARE_TRAIN=OFF
    OUTPUT_VARIABLE printed
    ERROR_VARIABLE printed
    RESULT_VARIABLE rc)
  string(REGEX REPLACE "[ \n]+" " " printed "${printed}")
endmacro()

configure()
if(NOT rc EQUAL 0)
  message(FATAL_ERROR "the unchanged copy is refused:\n${printed}")
endif()

# With the line added to the file, configuring must fail with the message.
function(expect_refusal file line message)
  file(READ ${WORK}/copy/${file} before)
  file(APPEND ${WORK}/copy/${file} "${line}\n")
  configure()
  string(FIND "${printed}" "${message}" at)
  if(rc EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "${file} with the line\n${line}\nshould be refused with\n${message}\nbut CMake exited with ${rc}:\n${printed}")
  endif()
  message(STATUS "refused: ${message}")
  file(WRITE ${WORK}/copy/${file} "${before}")
endfunction()

# What a layer, the command, a header that only a test includes, and an example include.
expect_refusal(models/network.hpp [[#include "solver/solver.hpp"]]
               "models/network.hpp includes solver/solver.hpp, of solver; models may use: base, formats, analysis")
expect_refusal(models/resnet.cpp [[#  include <../reports/report.hpp>]] "models/resnet.cpp includes ../reports/report.hpp, of reports;")
expect_refusal(cli/options.hpp [[#include "train/step.hpp"]] "cli/options.hpp includes train/step.hpp, of train; cli may use: ")
expect_refusal(tests/run.hpp [[#include "solver/solver.hpp"]]
               "tests/run.hpp includes solver/solver.hpp, of solver; pare_test_support says that it uses: base")
expect_refusal(examples/own_network.cpp [[#include "models/network.hpp"]]
               "examples/own_network.cpp includes models/network.hpp, of models; example_own_network says that it uses: base, analysis")

# Headers of others.
expect_refusal(train/plan/protocol.hpp [[#include <torch/torch.h>]]
               "train/plan/protocol.hpp includes <torch/torch.h>, which may stand in: train, tests/train, ")
expect_refusal(solver/budget.cpp [[#include <nlopt.hpp>]] "solver/budget.cpp includes <nlopt.hpp>, which may stand in: solver/uniform/nlopt.cpp, solver/mixed/nlopt.cpp ")
expect_refusal(projection/separable.cpp [[#include <Eigen/Core>]] "projection/separable.cpp includes <Eigen/Core>, which may stand in: projection/numerics.cpp ")
expect_refusal(tests/support.hpp [[#include <CLI/CLI.hpp>]] "tests/support.hpp includes <CLI/CLI.hpp>, which may stand in: command/parse.cpp, ")

# What they link: by the table, and past it.
expect_refusal(models/CMakeLists.txt "pare_check_target(pare_models models FILES USES solver)"
               "pare_models may not use solver; models may use: base, formats, analysis")
expect_refusal(models/CMakeLists.txt "target_link_libraries(pare_models PRIVATE pare::solver)"
               "pare_models links solver; models may use: base, formats, analysis")
expect_refusal(cli/CMakeLists.txt "target_link_libraries(pare PRIVATE $<LINK_ONLY:pare_train>)" "pare links train; cli may use: ")
expect_refusal(tests/CMakeLists.txt "target_link_libraries(base_test PRIVATE pare::reports)"
               "base_test links reports; base_test says that it uses: base")
