// `inspect`: what a file is and what it holds.
#include "lifted/app/commands.h"
#include "lifted/base/printable.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/describe.h"
#include "lifted/model/builtin.h"
#include "lifted/model/import.h"

namespace lifted::app {
namespace {

constexpr size_t kLongestName = 120;  // of a tensor

std::string shape_text(const std::vector<int64_t>& shape) {
  return "[" + fmt::format("{}", fmt::join(shape, ", ")) + "]";
}

void print_text(const model::NetworkDescription& network, const formats::Checkpoint& checkpoint,
                const formats::Description& contents) {
  fmt::print("{}\n", network.sentence);
  for (const auto& [name, value] : network.facts) fmt::print("  {:<22} {}\n", name, value);
  fmt::print("  {:<22} {}\n\n", "format", formats::name_of(checkpoint.kind));
  size_t width = 4;
  const auto name = [](const auto& entry) { return printable(entry.path, kLongestName); };
  for (const auto& tensor : contents.tensors) width = std::max(width, name(tensor).size());
  for (const auto& tensor : contents.tensors) {
    fmt::print("{:<{}}  {:<9} {}", name(tensor), width, tensor.dtype, shape_text(tensor.shape));
    if (tensor.nan + tensor.infinite > 0) fmt::print("  {} NaN, {} infinite", tensor.nan, tensor.infinite);
    fmt::print("\n");
  }
  for (const auto& scalar : contents.scalars) fmt::print("{:<{}}  {}\n", name(scalar), width, scalar.text);
  fmt::print(
      "\n{} tensors, {} elements, {:.1f} MB{}\n", contents.tensors.size(), contents.elements(),
      static_cast<double>(contents.bytes()) / 1e6,
      contents.broken_tensors() ? fmt::format(", {} tensors with NaN or infinities", contents.broken_tensors()) : "");
  if (!contents.complete) fmt::print("(the file describes more than is listed here)\n");
}

nlohmann::ordered_json as_json(const model::NetworkDescription& network, const formats::Checkpoint& checkpoint,
                               const formats::Description& contents) {
  nlohmann::ordered_json json;
  json["what"] = network.sentence;
  json["format"] = formats::name_of(checkpoint.kind);
  for (const auto& [name, value] : network.facts) json["facts"][name] = value;
  json["metadata"] = checkpoint.metadata;
  json["tensors"] = nlohmann::ordered_json::array();
  for (const auto& tensor : contents.tensors) {
    json["tensors"].push_back({{"key", tensor.path},
                               {"dtype", tensor.dtype},
                               {"shape", tensor.shape},
                               {"nan", tensor.nan},
                               {"infinite", tensor.infinite}});
  }
  for (const auto& scalar : contents.scalars) json["values"][scalar.path] = scalar.text;
  return json;
}

void inspect(const std::filesystem::path& path, bool json) {
  const formats::Checkpoint checkpoint = formats::read_checkpoint(model::network_bytes(path));
  const model::NetworkDescription network = model::describe_network(checkpoint, path);
  const formats::Description contents = formats::describe(checkpoint.root);
  if (json) {
    fmt::print("{}\n",
               as_json(network, checkpoint, contents).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    print_text(network, checkpoint, contents);
  }
}

}  // namespace

void add_inspect(CLI::App& app) {
  struct Options {
    std::filesystem::path file;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("inspect", "Say what a checkpoint file is and list its keys, shapes and dtypes");
  command
      ->add_option("file,--network,--ckpt,--pkl", options->file,
                   "Checkpoint: .pt, .pth, .pth.tar, .pkl or .safetensors; or builtin")
      ->required();
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options] { inspect(options->file, options->json); });
}

}  // namespace lifted::app
