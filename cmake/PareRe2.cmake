# Finds RE2 and makes the target pare::re2 of it; sets PARE_RE2_FOUND. Used by Pare's own build and, installed beside
# pareConfig.cmake, by those who link pare::formats.
#
# The static library goes first: no program starts later for it.
set(PARE_RE2_FOUND FALSE)
find_package(Threads QUIET)
find_path(PARE_RE2_INCLUDE re2/re2.h)
find_library(PARE_RE2_LIBRARY NAMES libre2.a re2)
mark_as_advanced(PARE_RE2_INCLUDE PARE_RE2_LIBRARY)
if(PARE_RE2_INCLUDE AND PARE_RE2_LIBRARY AND Threads_FOUND)
  set(PARE_RE2_FOUND TRUE)
  if(NOT TARGET pare::re2)
    add_library(pare::re2 INTERFACE IMPORTED)
    set_target_properties(pare::re2 PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${PARE_RE2_INCLUDE} INTERFACE_LINK_LIBRARIES
                                                                                                "${PARE_RE2_LIBRARY};Threads::Threads")
  endif()
endif()
