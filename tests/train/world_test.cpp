// Several processes: sums that do not depend on who computes what, and ends that all understand alike.
#include "lifted/train/world.h"
#include "lifted/base/runtime.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "lifted/base/file.h"
#include "lifted/formats/safetensors.h"
#include "lifted/nets/init.h"
#include "lifted/train/gan_task.h"
#include "lifted/train/lift_task.h"
#include "tests/support/tiny_networks.h"
#include "tests/train/ranks.h"

namespace lifted::train {
namespace {
namespace fs = std::filesystem;
using test::Ranks;
using torch::Tensor;

constexpr int64_t kManyNumbers = 40'001;  // more than one message takes

Tensor numbers_of(int64_t shard, int64_t count) {
  return torch::randn({count}, nets::seeded_generator(static_cast<uint64_t>(shard) + 1));
}

/// What shards.h promises of 2^k values.
Tensor tree_sum(const std::vector<Tensor>& values) {
  std::vector<Tensor> level = values;
  while (level.size() > 1) {
    const size_t half = level.size() / 2;
    std::vector<Tensor> next;
    for (size_t i = 0; i < half; ++i) next.push_back(level[i] + level[i + half]);
    level = next;
  }
  return level[0];
}

/// A parameter per size, whose gradient in a shard is numbers_of() it.
Tensor summed_gradient(const Shards& shards, int64_t count) {
  const Tensor parameter = torch::zeros({count}).requires_grad_(true), idle = torch::zeros({3}).requires_grad_(true);
  GradientSum sum({parameter, idle}, shards);
  for (const int64_t shard : shards.mine()) {
    (parameter * numbers_of(shard, count)).sum().backward();
    sum.add_shard(torch::full({1}, static_cast<double>(shard)));
  }
  const Tensor beside = sum.finish("sum for the test");
  const auto shard_count = static_cast<double>(shards.count());
  EXPECT_EQ(beside.item<double>(), shard_count * (shard_count - 1) / 2);
  EXPECT_FALSE(idle.grad().defined());
  return parameter.grad();
}

std::shared_ptr<const data::Dataset> pictures(const fs::path& folder) {
  return std::make_shared<const data::Dataset>(folder / "data");
}

void write_pictures(const fs::path& folder) {
  torch::manual_seed(1);
  for (int i = 0; i < 24; ++i) {
    const auto image = torch::rand({3, 1, 1}) * 2 - 1 + 0.3 * torch::randn({3, 16, 16});
    formats::write_png(folder / "data" / fmt::format("{:02d}.png", i), formats::image_from_tensor(image));
  }
}

GanOptions gan_options(int64_t shards) {
  GanOptions options;
  set_channels(options, "micro", 16);
  options.batch = 8;
  options.augment = AugmentMode::adaptive;
  options.mirror = true;
  options.seed = 5;
  options.shards = shards;
  return options;
}

LiftTask lift_task(int64_t shards, const World& world) {
  LiftTaskOptions options;
  options.batch = 8;
  options.seed = 3;
  options.shards = shards;
  options.training.weights.perceptual = options.training.weights.identity = 0;
  auto network = test::tiny_lifted(4);
  return {options, LiftTrainer(*network.lifted, {}, options.training), torch::kCPU, world};
}

StateDict copy_of(const StateDict& state) {
  StateDict copy;
  for (const auto& [name, tensor] : state) copy[name] = tensor.detach().clone();
  return copy;
}

/// Five steps, of which the first and the last make every regularization; the statistics beside the state.
StateDict trained(TrainingTask& task, int steps) {
  Statistics statistics;
  for (int i = 0; i < steps; ++i) task.step(statistics);
  StateDict state = copy_of(task.state());
  const auto means = statistics.to_json();
  for (const auto& [name, entry] : means.items())
    state["mean." + name] = torch::tensor(entry["mean"].get<double>(), torch::kFloat64);
  return state;
}

void expect_same(const StateDict& found, const StateDict& expected, double statistics_tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    if (name.starts_with("mean.")) {
      const double value = tensor.item<double>();
      EXPECT_NEAR(found.at(name).item<double>(), value, statistics_tolerance * std::max(1.0, std::abs(value))) << name;
    } else {
      EXPECT_TRUE(found.at(name).equal(tensor)) << name;
    }
  }
}

// ---- What ranks do ----

void play_sums(const World& world) {
  for (const int64_t count : {int64_t{3}, kManyNumbers}) {
    Tensor values = numbers_of(world.rank(), count);
    world.sum(values, "add");
    formats::write_safetensors(
        test::role_folder() / fmt::format("sum-{}-{}-{}", world.size(), count, world.rank()),
        {{"sum", values},
         {"of shards", summed_gradient({12, world}, count)},
         {"of 8", world.size() == 3 ? Tensor(torch::zeros({1})) : summed_gradient({8, world}, count)}});
  }
  EXPECT_EQ(world.any(1U << world.rank(), "flag"), (1U << world.size()) - 1);
  const auto texts = world.gather(std::string(static_cast<size_t>(world.rank()), 'x'), "write");
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i].size(), i);
  EXPECT_EQ(world.broadcast(fmt::format("of {}", world.rank()), "say"), "of 0");
  const Tensor placed = in_shard_order(torch::tensor(Shards(12, world).mine()), {12, world}, "place");
  EXPECT_TRUE(placed.equal(torch::arange(12)));
  try {
    world.together(
        [&] {
          if (world.rank() == 1) usage_error("--x: one is wrong");
        },
        "try");
    ADD_FAILURE() << "went on";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "--x: one is wrong");
  }
  try {
    world.require_same(std::to_string(world.rank() == 1), "options");
    ADD_FAILURE() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), fmt::format("rank 1 of {} has other options than rank 0", world.size()));
  }
  world.barrier("end");
}

