// `launch`: a command in several processes of this machine, started again when one is lost.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

#include "lifted/app/commands.h"
#include "lifted/app/launch_ranks.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/base/log.h"
#include "lifted/train/run_directory.h"
#include "lifted/train/snapshot.h"
#include "lifted/train/world.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;

constexpr Bounds kRestarts = bounds::whole(0, 1000), kHang = bounds::between(1, 86400);
constexpr int kMostRanks = 1024;

struct LaunchOptions {
  std::string nproc = "1";
  int restarts = 0;
  double hang_seconds = 20;
  std::vector<std::string> words;
};

struct RankCount {
  int least = 1, most = 1;
};

/// "4" or "1:4".
RankCount rank_count(const std::string& text) {
  const auto whole = [&](const std::string& digits) {
    const bool fits = !digits.empty() && digits.size() <= 4 && digits.find_first_not_of("0123456789") == digits.npos;
    const int value = fits ? std::atoi(digits.c_str()) : 0;
    if (value < 1 || value > kMostRanks)
      usage_error("--nproc {}: expected a number from 1 to {}, or two as in 1:4", text, kMostRanks);
    return value;
  };
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {whole(text), whole(text)};
  const RankCount count{whole(text.substr(0, colon)), whole(text.substr(colon + 1))};
  if (count.least > count.most) usage_error("--nproc {}: expected the smaller number first", text);
  return count;
}

/// Where the command stands: options of the program may stand before it.
std::vector<std::string>::const_iterator command_in(const std::vector<std::string>& words) {
  const auto found = std::ranges::find_if(words, [](const auto& word) { return !word.starts_with("-"); });
  if (found == words.end())
    usage_error("launch: expected a command behind --, as in `launch --nproc 2 -- train-gan …`");
  return found;
}

bool trains(const std::vector<std::string>& words) {
  return command_in(words)->starts_with("train-");
}

void check_command(const std::vector<std::string>& words) {
  static const std::set<std::string> known = {"train-gan",   "train-lift",   "train-embedding",
                                              "train-probe", "train-depth",  "generate",
                                              "metrics",     "heads render", "dataset make"};
  const auto command = command_in(words);
  const std::string both = command + 1 == words.end() ? *command : *command + " " + command[1];
  if (known.contains(*command) || known.contains(both)) return;
  usage_error(
      "launch: {} runs in one process; expected train-gan, train-lift, train-embedding, train-probe, train-depth, "
      "generate, metrics, heads render or dataset make",
      *command);
}

/// How a training goes on in its folder: with those of its options that a resumed run does not keep by itself.
std::vector<std::string> resumed(const std::vector<std::string>& words, const fs::path& run) {
  const auto command = command_in(words);
  std::vector<std::string> result(words.begin(), command + 1);
  result.insert(result.end(), {"--resume", run.string()});
  for (auto word = command + 1; word != words.end(); ++word) {
    for (const std::string name : {"--device", "--threads"}) {
      if (word->starts_with(name + "=")) result.push_back(*word);
      if (*word == name && word + 1 != words.end()) result.insert(result.end(), {name, word[1]});
    }
  }
  return result;
}

/// The shards that a run was started with.
int64_t shards_of(const fs::path& run) {
  const auto options = train::RunDirectory::options_of(run);
  return options.value(nlohmann::ordered_json::json_pointer("/settings/shards"), int64_t{1});
}

/// One less than `before` where --nproc allows it, and so that they divide the shards.
int next_count(const RankCount& allowed, int before, const fs::path& run) {
  if (allowed.least == allowed.most) return before;
  const int64_t shards = run.empty() ? 0 : shards_of(run);
  for (int count = before - 1; count >= allowed.least; --count)
    if (shards == 0 || shards % count == 0) return count;
  return before;
}

/// A folder that goes with this program.
class OwnFolder {
 public:
  OwnFolder() {
    std::string name = (fs::temp_directory_path() / "liftedgan-launch-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, "{}: cannot make a folder there", fs::temp_directory_path().string());
    path_ = name;
  }
  ~OwnFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void launch(const LaunchOptions& options) {
  const RankCount allowed = rank_count(options.nproc);
  check_command(options.words);
  require(train::World::is_supported() || allowed.most == 1, "launch: {}", train::World::unsupported());
  const OwnFolder folder;
  RankSettings ranks{.words = options.words,
                     .count = allowed.most,
                     .attempt = "0",
                     .folder = folder.path(),
                     .hang_seconds = options.hang_seconds};
  for (int restart = 0;; ++restart) {
    ranks.attempt = std::to_string(restart);
    const Ending ending = run_ranks(ranks);
    if (ending.sentence.empty()) return;
    if (!ending.lost || restart >= options.restarts) {
      const std::string text = fmt::format("launch: {}", ending.sentence);
      if (ending.exit_code == 2) throw UsageError(text);
      throw Error(text);
    }
    const fs::path run = trains(options.words) ? run_folder_of(ranks) : fs::path();
    const bool goes_on = !run.empty() && !train::list_training_states(run).empty();
    ranks.words = goes_on ? resumed(options.words, run) : options.words;
    ranks.count = next_count(allowed, ranks.count, goes_on ? run : fs::path());
    log_warning("{}; restart {} of {} with {} processes{}", ending.sentence, restart + 1, options.restarts, ranks.count,
                goes_on ? " from the newest snapshot in " + run.string() : " from the beginning");
  }
}

}  // namespace

void add_launch(CLI::App& app) {
  auto options = std::make_shared<LaunchOptions>();
  CLI::App* command = app.add_subcommand("launch", "Run a command in several processes of this machine");
  command
      ->add_option("--nproc", options->nproc,
                   "How many; MIN:MAX begins with MAX and goes on with fewer where one was lost")
      ->capture_default_str();
  command
      ->add_option("--max-restarts", options->restarts,
                   "How often to start again after a process was killed or hung: a training from its newest snapshot")
      ->transform(number(kRestarts))
      ->capture_default_str();
  command
      ->add_option("--hang", options->hang_seconds,
                   "Seconds after which a process that neither computes nor waits, while others wait for it, is lost")
      ->transform(number(kHang))
      ->capture_default_str();
  command->add_option("command", options->words, "Behind --: the command and its options");
  command->callback([options] { launch(*options); });
}

}  // namespace lifted::app
