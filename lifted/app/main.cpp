#include "lifted/app/program.h"

int main(int argc, char** argv) {
  return lifted::app::program_main(argc, argv);
}
