#include "lifted/app/architecture_figure.h"

#include <fmt/format.h>

namespace lifted::app {
namespace {

struct Box {
  int x, y, width;  // left, middle, in the drawing's units
  const char *name, *role;
  bool frozen = false;
};

struct Arrow {
  const char* path;  // as SVG writes it
  const char* label = "";
  int x = 0, y = 0;  // of the label's middle
};

constexpr int kHalf = 24;  // of a box's height

std::string drawn(const Box& box) {
  return fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"none\" stroke=\"currentColor\"{}/>"
      "<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text><text x=\"{}\" y=\"{}\" font-size=\"11\">{}</text>\n",
      box.x, box.y - kHalf, box.width, 2 * kHalf, box.frozen ? " stroke-dasharray=\"5 4\"" : "", box.x + box.width / 2,
      box.y - 3, box.name, box.x + box.width / 2, box.y + 13, box.role);
}

std::string drawn(const Arrow& arrow) {
  return fmt::format(
      "<path d=\"{}\" fill=\"none\" stroke=\"currentColor\" marker-end=\"url(#tip)\"/>"
      "<text x=\"{}\" y=\"{}\" font-size=\"12\" font-style=\"italic\">{}</text>\n",
      arrow.path, arrow.x, arrow.y, arrow.label);
}

}  // namespace

Figure architecture_figure() {
  const Box boxes[] = {{20, 150, 120, "mapping", "of the StyleGAN2", true},
                       {200, 60, 120, "V, L", "view and light"},
                       {200, 240, 120, "M", "neutral code"},
                       {390, 240, 120, "G", "frozen StyleGAN2", true},
                       {570, 150, 130, "S", "depth map"},
                       {570, 330, 130, "T", "transformation map"},
                       {780, 240, 120, "R", "shade, turn, draw"}};
  const Arrow arrows[] = {{"M-22 150H17", "z", -4, 143},
                          {"M140 138L197 68", "w", 160, 96},
                          {"M140 162L197 232", "w", 160, 212},
                          {"M320 240H387", "w₀", 366, 233},
                          {"M345 240V140H567"},
                          {"M345 240V330H567"},
                          {"M450 216V160H567", "features", 508, 176},
                          {"M510 240H777", "albedo A: picture of w₀, de-lit", 643, 233},
                          {"M320 60H870V213", "view V, light L", 595, 53},
                          {"M700 150H820V213", "depth", 760, 143},
                          {"M700 330H840V267", "map", 770, 323},
                          {"M900 240H953", "picture", 928, 233}};
  std::string svg =
      "<svg viewBox=\"-30 20 1000 350\" text-anchor=\"middle\" font-family=\"system-ui, sans-serif\" "
      "font-size=\"14\" fill=\"currentColor\" role=\"img\" aria-label=\"The networks of LiftedGAN\">"
      "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
      "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n";
  for (const Arrow& arrow : arrows) svg += drawn(arrow);
  for (const Box& box : boxes) svg += drawn(box);
  return {
      .file = "",
      .title = "Figure 1: architecture",
      .caption =
          "A code w of the frozen StyleGAN2 (dashed) is split into view, light and the code w₀ of the same person "
          "seen from the front in neutral light. The picture of w₀ without its shading is the albedo; depth is read "
          "off w₀ and the generator's features, the transformation map off w₀; a differentiable renderer puts them "
          "together. Trained: V, L, M, S, T.",
      .details = "",
      .svg = svg + "</svg>"};
}

}  // namespace lifted::app
