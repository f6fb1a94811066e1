#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/rasterize_kernel.h"

namespace lifted::ops {
namespace {

/// Projected vertices: the tensors that the pointers of RasterizeParams point into.
struct ProjectedGrid {
  torch::Tensor x, y, z, bounds;
};

/// Strided access is fine, overlapping (expanded) or gappy memory is copied.
torch::Tensor dense_any_order(const torch::Tensor& tensor) {
  return tensor.is_non_overlapping_and_dense() ? tensor : tensor.contiguous();
}

template <typename T>
RasterizeParams<T> mesh_params(const torch::Tensor& vertices, const torch::Tensor& attributes, double focal,
                               bool perspective_correct) {
  RasterizeParams<T> p = {};
  p.batch = vertices.size(0), p.rows = vertices.size(1), p.columns = vertices.size(2), p.channels = attributes.size(3);
  p.focal = static_cast<T>(focal);
  p.perspective_correct = perspective_correct;
  p.vertices = vertices.data_ptr<T>();
  p.attributes = attributes.data_ptr<T>();
  p.attribute_stride = {attributes.stride(0), attributes.stride(1), attributes.stride(2), attributes.stride(3)};
  return p;
}

template <typename T>
ProjectedGrid project_grid(RasterizeParams<T>& p, const torch::TensorOptions& options) {
  const int64_t chunks = rasterize_chunks(p.columns);
  p.scratch_columns = (chunks + 1) * kRasterizeChunk;
  ProjectedGrid scratch;
  for (auto* tensor : {&scratch.x, &scratch.y, &scratch.z})
    *tensor = torch::empty({p.batch, p.rows, p.scratch_columns}, options);
  scratch.bounds = torch::empty({p.batch, p.rows, chunks, 2}, options);
  p.x = scratch.x.data_ptr<T>(), p.y = scratch.y.data_ptr<T>(), p.z = scratch.z.data_ptr<T>();
  p.bounds = scratch.bounds.data_ptr<T>();
  at::parallel_for(0, p.batch * p.rows, 64,
                   [&](int64_t first, int64_t last) { LIFTED_CALL_ISA(project_rows, p, first, last); });
  return scratch;
}

/// Runs task(b, first, last) over bands of `rows` rows of every image. Results do not depend on the bands, so their
/// number may follow the number of threads.
template <typename Task>
void for_each_band(int64_t batch, int64_t rows, const Task& task) {
  const int64_t threads = at::get_num_threads();
  const int64_t wanted = threads == 1 || batch % threads == 0 ? 1 : (4 * threads + batch - 1) / batch;
  const int64_t bands = std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, rows / 8));
  at::parallel_for(0, batch * bands, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t band = i % bands;
      task(i / bands, band * rows / bands, (band + 1) * rows / bands);
    }
  });
}

template <typename T>
RasterizeOutputs rasterize_typed(RasterizeParams<T> p, const torch::TensorOptions& options,
                                 const torch::Tensor& background) {
  // Allocate output tensors.
  auto image = torch::empty({p.batch, p.channels, p.size, p.size}, options);
  auto depth = torch::empty({p.batch, p.size, p.size}, options);
  auto faces = torch::empty({p.batch, p.size, p.size}, options.dtype(torch::kInt));
  if (p.batch == 0) return {image, depth, faces};
  p.background = background.data_ptr<T>();
  p.image = image.template data_ptr<T>(), p.depth = depth.template data_ptr<T>(),
  p.faces = faces.template data_ptr<int32_t>();

  // Run the kernels.
  const ProjectedGrid scratch = project_grid(p, options);
  for_each_band(p.batch, p.size,
                [&](int64_t b, int64_t first, int64_t last) { LIFTED_CALL_ISA(rasterize_rows, p, b, first, last); });
  return {image, depth, faces};
}

template <typename T>
RasterizeGradients backward_typed(RasterizeParams<T> p, const torch::Tensor& vertices,
                                  const torch::Tensor& attributes) {
  // Allocate output tensors.
  auto grad_vertices = torch::empty_like(vertices);
  auto grad_attributes = torch::zeros_like(attributes);  // Keeps the strides of dense tensors.
  if (p.batch == 0) return {grad_vertices, grad_attributes};
  p.grad_vertices = grad_vertices.template data_ptr<T>(), p.grad_attributes = grad_attributes.template data_ptr<T>();

  // Run the kernels.
  const ProjectedGrid scratch = project_grid(p, vertices.options());
  for_each_band(p.batch, p.rows,
                [&](int64_t b, int64_t first, int64_t last) { LIFTED_CALL_ISA(gather_gradients, p, b, first, last); });
  return {grad_vertices, grad_attributes};
}

}  // namespace

RasterizeOutputs cpu::rasterize(const RasterizeInputs& in) {
  const auto vertices = in.vertices.contiguous(), attributes = dense_any_order(in.attributes);
  return AT_DISPATCH_FLOATING_TYPES(vertices.scalar_type(), "rasterize", [&] {
    auto p = mesh_params<scalar_t>(vertices, attributes, in.focal, in.perspective_correct);
    p.size = in.size;
    p.background_depth = static_cast<scalar_t>(in.background_depth);
    return rasterize_typed(p, vertices.options(), in.background.contiguous());
  });
}

RasterizeGradients cpu::rasterize_backward(const RasterizeGradientInputs& in) {
  const auto vertices = in.vertices.contiguous(), attributes = dense_any_order(in.attributes),
             faces = in.faces.contiguous();
  const auto grad_image = in.grad_image.contiguous(), grad_depth = in.grad_depth.contiguous();
  return AT_DISPATCH_FLOATING_TYPES(vertices.scalar_type(), "rasterize_backward", [&] {
    auto p = mesh_params<scalar_t>(vertices, attributes, in.focal, in.perspective_correct);
    p.size = faces.size(1);
    p.faces = faces.data_ptr<int32_t>();
    p.grad_image = grad_image.data_ptr<scalar_t>(), p.grad_depth = grad_depth.data_ptr<scalar_t>();
    return backward_typed(p, vertices, attributes);
  });
}

}  // namespace lifted::ops
