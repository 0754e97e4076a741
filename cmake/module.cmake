# One function for each kind of target. Warnings, sanitizers and linking are configured here only.

add_library(integrity_flags INTERFACE)
target_compile_options(integrity_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(integrity_flags INTERFACE
  $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS> $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>
  INTEGRITY_VERSION="${PROJECT_VERSION}")
target_link_options(integrity_flags INTERFACE -Wl,-z,relro,-z,now)
if(INTEGRITY_FUZZ)  # of clang: every function reports its coverage to the fuzzer
  target_compile_options(integrity_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(INTEGRITY_COVERAGE)  # of clang: counts every region and branch of the source
  target_compile_options(integrity_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(integrity_flags INTERFACE -fprofile-instr-generate)
endif()
if(INTEGRITY_SANITIZE)
  target_compile_options(integrity_flags INTERFACE -fsanitize=${INTEGRITY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(integrity_flags INTERFACE -fsanitize=${INTEGRITY_SANITIZE})
endif()
target_include_directories(integrity_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)

set(INTEGRITY_TEST_SOURCES "" CACHE INTERNAL "")
set(INTEGRITY_FUZZ_SOURCES "" CACHE INTERNAL "")

# integrity_module(folder [DEPENDS folders…] [LINKS libraries…]): src/folder/*.cpp without tests, as one library.
function(integrity_module folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINKS" ${ARGN})
  string(REPLACE "/" "_" target "${folder}")
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp)
  set(tests ${sources})
  set(fuzz ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_bench|/main)\\.cpp$|${INTEGRITY_LEFT_OUT}")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzz INCLUDE REGEX "_fuzz\\.cpp$")
  set(INTEGRITY_TEST_SOURCES ${INTEGRITY_TEST_SOURCES} ${tests} CACHE INTERNAL "")
  set(INTEGRITY_FUZZ_SOURCES ${INTEGRITY_FUZZ_SOURCES} ${fuzz} CACHE INTERNAL "")
  if(sources)
    add_library(integrity_${target} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(integrity_${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(integrity_${target} ${scope} integrity_flags Threads::Threads ${ARG_LINKS})
  foreach(depends ${ARG_DEPENDS})
    string(REPLACE "/" "_" depends "${depends}")
    target_link_libraries(integrity_${target} ${scope} integrity_${depends})
  endforeach()
endfunction()

# integrity_embed(target header files…): the files as a table of (name, text) in generated/<header>.
function(integrity_embed target header)
  set(out ${PROJECT_BINARY_DIR}/generated/${header})
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DBASE=${PROJECT_BINARY_DIR}/generated -DOUT=${out} "-DFILES=${ARGN}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()

function(integrity_program name source)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE integrity_app)
endfunction()

# Fuzz targets are compiled into the tests, where they run their corpus (testing/fuzzing.hpp).
function(integrity_unit_tests name)
  find_package(GTest REQUIRED)
  add_executable(${name} ${INTEGRITY_TEST_SOURCES} ${INTEGRITY_FUZZ_SOURCES})
  set_source_files_properties(${INTEGRITY_FUZZ_SOURCES} PROPERTIES
    COMPILE_DEFINITIONS INTEGRITY_CORPUS="${PROJECT_SOURCE_DIR}/fuzz/corpus")
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/api/roles_page_test.cpp PROPERTIES
    COMPILE_DEFINITIONS INTEGRITY_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE integrity_app GTest::gtest GTest::gtest_main)
  if(INTEGRITY_SANITIZE)  # the tests themselves: instrumented and optimised, they would take twice as long to compile
    target_compile_options(${name} PRIVATE -O0)
  endif()
endfunction()

# One program for each fuzz target, linked with the library that it tests: libFuzzer searches for new inputs in it.
function(integrity_fuzz_targets)
  add_custom_target(fuzz_targets)
  foreach(source ${INTEGRITY_FUZZ_SOURCES})
    cmake_path(GET source STEM name)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/src)
    string(REPLACE "/" "_" library "integrity_${folder}")
    add_executable(${name} ${source})
    target_compile_definitions(${name} PRIVATE INTEGRITY_LIBFUZZER)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE ${library})
    add_dependencies(fuzz_targets ${name})
  endforeach()
endfunction()
