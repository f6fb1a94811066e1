#include "lifted/nets/inception_v3.h"

namespace lifted::nets {
namespace {

/// Appends the layers of one block.
class Block {
 public:
  Block(std::vector<InceptionLayer>& layers, std::string name, std::string program)
      : layers_(layers), name_(std::move(name)), program_(std::move(program)) {}

  /// 1×1 on the block's input, in one convolution with its likes.
  void head(const char* name, const char* program, int in, int out) {
    add(name, program, {.in = in, .out = out, .height = 1, .width = 1, .stride = 1});
    layers_.back().part = name_ + ".heads";
  }
  void conv(const char* name, const char* program, int in, int out, int height, int width) {
    add(name, program, {.in = in, .out = out, .height = height, .width = width, .stride = 1});
  }
  /// 3×3 that halves the side.
  void half(const char* name, const char* program, int in, int out) {
    add(name, program, {.in = in, .out = out, .height = 3, .width = 3, .stride = 2});
  }

 private:
  void add(const char* name, const char* program, InceptionLayer layer) {
    layer.name = layer.part = name_ + "." + name;
    layer.program = program_ + "_" + program;
    layers_.push_back(layer);
  }

  std::vector<InceptionLayer>& layers_;
  std::string name_, program_;
};

void stem(std::vector<InceptionLayer>& layers) {
  const auto add = [&](const char* name, const char* program, InceptionLayer layer) {
    layer.name = layer.part = name;
    layer.program = program;
    layers.push_back(layer);
  };
  add("Conv2d_1a_3x3", "layers_conv", {.in = 3, .out = 32, .height = 3, .width = 3, .stride = 2});
  add("Conv2d_2a_3x3", "layers_conv_1", {.in = 32, .out = 32, .height = 3, .width = 3, .stride = 1, .padded = false});
  add("Conv2d_2b_3x3", "layers_conv_2", {.in = 32, .out = 64, .height = 3, .width = 3, .stride = 1});
  add("Conv2d_3b_1x1", "layers_conv_3", {.in = 64, .out = 80, .height = 1, .width = 1, .stride = 1});
  add("Conv2d_4a_3x3", "layers_conv_4", {.in = 80, .out = 192, .height = 3, .width = 3, .stride = 1, .padded = false});
}

void block_a(Block block, int in, int pooled) {
  block.head("branch1x1", "conv", in, 64);
  block.head("branch5x5_1", "tower_conv", in, 48);
  block.head("branch3x3dbl_1", "tower_1_conv", in, 64);
  block.head("branch_pool", "tower_2_conv", in, pooled);
  block.conv("branch5x5_2", "tower_conv_1", 48, 64, 5, 5);
  block.conv("branch3x3dbl_2", "tower_1_conv_1", 64, 96, 3, 3);
  block.conv("branch3x3dbl_3", "tower_1_conv_2", 96, 96, 3, 3);
}

void block_b(Block block) {
  block.half("branch3x3", "conv", 288, 384);
  block.conv("branch3x3dbl_1", "tower_conv", 288, 64, 1, 1);
  block.conv("branch3x3dbl_2", "tower_conv_1", 64, 96, 3, 3);
  block.half("branch3x3dbl_3", "tower_conv_2", 96, 96);
}

void block_c(Block block, int inner) {
  block.head("branch1x1", "conv", 768, 192);
  block.head("branch7x7_1", "tower_conv", 768, inner);
  block.head("branch7x7dbl_1", "tower_1_conv", 768, inner);
  block.head("branch_pool", "tower_2_conv", 768, 192);
  block.conv("branch7x7_2", "tower_conv_1", inner, inner, 1, 7);
  block.conv("branch7x7_3", "tower_conv_2", inner, 192, 7, 1);
  block.conv("branch7x7dbl_2", "tower_1_conv_1", inner, inner, 7, 1);
  block.conv("branch7x7dbl_3", "tower_1_conv_2", inner, inner, 1, 7);
  block.conv("branch7x7dbl_4", "tower_1_conv_3", inner, inner, 7, 1);
  block.conv("branch7x7dbl_5", "tower_1_conv_4", inner, 192, 1, 7);
}

void block_d(Block block) {
  block.head("branch3x3_1", "tower_conv", 768, 192);
  block.head("branch7x7x3_1", "tower_1_conv", 768, 192);
  block.half("branch3x3_2", "tower_conv_1", 192, 320);
  block.conv("branch7x7x3_2", "tower_1_conv_1", 192, 192, 1, 7);
  block.conv("branch7x7x3_3", "tower_1_conv_2", 192, 192, 7, 1);
  block.half("branch7x7x3_4", "tower_1_conv_3", 192, 192);
}

void block_e(Block block, int in, bool average) {
  block.head("branch1x1", "conv", in, 320);
  block.head("branch3x3_1", "tower_conv", in, 384);
  block.head("branch3x3dbl_1", "tower_1_conv", in, 448);
  // A convolution of 1×1 and an average may change places; a maximum must come first.
  if (average) {
    block.head("branch_pool", "tower_2_conv", in, 192);
  } else {
    block.conv("branch_pool", "tower_2_conv", in, 192, 1, 1);
  }
  block.conv("branch3x3_2a", "tower_mixed_conv", 384, 384, 1, 3);
  block.conv("branch3x3_2b", "tower_mixed_conv_1", 384, 384, 3, 1);
  block.conv("branch3x3dbl_2", "tower_1_conv_1", 448, 384, 3, 3);
  block.conv("branch3x3dbl_3a", "tower_1_mixed_conv", 384, 384, 1, 3);
  block.conv("branch3x3dbl_3b", "tower_1_mixed_conv_1", 384, 384, 3, 1);
}

std::vector<InceptionLayer> make_layers() {
  std::vector<InceptionLayer> layers;
  const auto block = [&](const char* name, const char* program) { return Block(layers, name, program); };
  stem(layers);
  block_a(block("Mixed_5b", "layers_mixed"), 192, 32);
  block_a(block("Mixed_5c", "layers_mixed_1"), 256, 64);
  block_a(block("Mixed_5d", "layers_mixed_2"), 288, 64);
  block_b(block("Mixed_6a", "layers_mixed_3"));
  block_c(block("Mixed_6b", "layers_mixed_4"), 128);
  block_c(block("Mixed_6c", "layers_mixed_5"), 160);
  block_c(block("Mixed_6d", "layers_mixed_6"), 160);
  block_c(block("Mixed_6e", "layers_mixed_7"), 192);
  block_d(block("Mixed_7a", "layers_mixed_8"));
  block_e(block("Mixed_7b", "layers_mixed_9"), 1280, true);
  block_e(block("Mixed_7c", "layers_mixed_10"), 2048, false);
  return layers;
}

}  // namespace

const std::vector<InceptionLayer>& inception_layers() {
  static const std::vector<InceptionLayer> layers = make_layers();
  return layers;
}

}  // namespace lifted::nets
