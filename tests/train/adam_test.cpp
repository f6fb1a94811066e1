#include "lifted/train/adam.h"

#include <torch/optim/adam.h>

#include "lifted/base/error.h"
#include "lifted/base/runtime.h"
#include "lifted/train/random_streams.h"
#include "tests/support/golden.h"

namespace lifted::train {
namespace {
using torch::Tensor;

torch::nn::Sequential network() {
  torch::manual_seed(3);
  return torch::nn::Sequential(torch::nn::Linear(300, 200), torch::nn::Linear(200, 7));
}

Tensor loss_of(torch::nn::Sequential& net, int step) {
  auto generator = RandomStreams(static_cast<uint64_t>(step)).get("input");
  return net->forward(torch::randn({4, 300}, generator)).square().mean();
}

class AgainstTorch : public testing::TestWithParam<std::pair<double, double>> {};

TEST_P(AgainstTorch, MakesTheSameSteps) {
  const auto [beta1, decay] = GetParam();
  auto ours = network(), theirs = network();
  Adam adam(*ours, {.lr = 2e-3, .beta1 = beta1, .beta2 = 0.99, .weight_decay = decay});
  torch::optim::Adam reference(theirs->parameters(),
                               torch::optim::AdamOptions(2e-3).betas({beta1, 0.99}).weight_decay(decay));
  for (int step = 0; step < 10; ++step) {
    adam.zero_gradients();
    loss_of(ours, step).backward();
    adam.step();
    reference.zero_grad();
    loss_of(theirs, step).backward();
    reference.step();
  }
  const auto a = ours->parameters(), b = theirs->parameters();
  for (size_t i = 0; i < a.size(); ++i) test::expect_close("parameter", a[i], b[i], 2e-5);
}

INSTANTIATE_TEST_SUITE_P(Adam, AgainstTorch,
                         testing::Values(std::pair(0.9, 0.0), std::pair(0.9, 5e-4), std::pair(0.0, 0.0)));

TEST(Adam, TheLayoutOfParametersAndGradientsDoesNotMatter) {
  const auto last = torch::MemoryFormat::ChannelsLast;
  const auto value = torch::randn({6, 5, 3, 3}), gradient = torch::randn({6, 5, 3, 3});
  std::vector<Tensor> results;
  for (const auto& [weights, gradients] :
       {std::pair(value, gradient), std::pair(value.contiguous(last), gradient),
        std::pair(value.contiguous(last), gradient.contiguous(last)), std::pair(value, gradient.contiguous(last))}) {
    torch::nn::Conv2d conv(torch::nn::Conv2dOptions(5, 6, 3).bias(false));
    conv->weight.set_data(weights.clone());
    Adam adam(*conv, {.weight_decay = 0.1});
    conv->weight.mutable_grad() = gradients.clone();
    adam.step();
    results.push_back(conv->weight.detach());
  }
  for (const auto& result : results) EXPECT_TRUE(result.equal(results[0]));
}

TEST(Adam, DoesNotDependOnTheNumberOfThreads) {
  const int threads = torch::get_num_threads();
  std::vector<Tensor> results;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    auto net = network();
    Adam adam(*net, {});
    for (auto& p : net->parameters())
      p.mutable_grad() = torch::sin(torch::arange(p.numel(), torch::kFloat32)).view(p.sizes());
    adam.step();
    results.push_back(net->parameters()[0].detach().clone());
  }
  set_threads(threads);
  EXPECT_TRUE(results[0].equal(results[1]) && results[0].equal(results[2]));
}

TEST(Adam, StateContinuesExactly) {
  auto a = network();
  Adam first(*a, {.lr = 1e-2});
  loss_of(a, 0).backward();
  first.step();
  StateDict saved, weights;
  for (const auto& [name, tensor] : first.state()) saved[name] = tensor.clone();
  auto b = network();
  {
    const torch::NoGradGuard guard;
    for (size_t i = 0; i < a->parameters().size(); ++i) b->parameters()[i].copy_(a->parameters()[i]);
  }
  Adam second(*b, {.lr = 1e-2});
  second.load_state(saved, "saved");
  for (auto* pair : {&a, &b}) {
    for (auto& p : (*pair)->parameters()) p.mutable_grad() = Tensor();
    loss_of(*pair, 1).backward();
  }
  first.step();
  second.step();
  for (size_t i = 0; i < a->parameters().size(); ++i) EXPECT_TRUE(a->parameters()[i].equal(b->parameters()[i]));

  saved.erase("0.weight.exp_avg_sq");
  EXPECT_THROW(second.load_state(saved, "saved"), Error);
}

TEST(Adam, ParametersWithoutGradient) {
  auto net = network();
  Adam zero(*net, {}), skip(*net, {.skip_missing_gradients = true});
  zero.step();
  skip.step();
  EXPECT_EQ(zero.state().at("0.weight.step").item<int64_t>(), 1);
  EXPECT_EQ(skip.state().at("0.weight.step").item<int64_t>(), 0);
}

TEST(Adam, RefusesWhatWouldStandStill) {
  auto net = network();
  net->parameters()[2].requires_grad_(false);
  try {
    Adam adam(*net, {});
    FAIL() << "accepted a parameter without gradient";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'1.weight' requires no gradient"), std::string::npos) << error.what();
  }
}

TEST(Adam, MovesItsStateWithTheParameters) {
  auto net = network();
  Adam adam(*net, {});
  loss_of(net, 0).backward();
  adam.step();
  StateDict before;
  for (const auto& [name, tensor] : adam.state()) before[name] = tensor.clone();
  net->to(torch::kCPU);
  adam.to(torch::kCPU);
  for (const auto& [name, tensor] : adam.state()) EXPECT_TRUE(tensor.equal(before.at(name))) << name;
  EXPECT_GT(before.at("0.weight.exp_avg").abs().max().item<float>(), 0);
}

TEST(RandomStreams, DependOnSeedNameStepAndShardAlone) {
  RandomStreams a(7, 3, 1), b(7, 3, 1);
  const double first = a.uniform("x");
  b.uniform("y");  // does not disturb x
  EXPECT_EQ(first, b.uniform("x"));
  EXPECT_EQ(a.uniform("x"), b.uniform("x")) << "within a step a stream goes on";
  EXPECT_NE(first, RandomStreams(8, 3, 1).uniform("x"));
  EXPECT_NE(first, RandomStreams(7, 3, 1).uniform("y"));
  EXPECT_NE(first, RandomStreams(7, 4, 1).uniform("x"));
  EXPECT_NE(first, RandomStreams(7, 3, 0).uniform("x"));
  EXPECT_NE(first, RandomStreams(7).uniform("x"));
  EXPECT_EQ(a.get("noise").device(), torch::Device(torch::kCPU));
}

}  // namespace
}  // namespace lifted::train
