// Every op exists twice: as plain tensor operations that read like the formula, and fused.
#pragma once

namespace lifted::ops {

/// reference: composed of torch's own operations; any device, dtype and order of derivative; the oracle of the tests.
/// fused: the fast form; on devices without one it is the reference.
enum class Implementation { reference, fused };

}  // namespace lifted::ops
