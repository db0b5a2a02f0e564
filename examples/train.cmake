cmake_minimum_required(VERSION 3.25)
# Solves, trains and evaluates with PROGRAM, example_own_training, in WORK (emptied and filled). Fails unless what was trained is what was
# counted, and it has learned something.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

# Runs a command of the program; sets `printed`.
macro(run)
  execute_process(COMMAND ${PROGRAM} ${ARGN} WORKING_DIRECTORY ${WORK} OUTPUT_VARIABLE printed ERROR_VARIABLE complaints RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ${ARGN} exited with ${status}:\n${printed}${complaints}")
  endif()
endmacro()
# check_json(WHAT TEXT EXPECTED KEY...): the value of a JSON text at these keys.
function(check_json what text expected)
  string(JSON value GET "${text}" ${ARGN})
  if(NOT value STREQUAL expected)
    message(FATAL_ERROR "${what} says ${ARGN}: ${value} where ${expected} is expected")
  endif()
endfunction()

# A quarter of WRN-10-1's 77,850 parameters, 19,462. Its six 3 x 3 convolutions c_i -> c_o become r (c_i + 9 r + c_o), with r = 4, 9 and
# 19 for 16, 32 and 64 channels: 2 x 4 (32 + 36) + 9 (48 + 81) + 9 (64 + 81) + 19 (96 + 171) + 19 (128 + 171) = 13,764. What stays has
# 4,122: the stem 3 x 16 x 9, shortcuts 16 x 32 + 32 x 64, batch norms of 240 channels, the last layer 64 x 10 + 10. r = 20 is too many.
set(parameters 17886)
run(--help)
run(solve --help)
run(solve wrn-10-1 --budget parameters<=25% -o student.json)
file(READ ${WORK}/student.json solved)
check_json(student.json "${solved}" ${parameters} achieved parameters)
check_json(student.json "${solved}" bottleneck:rank_scale=0.3 substitution)

# A network from a file is solved for too; what is solved already is not.
run(solve ${CMAKE_CURRENT_LIST_DIR}/files/tiny.json --budget parameters<=90% -o tiny.json)
file(READ ${WORK}/tiny.json solved)
check_json(tiny.json "${solved}" tiny network name)
check_json(tiny.json "${solved}" 1379 achieved parameters) # 1,586 less 16 x 8 x 9, and 9 (8 + 81 + 16); r = 10 makes 1,574 of them
execute_process(COMMAND ${PROGRAM} solve student.json --budget parameters<=25% WORKING_DIRECTORY ${WORK} ERROR_VARIABLE complaints RESULT_VARIABLE status)
if(NOT status EQUAL 2 OR NOT complaints MATCHES "student.json is solved already")
  message(FATAL_ERROR "solve student.json exited with ${status}: ${complaints}")
endif()
run(solve --help)
if(printed MATCHES "--format")
  message(FATAL_ERROR "the help of solve names --format, which it does not have:\n${printed}")
endif()

run(data synthesize --like cifar10 --classes 10 --images 500 data)
set(how --data cifar10:data --batch 25 --learning-rate 0.05 --set schedule.milestones=3 --set augmentation.cutout=0 --threads 1 --quiet)
run(train student.json ${how} --epochs 4 -o run)
file(READ ${WORK}/run/run.json record)
check_json(run/run.json "${record}" ${parameters} record parameters)
check_json(run/run.json "${record}" ON record weight_decay scaled_families bottleneck) # as its info() has it

# Who guesses one of ten classes has a loss of ln 10 = 2.3.
file(STRINGS ${WORK}/run/metrics.jsonl epochs REGEX "validation")
list(GET epochs -1 last)
string(JSON loss GET "${last}" train loss)
if(NOT loss LESS 2.1)
  message(FATAL_ERROR "after 4 epochs the loss is ${loss}, where less than 2.1 is expected")
endif()

run(evaluate run --data cifar10:data --format json)
check_json(evaluate "${printed}" ${parameters} parameters)
check_json(evaluate "${printed}" run/weights.safetensors weights)

# And by its name, without a solved file.
run(train wrn-10-1 --substitute bottleneck:rank_scale=0.3 ${how} --max-steps 1 -o by_name)
file(READ ${WORK}/by_name/run.json record)
check_json(by_name/run.json "${record}" ${parameters} record parameters)
