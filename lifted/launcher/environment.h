// What libraries read from the environment once, as they are loaded.
#pragma once

namespace lifted {

/// Sets, where nobody else has, OPENBLAS_CORETYPE to the kernels that fit this processor and how long OpenMP's threads
/// wait for each other awake. Call before the program that loads libtorch is started: looking costs a hundredth of a
/// second here, and starting a program twice most of one.
void prepare_environment();

}  // namespace lifted
