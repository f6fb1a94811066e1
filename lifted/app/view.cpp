// `view`: networks in a browser: a page and an HTTP API served from this program.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/portrait_options.h"
#include "lifted/app/sampling.h"
#include "lifted/app/validators.h"
#include "lifted/app/viewer_page.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/model/builtin.h"
#include "lifted/photo/network_files.h"
#include "lifted/viewer/server.h"

namespace lifted::app {
namespace {

struct ViewOptions {
  SamplingOptions sampling;  // its networks, device and threads
  std::string host = "127.0.0.1", token, encoder, landmark_net = model::kBuiltinNetwork;
  uint16_t port = 8765;
  int64_t cache_mebibytes = 512, queue = 64;
  double timeout = 30;
};

std::vector<viewer::ShownNetwork> shown_networks(const ViewOptions& options) {
  const std::vector<std::string> labels = network_labels(options.sampling.networks);
  std::vector<viewer::ShownNetwork> shown;
  for (model::LoadedNetwork& network : load_networks(
           options.sampling, choose_device(options.sampling.device, parse_precision(options.sampling.precision)))) {
    const bool builtin = network.files.front() == model::kBuiltinNetwork;
    const std::string encoder =
        options.encoder.empty() && builtin && photo::has_builtin_encoder() ? model::kBuiltinNetwork : options.encoder;
    shown.push_back({labels[shown.size()], std::move(network)});
    auto& added = shown.back();
    if (!encoder.empty()) {
      added.encoder = photo::load_encoder_of(encoder, added.network.generator);
      added.encoder->to(added.network.statistics.mean.device());
    }
    added.crop = builtin ? photo::Crop::heads : photo::Crop::ffhq;
  }
  return shown;
}

viewer::ServerOptions server_options(const ViewOptions& options) {
  viewer::ServerOptions server;
  server.http.address = options.host == "localhost" ? "127.0.0.1" : options.host;
  server.http.port = options.port;
  server.token = options.token;
  server.threads = options.sampling.threads;
  server.queue = static_cast<size_t>(options.queue);
  server.cache_bytes = options.cache_mebibytes << 20;
  server.timeout_seconds = options.timeout;
  server.page = viewer_page();
  if (photo::has_face_cascade()) server.finder = make_face_finder(options.landmark_net);
  return server;
}

/// Waits for Ctrl-C or a request to end.
void wait_for_the_end(const sigset_t& signals) {
  int received = 0;
  sigwait(&signals, &received);
}

void view(ViewOptions options) {
  if (options.sampling.networks.empty()) options.sampling.networks = {model::kBuiltinNetwork};
  if (const char* token = std::getenv("LIFTEDGAN_TOKEN"); options.token.empty() && token) options.token = token;
  const torch::NoGradGuard no_grad;
  const viewer::ServerOptions server_settings = server_options(options);
  viewer::check_address(server_settings);
  std::vector<viewer::ShownNetwork> networks = shown_networks(options);
  // Blocked before the server's threads start, so that none of them receives one.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const viewer::Server server(std::move(networks), server_settings);
  fmt::print("{}{}\n", server.url(), options.token.empty() ? "" : "#token=YOUR_TOKEN");
  std::cout.flush();
  std::fflush(stdout);
  log_info("open the address above in a browser; Ctrl-C ends the viewer");
  wait_for_the_end(signals);
}

}  // namespace

void add_view(CLI::App& app) {
  auto options = std::make_shared<ViewOptions>();
  CLI::App* command = app.add_subcommand("view", "Networks in a browser: turn, relight, blend, compare, download");
  command
      ->add_option("--network,--ckpt,--pkl", options->sampling.networks,
                   "Checkpoint to show; several stand side by side (default: builtin)")
      ->take_all();
  command
      ->add_option("--gan", options->sampling.gans, "StyleGAN2 generator that a LiftedGAN checkpoint was trained with")
      ->take_all();
  add_supersampling_option(*command, options->sampling);
  command->add_option("--port", options->port, "0 for any that is free")
      ->transform(number(bounds::whole(0, 65535)))
      ->capture_default_str();
  command->add_option("--host", options->host, "Address to listen on; one that others can reach needs --token")
      ->capture_default_str();
  command->add_option("--token", options->token, "Secret that requests must carry (or in LIFTEDGAN_TOKEN)");
  command->add_option("--encoder", options->encoder,
                      "Network of train-encoder that reads the codes of photographs (default: the built-in network's)");
  command->add_option("--landmark-net", options->landmark_net, "Network of train-landmarks that finds faces in them")
      ->capture_default_str();
  command->add_option("--cache", options->cache_mebibytes, "MiB of faces to remember")
      ->transform(number(bounds::whole(1, 1 << 20)))
      ->capture_default_str();
  command->add_option("--queue", options->queue, "Renders that may wait")
      ->transform(number(bounds::whole(1, 10000)))
      ->capture_default_str();
  command->add_option("--timeout", options->timeout, "Seconds until a waiting render is given up")
      ->transform(number(bounds::between(0.1, 3600)))
      ->capture_default_str();
  add_precision_option(*command, options->sampling.precision);
  add_device_option(*command, options->sampling.device);
  command->add_option("--threads", options->sampling.threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([options] { view(*options); });
}

}  // namespace lifted::app
