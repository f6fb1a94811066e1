#include "lifted/app/published_run.h"

#include "lifted/app/resuming.h"
#include "lifted/app/world_run.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/model/network_kind.h"
#include "lifted/train/published_optimizer.h"

namespace lifted::app {

void require_published_checkpoint(const std::filesystem::path& path) {
  const formats::Checkpoint checkpoint = formats::read_checkpoint(path);
  const model::NetworkKind kind = model::recognize(checkpoint);
  require(
      kind == model::NetworkKind::liftedgan,
      "--resume {}: is {}, expected a run folder or a checkpoint_NNN.pth of LiftedGAN; --init starts a new run from "
      "a lifted network",
      path.string(), model::what_it_is(kind));
  const formats::Value* optimizer = checkpoint.root.find("optimizer");
  require(optimizer && optimizer->is_dict(),
          "--resume {}: holds no state of an optimizer, so training cannot go on where it was; --init {} starts a new "
          "run from its weights",
          path.string(), path.string());
}

train::LoopEnd continue_published(train::LiftTask& task, const std::filesystem::path& path, const RunSettings& run,
                                  const train::LoopOptions& loop, const NewRun& fresh) {
  const train::TrainingState state =
      train::published_training_state(task, formats::read_checkpoint(path).root, path.string());
  const int64_t steps = state.values.at("loop").at("steps");
  if (state.images >= loop.total_images)
    usage_error("--kimg {:g}: {} has {} steps of {} already, {:g} kimg; expected more",
                static_cast<double>(loop.total_images) / 1000, path.string(), steps, task.images_per_step(),
                static_cast<double>(state.images) / 1000);
  if (run.dry_run) {
    require_possible_folder(run.outdir);
    log_info("dry run: everything is in order, nothing was written");
    return train::LoopEnd::finished;
  }
  require_same_everywhere(run.world, {{"options", task.values()}, {"images", loop.total_images}});
  auto directory = made_by_rank_0(run.world, [&] {
    auto made = train::RunDirectory::create(run.outdir, fresh.description, record_of(fresh, run, loop));
    train::write_training_state(made.path(), state, loop.keep_states);
    return made;
  });
  directory.say(fmt::format("run folder {}", directory.path().string()));
  directory.say(fmt::format("going on from {} after {} steps, kimg {:.3f}", path.string(), steps,
                            static_cast<double>(state.images) / 1000));
  return run_training(task, directory, loop, &state);
}

}  // namespace lifted::app
