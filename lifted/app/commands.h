// The subcommands of `liftedgan`: one file each, registered in command_line.cpp.
#pragma once

#include <CLI/CLI.hpp>

namespace lifted::app {

void add_generate(CLI::App& app);
void add_rotate(CLI::App& app);
void add_relight(CLI::App& app);
void add_interpolate(CLI::App& app);
void add_mix(CLI::App& app);
void add_mesh(CLI::App& app);
void add_view(CLI::App& app);
void add_compare(CLI::App& app);
void add_inspect(CLI::App& app);
void add_convert(CLI::App& app);
void add_demo(CLI::App& app);
void add_doctor(CLI::App& app);
void add_dataset(CLI::App& app);
void add_heads(CLI::App& app);
void add_train_gan(CLI::App& app);
void add_train_embedding(CLI::App& app);
void add_train_probe(CLI::App& app);
void add_train_depth(CLI::App& app);
void add_train_encoder(CLI::App& app);
void add_train_landmarks(CLI::App& app);
void add_train_lift(CLI::App& app);
void add_ablate(CLI::App& app);
void add_launch(CLI::App& app);
void add_project(CLI::App& app);
void add_metrics(CLI::App& app);
void add_reproduce(CLI::App& app);
void add_completion(CLI::App& app);
void add_man(CLI::App& app);
void add_presets(CLI::App& app);

}  // namespace lifted::app
