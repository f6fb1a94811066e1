// The inside of the mouth. Its darkness is painted by depth: the template's occlusion is that of a closed mouth.
#include "lifted/data/heads/materials.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads::LIFTED_ISA {
namespace {

struct DepthShade {
  Color color;
  float dark, gain, back, front;  // brightness dark … dark + gain from z = back to z = front
};

void paint_by_depth(const PaintPoints& p, const DepthShade& s) {
  for (int i = 0; i < p.count; ++i) {
    const float k = s.dark + s.gain * smoothstep(s.back, s.front, p.z[i]);
    p.red[i] = s.color.x * k, p.green[i] = s.color.y * k, p.blue[i] = s.color.z * k;
  }
}

}  // namespace

void paint_mouth(const Paint&, const PaintPoints& p) {
  paint_by_depth(p, {{.38f, .17f, .16f}, 0.25f, 0.6f, 8, 10.6f});
}

void paint_gums(const Paint&, const PaintPoints& p) {
  paint_by_depth(p, {{.62f, .30f, .29f}, 0.30f, 0.6f, 6.5f, 10.3f});
}

void paint_teeth(const Paint& paint, const PaintPoints& p) {
  paint_by_depth(p, {{.90f, .86f, .77f}, 0.35f, 0.6f, 6.8f, 10.2f});
  for (int i = 0; i < p.count; ++i) {
    const float k = 1 + 0.03f * value_noise(2 * p.x[i], 2 * p.y[i], 2 * p.z[i], paint.person->noise_seed + 71);
    p.red[i] *= k, p.green[i] *= k, p.blue[i] *= k;
  }
}

}  // namespace lifted::data::heads::LIFTED_ISA
