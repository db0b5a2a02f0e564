# Finds libsodium and makes the target pare::sodium of it; sets PARE_SODIUM_FOUND. Used by Pare's own build and, installed beside
# pareConfig.cmake, by those who link pare::base.
#
# The static library goes first: SHA-256 is all that is used, and no program starts later for it.
set(PARE_SODIUM_FOUND FALSE)
find_path(PARE_SODIUM_INCLUDE sodium/crypto_hash_sha256.h)
find_library(PARE_SODIUM_LIBRARY NAMES libsodium.a sodium)
mark_as_advanced(PARE_SODIUM_INCLUDE PARE_SODIUM_LIBRARY)
if(PARE_SODIUM_INCLUDE AND PARE_SODIUM_LIBRARY)
  set(PARE_SODIUM_FOUND TRUE)
  if(NOT TARGET pare::sodium)
    add_library(pare::sodium INTERFACE IMPORTED)
    set_target_properties(pare::sodium PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${PARE_SODIUM_INCLUDE} INTERFACE_LINK_LIBRARIES
                                                                                                      ${PARE_SODIUM_LIBRARY})
  endif()
endif()
