#include "lifted/app/run_record.h"

#include <torch/version.h>

#include <cctype>
#include <ctime>

#include "lifted/app/command_text.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/base/log.h"
#include "lifted/base/printable.h"
#include "lifted/base/runtime.h"
#include "lifted/model/builtin.h"
#include "lifted_version.h"

namespace lifted::app {
namespace {

std::vector<std::string>& command_line() {
  static std::vector<std::string> arguments;
  return arguments;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return text;
}

}  // namespace

void keep_earlier_record(const std::filesystem::path& outdir) {
  const std::filesystem::path file = outdir / "run.json";
  if (!std::filesystem::is_regular_file(file)) return;
  nlohmann::json earlier;
  try {
    earlier = read_json_file(file, {.text_bytes = 16 << 20});
  } catch (const Error&) {  // somebody else's file: kept all the same
  }
  const auto text = [&](const char* name) {
    return earlier.is_object() && earlier.contains(name) && earlier[name].is_string() ? earlier[name].get<std::string>()
                                                                                      : std::string();
  };
  if (earlier.is_object() && earlier.contains("arguments") && earlier["arguments"] == nlohmann::json(command_line()))
    return;
  std::string date = text("date");
  std::erase_if(date, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
  const std::string kept = fmt::format("run-{}.json", date.empty() ? "earlier" : date);
  std::filesystem::rename(file, outdir / kept);
  log_info(
      "{}: holds the results of an earlier run{}; files of the same names are replaced, its run.json is kept as {}",
      outdir.string(), text("command").empty() ? "" : " of " + text("command"), kept);
}

void RunRecord::set_command_line(std::vector<std::string> arguments) {
  command_line() = std::move(arguments);
}

RunRecord::RunRecord(std::string command) : start_(std::chrono::steady_clock::now()) {
  fields_["command"] = std::move(command);
  fields_["arguments"] = command_line();
  fields_["date"] = utc_now();
  fields_["networks"] = nlohmann::ordered_json::array();
}

void RunRecord::add_network(const std::filesystem::path& path) {
  const formats::ByteSource source = model::network_bytes(path);
  fields_["networks"].push_back(
      {{"path", path.string()}, {"sha256", sha256_of(source.bytes().data(), source.bytes().size())}});
}

formats::PngText RunRecord::provenance() const {
  std::string networks;
  for (const auto& network : fields_["networks"]) {
    const std::filesystem::path path = network["path"].get<std::string>();
    networks += fmt::format("{}{} SHA-256 {}", networks.empty() ? "" : "\n", printable(path.filename().string()),
                            network["sha256"].get<std::string>());
  }
  return {{"Software", "liftedgan " LIFTED_VERSION}, {"Command", command_text(command_line())}, {"Network", networks}};
}

void RunRecord::write(const std::filesystem::path& outdir) const {
  nlohmann::ordered_json record = fields_;
  record["versions"] = {{"liftedgan", LIFTED_VERSION}, {"libtorch", TORCH_VERSION}, {"compiler", LIFTED_COMPILER}};
  record["blas"] = blas_kernels();
  record["threads"] = torch::get_num_threads();
  record["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  write_file_atomically(outdir / "run.json", record.dump(2) + "\n");
}

}  // namespace lifted::app
