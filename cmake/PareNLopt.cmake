# Finds NLopt and makes the target pare::nlopt of it; sets PARE_NLOPT_FOUND, and PARE_NLOPT_PKG_CONFIG to the name of its
# pkg-config file. Used by Pare's own build and, installed beside pareConfig.cmake, by those who link pare::solver.
#
# Debian 12 and Ubuntu 24.04 split NLopt in two: package nlopt_cxx (target NLopt::nlopt_cxx, with the C++ interface) and package
# nlopt (target NLopt::nlopt), and both call themselves NLopt, so that find_package(NLopt) takes either. NLopt's own build has
# NLopt::nlopt only, with both interfaces. So nlopt_cxx is asked for first, by the name of its folder.
set(PARE_NLOPT_FOUND FALSE)
if(NOT TARGET pare::nlopt)
  # Not by PATH: found as /lib/... where /bin comes first in it, Debian's nlopt_cxx takes / for its prefix, and /include is not there.
  find_package(NLopt CONFIG QUIET NAMES nlopt_cxx CONFIGS NLoptConfig.cmake NO_SYSTEM_ENVIRONMENT_PATH)
  if(NOT NLopt_FOUND)
    find_package(NLopt CONFIG QUIET)
  endif()
  foreach(name IN ITEMS nlopt nlopt_cxx)
    if(TARGET NLopt::${name})
      set(PARE_NLOPT_PKG_CONFIG ${name})
    endif()
  endforeach()
  if(PARE_NLOPT_PKG_CONFIG)
    add_library(pare::nlopt INTERFACE IMPORTED)
    set_target_properties(pare::nlopt PROPERTIES INTERFACE_LINK_LIBRARIES NLopt::${PARE_NLOPT_PKG_CONFIG})
  endif()
endif()
if(TARGET pare::nlopt)
  set(PARE_NLOPT_FOUND TRUE)
endif()