void play_training(const World& world) {
  GanTask gan(gan_options(4), pictures(test::role_folder()), torch::kCPU, world);
  formats::write_safetensors(test::role_folder() / fmt::format("gan-{}-{}", world.size(), world.rank()),
                             trained(gan, 5));
  LiftTask lift = lift_task(4, world);
  formats::write_safetensors(test::role_folder() / fmt::format("lift-{}-{}", world.size(), world.rank()),
                             trained(lift, 2));
  world.barrier("end");
}

/// A StyleGAN2 whose weights become NaN on rank 1 before the third step.
class Poisoned : public GanTask {
 public:
  using GanTask::GanTask;
  void step(Statistics& statistics) override {
    if (++steps_made_ == 3 && shards().world().rank() == 1) {
      const torch::NoGradGuard guard;
      trainer().generator->parameters().front().fill_(NAN);
    }
    GanTask::step(statistics);
  }
  void write_pictures(RunDirectory&, int64_t) override {}

 private:
  int steps_made_ = 0;
};

void play_nan(const World& world) {
  Poisoned task(gan_options(2), pictures(test::role_folder()), torch::kCPU, world);
  auto run = world.writes() ? RunDirectory::create(test::role_folder() / "runs", "nan", {{"x", 1}})
                            : RunDirectory::watch(test::role_folder());
  LoopOptions options{.total_images = 80, .images_per_tick = 80, .snapshot_ticks = 0};
  options.world = world;
  run_training(task, run, options);
}

/// Sums again and again; on the way rank 1 dies or stops.
void play_loss(const World& world, int signal) {
  for (int step = 0; step < 1000; ++step) {
    world.any(0, "go on");
    if (step == 5 && world.rank() == 1) ::raise(signal);
  }
}

/// Rank 1 comes after the others lost patience.
void play_late(const WorldPlace& place) {
  if (place.rank == 1) std::this_thread::sleep_for(std::chrono::seconds(4));
  World::join(place);
}

TEST(WorldRank, DISABLED_Plays) {
  const std::string role = test::own_role();
  WorldPlace place = WorldPlace::from_environment();
  place.start_seconds = role == "late" ? 2 : 60;
  place.wait_seconds = role == "stop" ? 2 : 20;
  try {
    if (role == "late") return play_late(place);
    const World world = World::join(place);
    if (role.starts_with("sums")) play_sums(world);
    if (role.starts_with("training")) play_training(world);
    if (role == "nan") play_nan(world);
    if (role == "kill") play_loss(world, SIGKILL);
    if (role == "stop") play_loss(world, SIGSTOP);
  } catch (const std::exception& error) {
    std::printf("ended: %s\n", error.what());
    FAIL();
  }
}

// ---- What is expected of them ----

class WorldTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!World::is_supported()) GTEST_SKIP() << "this build knows one process only";
    set_threads(1);  // sums of weights' gradients feel the number of threads; the ranks have one each
  }
  void play(const std::string& role, int count) {
    const auto endings = Ranks(role + std::to_string(count), count, folder_).wait();
    for (const auto& ending : endings) EXPECT_EQ(ending.code, 0) << role << " of " << count << ":\n" << ending.output;
  }
  static std::string sentence_in(const std::string& output) {
    const size_t at = output.find("ended: ");
    return at == std::string::npos ? output : output.substr(at + 7, output.find('\n', at) - at - 7);
  }
  StateDict state(const std::string& name) const { return formats::read_safetensors(folder_ / name); }

  test::TemporaryFolder folder_;
};

TEST_F(WorldTest, SumsAreTreesWhoeverComputesWhat) {
  for (const int ranks : {2, 3, 4}) {
    play("sums", ranks);
    if (HasFailure()) return;
    for (const int64_t count : {int64_t{3}, kManyNumbers}) {
      std::vector<Tensor> of_ranks, of_8;
      for (int64_t i = 0; i < ranks; ++i) of_ranks.push_back(numbers_of(i, count));
      for (int64_t i = 0; i < 8; ++i) of_8.push_back(numbers_of(i, count));
      const auto first = state(fmt::format("sum-{}-{}-0", ranks, count));
      for (int rank = 0; rank < ranks; ++rank) {
        const auto found = state(fmt::format("sum-{}-{}-{}", ranks, count, rank));
        for (const auto& [name, tensor] : found) EXPECT_TRUE(tensor.equal(first.at(name))) << name << " " << rank;
        if (ranks == 3) {
          EXPECT_TRUE(found.at("sum").equal(of_ranks[0] + of_ranks[2] + of_ranks[1]));
          continue;
        }
        EXPECT_TRUE(found.at("sum").equal(tree_sum(of_ranks))) << ranks << " " << count;
        EXPECT_TRUE(found.at("of 8").equal(tree_sum(of_8))) << ranks << " " << count;
        EXPECT_TRUE(found.at("of 8").equal(summed_gradient({8, World::alone()}, count)));
        EXPECT_TRUE(found.at("of shards").allclose(summed_gradient({12, World::alone()}, count), 1e-5, 1e-5));
      }
    }
  }
}

TEST_F(WorldTest, TwoProcessesTrainBitForBitAsOneWithAsManyShards) {
  write_pictures(folder_.path());
  play("training", 2);
  if (HasFailure()) return;
  GanTask gan(gan_options(4), pictures(folder_.path()), torch::kCPU);
  LiftTask lift = lift_task(4, World::alone());
  const StateDict of_gan = trained(gan, 5), of_lift = trained(lift, 2);
  for (int rank = 0; rank < 2; ++rank) {
    expect_same(state(fmt::format("gan-2-{}", rank)), of_gan, 1e-6);
    expect_same(state(fmt::format("lift-2-{}", rank)), of_lift, 1e-6);
  }
}

TEST_F(WorldTest, ANanOfOneEndsAllWithOneSentence) {
  write_pictures(folder_.path());
  const auto endings = Ranks("nan", 2, folder_).wait();
  const std::string sentence = sentence_in(endings[0].output);
  EXPECT_NE(sentence.find("step 3 (kimg 0.016): the discriminator's logistic loss is nan"), std::string::npos)
      << endings[0].output;
  for (const auto& ending : endings) {
    EXPECT_EQ(ending.code, 1);
    EXPECT_EQ(sentence_in(ending.output), sentence);
  }
}

/// One dies, one stops, one does not come: three worlds at a time, since most of it is waiting.
TEST_F(WorldTest, ALostRankIsNamedByAllOthersAlike) {
  Ranks late("late", 2, folder_), dead("kill", 3, folder_), silent("stop", 3, folder_);
  const auto of_dead = dead.wait();
  EXPECT_EQ(of_dead[1].code, -SIGKILL);
  const std::string gone = sentence_in(of_dead[0].output);
  EXPECT_NE(gone.find(fmt::format("process {}) is gone: rank ", dead.process(1))), std::string::npos) << gone;
  EXPECT_TRUE(gone.starts_with("rank 1 of 3 (") && gone.ends_with("waited for it to go on")) << gone;
  EXPECT_EQ(sentence_in(of_dead[2].output), gone);

  EXPECT_NE(late.wait()[0].output.find("ended: rank 0 of 2: waited 2 s for rank 1 to start, in vain"),
            std::string::npos);

  const auto first = silent.wait_for(0), third = silent.wait_for(2);
  ::kill(silent.process(1), SIGKILL);
  silent.wait_for(1);
  const std::string sentence = sentence_in(first.output);
  EXPECT_TRUE(sentence.starts_with("rank 1 of 3 (")) << first.output;
  EXPECT_NE(sentence.find("did not answer within 2 s: rank "), std::string::npos) << sentence;
  EXPECT_EQ(sentence_in(third.output), sentence);
}

