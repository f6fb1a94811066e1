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
  int x0, y0, x1, y1;
  const char* label = "";
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
      "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"currentColor\" marker-end=\"url(#tip)\"/>"
      "<text x=\"{}\" y=\"{}\" font-size=\"12\" font-style=\"italic\">{}</text>\n",
      arrow.x0, arrow.y0, arrow.x1, arrow.y1, (arrow.x0 + arrow.x1) / 2, (arrow.y0 + arrow.y1) / 2 - 6, arrow.label);
}

}  // namespace

Figure architecture_figure() {
  const Box boxes[] = {{20, 150, 90, "mapping", "of the StyleGAN2", true},
                       {180, 60, 110, "V, L", "view and light"},
                       {180, 240, 110, "M", "neutral code"},
                       {360, 240, 110, "G", "frozen StyleGAN2", true},
                       {540, 170, 110, "S", "depth map"},
                       {540, 310, 110, "T", "transformation map"},
                       {740, 150, 120, "R", "shade, turn, draw"}};
  const Arrow arrows[] = {{-20, 150, 16, 150, "z"},
                          {110, 140, 176, 64, "w"},
                          {110, 160, 176, 236, "w"},
                          {290, 240, 356, 240, "w₀"},
                          {470, 228, 536, 180, "features"},
                          {470, 252, 536, 300, ""},
                          {470, 240, 740, 172, "albedo A = picture of w₀"},
                          {290, 60, 736, 130, "view V, light L"},
                          {650, 164, 736, 150, "depth"},
                          {650, 306, 744, 178, "map"},
                          {860, 150, 905, 150, "picture"}};
  std::string svg =
      "<svg viewBox=\"-30 10 960 350\" text-anchor=\"middle\" font-family=\"system-ui, sans-serif\" "
      "font-size=\"14\" fill=\"currentColor\" role=\"img\" aria-label=\"The networks of LiftedGAN\">"
      "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
      "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n";
  for (const Arrow& arrow : arrows) svg += drawn(arrow);
  for (const Box& box : boxes) svg += drawn(box);
  return {.file = "",
          .title = "Figure 1: architecture",
          .caption =
              "A code w of the frozen StyleGAN2 (dashed) is split into view, light and the code w₀ of the same person "
              "seen from the "
              "front in neutral light; that picture is the albedo, depth and transformation map are read off its "
              "features, and "
              "a differentiable renderer puts them together. Trained: V, L, M, S, T.",
          .details = "",
          .svg = svg + "</svg>"};
}

}  // namespace lifted::app
