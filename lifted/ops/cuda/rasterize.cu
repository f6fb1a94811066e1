// Compiled with --fmad=false: an edge function shared by two triangles must round alike in both, and as on the CPU.
#include "lifted/ops/cuda/rasterize_body.h"
#include "lifted/ops/cuda/launch_inl.h"

LIFTED_INSTANTIATE_LAUNCH(ProjectVertexThread)
LIFTED_INSTANTIATE_LAUNCH(CoverTriangleThread)
LIFTED_INSTANTIATE_LAUNCH(ResolvePixelThread)
LIFTED_INSTANTIATE_LAUNCH(GatherVertexThread)