TEST(WorldPlace, ComesFromThoseWhoStartProcesses) {
  const auto with = [](const std::vector<std::pair<const char*, const char*>>& variables) {
    for (const auto& [name, value] : variables) ::setenv(name, value, 1);
    WorldPlace place;
    std::string problem;
    try {
      place = WorldPlace::from_environment();
    } catch (const UsageError& error) {
      problem = error.what();
    }
    for (const auto& [name, value] : variables) ::unsetenv(name);
    return std::pair(place, problem);
  };
  EXPECT_EQ(with({}).first.size, 1);
  const auto torchrun = with({{"RANK", "3"},
                              {"WORLD_SIZE", "4"},
                              {"LOCAL_RANK", "1"},
                              {"LOCAL_WORLD_SIZE", "2"},
                              {"MASTER_ADDR", "a"},
                              {"MASTER_PORT", "29400"}})
                            .first;
  EXPECT_EQ(torchrun.rank, 3);
  EXPECT_EQ(torchrun.size, 4);
  EXPECT_EQ(torchrun.local_rank, 1);
  EXPECT_EQ(torchrun.address, "a");
  EXPECT_EQ(torchrun.port, 29400);
  EXPECT_EQ(with({{"RANK", "0"},
                  {"WORLD_SIZE", "2"},
                  {"MASTER_ADDR", "a"},
                  {"MASTER_PORT", "5"},
                  {"TORCHELASTIC_USE_AGENT_STORE", "True"}})
                .first.port,
            6);
  const auto slurm = with({{"SLURM_STEP_NUM_TASKS", "8"},
                           {"SLURM_PROCID", "7"},
                           {"SLURM_LOCALID", "1"},
                           {"SLURM_NTASKS_PER_NODE", "2"},
                           {"SLURM_JOB_NODELIST", "gpu[03-06]"},
                           {"SLURM_JOB_ID", "123"}})
                         .first;
  EXPECT_EQ(slurm.rank, 7);
  EXPECT_EQ(slurm.local_rank, 1);
  EXPECT_EQ(slurm.address, "gpu03");
  EXPECT_EQ(slurm.port, 20123);
  const auto mpi = with({{"OMPI_COMM_WORLD_SIZE", "2"},
                         {"OMPI_COMM_WORLD_RANK", "1"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}})
                       .first;
  EXPECT_EQ(mpi.rank, 1);
  EXPECT_EQ(mpi.address, "127.0.0.1");
  EXPECT_EQ(mpi.port, 29500);
  EXPECT_EQ(with({{"WORLD_SIZE", "x"}}).second, "WORLD_SIZE=x: expected a whole number from 1 to 1048576");
  EXPECT_EQ(with({{"WORLD_SIZE", "2"}, {"RANK", "2"}}).second, "RANK=2: expected a whole number from 0 to 1");
  EXPECT_EQ(with({{"WORLD_SIZE", "2"}}).second, "WORLD_SIZE=2: expected RANK beside it");
  EXPECT_EQ(with({{"WORLD_SIZE", "2"}, {"RANK", "1"}, {"LOCAL_WORLD_SIZE", "1"}}).second.substr(0, 36),
            "MASTER_ADDR: expected the address of");
}

TEST(Shards, AreDividedEvenlyOrRefused) {
  EXPECT_EQ(Shards(4, World::alone()).mine(), (std::vector<int64_t>{0, 2, 1, 3}));
  EXPECT_EQ(Shards(3, World::alone()).mine(), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(Shards(4, World::alone()).share_of(8), 2);
  EXPECT_THROW(Shards(4, World::alone()).share_of(6), UsageError);
}

}  // namespace
}  // namespace lifted::train
