// start_test PROGRAM ARGUMENTS…: a test program in the environment that the launcher gives to the program itself.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "lifted/launcher/environment.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  lifted::prepare_environment();
  execv(argv[1], argv + 1);
  std::fprintf(stderr, "error: %s: cannot be started: %s\n", argv[1], std::strerror(errno));
  return 1;
}
