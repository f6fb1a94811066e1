# The viewer's page: web/ bundled by scripts/build-page.sh (npm) and embedded into a target. Without npm, or with
# -DLIFTED_BUILD_PAGE=OFF, the program is whole but for its page: `view` then serves its API and a note.
option(LIFTED_BUILD_PAGE "Build the viewer's page (needs npm and, once, its registry)" ON)

function(embed_viewer_page target)
  set(folder ${CMAKE_BINARY_DIR}/page)
  set(files ${folder}/index.html ${folder}/viewer.js ${folder}/viewer.css ${folder}/icon.svg)
  set(script ${CMAKE_SOURCE_DIR}/scripts/build-page.sh)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*)
  list(APPEND sources ${CMAKE_SOURCE_DIR}/web/package-lock.json ${CMAKE_SOURCE_DIR}/web/tsconfig.json)
  if(LIFTED_BUILD_PAGE)
    set(command ${script} ${folder})
  else()
    set(command ${script} --without ${folder})
  endif()
  add_custom_command(OUTPUT ${files} COMMAND ${command} DEPENDS ${script} ${sources}
    COMMENT "Building the viewer's page" VERBATIM USES_TERMINAL)
  embed_file(${target} ${folder}/index.html viewer_html)
  embed_file(${target} ${folder}/viewer.js viewer_js)
  embed_file(${target} ${folder}/viewer.css viewer_css)
  embed_file(${target} ${folder}/icon.svg viewer_icon)
endfunction()
