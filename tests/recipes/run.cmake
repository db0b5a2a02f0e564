cmake_minimum_required(VERSION 3.25)
# The family that the recipe adds, counted, solved for and listed by PARE, the command that has it.

# expect(TEXT WORD...): what the command prints has the text.
function(expect text)
  execute_process(COMMAND ${PARE} ${ARGN} OUTPUT_VARIABLE printed ERROR_VARIABLE complaints RESULT_VARIABLE status)
  string(FIND "${printed}" "${text}" at)
  if(NOT status EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "pare ${ARGN} exited with ${status}, and should print ${text}:\n${printed}${complaints}")
  endif()
endfunction()

# WRN-10-1 has 77,850 parameters, 4,122 of them not in its six 3 x 3 convolutions; a quarter of c_o is 4, 8 and 16, and r (9 c_i + c_o) is
# 2 x 4 (144 + 16) + 8 (144 + 32) + 8 (288 + 32) + 16 (288 + 64) + 16 (576 + 64) = 21,120.
expect("\"parameters\": 25242," cost wrn-10-1 --substitute narrow_0.25 --format json)
# The next step of rank_scale is 17 / 64: r = 4, 8 and 17, 992 more.
expect("\"achieved\": 25242\n" solve wrn-10-1 --substitute narrow --budget parameters<=26233 --format json)
expect("\nnarrow" list substitutions)
expect("r * (c_i * k_h * k_w + c_o) + b" formulas narrow)
