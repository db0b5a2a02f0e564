# Finds libjpeg-turbo's TurboJPEG and makes the target pare::turbojpeg of it; sets PARE_TURBOJPEG_FOUND. Used by Pare's own build and,
# installed beside pareConfig.cmake, by those who link pare::train_data.
#
# A program that links it and opens no data does not load it: what nothing refers to is left out.
set(PARE_TURBOJPEG_FOUND FALSE)
find_path(PARE_TURBOJPEG_INCLUDE turbojpeg.h)
find_library(PARE_TURBOJPEG_LIBRARY turbojpeg)
mark_as_advanced(PARE_TURBOJPEG_INCLUDE PARE_TURBOJPEG_LIBRARY)
if(PARE_TURBOJPEG_INCLUDE AND PARE_TURBOJPEG_LIBRARY)
  set(PARE_TURBOJPEG_FOUND TRUE)
  if(NOT TARGET pare::turbojpeg)
    add_library(pare::turbojpeg INTERFACE IMPORTED)
    set_target_properties(
      pare::turbojpeg PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${PARE_TURBOJPEG_INCLUDE} INTERFACE_LINK_LIBRARIES
                                 ${PARE_TURBOJPEG_LIBRARY} INTERFACE_LINK_OPTIONS LINKER:--as-needed)
  endif()
endif()
