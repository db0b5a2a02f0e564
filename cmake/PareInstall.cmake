# What `cmake --install` puts where: libraries, public headers, the pare command with its man page and completions, and what
# find_package(pare) and pkg-config read.
set(pare_layers ${PARE_LAYERS})
list(REMOVE_ITEM pare_layers cli train) # an executable, nothing to link; and what needs LibTorch
list(TRANSFORM pare_layers REPLACE "/" "_" OUTPUT_VARIABLE pare_components)

# pare_install_layer(LAYER COMPONENT EXPORT): its library, and its headers under include/pare, which consumers get as an include directory:
# #include "analysis/graph.hpp" there as here.
function(pare_install_layer layer component export)
  install(TARGETS pare_${component} EXPORT ${export} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  cmake_path(GET layer PARENT_PATH parent)
  install(
    DIRECTORY ${PROJECT_SOURCE_DIR}/${layer}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pare/${parent}
    FILES_MATCHING
    PATTERN "*.hpp"
    PATTERN "elementwise.def" # which a header includes
    PATTERN "substitutions" EXCLUDE # what families share is their own business
    PATTERN "cuda" EXCLUDE # as is how the trainer's kernels are called
    PATTERN "json.hpp" EXCLUDE # these have nlohmann_json in them
    PATTERN "*_json.hpp" EXCLUDE)
endfunction()

set(pare_link_flags) # of pkg-config: each library before those that it uses
foreach(layer component IN ZIP_LISTS pare_layers pare_components)
  list(PREPEND pare_link_flags -lpare_${component})
  pare_install_layer(${layer} ${component} pareTargets)
endforeach()

set(pare_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pare)
install(EXPORT pareTargets NAMESPACE pare:: DESTINATION ${pare_config_dir})
# An export of its own: these targets are there only for those who ask for them, and have LibTorch.
if(PARE_TRAINER)
  pare_install_layer(train train pareTrainTargets)
  install(EXPORT pareTrainTargets NAMESPACE pare:: DESTINATION ${pare_config_dir})
  install(FILES cmake/PareTorch.cmake DESTINATION ${pare_config_dir})
endif()
configure_package_config_file(cmake/pareConfig.cmake.in pareConfig.cmake INSTALL_DESTINATION ${pare_config_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(pareConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pareConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/pareConfigVersion.cmake
              cmake/PareNLopt.cmake cmake/PareRe2.cmake cmake/PareSodium.cmake cmake/PareTurbojpeg.cmake DESTINATION ${pare_config_dir})

# The prefix is written relative to the file's own folder, so that an installed tree can be moved.
list(JOIN pare_link_flags " " pare_link_flags)
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(pare_pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
  string(REGEX REPLACE "[^/]+" ".." pare_pc_prefix ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  set(pare_pc_prefix "\${pcfiledir}/${pare_pc_prefix}")
endif()
cmake_path(APPEND pare_pc_libdir "\${prefix}" "${CMAKE_INSTALL_LIBDIR}") # an absolute folder stays as it is
cmake_path(APPEND pare_pc_includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}" pare)
configure_file(cmake/pare.pc.in pare.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pare.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The command, and what it writes about itself. Completions go where each shell looks under a prefix.
install(TARGETS pare RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# Beside it, where `pare train` looks first.
if(TARGET pare-train)
  # LibTorch stays where it is.
  set_target_properties(pare-train PROPERTIES INSTALL_RPATH ${PARE_TORCH_ROOT}/lib)
  install(TARGETS pare-train RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET pare_cuda)
  install(TARGETS pare_cuda LIBRARY DESTINATION lib/pare) # where pare-train looks, beside bin
  if(TARGET pare_cuda_graph)
    install(TARGETS pare_cuda_graph LIBRARY DESTINATION lib/pare)
  endif()
endif()
install(FILES ${PROJECT_BINARY_DIR}/pare.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
set(pare_completions)
foreach(entry IN ITEMS bash|bash-completion/completions/pare zsh|zsh/site-functions/_pare fish|fish/vendor_completions.d/pare.fish)
  string(REPLACE "|" ";" entry ${entry})
  list(GET entry 0 shell)
  list(GET entry 1 place)
  set(file ${PROJECT_BINARY_DIR}/completions/${place})
  cmake_path(GET file PARENT_PATH folder)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(
    OUTPUT ${file}
    COMMAND pare completion ${shell} > ${file}
    DEPENDS pare
    COMMENT "Writing the completion for ${shell}"
    VERBATIM)
  list(APPEND pare_completions ${file})
  cmake_path(GET place PARENT_PATH folder)
  install(FILES ${file} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
endforeach()
add_custom_target(pare_completions ALL DEPENDS ${pare_completions})
